"""TLS and AUTH: nothing leaves before either has succeeded, and a failure says what to do."""
import socket
import subprocess
import threading

import pytest

from driver import Drive

USER = {"username": "mailer", "password": "correct horse"}
KNOWN = {"auth": "PLAIN LOGIN CRAM-MD5", "user": "mailer:correct horse"}
TLS = ("starttls", "implicit")


def commands(server):
    return [e["line"].split(" ")[0] for e in server.events("command")]


@pytest.mark.parametrize("version", ("1.2", "1.3"))
@pytest.mark.parametrize("tls", TLS)
def test_tls_is_verified_and_names_the_host(shared, tls, version):
    server = shared(tls=tls, tls_max=version, **KNOWN)
    with Drive.at(server, tls=tls, **USER) as drive:
        assert drive.send(count=20)["result"] == "sent"
        assert drive.counts()["sessions"] == drive.counts()["auths"] == 1
    handshake, = server.events("tls")
    assert (handshake["version"], handshake["sni"]) == ("TLSv" + version, "localhost")
    # Not one command of consequence in clear.
    in_clear = [e["line"] for e in server.events("command") if not e["tls"]]
    assert in_clear == (["EHLO client.example", "STARTTLS"] if tls == "starttls" else [])
    assert not server.events("violation")
    assert all(m["tls"] and m["user"] == "mailer" for m in server.messages())


@pytest.mark.parametrize("tls", TLS)
def test_an_address_is_verified_as_one(shared, tls):
    server = shared(tls=tls, **KNOWN)
    with Drive.at(server, tls=tls, host="127.0.0.1", **USER) as drive:
        assert drive.send()["result"] == "sent"
    assert server.events("tls")[0]["sni"] is None


BAD = [
    ("expired", ["expired on", "Feb  1 00:00:00 2020", "renew"]),
    ("other-host", ["another host", "mail.elsewhere.example", "expected localhost", "relays.main.host"]),
    ("unknown-ca", ["unknown CA", "postrider test stranger", "relays.main.ca_file"]),
    ("self-signed", ["self-signed", "relays.main.ca_file"]),
]


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("certificate,says", BAD, ids=[b[0] for b in BAD])
def test_a_bad_certificate_is_refused_before_auth(shared, tls, certificate, says):
    server = shared(tls=tls, certificate=certificate, **KNOWN)
    with Drive.at(server, tls=tls, **USER) as drive:
        for verdict in (drive.send(), drive.send(), drive.probe()):
            assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "tls", 0)
            for word in says:
                assert word in verdict["reply"]["text"], verdict
    assert not {"AUTH", "MAIL"} & set(commands(server))
    with Drive.at(server, tls=tls, verify=False, **USER) as drive:
        assert drive.send()["result"] == "sent"


def test_the_ca_file_is_named_when_it_is_missing(shared):
    server = shared(tls="starttls", **KNOWN)
    with Drive.at(server, tls="starttls", ca_file="/nonexistent/ca.pem", **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls")
        assert "relays.main.ca_file: /nonexistent/ca.pem: No such file" in verdict["reply"]["text"]


@pytest.mark.parametrize("version", ("1.2", "1.3"))
@pytest.mark.parametrize("tls", TLS)
def test_a_client_certificate(shared, tls_directory, tls, version):
    """TLS 1.3 lets a client think that all is well before its certificate is looked at."""
    server = shared(tls=tls, tls_max=version, client_ca=tls_directory + "/ca.pem", **KNOWN)
    path = tls_directory + "/%s.%s"
    own = {"cert_file": path % ("client", "pem"), "key_file": path % ("client", "key")}
    with Drive.at(server, tls=tls, max_messages=2, **own, **USER) as drive:
        assert drive.send(count=5)["tally"] == {"sent": 5}
        assert drive.probe()["ok"]
    assert [e["client"] for e in server.events("tls")] == ["host.example.com"] * 4
    other = {"cert_file": path % ("client-stranger", "pem"), "key_file": path % ("client-stranger", "key")}
    server.forget()
    for files, says in (({}, "wants a client certificate: set relays.main.cert_file and relays.main.key_file"),
                        (other, "refused the client certificate in relays.main.cert_file")):
        with Drive.at(server, tls=tls, **files, **USER) as drive:
            for verdict in (drive.send(), drive.probe(), drive.send()):
                assert (verdict["result"], verdict["stage"]) == ("relay", "tls"), verdict
                assert says in verdict["reply"]["text"], verdict
    assert not {"AUTH", "MAIL"} & set(commands(server))


def test_a_client_certificate_that_is_not_asked_for(shared, tls_directory):
    server = shared(tls="starttls", **KNOWN)
    with Drive.at(server, tls="starttls", cert_file=tls_directory + "/client.pem",
                  key_file=tls_directory + "/client.key", **USER) as drive:
        assert drive.send()["result"] == "sent"


def broken_keys(tls_directory, tmp_path):
    """(cert_file, key_file, what is said of them)"""
    good = tls_directory + "/client.pem", tls_directory + "/client.key"
    locked, noise = str(tmp_path / "locked.key"), str(tmp_path / "noise")
    subprocess.run(["openssl", "pkey", "-in", good[1], "-aes128", "-passout", "pass:x", "-out", locked],
                   check=True, stdin=subprocess.DEVNULL)
    (tmp_path / "noise").write_text("-----BEGIN PRIVATE KEY-----\nnoise\n")
    return [("/nonexistent.pem", good[1], "cert_file: /nonexistent.pem: No such file or directory"),
            (good[0], "/nonexistent.key", "key_file: /nonexistent.key: No such file or directory"),
            (noise, good[1], "cert_file: %s holds no certificate in PEM form" % noise),
            (good[0], noise, "key_file: %s holds no private key in PEM form" % noise),
            (good[0], tls_directory + "/server.key", "server.key is not the key of the certificate in " + good[0]),
            (good[0], locked, "locked.key is protected by a passphrase")]


def test_client_certificates_that_cannot_be_used(shared, tls_directory, tmp_path):
    """The server is not bothered with what is wrong on this side."""
    server = shared(tls="starttls", client_ca=tls_directory + "/ca.pem", **KNOWN)
    for cert_file, key_file, says in broken_keys(tls_directory, tmp_path):
        with Drive.at(server, tls="starttls", cert_file=cert_file, key_file=key_file, **USER) as drive:
            for verdict in (drive.send(), drive.probe()):
                assert (verdict["result"], verdict["stage"]) == ("relay", "tls"), verdict
                assert "relays.main." in verdict["reply"]["text"] and says in verdict["reply"]["text"], verdict
    assert not server.events("open")


def test_old_tls_is_refused(shared):
    server = shared(tls="starttls", tls_max="1.1", **KNOWN)
    with Drive.at(server, tls="starttls", **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls")
        assert "TLS 1.1" in verdict["reply"]["text"]


def test_stripped_starttls(shared):
    server = shared(tls="none", **KNOWN)
    with Drive.at(server, tls="starttls", host="localhost", **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls")
        assert "does not offer STARTTLS" in verdict["reply"]["text"]
    assert commands(server) == ["EHLO"]


@pytest.mark.parametrize("answer,says", [
    ("454 4.7.0 not now", "not now"),
    ("250 ok", "ok"),
    ({"reply": "normal", "glue": "250 injected\r\n"}, "somebody in between"),
    ({"raw": "220 go\r\n250-x\r\n250 AUTH PLAIN\r\n"}, "somebody in between"),
    ({"raw": "what\r\n"}, "no SMTP reply"),
    ("drop", "closed it"),
])
def test_starttls_answers(shared, answer, says):
    server = shared(tls="starttls", **KNOWN)
    server.rules({"stage": "starttls", "do": answer, "times": 1})
    with Drive.at(server, tls="starttls", **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls"), verdict
        assert says in verdict["reply"]["text"]
        server.wait(lambda events: [e for e in events if e["event"] == "close"])
        assert not {"AUTH", "MAIL"} & set(commands(server))
        assert drive.send()["result"] == "sent"


@pytest.mark.parametrize("tls", TLS)
@pytest.mark.parametrize("answer,says", [
    ({"raw": "500 no TLS here\r\n"}, ("not TLS", "somebody in between")),
    ("drop", "closed it"),
    ({"delay": 0.05, "close": "rst"}, "closed it"),
    ("stall", "did not send its part of the TLS handshake within 1s"),
])
def test_handshake_answers(shared, tls, answer, says):
    server = shared(tls=tls, **KNOWN)
    server.rules({"stage": "tls", "do": answer, "times": 1})
    with Drive.at(server, tls=tls, timeouts={"command": 1000}, **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls"), verdict
        assert any(s in verdict["reply"]["text"] for s in ([says] if isinstance(says, str) else says)), verdict
        assert drive.send()["result"] == "sent"


def test_the_handshake_is_bounded_as_a_whole():
    """A byte of TLS every 0.3 s never runs into a time-out per byte."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        link, _ = listener.accept()
        with link:
            link.recv(4096)
            try:
                link.sendall(b"\x16\x03\x03\x40\x00")
                for _ in range(40):
                    link.sendall(b"\x02")
                    threading.Event().wait(0.3)
            except OSError:
                pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    with Drive(host="127.0.0.1", port=listener.getsockname()[1], tls="implicit", verify=False,
               timeouts={"command": 1000}) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "tls"), verdict
        assert "time-out" in verdict["reply"]["text"]
    thread.join(5)
    assert not thread.is_alive()
    listener.close()


@pytest.mark.parametrize("tls", ("none",) + TLS)
@pytest.mark.parametrize("auth,mechanism", [
    ("plain", "PLAIN"), ("login", "LOGIN"), ("cram-md5", "CRAM-MD5"), ("auto", None)])
def test_mechanisms(shared, tls, auth, mechanism):
    server = shared(tls=tls, **KNOWN)
    with Drive.at(server, tls=tls, auth=auth, **USER) as drive:
        assert drive.send()["result"] == "sent"
    used = server.events("auth")
    assert [e["mechanism"] for e in used] == [mechanism or "PLAIN"]
    assert used[0]["user"] == "mailer"


@pytest.mark.parametrize("offered,chosen", [
    ("NTLM LOGIN", "LOGIN"), ("LOGIN PLAIN", "LOGIN"), ("XOAUTH2 CRAM-MD5", "CRAM-MD5")])
def test_only_what_we_choose_is_used(shared, offered, chosen):
    """libesmtp would take the first that it has a plug-in for, NTLM among them."""
    server = shared(tls="starttls", auth=offered, user="mailer:correct horse")
    with Drive.at(server, tls="starttls", **USER) as drive:
        assert drive.send()["result"] == "sent"
    assert [e["mechanism"] for e in server.events("auth")] == [chosen]
    assert not server.events("violation")


@pytest.mark.parametrize("tls", ("none", "starttls"))
@pytest.mark.parametrize("auth", ("auto", "plain", "login", "cram-md5"))
def test_a_wrong_password_is_tried_once_and_nothing_is_sent(shared, tls, auth):
    server = shared(tls=tls, no_require_auth=True, **KNOWN)
    with Drive.at(server, tls=tls, auth=auth, username="mailer", password="wrong") as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth"), verdict
        assert (verdict["reply"]["code"], verdict["reply"]["enhanced"]) == (535, "5.7.8")
        assert drive.counts()["auths"] == 1
        assert "wrong" not in drive.dialogue()
    assert commands(server).count("AUTH") == 1
    assert "MAIL" not in commands(server) and not server.messages()


@pytest.mark.parametrize("answer,code", [
    ("454 4.7.0 temporary", 454), ("534 5.7.9 too weak", 534), ("504 5.5.4 unknown", 504),
    ("421 4.7.0 too many", 421), ("250 fine", 250), ("drop", 0), ({"raw": "hm\r\n"}, 0), ("stall", 0)])
def test_answers_to_auth(shared, answer, code):
    server = shared(tls="starttls", **KNOWN)
    server.rules({"stage": "auth", "do": answer, "times": 1})
    with Drive.at(server, tls="starttls", timeouts={"command": 2000}, **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "auth", code), verdict
        server.wait(lambda events: [e for e in events if e["event"] == "close"])
        assert "MAIL" not in commands(server)
        assert drive.send()["result"] == "sent"


@pytest.mark.parametrize("auth,offered,says", [
    ("auto", "", "does not offer AUTH"), ("plain", "LOGIN", "does not offer AUTH PLAIN; it offers LOGIN"),
    ("auto", "NTLM GSSAPI", "it offers NTLM GSSAPI")])
def test_auth_that_is_not_offered(shared, auth, offered, says):
    server = shared(tls="starttls", auth=offered, no_require_auth=True)
    with Drive.at(server, tls="starttls", auth=auth, **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth")
        assert says in verdict["reply"]["text"]
    assert not {"AUTH", "MAIL"} & set(commands(server))


@pytest.mark.parametrize("answer,stage,code", [
    ("250 scripted.example", "auth", 0), ("421 4.3.2 bye", "ehlo", 421), ("550 5.7.1 no", "ehlo", 550),
    ("502 5.5.1 what?", "ehlo", 502), ("drop", "ehlo", 0)])
def test_the_ehlo_inside_tls(shared, answer, stage, code):
    """Where libesmtp hears of no AUTH it would go on to MAIL, and where EHLO is
    refused to HELO and MAIL."""
    server = shared(tls="starttls", no_require_auth=True, **KNOWN)
    server.rules({"stage": "ehlo", "skip": 1, "do": answer})
    with Drive.at(server, tls="starttls", **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", stage, code), verdict
    assert not {"AUTH", "HELO", "MAIL"} & set(commands(server))


def test_one_ehlo_in_each_state(shared):
    """OpenSMTPD refuses a second one: 503 5.5.1 Already identified."""
    for tls, count in (("none", 1), ("starttls", 2), ("implicit", 1)):
        server = shared(tls=tls, **KNOWN)
        with Drive.at(server, tls=tls, **USER) as drive:
            assert drive.send(count=3)["result"] == "sent"
        assert commands(server).count("EHLO") == count


def test_helo_means_no_auth(shared):
    server = shared(tls="none", no_require_auth=True, **KNOWN)
    server.rules({"stage": "ehlo", "do": "502 5.5.1 what?"})
    with Drive.at(server, **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "ehlo", 502)
    assert not {"AUTH", "MAIL"} & set(commands(server))
    with Drive.at(server) as drive:     # without credentials an old server will do
        assert drive.send()["result"] == "sent"


def test_no_password_in_clear_to_another_host(shared):
    with open("/proc/net/fib_trie", encoding="ascii") as file:
        lines = file.read().split("\n")
    own = sorted({lines[i - 1].split()[-1] for i, line in enumerate(lines) if "/32 host LOCAL" in line})
    own = [address for address in own if not address.startswith("127.")]
    if not own:
        pytest.skip("this host has no address but loopback")
    server = shared(host=own[0], **KNOWN)
    with Drive(host=own[0], port=server.port, **USER) as drive:
        verdict = drive.send()
        assert (verdict["result"], verdict["stage"]) == ("relay", "auth")
        assert "not sent in clear" in verdict["reply"]["text"]
        assert "relays.main.tls" in verdict["reply"]["text"]
    assert not commands(server)


def test_secrets_stay_out_of_the_dialogue(shared):
    server = shared(tls="none", **KNOWN)
    for auth in ("plain", "login", "cram-md5"):
        with Drive.at(server, auth=auth, **USER) as drive:
            assert drive.send(data="Subject: secret\r\n\r\nthe body's own words\r\n")["result"] == "sent"
            said = drive.dialogue()
            for secret in ("correct", "Y29ycmVjdCBob3JzZQ", "AG1haWxlcgBjb3JyZWN0", "own words", "bWFpbGVy"):
                assert secret not in said, said
            assert "AUTH " + auth.upper() in said and "MAIL FROM:<a@example.com>" in said


def test_probe(shared):
    server = shared(tls="starttls", **KNOWN)
    with Drive.at(server, tls="starttls", **USER) as drive:
        assert drive.probe()["ok"]
        server.wait(lambda events: [e for e in events if e["event"] == "close" and e["quit"]])
        assert commands(server)[-1] == "QUIT" and "MAIL" not in commands(server)
        server.rules({"stage": "auth", "do": "535 5.7.8 no", "times": 1})
        verdict = drive.probe()
        assert not verdict["ok"]
        assert (verdict["result"], verdict["stage"], verdict["reply"]["code"]) == ("relay", "auth", 535)
        assert drive.send()["result"] == "sent"
        assert drive.counts()["mails"] == 1


def test_2000_handshakes(shared, request):
    """A TLS 1.3 session ticket that comes early makes libesmtp wait out its
    time-out; about one session in eleven, when left alone."""
    wanted = request.config.getoption("--sessions")
    for version in ("1.3", "1.2"):
        server = shared(tls="starttls", tls_max=version, auth="PLAIN", user="mailer:correct horse")
        with Drive.at(server, tls="starttls", max_messages=1, **USER) as drive:
            verdict = drive.send(count=wanted)
            assert verdict["tally"] == {"sent": wanted}, verdict
            assert drive.counts()["sessions"] == wanted
