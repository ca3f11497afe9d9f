"""A session from its opening to its end: held, idle, recycled, reopened at no cost."""
import os
import socket
import time

import pytest

from driver import Drive

USER = {"username": "mailer", "password": "secret"}
KNOWN = {"auth": "PLAIN", "user": "mailer:secret"}
TLS = ("none", "starttls", "implicit")


def start(shared, tls, **options):
    server = shared(tls=tls, **KNOWN, **options)
    return server, {"tls": tls, **USER}


def closes(server, count):
    """The ends of `count` sessions, once there are so many."""
    server.wait(lambda events: len([e for e in events if e["event"] == "close"]) >= count)
    return server.events("close")


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("end", ["drop", "reset", "421 4.4.2 idle for too long"])
def test_the_server_leaves_while_idle(shared, tls, end):
    server, relay = start(shared, tls)
    with Drive.at(server, **relay) as drive:
        for seen in (True, False):      # noticed while idle; noticed by the next mail itself
            server.rules({"stage": "idle", "do": {"delay": 0.02, "close": "fin"} if end == "drop" else
                          {"delay": 0.02, "close": "rst"} if end == "reset" else {"delay": 0.02, "reply": end},
                          "times": 1})
            assert drive.send()["result"] == "sent"
            closes(server, 1 if seen else 2)
            if seen:
                assert not drive.idle(2000)["open"]
        assert drive.send()["result"] == "sent"
        counts = drive.counts()
        assert (counts["sessions"], counts["auths"], counts["mails"]) == (3, 3, 3)
    assert len(server.messages()) == 3


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("answer", ["421 4.4.2 shutting down", "drop", "reset"])
def test_the_server_leaves_as_the_next_mail_comes(shared, tls, answer):
    """421 or nothing to the first command of a mail on a used session: reopened, not charged."""
    server, relay = start(shared, tls)
    with Drive.at(server, **relay) as drive:
        assert drive.send()["result"] == "sent"
        server.rules({"stage": "mail", "do": answer, "times": 1})
        verdict = drive.send("second@example.com")
        assert verdict["result"] == "sent", verdict
        assert drive.counts()["sessions"] == 2 and drive.counts()["mails"] == 2
    assert [m["rcpt_to"][0] for m in server.messages()] == ["b@example.com", "second@example.com"]


@pytest.mark.parametrize("answer", ["421 4.7.0 Too many messages in this connection",
                                    "452 4.5.0 Too many messages sent"])
def test_the_servers_own_limit_is_learned(shared, answer):
    """It costs no mail an attempt, and is not run into again."""
    server = shared()
    first = server.stats()["sessions"] + 1
    server.rules({"stage": "mail", "session": first, "skip": 4, "do": answer})
    with Drive.at(server) as drive:
        assert drive.send(count=20)["tally"] == {"sent": 20}
        counts = drive.counts()
        assert counts["sessions"] == 5 and counts["mails"] == 20 and counts["learned"] == 4
    # Even so for the very first mail it is a refusal as any other.
    server.rules({"stage": "mail", "times": 1, "do": "452 4.5.0 Too many messages sent"})
    with Drive.at(server) as drive:
        assert drive.send()["result"] == "refused"


@pytest.mark.parametrize("tls", TLS)
def test_a_session_is_opened_without_a_mail(shared, tls):
    """The server sees no MAIL, and the mails to come find the session open."""
    server, relay = start(shared, tls)
    with Drive.at(server, **relay) as drive:
        assert drive.open()["ok"]
        assert drive.idle(50)["open"]
        said = [e["line"].split(" ")[0] for e in server.events("command")]
        assert "MAIL" not in said and said[-2:] == ["AUTH", "NOOP"], said
        assert drive.send(count=3)["tally"] == {"sent": 3}
        counts = drive.counts()
        assert (counts["sessions"], counts["auths"], counts["mails"]) == (1, 1, 3)
    assert len(server.messages()) == 3 and not server.events("violation")
    assert closes(server, 1)[0]["quit"]


@pytest.mark.parametrize("answer,ok", [
    ("501 5.5.4 no arguments", True), ("500 5.5.2 what?", True), (["250-many", "250 lines"], True),
    ({"raw": "250\r\n"}, True), ({"reply": "normal", "drip": 0.01}, True),
    ("421 4.3.2 bye", False), ("drop", False), ({"raw": "what?\r\n"}, False)])
def test_opening_ends_with_any_reply(shared, answer, ok):
    server = shared()
    server.rules({"stage": "noop", "do": answer, "times": 1})
    with Drive.at(server) as drive:
        verdict = drive.open()
        assert verdict["ok"] == ok, verdict
        if not ok:
            assert (verdict["result"], verdict["stage"]) == ("relay", "ehlo") and verdict["reply"]["text"]
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == (1 if ok else 2)
    assert len(server.messages()) == 1


def test_the_server_leaves_an_opened_session(shared):
    server = shared()
    with Drive.at(server) as drive:
        assert drive.open()["ok"]
        server.control(close_idle="fin")
        assert not drive.idle(2000)["open"]
        assert drive.open()["ok"]
        server.control(close_idle="421 4.3.2 bye")
        verdict = drive.send()
        assert verdict["result"] == "sent", verdict


@pytest.mark.parametrize("delay,answer,learns", [
    (2.2, "421 4.4.2 Error: timeout exceeded", True), (2.2, "421 4.3.2 shutting down", False),
    (0.1, "421 4.4.2 idle", False)])
def test_how_long_a_session_may_be_idle_is_learned(shared, delay, answer, learns):
    """From a server that says so as it closes; the next session is closed a little before."""
    server, relay = start(shared, "starttls")
    with Drive.at(server, **relay) as drive:
        server.rules({"stage": "idle", "do": {"delay": delay, "reply": answer}})
        assert drive.send()["result"] == "sent"
        assert not drive.idle(10000)["open"]
        assert "S: " + answer in drive.dialogue()
        learned = drive.counts()["learned_idle"]
        assert (learned >= 2000) == learns
        if not learns:
            return
        server.rules()
        assert drive.send()["result"] == "sent"
        waited = drive.idle(10000)
        assert not waited["open"] and waited["waited"] < learned + 1000, waited
    assert [e["quit"] for e in closes(server, 2)] == [False, True]


def test_rset_is_answered_by_421(shared):
    server = shared(extensions="8BITMIME")
    server.rules({"stage": "rset", "do": "421 4.4.2 enough", "times": 1})
    with Drive.at(server) as drive:
        assert drive.send("dot550@example.com")["result"] == "refused"
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 2


def test_the_relay_is_down(shared):
    """A used session that is gone and cannot be had again: the relay's fault, not the mail's."""
    server, relay = start(shared, "starttls")
    with Drive.at(server, **relay) as drive:
        assert drive.send()["result"] == "sent"
        server.rules({"stage": "greeting", "do": "421 4.3.2 down"})
        server.control(close_idle="421 4.3.2 down")
        assert not drive.idle(2000)["open"]
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "greeting", 421)
        assert drive.counts()["mails"] == 1


def test_max_messages(shared):
    server, relay = start(shared, "starttls")
    with Drive.at(server, max_messages=10, **relay) as drive:
        assert drive.send(count=35)["tally"] == {"sent": 35}
        assert drive.counts()["sessions"] == 4
    assert all(e["quit"] for e in closes(server, 4)), "each session is ended by QUIT"


def test_max_age(shared):
    server, relay = start(shared, "none")
    max_age = 1500
    with Drive.at(server, max_age=max_age, **relay) as drive:
        assert drive.send()["result"] == "sent"
        assert drive.idle(100)["open"]
        time.sleep(max_age / 1000)
        assert drive.send()["result"] == "sent"
        assert drive.counts()["sessions"] == 2
        assert not drive.idle(10000)["open"]


@pytest.mark.parametrize("tls", TLS)
def test_idle_timeout(shared, tls):
    server, relay = start(shared, tls)
    with Drive.at(server, idle_timeout=200, **relay) as drive:
        assert drive.send()["result"] == "sent"
        waited = drive.idle(3000)
        assert not waited["open"] and 150 <= waited["waited"] < 1500, waited
        assert drive.send()["result"] == "sent"
    assert all(e["quit"] for e in closes(server, 2))


def test_a_session_that_errs_often_is_replaced(shared):
    """Postfix cuts a client off after twenty errors."""
    server = shared()
    with Drive.at(server) as drive:
        assert drive.send("dot550@example.com", count=25)["tally"] == {"refused": 25}
        assert drive.counts()["sessions"] == 3


def test_a_silent_quit_is_not_waited_for(shared):
    server = shared()
    server.rules({"stage": "quit", "do": "stall"})
    with Drive.at(server) as drive:
        assert drive.send()["result"] == "sent"
        begun = time.monotonic()
        drive.ask("close")
        assert time.monotonic() - begun < 10


def test_memory_and_descriptors_stay_flat(shared, request):
    rounds = request.config.getoption("--sessions")
    server = shared(tls="starttls", plain_addresses=True, no_log_commands=True, **KNOWN)
    server.rules({"stage": "dot", "do": "550 no", "to": "bad*"},
                 {"stage": "rcpt", "do": "550 no", "to": "worse*"})
    with Drive.at(server, tls="starttls", max_messages=50, **USER) as drive:
        def some():
            assert drive.send(count=rounds)["result"] == "sent"
            drive.send("bad@example.com", count=5)
            drive.send(["worse@example.com"])
        for _ in range(4):
            some()
        before = drive.ask("memory")
        for _ in range(10):
            some()
        after = drive.ask("memory")
    # A sanitizer keeps freed memory back.
    if not os.environ.get("ASAN_OPTIONS") and "asan" not in os.environ.get("top_builddir", ""):
        assert after["kb"] - before["kb"] < 512, (before, after)
    assert after["descriptors"] == before["descriptors"]


def test_connection_refused():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Drive(host="127.0.0.1", port=port) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "connect")
        assert verdict["reply"]["text"] == "connection refused by 127.0.0.1:%d" % port
        verdict = drive.probe()
        assert not verdict["ok"] and verdict["stage"] == "connect"


def deaf():
    """A listener whose queue is full: to whoever connects now, nobody answers."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    fillers = []
    for _ in range(8):
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(listener.getsockname())
        fillers.append(filler)
    return listener, fillers


def test_connect_is_bounded():
    listener, fillers = deaf()
    port = listener.getsockname()[1]
    with Drive(host="127.0.0.1", port=port, timeouts={"connect": 700}) as drive:
        begun = time.monotonic()
        verdict = drive.send()
        assert 0.6 < time.monotonic() - begun < 10
        assert (verdict["result"], verdict["stage"]) == ("relay", "connect")
        assert verdict["reply"]["text"] == "no answer from 127.0.0.1:%d within 700ms" % port
    for link in (listener, *fillers):
        link.close()


def test_a_name_that_does_not_exist():
    with Drive(host="mail.invalid", port=25) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "connect")
        assert "mail.invalid cannot be resolved" in verdict["reply"]["text"]
