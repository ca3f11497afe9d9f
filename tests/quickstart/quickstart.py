#!/usr/bin/python3
"""The main job before the reader's eyes: real messages from RPUSH to the mailbox.

Called by ./quickstart, which has built the programs.  Starts a redis-server
of its own (unix socket), an SMTP server that insists on STARTTLS and AUTH with
a certificate that postriderd verifies, and postriderd; pushes the messages
beside this file with redis-cli; watches; prints what became of each; stops
everything it started.
"""
import argparse
import email
import email.policy
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [os.path.join(TOP, "tests", "smtp"), os.path.join(TOP, "tests", "whole")]
from redis_server import RedisServer  # noqa: E402
from scripted import ScriptedServer  # noqa: E402

USER, PASSWORD = "mailer", "correct horse"

WORKERS = 2
PATIENCE = 60   # seconds until all is expected to be decided
FAILING = {"5-field-missing", "6-unknown-template"}
RETRIED = {"7-put-off"}

CONFIG = """\
redis:
  url: {redis}
queues:
  default:
    workers: {workers}
    relays: [main]
relays:
  main:
    host: localhost
    port: {port}
    tls: starttls
    ca_file: {ca}
    username: {user}
    password_file: {dir}/password
    ehlo: quickstart.example.com
templates:
  directory: {templates}
message:
  from: "Example Shop <no-reply@example.com>"
retry: {{base: 2s}}
control_socket: {dir}/control.sock
"""


def say(text=""):
    print(text, flush=True)


def mark(path):
    """A path as a reader would type it from where they stand."""
    return os.path.relpath(path)


class Stage:
    """The temporary directory and the three servers in it."""

    def __init__(self, build):
        self.build = build
        self.dir = tempfile.mkdtemp(prefix="postrider-quickstart-")
        self.redis = RedisServer(directory=self.dir)
        self.smtp = self.daemon = None

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        self.redis.start()
        self.smtp = ScriptedServer(self.dir, tls="starttls", auth="PLAIN LOGIN CRAM-MD5",
                                   user=USER + ":" + PASSWORD)
        self.configure()
        with open(self.path("postriderd.log"), "wb") as log:
            self.daemon = subprocess.Popen(
                (os.path.join(self.build, "postriderd"), "-c", self.path("postrider.yaml")),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.wait_for("postriderd's answer", lambda: (self.ctl("status") or {}).get("daemon"))

    def configure(self):
        with open(os.open(self.path("password"), os.O_WRONLY | os.O_CREAT, 0o600), "w",
                  encoding="ascii") as file:
            file.write(PASSWORD + "\n")
        with open(self.path("postrider.yaml"), "w", encoding="utf-8") as file:
            file.write(CONFIG.format(dir=self.dir, port=self.smtp.port, workers=WORKERS, user=USER,
                                     redis=self.redis.url, ca=self.smtp.ca,
                                     templates=os.path.join(TOP, "templates")))

    def log(self):
        with open(self.path("postriderd.log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def must_live(self):
        if self.daemon.poll() is not None:
            raise SystemExit("postriderd has ended with status %d:\n%s" % (self.daemon.returncode, self.log()))
        if not self.redis.running() or self.smtp.process.poll() is not None:
            raise SystemExit("a server that quickstart had started has ended")

    def wait_for(self, what, condition, seconds=20):
        deadline = time.monotonic() + seconds
        while True:
            result = condition()
            if result:
                return result
            self.must_live()
            if time.monotonic() > deadline:
                raise SystemExit("%s: not within %d seconds" % (what, seconds))
            time.sleep(0.05)

    def end(self):
        """The daemon first, with the time that it needs to say QUIT."""
        if self.daemon and self.daemon.poll() is None:
            self.daemon.terminate()
            try:
                self.daemon.wait(20)
            except subprocess.TimeoutExpired:
                self.daemon.kill()
                self.daemon.wait()
        if self.smtp:
            self.smtp.stop()
        self.redis.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def push(self, message):
        """What any producer does, in any language."""
        subprocess.run(("redis-cli", "-s", self.redis.socket, "-x", "RPUSH", "postrider:queue:default"),
                       input=message, stdout=subprocess.DEVNULL, check=True)

    def ctl(self, *verb):
        """What `postriderctl VERB --json` says; None when that is nothing."""
        done = subprocess.run((os.path.join(self.build, "postriderctl"), *verb, "--json",
                               "-c", self.path("postrider.yaml")), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return json.loads(done.stdout) if done.stdout else None


class Message:
    """One of the files beside this one and what became of it."""

    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        with open(path, "rb") as file:
            self.bytes = file.read().strip()
        self.json = json.loads(self.bytes)
        self.pushed = self.delivered = None
        self.mail = self.html = self.envelope = None
        self.retried = False
        self.reason = None

    def decided(self):
        return self.delivered or self.reason

    def recipients(self):
        to = self.json["email_to"]
        return ", ".join([to] if isinstance(to, str) else to)

    def as_expected(self):
        if self.name in FAILING:
            return self.reason and not self.delivered
        return self.delivered and self.retried == (self.name in RETRIED)


class Show:
    def __init__(self, stage, results):
        self.stage, self.results = stage, results
        self.messages = [Message(path) for path in sorted(glob.glob(os.path.join(HERE, "*.json")))]
        self.began = None
        self.seen = 0

    def clock(self):
        return "%6.2f s" % (time.monotonic() - self.began)

    def push(self):
        self.began = time.monotonic()
        for message in self.messages:
            self.stage.push(message.bytes)
            message.pushed = time.monotonic()
            say("%s  RPUSH      %-20s %s" % (self.clock(), message.name, message.json["title"]))

    def look_at_mailbox(self):
        received = self.stage.smtp.messages()
        for envelope in received[self.seen:]:
            self.received(envelope.pop("data"), envelope)
        self.seen = len(received)

    def received(self, mail, envelope):
        parsed = email.message_from_bytes(mail, policy=email.policy.default)
        for message in self.messages:
            if message.json["title"] == parsed["Subject"]:
                break
        else:
            return
        message.delivered, message.envelope = time.monotonic(), envelope
        message.mail = os.path.join(self.results, message.name + ".eml")
        message.html = os.path.join(self.results, message.name + ".html")
        with open(message.mail, "wb") as file:
            file.write(mail)
        with open(message.html, "w", encoding="utf-8") as file:
            file.write(parsed.get_body(("html",)).get_content())
        say("%s  delivered  %-20s to %s" % (self.clock(), message.name, ", ".join(envelope["rcpt_to"])))

    def look_at_failed(self):
        for failed in self.stage.ctl("failed", "list") or ():
            record = failed["record"]
            message = next(m for m in self.messages if m.json["id"] == record["producer_id"])
            error = record["errors"][-1]
            text = " ".join(str(error[key]) for key in ("code", "enhanced", "text") if error.get(key))
            if failed["state"] == "dead" and not message.reason:
                message.reason = text
                say("%s  failed     %-20s %s" % (self.clock(), message.name, text))
            elif failed["state"] == "retry" and not message.retried:
                message.retried = True
                say("%s  put off    %-20s %s" % (self.clock(), message.name, text))

    def watch(self):
        def look():
            self.look_at_mailbox()
            self.look_at_failed()
            return all(message.decided() for message in self.messages)
        try:
            self.stage.wait_for("a decision on every message", look, PATIENCE)
        except SystemExit as end:
            say(str(end))

    # ---- the table ------------------------------------------------------

    def rows(self, title, messages, row):
        if messages:
            say("\n" + title)
            for message in messages:
                say("  %-20s %s" % (message.name, row(message)))

    def delivered_row(self, message):
        return "%5.2f s  %s\n%32s%s" % (message.delivered - message.pushed, mark(message.mail), "",
                                       mark(message.html))

    def table(self):
        at_once = [m for m in self.messages if m.delivered and not m.retried]
        later = [m for m in self.messages if m.delivered and m.retried]
        failed = [m for m in self.messages if m.reason and not m.delivered]
        self.rows("DELIVERED        after    the mail as received, and its HTML part", at_once, self.delivered_row)
        self.rows("RETRIED, THEN DELIVERED", later, self.delivered_row)
        self.rows("FAILED, kept with the reason (postriderctl failed show)", failed,
                  lambda m: textwrap.fill(m.reason, 90, subsequent_indent=" " * 23))
        sessions, auths = len(self.stage.smtp.events("open")), len(self.stage.smtp.events("auth"))
        say("\n%d SMTP sessions and %d AUTHs for %d deliveries by %d workers, all over %s"
            % (sessions, auths, len(at_once) + len(later), WORKERS,
               ", ".join(sorted({event["version"] for event in self.stage.smtp.events("tls")})) or "no TLS"))

    def verdict(self):
        wrong = [m.name for m in self.messages if not m.as_expected()]
        if self.stage.smtp.events("violation"):
            wrong.append("the SMTP protocol: %s" % self.stage.smtp.events("violation")[0]["what"])
        if len(self.stage.smtp.events("open")) > WORKERS or len(self.stage.smtp.events("auth")) > WORKERS:
            wrong.append("more sessions or AUTHs than workers")
        if wrong:
            say("\nNOT AS EXPECTED: %s\n\nthe daemon's log:\n%s"
                % ("; ".join(wrong), self.stage.log()[-6000:]))
        return not wrong


def keep(stage):
    ctl = "%s -c %s" % (mark(os.path.join(stage.build, "postriderctl")), stage.path("postrider.yaml"))
    say(textwrap.dedent("""
        It stays up until Ctrl-C.  From another terminal, in this directory:

          push     redis-cli -s {dir}/redis.sock RPUSH postrider:queue:default \\
                     '{{"template_name": "welcome.html", "email_to": ["you@example.com"], "title": "Hi", "body": {{"name": "You"}}}}'
                   (rcpt451x1-you@example.com is put off once, rcpt550-you@example.com is refused)
          watch    tail -f {dir}/postriderd.log
                   watch {ctl} status
          look     ls {dir}/mailbox
          failed   {ctl} failed list
          try      {ctl} check""").format(dir=stage.dir, ctl=ctl))
    while True:
        stage.must_live()
        time.sleep(1)


def stopped(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="see ./quickstart --help")
    parser.add_argument("build")
    parser.add_argument("--keep", action="store_true")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, stopped)
    build = os.path.abspath(options.build)
    results = os.path.join(build, "mail")
    shutil.rmtree(results, ignore_errors=True)
    os.makedirs(results)
    stage = Stage(build)
    try:
        say("starting a private redis-server, an SMTP server (STARTTLS, AUTH) and postriderd")
        stage.start()
        show = Show(stage, results)
        show.push()
        show.watch()
        show.table()
        good = show.verdict()
        if options.keep:
            keep(stage)
    except KeyboardInterrupt:
        say("\nstopping")
        good = True
    finally:
        stage.end()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
