"""Once against a Postfix as people run it: submission, STARTTLS, SASL, a relay behind it."""
import json

import pytest

import debs
from harness import PASSWORD, USER, parse
from postfix import Postfix
from scripted import ScriptedServer

MESSAGES = 300


@pytest.fixture
def behind(tmp_path):
    """Where Postfix sends on to."""
    with ScriptedServer(str(tmp_path / "behind"), plain_addresses=True) as server:
        yield server


@pytest.fixture
def postfix(behind):
    try:
        server = Postfix(user=USER, password=PASSWORD, relay_to=behind.port)
    except debs.Unavailable as why:
        pytest.skip(str(why))
    with server:
        yield server


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_through_postfix(host, postfix, behind, tls):
    port = postfix.submission if tls == "starttls" else postfix.submissions
    host.start(relays={"main": {"port": port, "tls": tls, "ca_file": postfix.ca}})
    common = {"template_name": "plain.html", "title": "Grüße"}
    host.push_raw(*(json.dumps({"id": "p-%d" % n, "email_to": ["a%d@example.com" % n], "body": {"name": n}, **common})
                    for n in range(MESSAGES)))
    host.push(id="no", email_to=["nobody@example.com"])     # 550 5.1.1 there
    behind.wait(lambda events: sum(e["event"] == "message" for e in events) >= MESSAGES, 60)
    host.wait_empty(60)
    received = behind.messages()
    assert {m["rcpt_to"][0] for m in received} == {"a%d@example.com" % n for n in range(MESSAGES)}
    assert len(received) == MESSAGES
    mail = parse(received[0]["data"])
    assert mail["Subject"] == "Grüße" and mail.get_content().startswith("<p>Hello ")
    record = host.wait_dead()[0]
    assert record["producer_id"] == "no" and record["dead"]["class"] == "recipient"
    assert (record["recipients"][0]["code"], record["recipients"][0]["enhanced"]) == (550, "5.1.1")
    counts = [w["counts"] for w in host.workers()]
    assert sum(c["sent"] for c in counts) == MESSAGES
    assert sum(c["sessions"] for c in counts) <= len(counts)
