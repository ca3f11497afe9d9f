"""A session of src/smtp/ on a string: the program tests/smtp/drive as an object."""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
# Where the tree was built; under `make check` the environment says so.
BUILD = os.environ.get("top_builddir") or next(
    (path for path in (os.path.join(HERE, "../../build"), os.path.join(HERE, "../.."))
     if os.path.exists(os.path.join(path, "tests/smtp/drive"))), ".")


class Drive:
    """`relay` as drive.c describes it; each command's answer comes as a dict."""

    def __init__(self, **relay):
        self.process = subprocess.Popen([os.path.join(BUILD, "tests/smtp/drive"), json.dumps(relay)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @classmethod
    def at(cls, server, **relay):
        """Against a ScriptedServer, its CA known."""
        relay.setdefault("host", "localhost" if server.ca else "127.0.0.1")
        if server.ca:
            relay.setdefault("ca_file", server.ca)
        return cls(port=server.port, **relay)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        status = self.process.wait()
        self.process.stdout.close()
        assert status == 0, "drive ended with status %d" % status

    def ask(self, do, **command):
        self.process.stdin.write(json.dumps({"do": do, **command}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "drive died"
        return json.loads(line)

    def send(self, to="b@example.com", **command):
        return self.ask("send", to=to, **command)

    def probe(self):
        return self.ask("probe")

    def idle(self, ms):
        return self.ask("idle", ms=ms)

    def counts(self):
        return self.ask("counts")

    def dialogue(self):
        return self.ask("dialogue")["dialogue"]
