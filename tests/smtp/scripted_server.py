#!/usr/bin/python3
"""An SMTP server that answers as it is told, and remembers everything.

For every test of the project that needs the other side of SMTP.  Speaks RFC
5321 strictly (order of commands, line ends) with PIPELINING, CHUNKING,
8BITMIME, SIZE, ENHANCEDSTATUSCODES, STARTTLS or implicit TLS and AUTH, and
leaves the normal course where a rule says so (scripted_rules.py).

    scripted_server.py --mailbox DIR --log FILE [--tls starttls --cert F --key F] ...

prints one JSON line on standard output when it listens:

    {"host": "127.0.0.1", "port": 40123, "pid": 4711, "control": "/path/or/null"}

Each accepted message becomes DIR/NNNNNN.eml (its exact bytes) and then
DIR/NNNNNN.json: {"mail_from", "rcpt_to", "session", "user", "tls", "time",
"parameters", "length"}.  The log has one JSON object a line, "event" being one of

    listening  open      {session, peer}
    tls        {session, version, cipher, sni}       tls_failed {session, error}
    command    {session, line, tls}     credentials are never in it
    auth       {session, mechanism, user, ok, tls}
    message    {session, number, mail_from, rcpt_to, length, message_id}
    violation  {session, what}          the client broke the protocol
    acted      {session, stage}         a rule was followed
    close      {session, by, quit, messages}

Control: a unix socket (--control PATH) takes one JSON object a line and
answers with one: {"rules": [...]} replaces the rules, {"add": [...]} adds
some, {"set": {"tokens": [...], "extensions": [...]}} changes options,
{"stats": true}, {"close_idle": "fin" | "rst" | "421 text"}, {"stop": true}.
A file of rules (--rules FILE, a JSON list) is read at the start and again
whenever it has changed.  The server ends when its standard input does, if
--until-eof is given.
"""
import argparse
import base64
import copy
import hashlib
import hmac
import json
import os
import re
import select
import signal
import socket
import ssl
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from scripted_rules import Rules  # noqa: E402

EXTENSIONS = "PIPELINING 8BITMIME ENHANCEDSTATUSCODES SIZE"
PATH = re.compile(rb"(?i)^(?:MAIL FROM|RCPT TO):<([^<>\r\n]*)>((?: [!-~]+)*)$")
MESSAGE_ID = re.compile(rb"(?im)^Message-ID:[ \t\r\n]*(<[^>\r\n]*>)")


class Gone(Exception):
    """The connection is over; who ended it."""

    def __init__(self, by):
        super().__init__(by)
        self.by = by


class EventLog:
    def __init__(self, path):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644) if path else None

    def write(self, event, **fields):
        if self.fd is not None:
            fields = {"time": round(time.time(), 4), "event": event, **fields}
            os.write(self.fd, json.dumps(fields).encode() + b"\n")


class Mailbox:
    def __init__(self, directory):
        self.directory = directory
        if directory:
            os.makedirs(directory, exist_ok=True)

    def store(self, number, envelope, body):
        if not self.directory:
            return
        base = os.path.join(self.directory, "%06d" % number)
        with open(base + ".eml", "wb") as out:
            out.write(body)
        with open(base + ".part", "w", encoding="ascii") as out:
            json.dump(envelope, out)
        os.rename(base + ".part", base + ".json")


class Link:
    """Bytes in and out of one connection, in lines and in blocks."""

    def __init__(self, sock):
        self.sock = sock
        self.got = bytearray()
        self.to_send = []

    def _fill(self, most=262144):
        self.flush()
        try:
            some = self.sock.recv(most)
        except (OSError, ssl.SSLError, ValueError):
            some = b""
        if not some:
            raise Gone("client")
        self.got += some

    def line(self):
        start = 0
        while True:
            at = self.got.find(b"\n", start)
            if at >= 0:
                line = bytes(self.got[:at + 1])
                del self.got[:at + 1]
                return line
            start = len(self.got)
            if start > 1 << 20:
                raise Gone("server")
            self._fill()

    def block(self, count):
        while len(self.got) < count:
            self._fill()
        block = bytes(self.got[:count])
        del self.got[:count]
        return block

    def until_dot(self, body_read, lenient):
        """The body up to its final dot, dot-stuffing undone."""
        body = bytearray(b"\r\n")
        end = re.compile(rb"\r?\n\.\r?\n|\r\.\r") if lenient else re.compile(rb"\r\n\.\r\n")
        while True:
            start = max(0, len(body) - 4)
            body += self.got
            self.got.clear()
            found = end.search(body, start)
            if found:
                self.got += body[found.end():]
                del body[found.end():]
                cut = found.start() + 2 if found[0][:2] == b"\r\n" else found.start()
                return bytes(body[:cut]).replace(b"\r\n.", b"\r\n")[2:]
            body_read(len(body) - 2)
            self._fill()

    def send(self, data):
        self.to_send.append(data)

    def flush(self):
        if self.to_send:
            data = b"".join(self.to_send)
            self.to_send.clear()
            self.send_now(data)

    def send_now(self, data):
        try:
            self.sock.sendall(data)
        except (OSError, ssl.SSLError, ValueError):
            raise Gone("client") from None

    def quiet_for(self, seconds):
        """True when the client says nothing for so long."""
        self.flush()
        if self.got or getattr(self.sock, "pending", lambda: 0)():
            return False
        return not select.select([self.sock], [], [], seconds)[0]

    def end(self, reset=False):
        try:
            if reset:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif isinstance(self.sock, ssl.SSLSocket):
                self.sock.settimeout(0.2)
                self.sock.unwrap()      # a close_notify, as good servers send
        except (OSError, ssl.SSLError, ValueError):
            pass
        try:
            self.sock.close()
        except OSError:
            pass


class Session:
    """One connection, from its greeting to its end."""

    def __init__(self, server, sock, number):
        self.server, self.options, self.number = server, server.options, number
        self.link = Link(sock)
        self.tls = self.hello = self.quit = False
        self.user = None
        self.messages = 0
        self.killed = None
        self.idle = False
        self.forget()

    def forget(self):
        self.sender, self.recipients, self.parameters = None, [], ""
        self.chunks, self.chunks_bad = [], False

    def log(self, event, **fields):
        self.server.events.write(event, session=self.number, **fields)

    def violation(self, what):
        self.server.count("violations")
        self.log("violation", what=what)

    # --- answers ---------------------------------------------------------

    def rule(self, stage, recipients=None):
        return self.server.find(stage, self.number, self.sender,
                                self.recipients if recipients is None else recipients, self.user)

    def answer(self, stage, normal, recipients=None):
        """Sends the normal reply or what a rule says; true: go on as normal."""
        action = self.rule(stage, recipients)
        if action is None:
            self.reply(normal)
            return normal[:1] in "23"
        self.follow(stage, action, normal)
        return not action.hinders() and (not action.normal or normal[:1] in "23")

    def reply(self, text):
        self.link.send(text.encode("latin-1") + b"\r\n")

    def follow(self, stage, action, normal=None):
        self.log("acted", stage=stage)
        if action.delay:
            self.link.flush()
            time.sleep(action.delay)
        if action.stall:
            self.link.flush()
            while True:
                self.link.got.clear()
                self.link._fill()
        data = action.reply
        if action.normal and normal is not None:
            data = normal.encode("latin-1") + b"\r\n"
        data = (data or b"") + action.glue
        if action.drip:
            self.link.flush()
            for at in range(len(data)):
                self.link.send_now(data[at:at + 1])
                time.sleep(action.drip)
        elif data:
            self.link.send(data)
        if action.close:
            self.link.flush()
            self.link.end(action.close == "rst")
            raise Gone("server")

    # --- the course of a session -------------------------------------------

    def run(self):
        try:
            action = self.rule("connect")
            if action:
                self.follow("connect", action, "")
            if self.options.tls == "implicit" and not self.handshake():
                return
            self.answer("greeting", "220 scripted.example ESMTP")
            while True:
                self.command()
        except Gone as gone:
            by = gone.by
        else:
            by = "client"
        if self.killed and self.killed not in ("fin", "rst"):
            try:
                self.link.send_now(self.killed.encode("latin-1") + b"\r\n")
            except Gone:
                pass
        self.link.end(self.killed == "rst")
        self.log("close", by="server" if self.killed else by, quit=self.quit, messages=self.messages)

    def handshake(self):
        action = self.rule("tls")
        if action:
            self.follow("tls", action, "")
        self.link.flush()
        if self.link.got:
            self.violation("bytes behind STARTTLS")
            self.link.got.clear()
        try:
            self.link.sock = self.server.context.wrap_socket(self.link.sock, server_side=True)
        except (OSError, ssl.SSLError) as error:
            self.log("tls_failed", error=str(error))
            raise Gone("client") from None
        self.tls = True
        self.hello = False
        self.user = None
        self.forget()
        version, cipher = self.link.sock.version(), self.link.sock.cipher()[0]
        self.server.count("tls")
        self.log("tls", version=version, cipher=cipher, sni=getattr(self.link.sock, "sni_name", None))
        return True

    def command(self):
        self.idle = True
        line = self.link.line()
        self.idle = False
        if not line.endswith(b"\r\n"):
            self.violation("a command that ends in a bare LF")
        text = line.rstrip(b"\r\n")
        verb = text.split(b" ", 1)[0].upper()
        shown = text[:512].decode("latin-1")
        if verb == b"AUTH":
            shown = " ".join(shown.split(" ")[:2])
        if self.options.log_commands:
            self.log("command", line=shown, tls=self.tls)
        handler = self.VERBS.get(verb)
        if handler:
            handler(self, text)
        else:
            self.violation("an unknown command: " + shown[:80])
            self.reply("500 5.5.2 unknown command")

    def ehlo(self, text):
        self.forget()
        self.hello = True
        offered = ["scripted.example greets you"]
        for extension in self.options.extensions:
            offered.append("SIZE %d" % self.options.size if extension == "SIZE" else extension)
        if self.options.tls == "starttls" and not self.tls:
            offered.append("STARTTLS")
        if self.options.auth and (self.tls or self.options.auth_in_clear):
            offered.append("AUTH " + " ".join(self.options.auth))
        last = len(offered) - 1
        self.answer("ehlo", "\r\n".join("250%s%s" % (" " if at == last else "-", word)
                                        for at, word in enumerate(offered)))

    def helo(self, text):
        self.forget()
        self.hello = True
        self.answer("helo", "250 scripted.example")

    def starttls(self, text):
        if self.options.tls != "starttls" or self.tls:
            self.reply("502 5.5.1 no STARTTLS here")
            return
        if self.answer("starttls", "220 2.0.0 go ahead"):
            self.handshake()

    def mail(self, text):
        path = PATH.match(text)
        if not path:
            self.violation("malformed: " + text[:80].decode("latin-1"))
            self.reply("501 5.5.4 syntax: MAIL FROM:<address>")
            return
        if not self.hello or self.sender is not None:
            self.violation("MAIL out of order")
            self.reply("503 5.5.1 out of order")
            return
        if self.options.tls != "none" and not self.tls:
            self.violation("MAIL before TLS")
            self.reply("530 5.7.0 must issue a STARTTLS command first")
            return
        if self.options.auth and self.options.require_auth and self.user is None:
            self.violation("MAIL before AUTH")
            self.reply("530 5.7.0 authentication required")
            return
        self.sender, self.parameters = path[1].decode("latin-1"), path[2].decode("latin-1").strip()
        size = re.search(r"\bSIZE=(\d+)", self.parameters)
        normal = "250 2.1.0 sender ok"
        if size and self.options.size and int(size[1]) > self.options.size:
            normal = "552 5.3.4 message too big"
        if not self.answer("mail", normal):
            self.forget()

    def rcpt(self, text):
        path = PATH.match(text)
        if not path:
            self.violation("malformed: " + text[:80].decode("latin-1"))
            self.reply("501 5.5.4 syntax: RCPT TO:<address>")
            return
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
            return
        recipient = path[1].decode("latin-1")
        normal = "250 2.1.5 recipient ok"
        if self.options.max_recipients and len(self.recipients) >= self.options.max_recipients:
            normal = "452 4.5.3 too many recipients"
        if self.answer("rcpt", normal, [recipient]):
            self.recipients.append(recipient)

    def data(self, text):
        if self.sender is None:
            self.reply("503 5.5.1 MAIL first")
            return
        normal = "354 end with a dot" if self.recipients else "554 5.5.1 no valid recipients"
        if self.link.got and self.recipients:
            self.violation("bytes behind DATA before its reply")
        if not self.answer("data", normal):
            self.forget()
            return
        self.link.flush()
        self.body_acted = False
        action = self.rule("body")
        body = self.link.until_dot(lambda count: self.body_read(action, count),
                                   self.options.lenient)
        if action and not self.body_acted and not action.pause and action.hinders():      # shorter than "after": acted upon before the dot is answered
            self.follow("body", action)
        self.accept(body)

    def body_read(self, action, count):
        if not action or self.body_acted or count <= action.after:
            return
        self.body_acted = True
        if action.pause:
            self.log("acted", stage="body")
            time.sleep(action.pause)
        elif action.hinders():
            self.follow("body", action)
            self.link.flush()

    def bdat(self, text):
        words = text.split()
        chunk = self.link.block(int(words[1]))
        last = len(words) > 2 and words[2].upper() == b"LAST"
        if self.sender is None or not self.recipients or self.chunks_bad:
            self.chunks_bad = True
            self.reply("554 5.5.1 no valid recipients" if self.sender is not None else "503 5.5.1 MAIL first")
        else:
            self.chunks.append(chunk)
            if not last and not self.answer("data", "250 2.0.0 got it"):
                self.chunks_bad = True
            elif last:
                self.accept(b"".join(self.chunks))
        if last:
            self.forget()

    def accept(self, body):
        normal = "250 2.0.0 accepted as %d" % (self.server.messages + 1)
        if self.recipients and not (self.options.size and len(body) > self.options.size):
            action = self.rule("dot")
            if action is None or not action.hinders():
                self.store(body)
            if action is None:
                self.reply(normal)
            else:
                self.follow("dot", action, normal)
        else:
            self.reply("552 5.3.4 too big" if self.recipients else "554 5.5.1 no valid recipients")
        sender, recipients = self.sender, self.recipients
        action = None
        if not self.link.got:
            action = self.server.find("idle", self.number, sender, recipients, self.user)
        self.forget()
        if action:
            self.idle = True
            if self.link.quiet_for(action.delay):
                action = copy.copy(action)
                action.delay = 0
                self.follow("idle", action)
            self.idle = False

    def store(self, body):
        number = self.server.number()
        self.messages += 1
        envelope = {"mail_from": self.sender, "rcpt_to": self.recipients, "session": self.number,
                    "user": self.user, "tls": self.tls, "time": time.time(),
                    "parameters": self.parameters, "length": len(body)}
        self.server.mailbox.store(number, envelope, body)
        head = body[:max(0, body.find(b"\r\n\r\n"))]
        found = MESSAGE_ID.search(head)
        self.log("message", number=number, mail_from=self.sender, rcpt_to=self.recipients,
                 length=len(body), message_id=found[1].decode("latin-1") if found else None)

    def rset(self, text):
        self.forget()
        self.answer("rset", "250 2.0.0 flushed")

    def noop(self, text):
        self.answer("noop", "250 2.0.0 nothing done")

    def quit_(self, text):
        self.quit = True
        self.answer("quit", "221 2.0.0 bye")
        self.link.flush()
        raise Gone("client")

    # --- AUTH ----------------------------------------------------------------

    def auth(self, text):
        words = text.decode("latin-1").split(" ")
        mechanism = words[1].upper() if len(words) > 1 else ""
        self.server.count("auths")
        if self.user is not None or not self.hello or self.sender is not None:
            self.violation("AUTH out of order")
            self.reply("503 5.5.1 out of order")
            return
        if self.options.tls != "none" and not self.tls:
            self.violation("AUTH before TLS")
        if mechanism not in self.options.auth:
            self.reply("504 5.5.4 unrecognized authentication type")
            return
        user, ok = self.AUTH[mechanism](self, words[2] if len(words) > 2 else None)
        self.user = user
        accepted = self.answer("auth", "235 2.7.0 welcome" if ok else "535 5.7.8 authentication failed")
        self.log("auth", mechanism=mechanism, user=user, ok=accepted, tls=self.tls)
        if not accepted:
            self.user = None

    def challenge(self, what):
        """Asks with a 334 and returns the decoded answer."""
        self.reply("334 " + base64.b64encode(what).decode())
        return self.decode(self.link.line().strip().decode("latin-1"))

    def decode(self, text):
        try:
            return base64.b64decode(text, validate=True) if text != "=" else b""
        except ValueError:
            self.violation("AUTH data that is no base64")
            return b""

    def knows(self, user, password):
        user, password = user.decode("utf-8", "replace"), password.decode("utf-8", "replace")
        return user, self.options.credentials.get(user) == password

    def auth_plain(self, initial):
        parts = (self.decode(initial) if initial is not None else self.challenge(b"")).split(b"\0")
        if len(parts) != 3:
            self.violation("AUTH PLAIN with %d parts" % len(parts))
            return "", False
        return self.knows(parts[1], parts[2])

    def auth_login(self, initial):
        user = self.decode(initial) if initial is not None else self.challenge(b"Username:")
        return self.knows(user, self.challenge(b"Password:"))

    def auth_cram_md5(self, initial):
        challenge = b"<%d.%d@scripted.example>" % (self.number, time.time_ns())
        user, _, digest = self.challenge(challenge).rpartition(b" ")
        user = user.decode("utf-8", "replace")
        password = self.options.credentials.get(user)
        if password is None:
            return user, False
        right = hmac.new(password.encode(), challenge, hashlib.md5).hexdigest()
        return user, hmac.compare_digest(right.encode(), digest)

    def bearer(self, data, pattern, dummy):
        """RFC 7628 3.2.3: a refusal is a 334 that the client has to answer."""
        found = re.match(pattern, data)
        user = found[1].decode("utf-8", "replace") if found else ""
        if found and found[2].decode("latin-1") in self.options.tokens:
            return user, True
        if not found:
            self.violation("malformed bearer token")
        said = self.challenge(b'{"status":"401","schemes":"bearer","scope":"smtp"}')
        if said not in dummy:
            self.violation("the refusal of a token was answered by %r" % said)
        return user, False

    def auth_xoauth2(self, initial):
        data = self.decode(initial) if initial is not None else self.challenge(b"")
        return self.bearer(data, rb"^user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01$", (b"",))

    def auth_oauthbearer(self, initial):
        data = self.decode(initial) if initial is not None else self.challenge(b"")
        return self.bearer(data, rb"^n,a=([^,\x01]*),\x01(?:host=[^\x01]+\x01)?(?:port=\d+\x01)?"
                                 rb"auth=Bearer ([^\x01]*)\x01\x01$", (b"\x01",))

    VERBS = {b"EHLO": ehlo, b"HELO": helo, b"STARTTLS": starttls, b"AUTH": auth, b"MAIL": mail,
             b"RCPT": rcpt, b"DATA": data, b"BDAT": bdat, b"RSET": rset, b"NOOP": noop, b"QUIT": quit_}
    AUTH = {"PLAIN": auth_plain, "LOGIN": auth_login, "CRAM-MD5": auth_cram_md5,
            "XOAUTH2": auth_xoauth2, "OAUTHBEARER": auth_oauthbearer}


class Server:
    def __init__(self, options):
        self.options = options
        self.events = EventLog(options.log)
        self.mailbox = Mailbox(options.mailbox)
        self.lock = threading.Lock()
        self.rules = Rules(in_addresses=not options.plain_addresses)
        self.rules_stamp = None
        self.messages = 0
        self.counts = {"sessions": 0, "tls": 0, "auths": 0, "violations": 0}
        self.live = {}
        self.context = None if options.tls == "none" else self._context()
        self.listener = self._listen()

    def _context(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.options.cert, self.options.key)
        if self.options.tls_max == "1.2":
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.options.tls_max == "1.1":
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.sni_callback = lambda sock, name, _: setattr(sock, "sni_name", name)
        return context

    def _listen(self):
        family = socket.AF_INET6 if ":" in self.options.host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.options.rcvbuf:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.options.rcvbuf)
        listener.bind((self.options.host, self.options.port))
        listener.listen(1024)
        return listener

    def find(self, stage, session, sender, recipients, user):
        with self.lock:
            if self.options.rules:
                self._reread_rules()
            return self.rules.find(stage, session, sender, recipients, user)

    def _reread_rules(self):
        stat = os.stat(self.options.rules)
        stamp = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
        if stamp != self.rules_stamp:
            with open(self.options.rules, encoding="utf-8") as file:
                self.rules = Rules(json.load(file), not self.options.plain_addresses)
            self.rules_stamp = stamp

    def number(self):
        with self.lock:
            self.messages += 1
            return self.messages

    def count(self, what):
        with self.lock:
            self.counts[what] += 1

    def serve_forever(self):
        threading.stack_size(512 * 1024)
        while True:
            sock, peer = self.listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.count("sessions")
            number = self.counts["sessions"]
            self.events.write("open", session=number, peer=peer[1])
            threading.Thread(target=self._run, args=(Session(self, sock, number),), daemon=True).start()

    def _run(self, session):
        self.live[session.number] = session
        try:
            session.run()
        finally:
            self.live.pop(session.number, None)

    def close_idle(self, how):
        closed = 0
        for session in list(self.live.values()):
            if session.idle:
                session.killed = how
                socket.socket.shutdown(session.link.sock, socket.SHUT_RD)
                closed += 1
        return closed

    def control(self, request):
        answer = {"ok": True}
        with self.lock:
            if "rules" in request:
                self.rules = Rules(request["rules"], not self.options.plain_addresses)
            for rule in request.get("add", ()):
                self.rules.add(rule)
            for key, value in request.get("set", {}).items():
                if not hasattr(self.options, key):
                    raise ValueError("no such option: " + key)
                setattr(self.options, key, value)
        if "close_idle" in request:
            answer["closed"] = self.close_idle(request["close_idle"])
        if request.get("stats"):
            answer.update(self.counts, messages=self.messages, open=len(self.live))
        if request.get("stop"):
            os._exit(0)
        return answer

    def control_client(self, sock):
        with sock, sock.makefile("rw", encoding="utf-8") as lines:
            for line in lines:
                try:
                    answer = self.control(json.loads(line))
                except (ValueError, KeyError, TypeError, OSError) as error:
                    answer = {"ok": False, "error": str(error)}
                lines.write(json.dumps(answer) + "\n")
                lines.flush()

    def control_forever(self, listener):
        while True:
            sock, _ = listener.accept()
            threading.Thread(target=self.control_client, args=(sock,), daemon=True).start()


def arguments(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    add = parser.add_argument
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=0, help="0 (the default): any free one")
    add("--tls", choices=("none", "starttls", "implicit"), default="none")
    add("--cert")
    add("--key")
    add("--tls-max", choices=("1.1", "1.2", "1.3"), default="1.3")
    add("--auth", default="", help='mechanisms to offer: "PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER"')
    add("--user", action="append", default=[], metavar="NAME:PASSWORD")
    add("--token", action="append", default=[], dest="tokens", help="an accepted bearer token")
    add("--auth-in-clear", action="store_true", help="offer AUTH before TLS too (always so with --tls none)")
    add("--no-require-auth", action="store_false", dest="require_auth")
    add("--extensions", default=EXTENSIONS, help="what EHLO offers; default: " + EXTENSIONS)
    add("--size", type=int, default=26214400)
    add("--max-recipients", type=int, default=0)
    add("--mailbox", help="directory for accepted messages; default: they are only counted")
    add("--log", help="file for events")
    add("--no-log-commands", action="store_false", dest="log_commands")
    add("--rules", help="file with a JSON list of rules, read again when it changes")
    add("--control", help="path of the control socket")
    add("--plain-addresses", action="store_true", help="addresses such as rcpt451@… mean nothing")
    add("--lenient", action="store_true", help="take bare LF and CR around a dot as the end, as bad servers do")
    add("--rcvbuf", type=int, default=0, help="size of the receive buffer")
    add("--until-eof", action="store_true", help="end when standard input does")
    options = parser.parse_args(argv)
    options.auth = options.auth.upper().split()
    options.extensions = options.extensions.split()
    options.credentials = dict(pair.split(":", 1) for pair in options.user)
    if options.tls == "none":
        options.auth_in_clear = True
    elif not (options.cert and options.key):
        parser.error("--tls wants --cert and --key")
    return options


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))
    server = Server(options)
    if options.control:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(options.control)
        listener.listen(16)
        threading.Thread(target=server.control_forever, args=(listener,), daemon=True).start()
    if options.until_eof:
        threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(0)), daemon=True).start()
    host, port = server.listener.getsockname()[:2]
    server.events.write("listening", host=host, port=port)
    print(json.dumps({"host": host, "port": port, "pid": os.getpid(), "control": options.control}), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
