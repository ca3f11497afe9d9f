"""(stage, answer) -> verdict, each recipient's reply, sessions used, what reached the server."""
import pytest

from driver import Drive

ALL = "PIPELINING 8BITMIME ENHANCEDSTATUSCODES SIZE CHUNKING"
FLAVOURS = {"pipelining": ALL, "plain": "8BITMIME", "enhanced": "ENHANCEDSTATUSCODES CHUNKING"}


def rule(stage, do, **more):
    return {"stage": stage, "do": do, "times": 1, **more}


# What the server does once -> result, stage, reply code, whether the mail arrives by it,
# sessions that this mail and one more good one take together.
ROWS = [
    # the relay's fault: nothing of the mail was said
    ("connect fin", [rule("connect", "drop")], "relay", None, 0, 0, 1),
    ("connect rst", [rule("connect", "reset")], "relay", None, 0, 0, 1),
    ("greeting 421", [rule("greeting", "421 4.3.2 busy")], "relay", "greeting", 421, 0, 1),
    ("greeting 451", [rule("greeting", "451 later")], "relay", "greeting", 451, 0, 1),
    ("greeting 554", [rule("greeting", "554 5.7.1 go away")], "relay", "greeting", 554, 0, 1),
    ("greeting garbage", [rule("greeting", {"raw": "SSH-2.0-OpenSSH\r\n"})], "relay", "greeting", 0, 0, 1),
    ("greeting glued", [rule("greeting", {"reply": "normal", "glue": "250 x\r\n"})], "relay", "greeting", 0, 0, 1),
    ("ehlo 421", [rule("ehlo", "421 4.3.2 busy")], "relay", "ehlo", 421, 0, 1),
    ("ehlo 451", [rule("ehlo", "451 4.3.2 later")], "relay", "ehlo", 451, 0, 1),
    ("ehlo 550", [rule("ehlo", "550 5.7.1 bad name")], "relay", "ehlo", 550, 0, 1),
    ("ehlo drop", [rule("ehlo", "drop")], "relay", "ehlo", 0, 0, 1),
    ("ehlo many lines", [rule("ehlo", {"reply": ["250-a", "250-" + "b" * 400, "250 c"], "drip": 0.001})], "sent", "final", 250, 1, 1),
    ("greeting overlong", [rule("greeting", "220 " + "x" * 5000)], "relay", "greeting", 0, 0, 1),
    ("ehlo glued", [rule("ehlo", {"reply": "normal", "glue": "250 x\r\n"})], "relay", "ehlo", 0, 0, 1),
    ("ehlo overlong", [rule("ehlo", ["250-a", "250-" + "b" * 5000, "250 c"])], "relay", "ehlo", 0, 0, 1),
    ("ehlo garbage", [rule("ehlo", {"raw": "\x00\xff250 x\r\n"})], "relay", "ehlo", 0, 0, 1),
    # MAIL
    ("mail 451", [rule("mail", "451 4.3.0 later")], "refused", "mail", 451, 0, 1),
    ("mail 550", [rule("mail", "550 5.7.1 no")], "refused", "mail", 550, 0, 1),
    ("mail 421", [rule("mail", "421 4.3.2 bye")], "lost", "mail", 421, 0, 2),
    ("mail drop", [rule("mail", "drop")], "lost", "mail", 0, 0, 2),
    ("mail reset", [rule("mail", "reset")], "lost", "mail", 0, 0, 2),
    ("mail garbage", [rule("mail", {"raw": "what?\r\n"})], "lost", "mail", 0, 0, 2),
    ("mail 354", [rule("mail", "354 go")], "lost", "mail", 354, 0, 2),
    ("mail mismatch", [rule("mail", {"raw": "250-a\r\n550 b\r\n"})], "lost", "mail", 0, 0, 2),
    ("mail many lines", [rule("mail", ["250-2.1.0 a", "250-b", "250 2.1.0 c"])], "sent", "final", 250, 1, 1),
    ("mail bare code", [rule("mail", {"raw": "250\r\n"})], "sent", "final", 250, 1, 1),
    ("mail dripped", [rule("mail", {"reply": "normal", "drip": 0.01})], "sent", "final", 250, 1, 1),
    ("mail glued", [rule("mail", {"reply": "normal", "glue": "250 2.1.5 x\r\n"})], "lost", "mail", 0, 0, 2),
    ("mail overlong", [rule("mail", "250 2.1.0 " + "x" * 3000)], "lost", "rcpt", 0, 0, 2),
    ("mail endless", [rule("mail", ["550-" + "x" * 400] * 60 + ["550 end"])], "lost", "mail", 0, 0, 2),
    # RCPT, the only recipient
    ("rcpt 450", [rule("rcpt", "450 4.2.0 greylisted")], "refused", "rcpt", 450, 0, 1),
    ("rcpt 550", [rule("rcpt", "550 5.1.1 no such user")], "refused", "rcpt", 550, 0, 1),
    ("rcpt 421", [rule("rcpt", "421 4.3.2 bye")], "lost", "rcpt", 421, 0, 2),
    ("rcpt drop", [rule("rcpt", "drop")], "lost", "rcpt", 0, 0, 2),
    ("rcpt 354", [rule("rcpt", "354 go")], "lost", "rcpt", 354, 0, 2),
    ("rcpt 252", [rule("rcpt", "252 2.0.0 will try")], "sent", "final", 250, 1, 1),
    ("rcpt glued", [rule("rcpt", {"reply": "550 5.1.1 no", "glue": "354 go\r\n250 2.0.0 done\r\n"})], "lost", "rcpt", 0, 0, 2),
    ("rcpt garbage", [rule("rcpt", {"raw": "no\r\n"})], "lost", "rcpt", 0, 0, 2),
    ("rcpt many lines", [rule("rcpt", ["550-5.1.1 a", "550-5.1.1 b", "550 5.1.1 c"])], "refused", "rcpt", 550, 0, 1),
    # DATA: libesmtp has chosen QUIT, so each costs a session
    ("data 451", [rule("data", "451 4.3.0 later")], "refused", "data", 451, 0, 2),
    ("data 554", [rule("data", "554 5.7.1 no")], "refused", "data", 554, 0, 2),
    ("data 421", [rule("data", "421 4.3.2 bye")], "lost", "data", 421, 0, 2),
    ("data 250", [rule("data", "250 ok")], "lost", "data", 250, 0, 2),
    ("data drop", [rule("data", "drop")], "lost", "data", 0, 0, 2),
    ("data glued", [rule("data", {"reply": "normal", "glue": "250 2.0.0 accepted\r\n"})], "lost", "data", 0, 0, 2),
    ("data half glued", [rule("data", {"reply": "normal", "glue": "250 2.0"})], "lost", "body", 0, 0, 2),
    # the body
    ("body drop", [rule("body", "drop")], "lost", "body", 0, 0, 2),
    ("body reset", [rule("body", "reset")], "lost", "body", 0, 0, 2),
    ("body 552", [rule("body", {"reply": "552 5.3.4 too big", "after": 1000})], "refused", "body", 552, 0, 2),
    ("body 421", [rule("body", "421 4.3.2 bye")], "lost", "body", 421, 0, 2),
    # the final dot
    ("dot 250 many lines", [rule("dot", {"reply": ["250-2.0.0 a", "250 b"], "serve": True})], "sent", "final", 250, 1, 1),
    ("dot 250 overlong", [rule("dot", {"reply": "250 2.0.0 " + "x" * 3000, "serve": True})], "sent", "final", 250, 1, 2),
    ("dot 250 bare", [rule("dot", {"raw": "250\r\n", "serve": True})], "sent", "final", 250, 1, 1),
    ("dot 250 dripped", [rule("dot", {"reply": "normal", "drip": 0.01})], "sent", "final", 250, 1, 1),
    ("dot 250 glued 421", [rule("dot", {"reply": "normal", "glue": "421 4.4.2 bye\r\n", "close": "fin"})], "sent", "final", 250, 1, 2),
    ("dot 250 glued 250", [rule("dot", {"reply": "normal", "glue": "250 2.0.0 again\r\n"})], "sent", "final", 250, 1, 2),
    ("dot 250 and drop", [rule("dot", {"reply": "normal", "close": "fin"})], "sent", "final", 250, 1, 2),
    ("dot 250 and reset", [rule("dot", {"reply": "normal", "close": "rst"})], "sent", "final", 250, 1, 2),
    ("dot 451", [rule("dot", "451 4.3.0 later")], "refused", "final", 451, 0, 1),
    ("dot 421", [rule("dot", "421 4.3.2 bye")], "refused", "final", 421, 0, 2),
    ("dot 554", [rule("dot", "554 5.7.1 spam")], "refused", "final", 554, 0, 1),
    ("dot drop", [rule("dot", "drop")], "in_doubt", "final", 0, 0, 2),
    ("dot reset", [rule("dot", "reset")], "in_doubt", "final", 0, 0, 2),
    ("dot accepted, then drop", [rule("dot", {"close": "fin", "serve": True})], "in_doubt", "final", 0, 1, 2),
    ("dot garbage", [rule("dot", {"raw": "250_ok weird\r\n"})], "in_doubt", "final", 0, 1, 2),
    ("dot 354", [rule("dot", "354 more?")], "in_doubt", "final", 354, 1, 2),
    ("dot half a reply", [rule("dot", {"raw": "250 2.0.0 o", "close": "fin"})], "in_doubt", "final", 0, 1, 2),
]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_stage_and_answer(shared, row, flavour):
    _, rules, result, stage, code, arrived, sessions = row
    server = shared(extensions=FLAVOURS[flavour])
    server.rules(*rules)
    with Drive.at(server) as drive:
        # More than all buffers on the way, so that the server acts before the end.
        verdict = drive.send("first@example.com", fill=20000000 if stage == "body" else 200)
        assert (verdict["result"], verdict["reply"]["code"]) == (result, code), verdict
        if stage and not ("glued" in row[0] and stage in ("data", "body")):
            assert verdict["stage"] == stage, verdict
        assert code or result == "sent" or verdict["reply"]["text"], verdict
        second = drive.send("second@example.com")
        assert second["result"] == "sent", second
        assert drive.counts()["sessions"] == sessions, drive.dialogue()
    reached = [message["rcpt_to"] for message in server.messages()]
    assert reached == [["first@example.com"]] * arrived + [["second@example.com"]]
    assert not server.events("violation")


CODES = [200, 211, 214, 220, 235, 250, 251, 252, 299, 300, 334, 354, 400, 421, 432, 450, 451, 452, 454, 455, 458, 459,
         471, 499, 500, 501, 502, 503, 504, 510, 521, 530, 534, 535, 538, 541, 550, 551, 552, 553, 554, 555, 556, 571, 599]
# What a reply of each class means at a stage, 421 apart.  A server that knows no EHLO is greeted by HELO.
MEANS = {"greeting": ("relay",) * 4, "ehlo": ("sent", "relay", "relay", "relay"), "mail": ("sent", "lost", "refused", "refused"),
         "rcpt": ("sent", "lost", "refused", "refused"), "data": ("lost", "sent", "refused", "refused"),
         "dot": ("sent", "in_doubt", "refused", "refused")}
EXCEPT = {("greeting", 220): "sent", ("ehlo", 500): "sent", ("ehlo", 502): "sent", ("mail", 421): "lost", ("rcpt", 421): "lost", ("data", 421): "lost"}


@pytest.mark.parametrize("flavour", ["pipelining", "plain"])
@pytest.mark.parametrize("stage", MEANS)
def test_every_code_at_every_stage(shared, stage, flavour):
    server = shared(extensions=FLAVOURS[flavour])
    # As the server means it: a 2xx to the dot is given for a mail that it has stored.
    good = {"mail": "2", "rcpt": "2", "data": "3", "dot": "2", "greeting": "220", "ehlo": "2"}[stage]
    server.rules(*({"stage": stage, "to" if stage in ("rcpt", "data", "dot") else "from": "c%d@*" % code, "times": 1,
                    "do": {"reply": "%d x" % code, "serve": str(code).startswith(good), "close": "fin" if code == 421 else False}}
                   for code in CODES) if stage not in ("greeting", "ehlo") else ())
    for code in CODES:
        wanted = EXCEPT.get((stage, code)) or MEANS[stage][code // 100 - 2]
        if stage in ("greeting", "ehlo"):
            server.rules(rule(stage, "%d x" % code))
        with Drive.at(server) as drive:
            verdict = drive.send("c%d@example.com" % code, **{"from": "c%d@example.com" % code})
            assert verdict["result"] == wanted, (code, verdict)
            if wanted in ("refused", "lost", "relay", "in_doubt"):
                assert (verdict["stage"], verdict["reply"]["code"]) == ("final" if stage == "dot" else stage, code), verdict
            assert drive.send()["result"] == "sent", code
    arrived = [message["rcpt_to"][0] for message in server.messages()]
    for code in CODES:
        wanted = EXCEPT.get((stage, code)) or MEANS[stage][code // 100 - 2]
        stored = wanted == "sent" or (stage, code // 100) == ("dot", 3)     # stored, and answered by nonsense
        assert arrived.count("c%d@example.com" % code) == stored, code
    assert not server.events("violation")


COMBINED = ["PIPELINING", "CHUNKING", "8BITMIME", "SIZE", "ENHANCEDSTATUSCODES"]
# sender, recipients -> result, code, each recipient's code
IN_ALL = [("a@example.com", ["b@example.com"], "sent", 250, [250]),
          ("a@example.com", ["b@example.com", "rcpt550@example.com", "rcpt451@example.com", "c@example.com"], "sent", 250,
           [250, 550, 451, 250]),
          ("mail451@example.com", ["b@example.com"], "refused", 451, [0]),
          ("a@example.com", ["rcpt550@example.com", "rcpt551@example.com"], "refused", 551, [550, 551]),
          ("a@example.com", ["dot451@example.com"], "refused", 451, [250]),
          ("a@example.com", ["dot554@example.com", "rcpt450@example.com"], "refused", 554, [250, 450]),
          ("a@example.com", ["data554@example.com"], "refused", 554, [250]),
          ("a@example.com", ["last@example.com"], "sent", 250, [250])]


def test_all_combinations_of_extensions(shared, tmp_path):
    """The same verdicts, recipients and sessions whatever is offered; and the bytes arrive as they are."""
    server = shared()
    eightbit = tmp_path / "mail"
    eightbit.write_bytes("Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nFrom: <a@example.com>\r\nMessage-ID: <x@example.com>\r\n"
                         "Subject: x\r\n\r\n.\r\n..\u00e4\u20ac\r\n".encode())
    for bits in range(1 << len(COMBINED)):
        offered = [name for at, name in enumerate(COMBINED) if bits >> at & 1]
        server.forget()
        server.control(set={"extensions": offered})
        with Drive.at(server) as drive:
            for sender, to, result, code, codes in IN_ALL:
                verdict = drive.send(to, **{"from": sender, "file": str(eightbit)})
                assert (verdict["result"], verdict["reply"]["code"]) == (result, code), (offered, verdict)
                assert [r["code"] for r in verdict["recipients"]] == codes, (offered, verdict)
            assert drive.counts()["sessions"] == 2, offered     # a refused DATA costs one
        messages = server.messages()
        assert [m["rcpt_to"] for m in messages] == [["b@example.com"], ["b@example.com", "c@example.com"], ["last@example.com"]]
        assert all(m["data"] == eightbit.read_bytes() for m in messages)
        assert all(("SIZE=" in m["parameters"]) == ("SIZE" in offered) for m in messages)
        assert all(("BODY=8BITMIME" in m["parameters"]) == ("8BITMIME" in offered) for m in messages)
        assert not server.events("violation")


def test_the_reply_to_the_dot_has_a_bound_of_its_own(shared):
    """RFC 5321 4.5.3.2.6 asks for ten minutes there; all else is waited for less."""
    server = shared()
    server.rules(rule("dot", {"delay": 2.5, "reply": "normal"}))
    limits = dict.fromkeys(("connect", "greeting", "command", "data"), 1000)
    with Drive.at(server, timeouts={**limits, "final": 20000}) as drive:
        assert drive.send()["result"] == "sent"


STALLS = [
    ("greeting", "relay", "greeting"), ("ehlo", "relay", "ehlo"), ("mail", "lost", "mail"),
    ("rcpt", "lost", "rcpt"), ("data", "lost", "data"), ("dot", "in_doubt", "final"),
]


@pytest.mark.parametrize("how", ["stall", {"reply": "normal", "drip": 0.4}], ids=["silent", "dripping"])
@pytest.mark.parametrize("row", STALLS, ids=[row[0] for row in STALLS])
def test_every_wait_is_bounded(shared, row, how):
    """A byte every 0.4 s would never run into a time-out per byte."""
    stage, result, last = row
    server = shared()
    server.rules(rule(stage, how))
    limits = dict.fromkeys(("connect", "greeting", "command", "data", "final"), 1000)
    with Drive.at(server, timeouts=limits) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == (result, last, 0), verdict
        assert "time-out" in verdict["reply"]["text"], verdict
        assert "1s" in verdict["reply"]["text"], verdict
        assert drive.send()["result"] == "sent"


MIXED = ["one@example.com", "rcpt550@example.com", "rcpt451@example.com", "two@example.com"]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_each_recipient_has_its_reply(shared, flavour):
    server = shared(extensions=FLAVOURS[flavour])
    with Drive.at(server) as drive:
        verdict = drive.send(MIXED)
        assert verdict["result"] == "sent"
        assert [(r["code"], r["enhanced"]) for r in verdict["recipients"]] == [
            (250, "2.1.5"), (550, "5.7.1"), (451, "4.7.1"), (250, "2.1.5")]
        # all refused: a temporary one decides; the next mail goes over the same session
        verdict = drive.send(["rcpt550@example.com", "rcpt451@example.com", "rcpt550-x@example.com"])
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("refused", "rcpt", 451)
        assert [r["code"] for r in verdict["recipients"]] == [550, 451, 550]
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 1
        # refused as a whole at the dot: the recipients' own replies are kept
        verdict = drive.send(["dot550@example.com", "rcpt451@example.com"])
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("refused", "final", 550)
        assert [r["code"] for r in verdict["recipients"]] == [250, 451]
        assert drive.counts()["sessions"] == 1
    assert [m["rcpt_to"] for m in server.messages()] == [
        ["one@example.com", "two@example.com"], ["b@example.com"]]


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_all_refused_and_idle(shared, flavour):
    """libesmtp wants the next message before it has read the reply to DATA: the session is kept all the same."""
    server = shared(extensions=FLAVOURS[flavour])
    with Drive.at(server) as drive:
        assert drive.send("rcpt550@example.com")["result"] == "refused"
        assert drive.idle(100)["open"]
        assert drive.send(["rcpt550@example.com", "rcpt451@example.com"])["result"] == "refused"
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 1
    assert not server.events("violation")


@pytest.mark.parametrize("stage", ("data", "rset", "noop"))
@pytest.mark.parametrize("answer", ("421 4.3.2 bye", "drop", "550 what?", {"raw": "?\r\n"}, "stall"), ids=str)
def test_what_follows_when_all_are_refused(shared, stage, answer):
    """The verdict stands, whatever becomes of the session then."""
    server = shared(extensions="8BITMIME")
    server.rules(rule(stage, answer))
    with Drive.at(server, timeouts={"command": 1000, "data": 1000}) as drive:
        verdict = drive.send("rcpt550@example.com")
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("refused", "rcpt", 550), verdict
        assert drive.send()["result"] == "sent"
    assert len(server.messages()) == 1


def test_all_refused_and_354(shared):
    """Some servers answer DATA by 354 even without a recipient."""
    server = shared()
    server.rules(rule("data", "354 go"))
    with Drive.at(server) as drive:
        assert drive.send("rcpt550@example.com")["result"] == "refused"
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 1
    assert len(server.messages()) == 1


def test_fence(shared):
    """before_dot says no: the dot is not sent, the connection is cut."""
    server = shared()
    with Drive.at(server) as drive:
        verdict = drive.send(["a@example.com", "rcpt550@example.com"], fence=True)
        assert (verdict["result"], verdict["stage"]) == ("fenced", "body"), verdict
        assert [r["code"] for r in verdict["recipients"]] == [250, 550]
        assert drive.counts()["hooks"] == 1
        server.wait(lambda events: [e for e in events if e["event"] == "close"])
        assert not server.messages()
        assert drive.send()["result"] == "sent"
    assert len(server.messages()) == 1


BAD_PATHS = ["a@b>\r\nRCPT TO:<evil@example.com", "a\r\nDATA@example.com", "a<b@example.com", "a b@example.com",
             "ä@example.com", "x" * 400 + "@example.com", "", "a\nb@example.com"]


@pytest.mark.parametrize("path", BAD_PATHS)
def test_addresses_cannot_speak_smtp(shared, path):
    server = shared()
    with Drive.at(server) as drive:
        verdict = drive.send([path, "good@example.com"])
        assert verdict["result"] == "sent"
        assert [r["code"] for r in verdict["recipients"]] == [553, 250]
        verdict = drive.send([path])
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("refused", "rcpt", 553)
        if path:
            verdict = drive.send(**{"from": path})
            assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("refused", "mail", 553)
    assert [m["rcpt_to"] for m in server.messages()] == [["good@example.com"]]
    assert not server.events("violation")


def test_size_is_known_before_the_body_is_sent(shared):
    server = shared(size=100000)
    with Drive.at(server) as drive:
        for _ in range(2):      # the first mail of a session, and another one
            verdict = drive.send(fill=200000)
            assert (verdict["stage"], verdict["reply"]["code"], verdict["reply"]["enhanced"]) == ("mail", 552, "5.3.4")
            assert "100000" in verdict["reply"]["text"]
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 1
    mails = [e for e in server.events("command") if e["line"].startswith("MAIL")]
    assert len(mails) == 1 and not server.events("violation")


@pytest.mark.parametrize("size", ("0", "", "x", "-5", "99999999999999999999"))
def test_a_size_that_says_nothing_hinders_nothing(shared, size):
    server = shared()
    server.rules(rule("ehlo", ["250-scripted.example", "250 SIZE " + size]))
    with Drive.at(server) as drive:
        assert drive.send(fill=200000)["result"] == "sent"
