"""Starts a scripted SMTP server for a Python test and asks it things.

    with ScriptedServer(directory, tls="starttls", auth="PLAIN", user="mailer:secret") as server:
        server.rules({"stage": "mail", "times": 1, "do": "451 4.3.0 later"})
        ... server.port, server.ca ...
        server.wait(lambda events: any(e["event"] == "message" for e in events))
        server.messages()
"""
import json
import os
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "scripted_server.py")


class ScriptedServer:
    """
    `directory` holds mailbox/, events.log, control and, with TLS, tls/
    (given by `tls_directory` when several servers share one).  Options are
    those of the command, with underscores; True is a flag, a list repeats.
    """

    def __init__(self, directory, tls="none", certificate="server", tls_directory=None, **options):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        self.mailbox = os.path.join(directory, "mailbox")
        self.log = os.path.join(directory, "events.log")
        self.ca = None
        self._log_offset, self._log_rest, self._events = 0, b"", []
        self._forgotten = set()
        command = ["/usr/bin/python3", "-B", PROGRAM, "--until-eof", "--log", self.log, "--tls", tls,
                   "--mailbox", self.mailbox, "--control", os.path.join(directory, "control")]
        if tls != "none":
            made = tls_directory or os.path.join(directory, "tls")
            if not os.path.exists(os.path.join(made, "self-signed.pem")):
                certificates.make_all(made)
            self.ca = os.path.join(made, "ca.pem")
            command += ["--cert", os.path.join(made, certificate + ".pem"),
                        "--key", os.path.join(made, certificate + ".key")]
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            if value is True:
                command.append(option)
            elif value not in (False, None):
                for one in value if isinstance(value, list) else [value]:
                    command += [option, str(one)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the scripted server did not start: %s" % command)
        self.host, self.port = json.loads(line)["host"], json.loads(line)["port"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def control(self, **request):
        with socket.socket(socket.AF_UNIX) as sock:
            here = os.open(self.directory, os.O_RDONLY)     # a unix path has room for 107 bytes only
            try:
                sock.connect("/proc/self/fd/%d/control" % here)
            finally:
                os.close(here)
            with sock.makefile("rw") as lines:
                lines.write(json.dumps(request) + "\n")
                lines.flush()
                answer = json.loads(lines.readline())
        if not answer.pop("ok"):
            raise ValueError(answer["error"])
        return answer

    def rules(self, *rules):
        """Replaces all rules."""
        self.control(rules=list(rules))

    def forget(self):
        """No rules, no events and no messages from before; for tests that share a server."""
        self.control(rules=[])
        self.events()
        self._events.clear()
        self._forgotten = set(os.listdir(self.mailbox))

    def stats(self):
        return self.control(stats=True)

    def events(self, *names):
        """All events so far, or those of these names."""
        with open(self.log, "rb") as log:
            log.seek(self._log_offset)
            lines = (self._log_rest + log.read()).split(b"\n")
            self._log_offset = log.tell()
        self._log_rest = lines.pop()
        self._events += [json.loads(line) for line in lines]
        return [event for event in self._events if not names or event["event"] in names]

    def wait(self, condition, seconds=10):
        """Until condition(events) is true; its value."""
        end = time.monotonic() + seconds
        while True:
            value = condition(self.events())
            if value:
                return value
            if time.monotonic() > end:
                raise TimeoutError("not seen within %s s; the last events: %s"
                                   % (seconds, self.events()[-10:]))
            time.sleep(0.005)

    def messages(self):
        """What was accepted, in order: the envelope with the bytes as "data"."""
        found = []
        for name in sorted(os.listdir(self.mailbox)):
            if name.endswith(".json") and name not in self._forgotten:
                path = os.path.join(self.mailbox, name)
                with open(path, encoding="ascii") as file:
                    message = json.load(file)
                with open(path[:-5] + ".eml", "rb") as file:
                    message["data"] = file.read()
                found.append(message)
        return found
