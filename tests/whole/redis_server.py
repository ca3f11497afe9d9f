"""A private redis-server for one test: unix socket, temporary directory.

    with RedisServer() as redis:
        redis.client().rpush("postrider:queue:default", "...")
        ... redis.url ...                   # unix:///tmp/.../redis.sock
        redis.kill(); redis.start()         # what was not saved is gone

It listens on no port unless one is asked for, dies with the test (also when
the test is killed), and is only ever stopped by its own process id.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from ports import free_port

try:
    import redis as _redis
except ImportError:
    _redis = None

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)   # a file that is too large is a full disk


class RedisServer:
    """`aof=True` writes an append-only file on every change (appendfsync
    always), so that a kill loses nothing; `tcp=True` also listens on a free
    port of 127.0.0.1 (self.port); `options` are further settings, as
    [("maxmemory", "8mb")] or {"maxmemory": "8mb"}; `environment` is added to the
    test's own.
    """

    def __init__(self, aof=False, tcp=False, options=(), directory=None, password=None, environment=None):
        if isinstance(options, dict):
            options = options.items()
        self.options = [(str(k), str(v)) for k, v in options]
        self.aof = aof
        self.password = password
        self.environment = environment or {}
        self._own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="postrider-redis-")
        self.socket = os.path.join(self.directory, "redis.sock")
        self.log = os.path.join(self.directory, "redis.log")
        self.port = free_port() if tcp else 0
        self.process = None
        self._clients = []

    # -- what a configuration says --

    @property
    def url(self):
        return "unix://" + self.socket

    @property
    def tcp_url(self):
        if not self.port:
            raise RuntimeError("this server was not asked to listen on a port (tcp=True)")
        return "redis://127.0.0.1:%d/0" % self.port

    @property
    def pid(self):
        return self.process.pid

    # -- life and death --

    def start(self, timeout=60.0):
        """Starts it and waits until it answers and has loaded what it had saved."""
        if self.running():
            return self
        command = ["redis-server", "--daemonize", "no", "--dir", self.directory,
                   "--unixsocket", self.socket, "--unixsocketperm", "777",
                   "--port", str(self.port), "--bind", "127.0.0.1",
                   "--logfile", self.log, "--save", ""]
        command += ["--appendonly", "yes" if self.aof else "no", "--appendfsync", "always"]
        if self.password:
            command += ["--requirepass", self.password]
        for key, value in self.options:
            command += ["--" + key] + value.split(" ")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=_die_with_parent,
                                        env=dict(os.environ, **self.environment))
        self._wait_until_ready(time.monotonic() + timeout)
        return self

    def _wait_until_ready(self, deadline):
        while True:
            if self.process.poll() is not None:
                raise RuntimeError("redis-server ended at once:\n" + self.read_log())
            if self._answers():
                return
            if time.monotonic() > deadline:
                self.kill()
                raise RuntimeError("redis-server does not answer:\n" + self.read_log())
            time.sleep(0.01)

    def _answers(self):
        """PING by hand: +PONG, or -NOAUTH where a password is asked for."""
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.settimeout(1.0)
                s.connect(self.socket)
                s.sendall(b"PING\r\n")
                return s.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def running(self):
        return self.process is not None and self.process.poll() is None

    def _end(self, sig):
        self._forget_clients()
        if self.running():
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(sig)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None

    def stop(self):
        """An orderly SHUTDOWN; keeps the directory."""
        self._end(signal.SIGTERM)

    def kill(self):
        """SIGKILL; keeps the directory."""
        self._end(signal.SIGKILL)

    def restart(self, kill=False):
        self._end(signal.SIGKILL if kill else signal.SIGTERM)
        return self.start()

    def freeze(self):
        """Stops it from answering; its sockets stay open.  See thaw()."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        """Kills it and removes its directory."""
        self.kill()
        if self._own_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *exc):
        self.close()

    # -- talking to it --

    def client(self, **kwargs):
        """A redis.Redis that gives bytes; closed with the server."""
        if _redis is None:
            raise RuntimeError("python3-redis is missing: install the Debian package of that name")
        kwargs.setdefault("password", self.password)
        client = _redis.Redis(unix_socket_path=self.socket, **kwargs)
        self._clients.append(client)
        return client

    def _forget_clients(self):
        for client in self._clients:
            client.close()
        self._clients = []

    def read_log(self):
        try:
            with open(self.log, errors="replace") as f:
                return f.read()
        except OSError:
            return "(no log)"
