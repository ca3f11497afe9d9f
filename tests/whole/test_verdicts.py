"""Each row of the table "What happens to a message", against a server that answers so.

The scripted relay reads the wanted answer in a recipient's address:
rcpt451x1-anna@... gets 451 at RCPT once, dot554-...@ 554 after the dot.
"""
import base64
import json
import os

import pytest

from harness import PASSWORD, USER, ScriptedServer, wait_for


def push_with(host, stage, answer, **fields):
    """A message that meets that answer: the sender's address speaks for MAIL."""
    fields["email_from" if stage == "mail" else "email_to"] = "%s%s-anna@example.com" % (stage, answer)
    host.push(**fields)


def test_temporary_failures_are_retried_until_they_succeed(host):
    host.start()
    for stage in ("mail", "rcpt", "data", "dot"):
        push_with(host, stage, "451x1", id=stage)
    host.wait_messages(4)
    host.wait_empty()
    assert {line["id"] for line in host.wait_log("message deferred", 4)} == {"mail", "rcpt", "data", "dot"}
    assert host.left()["records"] == 0


def test_only_the_recipients_left_are_retried(host):
    host.start()
    host.push(id="two", email_to=["anna@example.com", "rcpt451x1-bert@example.com"])
    first, second = host.wait_messages(2)
    assert first["rcpt_to"] == ["anna@example.com"]
    assert second["rcpt_to"] == ["rcpt451x1-bert@example.com"]
    ids = {m["data"].split(b"Message-ID: ")[1].split(b"\r\n")[0] for m in (first, second)}
    assert len(ids) == 1
    host.wait_empty()


def test_refused_recipients_end_in_the_dead_store_with_their_replies(host):
    host.start()
    host.push(id="part", email_to=["anna@example.com", "rcpt550-bert@example.com"])
    record = host.wait_dead()[0]
    assert [m["rcpt_to"] for m in host.messages()] == [["anna@example.com"]]
    states = {r["address"]: r for r in record["recipients"]}
    assert states["anna@example.com"]["state"] == "sent"
    assert states["rcpt550-bert@example.com"]["state"] == "refused"
    assert states["rcpt550-bert@example.com"]["code"] == 550
    assert record["dead"]["class"] == "recipient"


@pytest.mark.parametrize("stage", ["mail", "data", "dot"])
def test_permanent_failures_are_dead_at_once(host, stage):
    host.start()
    push_with(host, stage, "554", id="p")
    record = host.wait_dead()[0]
    assert record["dead"]["class"] == "permanent" and record["attempts"] == 1
    assert record["errors"][0]["code"] == 554 and record["errors"][0]["stage"] in (stage, "final")
    assert host.client.hget(host.key("message"), record["id"])


def test_all_recipients_refused_and_the_next_mail_on_the_same_session(host):
    host.start(queues={"default": {"workers": 1}})
    common = {"template_name": "plain.html", "title": "t"}
    host.push_raw(json.dumps({"email_to": ["rcpt550-a@example.com", "rcpt550-b@example.com"], **common}),
                  json.dumps({"email_to": ["anna@example.com"], **common}))
    host.wait_dead()
    message = host.wait_messages(1)[0]
    assert message["session"] == 1


def test_given_up_after_max_attempts(host):
    host.start(retry={"base": "50ms", "max_attempts": 3})
    host.push(id="never", email_to=["rcpt451-anna@example.com"])
    record = host.wait_dead()[0]
    assert record["attempts"] == 3 and record["dead"]["class"] == "temporary"
    assert len(record["errors"]) == 3


def test_an_unreachable_relay_charges_nobody(host):
    port = host.relay.port
    host.start(relays={"main": {"port": 1}}, queues={"default": {"workers": 2}})
    for number in range(5):
        host.push(id="w-%d" % number)
    host.wait_log("relay down")
    wait_for(lambda: host.left()["queued"] == 5 and not host.left()["processing"], what="all given back")
    assert host.left()["records"] == 0
    host.configure(relays={"main": {"port": port}})
    host.signal(1)
    host.wait_messages(5)
    host.wait_empty()
    assert len(host.log("relay down")) == 1
    assert len(host.log("relay back")) == 1
    assert not host.log("message deferred")


@pytest.mark.parametrize("stage,action", [("greeting", "554 no"), ("greeting", "421 busy"), ("ehlo", "421 busy"),
                                          ("starttls", "454 not now"), ("auth", "535 5.7.8 bad"),
                                          ("connect", "reset")])
def test_a_relays_fault_is_never_the_messages(host, stage, action):
    host.relay.rules({"stage": stage, "session": 1, "do": action})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    host.wait_log("relay down")
    if stage == "auth":     # tried again only after a while: HUP does not wait
        host.signal(1)
    host.wait_messages(1)
    host.wait_empty()
    assert not host.log("message deferred")
    assert len(host.log("relay down")) == 1


def test_nothing_is_sent_unauthenticated(host):
    host.relay.rules({"stage": "auth", "do": "535 5.7.8 bad credentials"})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    host.wait_log("relay down")
    wait_for(lambda: host.left()["queued"] == 1, what="the message given back")
    commands = [e["line"] for e in host.relay.events("command")]
    assert not [c for c in commands if c.upper().startswith("MAIL")]
    assert "correct horse" not in host.read_log()


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "body"])
def test_a_lost_connection_before_the_dot_gets_one_more_at_once(host, stage):
    host.start(queues={"default": {"workers": 1}})
    # A small body would be sent with its dot before the line is cut: in doubt.  And
    # who drops MAIL on the session that waits since the start may have left it long ago.
    push_with(host, stage, "dropx2" if stage == "mail" else "dropx1", id="m", body={"name": "x" * 4000000})
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    assert host.wait_log("connection lost, once more at once")
    assert not host.log("message deferred")


def test_lost_twice_is_charged(host):
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m", email_to=["datadropx3-anna@example.com"])
    host.wait_messages(1)
    line = host.wait_log("message deferred")[0]
    assert line["class"] == "lost" and line["attempt"] == 1


def test_in_doubt_is_sent_again_with_the_same_identity(host):
    # The server takes the mail and cuts the line instead of answering the dot.
    host.relay.rules({"stage": "dot", "times": 1, "do": {"close": "fin", "serve": True}})
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m")
    host.wait_empty()
    host.wait_log("message in doubt, may be sent more than once", id="m")
    first, second = host.messages()
    head = [[line for line in m["data"].split(b"\r\n") if line.startswith((b"Message-ID:", b"Date:"))]
            for m in (first, second)]
    assert head[0] == head[1] and len(head[0]) == 2


def test_in_doubt_may_be_held(host):
    host.relay.rules({"stage": "dot", "times": 1, "do": "drop"})
    host.start(queues={"default": {"workers": 1}}, in_doubt="hold")
    host.push(id="m")
    record = host.wait_dead()[0]
    assert record["dead"]["class"] == "in_doubt"
    assert record["recipients"][0]["state"] == "in_doubt"
    assert not host.messages()


def test_a_relay_that_refuses_everything_pauses_the_queue(host):
    host.relay.rules({"stage": "mail", "do": "550 5.7.1 relaying denied"})
    host.start(queues={"default": {"workers": 1}})
    for number in range(30):
        host.push(id="m-%d" % number)
    line = host.wait_log("relay refuses everything, queue paused")[0]
    assert line["level"] == "error" and line["reply"] == "relaying denied"
    wait_for(lambda: not host.left()["processing"], what="nothing in hand")
    left = host.left()
    # The first is taken for the message's own fault; the next ones are held back.
    assert left["dead"] == 1 and left["queued"] + left["retry"] == 29
    assert all(r.get("attempts", 0) == 0 and r["errors"][0]["class"] == "relay" for r in host.records("retry"))
    assert not host.log("message deferred")
    relay = host.status()["queues"][0]["relays"][0]
    assert relay["state"] == "down" and relay["error"] == "mail: 550 5.7.1 relaying denied"
    host.relay.rules()
    host.signal(1)      # mended: nobody waits for the next probe
    host.wait_messages(29)
    host.wait_empty()
    assert host.left()["dead"] == 1


def test_a_bad_message_does_not_hold_up_the_others_for_ever(host):
    """It is not the one that every trial of the relay begins with."""
    host.relay.rules({"stage": "dot", "to": "bad*", "do": "554 5.7.1 spam"})
    host.start(queues={"default": {"workers": 1}}, retry={"base": "10m", "cap": "1h"})
    for number in range(10):
        host.push(email_to=["bad-%d@example.com" % number])
    host.wait_log("relay refuses everything, queue paused")
    host.push(id="good")
    host.signal(1)
    host.wait_log("message delivered", id="good")


def test_authentication_required_pauses_at_once(host):
    host.relay.rules({"stage": "mail", "do": "530 5.7.0 authentication required"})
    host.start(queues={"default": {"workers": 1}})
    for number in range(3):
        host.push(id="m-%d" % number)
    host.wait_log("relay refuses everything, queue paused")
    wait_for(lambda: not host.left()["processing"], what="nothing in hand")
    left = host.left()
    assert left["dead"] == 0 and left["queued"] + left["retry"] == 3


def test_a_wrong_password_is_told_before_the_first_message(host):
    host.relay.rules({"stage": "auth", "do": "535 5.7.8 bad credentials"})
    host.start(queues={"default": {"workers": 2}})
    line = host.wait_log("relay down")[0]
    assert (line["stage"], line["code"]) == ("auth", 535)
    assert "535 5.7.8 bad credentials" in host.status()["queues"][0]["relays"][0]["error"]
    assert len(host.relay.events("auth")) == 1


def test_the_first_message_finds_a_session(host):
    host.start(queues={"default": {"workers": 1}})
    host.relay.wait(lambda events: any(e["event"] == "command" and e["line"].startswith("NOOP FROM") for e in events))
    assert not [e for e in host.relay.events("command") if e["line"].startswith("MAIL")]
    host.push()
    assert host.wait_messages(1)[0]["session"] == 1
    assert len(host.relay.events("auth")) == 1 and not host.relay.events("violation")


def test_who_comes_back_is_not_fallen_upon(host):
    """First one worker at a time, then two, four ..."""
    host.relay.rules({"stage": "greeting", "do": "421 4.3.2 busy"})
    host.start(queues={"default": {"workers": 8}})
    host.wait_log("relay down")
    for number in range(60):
        host.push(id="m-%d" % number)
    host.relay.rules({"stage": "data", "do": {"delay": 0.2, "reply": "normal"}})
    host.wait_messages(60)
    host.wait_empty()
    assert len(host.log("relay back")) == 1 and len(host.log("relay down")) == 1
    in_hand, accepted, began, most = set(), 0, None, 0
    for event in host.relay.events("command", "message"):
        if event["event"] == "message":
            accepted += 1
            in_hand.discard(event["session"])
        elif event["line"].startswith("MAIL"):
            began = began or event["time"]
            in_hand.add(event["session"])
            # One more for each that was accepted; and where that takes long, one a second.
            assert len(in_hand) <= 1 + accepted + int(event["time"] - began), (event, in_hand)
            most = max(most, len(in_hand))
    assert most > 4


def test_who_has_a_session_goes_on_where_nobody_gets_another(host):
    host.start(queues={"default": {"workers": 3}})
    host.push(id="first")
    host.wait_messages(1)
    had = host.relay.stats()["sessions"]    # one from the start, perhaps one for this message
    host.relay.rules({"stage": "greeting", "do": "421 4.7.0 too many connections"},
                     {"stage": "dot", "do": {"delay": 0.05, "reply": "normal"}})
    for number in range(20):
        host.push(id="m-%d" % number)
    host.wait_log("relay down")
    host.wait_messages(21)
    host.wait_empty()
    assert max(m["session"] for m in host.messages()) <= had < 3
    assert len(host.log("relay down")) == 1 and not host.log("relay back")


def test_closed_while_idle_costs_no_attempt(host):
    host.start(queues={"default": {"workers": 1}})
    host.push(id="one")
    host.wait_messages(1)
    for how in ("fin", "rst", "421 4.4.2 idle"):
        before = len(host.messages())
        closed = len(host.relay.events("close"))
        wait_for(lambda: host.relay.control(close_idle=how)["closed"] == 1, what="an idle session")
        host.relay.wait(lambda events: sum(e["event"] == "close" for e in events) > closed)
        host.push(id=how)
        host.wait_messages(before + 1)
    host.wait_empty()
    assert not host.log("message deferred") and not host.log("relay down")
    assert not host.log("connection lost, once more at once")


def test_an_envelope_too_large_for_the_relay_is_split(make_host):
    host = make_host(relay_options={"max_recipients": 3})
    host.start(queues={"default": {"workers": 1}})
    recipients = ["r%d@example.com" % n for n in range(8)]
    host.push(id="many", email_to=recipients)
    host.wait_empty()
    messages = host.messages()
    assert sorted(r for m in messages for r in m["rcpt_to"]) == recipients
    assert [len(m["rcpt_to"]) for m in messages] == [3, 3, 2]
    assert host.wait_log("relay takes so many recipients in one mail")[0]["recipients"] == 3
    assert not host.log("message deferred")
    assert host.status()["queues"][0]["relays"][0]["recipients_most"] == 3
    # What was learned is kept to: no recipient is refused any more.
    asked = len([e for e in host.relay.events("command") if e["line"].startswith("RCPT")])
    host.push(id="again", email_to=recipients)
    host.wait_messages(6)
    host.wait_empty()
    assert len([e for e in host.relay.events("command") if e["line"].startswith("RCPT")]) == asked + 8


def test_a_failures_dialogue_is_kept(host):
    host.start(queues={"default": {"workers": 1}})
    host.push(id="m", email_to=["dot554-anna@example.com"])
    record = host.wait_dead()[0]
    dialogue = "\n".join(record["dialogue"])
    for part in ("C: EHLO host.example.com", "C: MAIL FROM:<no-reply@example.com>", "S: 554 "):
        assert part in dialogue
    assert "correct horse" not in dialogue and "Hello" not in dialogue
    assert base64.b64encode(b"\0mailer\0correct horse").decode() not in dialogue


def test_the_dialogue_is_traced_on_request(host):
    host.start(queues={"default": {"workers": 1}})
    host.push(id="before")
    host.wait_log("message delivered", id="before")
    assert host.ask("trace relay 60000 main") == {"ok": True}
    host.push(id="traced")
    host.wait_log("dialogue", id="traced", line="C: RCPT TO:<anna@example.com>")
    assert host.ask("trace relay 0 main") == {"ok": True}
    host.wait_messages(2)
    lines = len(host.log("dialogue"))
    assert host.ask("trace worker 60000 default/1") == {"ok": True}
    host.push(id="worker")
    host.wait_log("dialogue", lines + 1)
    assert "error" in host.ask("trace worker 60000 default/9")
    assert "error" in host.ask("trace relay soon main")
    assert not host.log("dialogue")[0].get("id") == "before" and "correct horse" not in host.read_log()


def second_relay(host, tmp_path, tls_directory):
    """A second relay, and the configuration of the queue that prefers the first."""
    relay = ScriptedServer(str(tmp_path / "second"), tls="starttls", auth="PLAIN", user=USER + ":" + PASSWORD,
                           tls_directory=tls_directory)
    host.configure(relays={"second": dict(host.config["relays"]["main"], port=relay.port)},
                   queues={"default": {"workers": 1, "relays": ["main", "second"]}})
    return relay


def test_the_second_relay_is_used_while_the_first_is_down(host, tmp_path, tls_directory):
    with second_relay(host, tmp_path, tls_directory) as second:
        host.relay.rules({"stage": "greeting", "do": "421 4.3.2 busy"})
        host.start()
        host.push(id="one")
        second.wait(lambda events: any(e["event"] == "message" for e in events))
        host.relay.rules()
        host.wait_log("relay back", relay="main")
        host.push(id="two")
        host.wait_messages(1)
        host.wait_empty()
        assert len(second.messages()) == 1 and len(host.messages()) == 1
        assert [line["relay"] for line in host.wait_log("message delivered", 2)] == ["second", "main"]


DOWN = [("connect", "reset", "greeting"), ("greeting", "554 5.3.2 no", "greeting"), ("ehlo", "421 4.3.2 busy", "ehlo"),
        ("starttls", "454 4.7.0 not now", "tls"), ("tls", "drop", "tls"), ("auth", "535 5.7.8 bad", "auth")]


def test_each_way_of_being_down_leads_on_to_the_next_relay(host, tls_directory):
    """Six relays, each down in its own way, and a seventh that takes the mail."""
    main = host.config["relays"].pop("main")
    servers = {at: ScriptedServer(os.path.join(host.directory, at), tls="starttls", auth="PLAIN",
                                  user=USER + ":" + PASSWORD, tls_directory=tls_directory) for at, _, _ in DOWN}
    try:
        for at, answer, _ in DOWN:
            servers[at].rules({"stage": at, "do": answer})
        relays = {at: dict(main, port=server.port) for at, server in servers.items()}
        relays["none"] = dict(main, port=1)
        relays["last"] = main
        host.start(relays=relays, queues={"default": {"workers": 1, "relays": list(relays)}})
        host.push(id="m")
        assert host.wait_log("message delivered", id="m")[0]["relay"] == "last"
        stages = {line["relay"]: line["stage"] for line in host.log("relay down")}
        # A reset may be there before the connection is looked at for the first time.
        assert stages.pop("connect") in ("connect", "greeting")
        assert stages == {**{at: stage for at, _, stage in DOWN if at != "connect"}, "none": "connect"}
        assert not any(e["line"].startswith("MAIL") for s in servers.values() for e in s.events("command"))
    finally:
        for server in servers.values():
            server.stop()


def test_in_doubt_never_goes_to_the_second_relay_at_once(host, tmp_path, tls_directory):
    with second_relay(host, tmp_path, tls_directory) as second:
        host.relay.rules({"stage": "dot", "times": 1, "do": {"close": "fin", "serve": True}})
        host.start()
        host.push(id="m")
        host.wait_log("message in doubt, may be sent more than once")
        host.wait_empty()
        assert not second.messages()
