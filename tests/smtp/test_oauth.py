"""XOAUTH2 and OAUTHBEARER, against a server that is strict about the order of things."""
import json
import os
import time

import pytest

from driver import Drive

BOTH = "XOAUTH2 OAUTHBEARER"
TOKEN = "ya29.good-token_1~+/=="
LONG = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9." * 60


def file_with(tmp_path, text, name="token"):
    path = tmp_path / name
    path.write_text(text)
    return str(path)


def start(shared, tls="starttls", auth=BOTH, tokens=(TOKEN,)):
    server = shared(tls=tls, auth=auth, no_require_auth=True)
    server.control(set={"tokens": list(tokens)})
    return server


def lines(server):
    return [e["line"] for e in server.events("command")]


@pytest.mark.parametrize("tls", ("none", "starttls", "implicit"))
@pytest.mark.parametrize("auth,mechanism", [("xoauth2", "XOAUTH2"), ("oauthbearer", "OAUTHBEARER"), ("auto", "XOAUTH2")])
def test_a_good_token(shared, tmp_path, tls, auth, mechanism):
    server = start(shared, tls)
    with Drive.at(server, tls=tls, auth=auth, username="me,you=us@example.com" if mechanism[0] == "X" else "me@example.com",
                  token_file=file_with(tmp_path, TOKEN + "\n")) as drive:
        assert drive.send(count=5)["result"] == "sent"
        assert drive.counts()["sessions"] == drive.counts()["auths"] == 1
        assert "good-token" not in drive.dialogue()
        assert "AUTH %s [...]" % mechanism in drive.dialogue()
    used, = server.events("auth")
    assert (used["mechanism"], used["ok"]) == (mechanism, True)
    assert not server.events("violation")
    assert all(m["user"] for m in server.messages())


@pytest.mark.parametrize("auth", ("xoauth2", "oauthbearer"))
def test_a_long_token_goes_in_a_line_of_its_own(shared, tmp_path, auth):
    """RFC 4954 4: no initial response that makes the command longer than 512 octets."""
    server = start(shared, tokens=[LONG])
    with Drive.at(server, tls="starttls", auth=auth, username="me@example.com",
                  token_file=file_with(tmp_path, LONG)) as drive:
        assert drive.send()["result"] == "sent"
    assert "AUTH " + auth.upper() in lines(server)
    assert not server.events("violation")


@pytest.mark.parametrize("auth", ("xoauth2", "oauthbearer"))
def test_a_refused_token_is_sent_once(shared, tmp_path, auth):
    server = start(shared)
    with Drive.at(server, tls="starttls", auth=auth, username="me@example.com",
                  token_file=file_with(tmp_path, "expired-token")) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth")
        assert (verdict["reply"]["code"], verdict["reply"]["enhanced"]) == (535, "5.7.8")
        assert '"status":"401"' in verdict["reply"]["text"]
        assert "expired-token" not in drive.dialogue() + str(verdict)
        server.wait(lambda events: [e for e in events if e["event"] == "close" and e["quit"]])
    assert sum(line.startswith("AUTH") for line in lines(server)) == 1
    assert not any(line.startswith("MAIL") for line in lines(server))
    assert not server.events("violation")


def test_a_file_that_was_renewed_is_read_again(shared, tmp_path):
    server = start(shared)
    path = file_with(tmp_path, TOKEN)
    with Drive.at(server, tls="starttls", username="me@example.com", token_file=path, max_messages=1) as drive:
        assert drive.send()["result"] == "sent"
        server.control(set={"tokens": ["second"]})
        assert drive.send()["result"] == "relay"
        file_with(tmp_path, json.dumps({"access_token": "second", "expires_in": 3600}))
        assert drive.send()["result"] == "sent"
        os.unlink(path)
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth")
        assert "relays.main.token_file" in verdict["reply"]["text"]
    assert not server.events("violation")


def command(tmp_path, body):
    """A command that counts how often it was run."""
    runs = tmp_path / "runs"
    script = tmp_path / "token.sh"
    script.write_text("echo run >>%s\nn=$(wc -l <%s)\n%s\n" % (runs, runs, body))
    return "sh %s" % script, lambda: runs.read_text().count("run") if runs.exists() else 0


def test_a_command_is_run_once_for_many_sessions(shared, tmp_path):
    server = start(shared)
    run, count = command(tmp_path, """echo '{"access_token": "%s", "expires_in": 3600}'""" % TOKEN)
    with Drive.at(server, tls="starttls", username="me@example.com", token_command=run, max_messages=1) as drive:
        assert drive.send(count=4)["tally"] == {"sent": 4}
    assert count() == 1


def test_a_command_is_run_before_the_token_expires(shared, tmp_path):
    server = start(shared)
    run, count = command(tmp_path, """echo '{"access_token": "%s", "expires_in": 1}'""" % TOKEN)
    with Drive.at(server, tls="starttls", username="me@example.com", token_command=run, max_messages=1) as drive:
        assert drive.send()["result"] == "sent"
        assert count() == 1
        time.sleep(0.85)
        assert drive.send()["result"] == "sent"
    assert count() == 2


@pytest.mark.parametrize("auth", ("xoauth2", "oauthbearer"))
def test_a_refused_token_is_renewed_at_once(shared, tmp_path, auth):
    """Within the session: the second token is offered where the first was refused."""
    server = start(shared, tokens=["token-2"])
    run, count = command(tmp_path, "echo token-$n")
    with Drive.at(server, tls="starttls", auth=auth, username="me@example.com", token_command=run) as drive:
        verdict = drive.send()
        assert verdict["result"] == "sent", verdict
        assert drive.counts()["auths"] == 2 and drive.counts()["sessions"] == 1
    assert count() == 2
    assert [e["ok"] for e in server.events("auth")] == [False, True]
    assert not server.events("violation")


def test_not_again_and_again(shared, tmp_path):
    server = start(shared, tokens=["none of these"])
    run, count = command(tmp_path, "echo token-$n")
    with Drive.at(server, tls="starttls", username="me@example.com", token_command=run) as drive:
        assert drive.send()["stage"] == "auth"
    assert count() == 2 and len(server.events("auth")) == 2


@pytest.mark.parametrize("body,says", [
    ("exit 3", "ended with status 3"),
    ("echo 'two words'", "holds no token"),
    ("true", "holds no token"),
    ("echo '{\"error\": \"secret-ish\"}'", "without \"access_token\""),
    ("echo '{'", "broken JSON"),
    ("head -c 100000 /dev/zero", "more than"),
    ("sleep 30", "not done within 1s"),
    ("echo token; exec >&-; sleep 30", "not done within 1s"),
])
def test_a_command_that_fails(shared, tmp_path, body, says):
    server = start(shared)
    run, _ = command(tmp_path, body)
    with Drive.at(server, tls="starttls", username="me@example.com", token_command=run,
                  timeouts={"command": 1000}) as drive:
        begun = time.monotonic()
        verdict = drive.send()
        assert time.monotonic() - begun < 15
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth"), verdict
        assert says in verdict["reply"]["text"] and "relays.main.token_command" in verdict["reply"]["text"]
        assert "secret-ish" not in verdict["reply"]["text"]
    assert not server.events("open")        # nobody was bothered with it


@pytest.mark.parametrize("answer,code", [
    ("454 4.7.0 later", 454), ("421 4.3.2 bye", 421), ("250 hm", 250), ("drop", 0),
    ({"raw": "235 ok\r\n250 more\r\n"}, 0)])
def test_answers(shared, tmp_path, answer, code):
    server = start(shared)
    server.rules({"stage": "auth", "do": answer, "times": 1})
    with Drive.at(server, tls="starttls", auth="xoauth2", username="me@example.com",
                  token_file=file_with(tmp_path, TOKEN)) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "auth", code), verdict
        assert drive.send()["result"] == "sent"
    assert not server.events("violation")


def test_not_offered(shared, tmp_path):
    server = start(shared, auth="PLAIN LOGIN")
    with Drive.at(server, tls="starttls", auth="xoauth2", username="me@example.com",
                  token_file=file_with(tmp_path, TOKEN)) as drive:
        text = drive.send()["reply"]["text"]
        assert "does not offer AUTH XOAUTH2; it offers PLAIN LOGIN" in text
