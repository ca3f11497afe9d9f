"""What is received is what was sent, and always one mail."""
import hashlib

import pytest

from driver import Drive
from smuggling import ENDS, SMUGGLED

HEAD = (b"Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nFrom: <a@example.com>\r\n"
        b"Message-ID: <bytes@example.com>\r\nSubject: bytes\r\n\r\n")
EXTENSIONS = ["PIPELINING 8BITMIME CHUNKING", "8BITMIME", "PIPELINING CHUNKING BINARYMIME SIZE ENHANCEDSTATUSCODES"]

EXACT = {
    "dots": b".\r\n..\r\n...\r\n.x\r\nx.\r\n. \r\n.\r\n",
    "dot first": b".",
    "empty": b"",
    "blank lines": b"\r\n\r\n\r\n",
    "998": b"x" * 998 + b"\r\n",
    "long": b"y" * 100000 + b"\r\n",
    "no end": b"the last line has no end",
    "nul": b"a\x00b\r\n\x00\r\n",
    "8bit": "ä€😀\r\n".encode() + bytes(range(128, 256)) + b"\r\n",
    "looks like SMTP": b"\r\nDATA\r\nMAIL FROM:<x@x>\r\nQUIT\r\n",
    "continued": b" not a header\r\n\tat all\r\n",
}


def write(tmp_path, data):
    path = tmp_path / "mail"
    path.write_bytes(data)
    return str(path)


def mended(data):
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    return data if data.endswith(b"\r\n") else data + b"\r\n"


@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize("tls", ("none", "starttls"))
@pytest.mark.parametrize("name", EXACT)
def test_bytes_arrive_as_they_are(shared, tmp_path, name, tls, extensions):
    server = shared(tls=tls, extensions=extensions)
    data = HEAD + EXACT[name]
    with Drive.at(server, tls=tls) as drive:
        assert drive.send(file=write(tmp_path, data))["result"] == "sent"
        assert drive.send()["result"] == "sent"
    first, second = server.messages()
    assert first["data"] == mended(data)
    assert not server.events("violation")
    assert not [e for e in server.events("command") if e["line"].startswith("BDAT")]


@pytest.mark.parametrize("where", ["body", "header", "header name", "start"])
@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_smuggling_arrives_as_data(shared, tmp_path, end, where):
    """Against a server that takes anything around a dot for the end."""
    server = shared(lenient=True)
    evil = end + SMUGGLED
    data = {"body": HEAD + b"hello" + evil, "header": HEAD[:-2] + b"X-A: b" + evil + b"\r\n\r\nx\r\n",
            "header name": HEAD[:-2] + b"X" + evil + b": b\r\n\r\nx\r\n", "start": evil + HEAD}[where]
    with Drive.at(server) as drive:
        assert drive.send(file=write(tmp_path, data))["result"] == "sent"
        assert drive.send("last@example.com")["result"] == "sent"
    messages = server.messages()
    assert [m["rcpt_to"] for m in messages] == [["b@example.com"], ["last@example.com"]]
    assert b"victim@example.com" in messages[0]["data"]


@pytest.mark.parametrize("tls", ("none", "starttls", "implicit"))
def test_20_megabytes(shared, tmp_path, tls):
    server = shared(tls=tls, no_log_commands=True)
    line = bytes(range(33, 127)) + b"\r\n"
    data = HEAD + b"".join(b"%07d" % i + line for i in range(200000))
    with Drive.at(server, tls=tls, timeouts={"final": 60000}) as drive:
        assert drive.send(file=write(tmp_path, data))["result"] == "sent"
    assert hashlib.sha256(server.messages()[0]["data"]).digest() == hashlib.sha256(data).digest()


@pytest.mark.parametrize("tls", ("none", "starttls"))
@pytest.mark.parametrize("pause,limit,result", [(0.5, 10000, "sent"), (3, 1000, "lost")])
def test_a_server_that_stops_reading(shared, tmp_path, tls, pause, limit, result):
    """libesmtp drops a buffer whose flush times out and goes on: the mail would
    arrive with a hole, and be answered by 250."""
    server = shared(tls=tls, rcvbuf=4096)
    server.rules({"stage": "body", "do": {"pause": pause, "after": 5000}, "times": 1})
    data = HEAD + b"".join(b"%09d\r\n" % i for i in range(1000000))
    limits = {"data": limit, "final": 20000}
    with Drive.at(server, tls=tls, timeouts=limits) as drive:
        verdict = drive.send("first@example.com", file=write(tmp_path, data))
        assert verdict["result"] == result, verdict
        assert drive.send("second@example.com")["result"] == "sent"
    messages = server.messages()
    assert all(m["data"] == data for m in messages if m["rcpt_to"] == ["first@example.com"])
    assert [m["rcpt_to"][0] for m in messages] == ["first@example.com"] * (result == "sent") + ["second@example.com"]
