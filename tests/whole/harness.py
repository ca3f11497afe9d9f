"""One host with postriderd on it: its directory, its Redis, its relay.

    with Host(directory) as host:               # redis and a scripted relay run
        host.start()                            # and now the daemon
        host.push(template_name="plain.html", email_to=["a@example.com"], title="Hi", body={})
        host.wait_messages(1)

The daemon logs JSON to a file, which tests read and wait on; everything that
was started is ended by its own process id, also when the test fails.
"""
import email
import email.policy
import json
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("top_builddir") or os.path.join(TOP, "build")

sys.path[:0] = [HERE, os.path.join(TOP, "tests", "smtp")]
from redis_server import RedisServer  # noqa: E402
from scripted import ScriptedServer  # noqa: E402

USER, PASSWORD = "mailer", "correct horse"

TEMPLATES = {
    "plain.html": "<p>Hello {{ name|default('you') }}</p>\n",
    "note.txt": "Hello {{ body.name }}\n",
    "strict.html": "<p>{{ order.id }} {{ name }}</p>\n",
    "strict.html.yaml": "required: [order.id, name]\n",
    "broken.html": "<p>\n{% if %}\n</p>\n",
    "raises.html": "<p>\n{{ 1 // 0 }}\n</p>\n",
}


def wait_for(condition, seconds=15, what="what was waited for"):
    """Until condition() is true; its value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError("%s did not come within %s s" % (what, seconds))
        time.sleep(0.01)


def deep_update(into, changes):
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            deep_update(into[key], value)
        elif value is None:
            into.pop(key, None)
        else:
            into[key] = value


def yaml_text(value, indent=0):
    """JSON is YAML: each value on one line is enough for a configuration."""
    return "".join("%s: %s\n" % (key, json.dumps(part)) for key, part in value.items())


class Host:
    """
    `redis` and `relay` may be shared with other hosts: whoever made them ends
    them.  `relay_options` go to the scripted server.
    """

    def __init__(self, directory, name=None, redis=None, relay=None, redis_options=None,
                 relay_options=None, tls_directory=None, templates=None):
        self.directory = str(directory)
        os.makedirs(self.directory, exist_ok=True)
        self.name = name
        self.own_redis, self.own_relay = redis is None, relay is None
        self.redis = redis or RedisServer(**(redis_options or {})).start()
        options = {"tls": "starttls", "auth": "PLAIN LOGIN CRAM-MD5",
                   "user": USER + ":" + PASSWORD, "tls_directory": tls_directory}
        options.update(relay_options or {})
        self.relay = relay or ScriptedServer(os.path.join(self.directory, "relay"), **options)
        self.client = self.redis.client()
        self.daemon = None
        self.log_path = os.path.join(self.directory, "daemon.log")
        self.control_path = os.path.join(self.directory, "control.sock")
        self.config_path = os.path.join(self.directory, "postrider.yaml")
        self._log_offset, self._log_rest, self._lines = 0, b"", []
        self.templates = os.path.join(self.directory, "templates")
        self._write_templates(templates if templates is not None else TEMPLATES)
        with open(os.path.join(self.directory, "password"), "w") as file:
            file.write(PASSWORD + "\n")
        os.chmod(file.name, 0o600)
        self.config = self._default_config()

    # -- files --

    def _write_templates(self, templates):
        if isinstance(templates, str):
            self.templates = templates
            return
        for name, text in templates.items():
            self.write_template(name, text)

    def write_template(self, name, text):
        """As an editor does it: written beside, then renamed."""
        path = os.path.join(self.templates, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + "~", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + "~", path)

    def _default_config(self):
        relay = {"host": "localhost", "port": self.relay.port, "ehlo": "host.example.com",
                 "timeouts": {"connect": "5s", "greeting": "10s", "command": "10s",
                              "data": "10s", "final": "10s"}}
        if self.relay.ca:
            relay.update(tls="starttls", ca_file=self.relay.ca, username=USER,
                         password_file=os.path.join(self.directory, "password"))
        else:
            relay.update(tls="none")
        return {
            "redis": {"url": self.redis.url, "lease": "3s", "command_timeout": "5s"},
            "queues": {"default": {"workers": 2, "relays": ["main"]}},
            "relays": {"main": relay},
            "templates": {"directory": self.templates},
            "message": {"from": "Example <no-reply@example.com>"},
            "retry": {"base": "200ms", "cap": "2s"},
            "stop_timeout": "20s",
            "log": {"format": "json", "level": "debug"},
            "control_socket": self.control_path,
        }

    def configure(self, **changes):
        """Changes parts of the configuration (None removes a key) and writes it."""
        deep_update(self.config, changes)
        with open(self.config_path, "w", encoding="utf-8") as file:
            file.write(yaml_text(self.config))

    # -- the daemon --

    def start(self, wait=True, program=None, env=None, **changes):
        self.configure(**changes)
        environment = dict(os.environ, **(env or {}))
        environment.pop("NOTIFY_SOCKET", None)
        if self.name:
            environment["POSTRIDER_HOST"] = self.name
        with open(self.log_path, "ab") as log:
            self.daemon = subprocess.Popen(
                [program or os.path.join(BUILD, "postriderd"), "-c", self.config_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        if wait:
            workers = sum(q["workers"] for q in self.config["queues"].values())
            wait_for(lambda: self._all_started(workers), what="the start of %d workers" % workers)
        return self

    def _all_started(self, workers):
        if self.daemon.poll() is not None:
            raise RuntimeError("postriderd ended with %s:\n%s" % (self.daemon.returncode, self.read_log()))
        try:
            found = [w for q in self.status()["queues"] for w in q["workers"]]
        except OSError:
            return False
        return len(found) >= workers and all(w["state"] not in ("starting", "vacant") for w in found)

    def signal(self, number):
        self.daemon.send_signal(number)

    def stop(self, seconds=30):
        """TERM, and the exit status."""
        if self.daemon is None:
            return None
        if self.daemon.poll() is None:
            self.daemon.send_signal(signal.SIGCONT)
            self.daemon.send_signal(signal.SIGTERM)
        try:
            return self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        finally:
            self.daemon = None

    def kill(self):
        """SIGKILL to the supervisor; its children go with it."""
        if self.daemon is not None and self.daemon.poll() is None:
            self.daemon.kill()
            self.daemon.wait()
        self.daemon = None

    def status(self):
        return self.ask("status")

    def ask(self, command):
        """One line to the control socket; its answer."""
        with socket.socket(socket.AF_UNIX) as sock:
            here = os.open(self.directory, os.O_RDONLY)  # a unix path has room for 107 bytes only
            try:
                sock.connect("/proc/self/fd/%d/control.sock" % here)
            finally:
                os.close(here)
            sock.sendall(command.encode() + b"\n")
            with sock.makefile("rb") as stream:
                return json.loads(stream.read())

    def workers(self, queue="default"):
        return next(q for q in self.status()["queues"] if q["name"] == queue)["workers"]

    def worker_pids(self, queue="default"):
        return [w["pid"] for w in self.workers(queue) if w["pid"]]

    # -- the log --

    def log(self, event=None):
        """All log lines so far as objects, or those of one event."""
        with open(self.log_path, "rb") as log:
            log.seek(self._log_offset)
            lines = (self._log_rest + log.read()).split(b"\n")
            self._log_offset = log.tell()
        self._log_rest = lines.pop()
        for line in lines:
            try:
                self._lines.append(json.loads(line))
            except ValueError:
                self._lines.append({"event": "(no JSON)", "text": line.decode("utf-8", "replace")})
        return [line for line in self._lines if event is None or line.get("event") == event]

    def wait_log(self, event, count=1, seconds=15, **fields):
        """Until so many lines of that event with these fields have come; the lines."""
        def found():
            lines = [line for line in self.log(event)
                     if all(line.get(key) == value for key, value in fields.items())]
            return lines if len(lines) >= count else None
        try:
            return wait_for(found, seconds, "log event %r %s" % (event, fields or ""))
        except TimeoutError as error:
            raise TimeoutError("%s; the log:\n%s" % (error, self.read_log()[-6000:])) from None

    def read_log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    # -- messages --

    def key(self, what="", queue="default"):
        name = "postrider:queue:" + queue
        return "{%s}:%s" % (name, what) if what else name

    def push(self, queue="default", **fields):
        """A message as a producer pushes it; email_to and template have defaults."""
        fields.setdefault("template_name", "plain.html")
        fields.setdefault("email_to", ["anna@example.com"])
        fields.setdefault("title", "Hello")
        fields.setdefault("body", {})
        self.push_raw(json.dumps(fields), queue=queue)

    def push_raw(self, *elements, queue="default"):
        self.client.rpush(self.key(queue=queue), *elements)

    def records(self, shelf, queue="default"):
        """The records of "retry" or "dead", oldest first."""
        ids = self.client.zrange(self.key(shelf, queue), 0, -1)
        return [json.loads(self.client.hget(self.key("record", queue), i)) for i in ids]

    def wait_dead(self, count=1, seconds=15):
        wait_for(lambda: self.client.zcard(self.key("dead")) >= count, seconds, "%d dead" % count)
        return self.records("dead")

    def messages(self):
        return self.relay.messages()

    def wait_messages(self, count, seconds=15):
        try:
            self.relay.wait(lambda events: sum(e["event"] == "message" for e in events) >= count, seconds)
        except TimeoutError:
            raise TimeoutError("%d messages did not come within %s s; the log:\n%s"
                               % (count, seconds, self.read_log()[-6000:])) from None
        return self.messages()

    def wait_empty(self, seconds=15, queue="default"):
        """Until nothing is queued, in hand or waiting for a retry."""
        def empty():
            left = self.left(queue)     # one after the other: a message may move on meanwhile
            return not (left["queued"] or left["processing"] or left["retry"]) and left["records"] == left["dead"]
        try:
            wait_for(empty, seconds, "an empty queue")
        except TimeoutError as error:
            raise TimeoutError("%s: %s; the log:\n%s"
                               % (error, self.left(queue), self.read_log()[-6000:])) from None

    def left(self, queue="default"):
        """What stands where in Redis."""
        processing = {}
        for key in self.client.scan_iter("{postrider:queue:%s}:processing:*" % queue):
            length = self.client.llen(key)
            if length:
                processing[key.decode().rsplit(":processing:", 1)[1]] = length
        return {"queued": self.client.llen(self.key(queue=queue)), "processing": processing,
                "retry": self.client.zcard(self.key("retry", queue)),
                "dead": self.client.zcard(self.key("dead", queue)),
                "records": self.client.hlen(self.key("record", queue)),
                "messages": self.client.hlen(self.key("message", queue)),
                "marks": self.client.hlen(self.key("mark", queue))}

    # -- the end --

    def close(self):
        self.kill()
        if self.own_relay:
            self.relay.stop()
        if self.own_redis:
            self.redis.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()


def parse(data):
    """A received mail as Python's email package reads it."""
    return email.message_from_bytes(data, policy=email.policy.default)


def children_of(pid):
    """Process ids of the direct children."""
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        return [int(child) for child in file.read().split()]


def status_of(pid, key):
    """The first word of a line of /proc/<pid>/status."""
    with open("/proc/%d/status" % pid) as file:
        return next(line.split()[1] for line in file if line.startswith(key + ":"))


def freeze(pid):
    """SIGSTOP, and until it stands still: so long it could still take a message."""
    os.kill(pid, signal.SIGSTOP)
    wait_for(lambda: status_of(pid, "State") in "Tt", what="process %d frozen" % pid)
