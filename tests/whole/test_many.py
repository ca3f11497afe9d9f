"""Many messages: nothing lost, nothing doubled, memory flat; and hostile ones."""
import json
import os

import pytest

import debs
from harness import BUILD, wait_for
from sink import Sink


def message_ids(host):
    return [m["data"].split(b"Message-ID:")[1].split(b"\r\n")[0] for m in host.messages()]


@pytest.mark.slow
def test_ten_thousand_messages(host):
    host.start(queues={"default": {"workers": 4}}, log={"level": "warning"})
    count = 10000
    for start in range(0, count, 500):
        host.push_raw(*(json.dumps({"template_name": "plain.html", "email_to": ["a%d@example.com" % n],
                                    "title": "no. %d" % n, "body": {"name": n}})
                        for n in range(start, start + 500)))
    host.wait_messages(count, 120)
    host.wait_empty()
    assert len(host.messages()) == count
    assert len(set(message_ids(host))) == count
    assert {m["rcpt_to"][0] for m in host.messages()} == {"a%d@example.com" % n for n in range(count)}
    assert len(host.relay.events("auth")) == sum(w["counts"]["sessions"] for w in host.workers())


def memory_kb(pid):
    """What it has allocated, whoever shares its program with it at the moment."""
    with open("/proc/%d/smaps_rollup" % pid) as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Anonymous:"))


@pytest.fixture
def sink():
    try:
        sink = Sink(os.path.join(BUILD, "tools", "debs"))
    except debs.Unavailable as why:
        pytest.skip(str(why))
    with sink:
        yield sink


@pytest.mark.slow
def test_a_workers_memory_is_flat(host, sink):
    host.start(queues={"default": {"workers": 1}}, log={"level": "warning"},
               relays={"main": {"port": sink.port, "host": "127.0.0.1", "tls": "none", "username": None,
                                "password_file": None, "ca_file": None}})
    pid = host.worker_pids()[0]
    element = json.dumps({"template_name": "plain.html", "email_to": ["a@example.com"], "title": "x",
                          "body": {"name": "y" * 2000}})

    def send(count):
        before = host.workers()[0]["counts"]["sent"]
        for _ in range(count // 500):
            host.push_raw(*[element] * 500)
        wait_for(lambda: host.workers()[0]["counts"]["sent"] >= before + count, 300, "%d sent" % count)

    send(5000)
    first = memory_kb(pid)
    send(45000)
    assert host.worker_pids() == [pid]
    assert memory_kb(pid) < first + 1024, "grown from %d kB" % first


def hostile(**fields):
    fields = {"template_name": "plain.html", "email_to": ["a@example.com"], "title": "t", "body": {}, **fields}
    return json.dumps({key: value for key, value in fields.items() if value is not None}).encode()


HOSTILE = {
    "empty": b"",
    "no JSON": b"hello",
    "cut JSON": b'{"template_name": "plain.html", "email_to": ["a@example.com"',
    "no object": b"[1, 2]",
    "not UTF-8": b'{"template_name": "plain.html", "email_to": ["a@example.com"], "title": "\xff\xfe"}',
    "deep": b'{"template_name": "plain.html", "email_to": ["a@example.com"], "body": {"x": '
            + b"[" * 10000 + b"]" * 10000 + b"}}",
    "large": hostile(body={"x": "y" * 50_000_000}),
    "no recipient": hostile(email_to=[]),
    "template above": hostile(template_name="../plain.html"),
    "template absolute": hostile(template_name="/etc/passwd"),
    "template with NUL": hostile(template_name="plain.html\0.txt"),
    "forged reference": b"@01ARZ3NDEKTSV4RRFFQ69G5FAV",
    **{"%s in %s" % (name, field): hostile(**{field: value(end)})
       for name, end in (("CRLF", "\r\nBcc: evil@example.com"), ("LF", "\nX: y"), ("CR", "\rX: y"), ("NUL", "\0"))
       for field, value in (("title", lambda e: "t" + e), ("email_from", lambda e: "a@example.com" + e),
                            ("email_to", lambda e: ["a@example.com" + e]), ("cc", lambda e: ["N" + e + " <a@example.com>"]),
                            ("bcc", lambda e: ["a@example.com" + e]), ("id", lambda e: "i" + e))},
}


def test_hostile_messages_are_dead_and_the_others_flow(host):
    host.start(queues={"default": {"workers": 2}})
    for element in HOSTILE.values():
        host.push_raw(element)
    host.push(id="fine")
    host.wait_messages(1)
    host.wait_empty()
    assert len(host.messages()) == 1
    # The forged reference leads nowhere: there is nothing to keep of it.
    assert host.left()["dead"] == len(HOSTILE) - 1
    kept = host.client.hvals(host.key("message"))
    assert sorted(kept) == sorted(e for n, e in HOSTILE.items() if n != "forged reference")
    assert all(r["dead"]["class"] == "invalid" for r in host.records("dead"))
    assert not host.log("child died")
