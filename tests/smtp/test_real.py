"""Against servers that others wrote: each a few hundred messages over one session,
and its own way of saying no.

What cannot be had here (a package, root) is skipped with the reason.
"""
import collections
import contextlib
import time

import pytest

import debs
from driver import Drive
from scripted import ScriptedServer

USER = {"username": "mailer", "password": "correct horse"}
MAILS = 200

Real = collections.namedtuple("Real", "port tls ca received no wrong_password most", defaults=(None,))


@pytest.fixture(scope="module")
def sink(tmp_path_factory):
    """Where a relay sends on to."""
    with ScriptedServer(str(tmp_path_factory.mktemp("sink")), plain_addresses=True) as server:
        yield server


@contextlib.contextmanager
def postfix(sink, tls_directory, way):
    from postfix import Postfix
    no = [("a@example.com", ["nobody@example.com"], "refused", "rcpt", 550, "5.1.1"),
          ("a@example.com", ["later@example.com"], "refused", "rcpt", 451, "4.7.1"),
          ("refused@example.com", ["b@example.com"], "refused", "rcpt", 554, "5.7.1"),
          ("nodata@example.com", ["b@example.com"], "refused", "data", 554, "5.7.1")]
    with Postfix(user=USER["username"], password=USER["password"], relay_to=sink.port) as server:
        port = server.submission if way == "starttls" else server.submissions
        yield Real(port, way, server.ca, sink.messages, no, (535, "5.7.8"))


@contextlib.contextmanager
def aiosmtpd(sink, tls_directory, way):
    from aiosmtpd_server import start
    server = start(tls_directory, way, **USER)
    no = [("a@example.com", ["nobody@example.com"], "refused", "rcpt", 550, "5.1.1"),
          ("a@example.com", ["big@example.com"], "refused", "final", 552, "5.3.4")]
    try:
        yield Real(server.port, way, tls_directory + "/ca.pem", lambda: server.messages, no, (535, "5.7.8"))
    finally:
        server.stop()


@contextlib.contextmanager
def exim(sink, tls_directory, way):
    from exim import Exim
    # Exim has no enhanced codes, and a second spelling of every reply.
    no = [("a@example.com", ["nobody@example.com"], "refused", "rcpt", 550, ""),
          ("a@example.com", ["later@example.com"], "refused", "rcpt", 451, ""),
          ("refused@example.com", ["b@example.com"], "refused", "mail", 550, ""),
          ("nodata@example.com", ["b@example.com"], "refused", "data", 550, "")]
    with Exim(USER["username"], USER["password"], sink.port, tls_directory) as server:
        port = server.submission if way == "starttls" else server.submissions
        yield Real(port, way, tls_directory + "/ca.pem", sink.messages, no, (535, ""))


@contextlib.contextmanager
def opensmtpd(sink, tls_directory, way):
    from opensmtpd import OpenSMTPD
    no = [("a@example.com", ["nobody@example.com"], "refused", "rcpt", 550, ""),
          ("refused@example.com", ["b@example.com"], "refused", "rcpt", 550, "")]
    with OpenSMTPD(sink.port) as server:
        yield Real(server.port, way, None, sink.messages, no, None, 100)


@contextlib.contextmanager
def nodemailer(sink, tls_directory, way):
    from nodemailer import Nodemailer
    no = [("a@example.com", ["nobody@example.com"], "refused", "rcpt", 550, ""),
          ("refused@example.com", ["b@example.com"], "refused", "mail", 550, ""),
          ("a@example.com", ["big@example.com"], "refused", "final", 552, "")]
    with Nodemailer(way, tls_directory, USER["username"], USER["password"]) as server:
        yield Real(server.port, way, tls_directory + "/ca.pem", lambda: server.messages, no, (535, ""))


SERVERS = [(nodemailer, "starttls"), (nodemailer, "implicit"), (exim, "starttls"), (exim, "implicit"), (opensmtpd, "none"), (postfix, "starttls"), (postfix, "implicit"), (aiosmtpd, "starttls"), (aiosmtpd, "implicit"),
           (aiosmtpd, "none")]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda p: "%s-%s" % (p[0].__name__, p[1]))
def real(request, sink, tls_directory):
    sink.forget()
    try:
        with request.param[0](sink, tls_directory, request.param[1]) as server:
            yield server
    except debs.Unavailable as reason:
        pytest.skip(str(reason))


def connect(real, **relay):
    known = USER if real.wrong_password else {}
    return Drive(host="localhost", port=real.port, tls=real.tls, ca_file=real.ca, **{**known, **relay})


def wait(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "not seen within %d s" % seconds
        time.sleep(0.02)


def test_many_mails_over_one_session(real):
    before = len(real.received())
    with connect(real) as drive:
        assert drive.send(count=MAILS)["tally"] == {"sent": MAILS}
        assert drive.send(["b@example.com", "c@example.com"], fill=500000)["result"] == "sent"
        # OpenSMTPD takes 100 in a session; it says so once, and costs no mail an attempt.
        sessions = 1 if real.most is None else -(-(MAILS + 1) // real.most)
        assert drive.counts()["sessions"] == sessions
        assert drive.counts()["auths"] == (sessions if real.wrong_password else 0)
    wait(lambda: len(real.received()) == before + MAILS + 1)
    assert sum("c@example.com" in m["rcpt_to"] for m in real.received()[before:]) == 1


def test_its_way_of_saying_no(real):
    with connect(real) as drive:
        for sender, to, result, stage, code, enhanced in real.no:
            verdict = drive.send(to, **{"from": sender})
            assert (verdict["result"], verdict["stage"], verdict["reply"]["code"],
                    verdict["reply"]["enhanced"]) == (result, stage, code, enhanced), verdict
            assert drive.send(["b@example.com", *to] if stage == "rcpt" and sender[0] == "a" else
                              ["b@example.com"])["result"] == "sent"


def test_a_wrong_password(real):
    if not real.wrong_password:
        pytest.skip("this server is used without AUTH")
    with connect(real, password="wrong") as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth"), verdict
        assert (verdict["reply"]["code"], verdict["reply"]["enhanced"]) == real.wrong_password
        assert drive.counts()["auths"] == 1


def test_a_probe(real):
    with connect(real) as drive:
        assert drive.probe()["ok"]
