"""Postfix's smtp-sink, unpacked: takes mail as fast as anybody can send it, and keeps none.

    with Sink(cache) as sink:
        ... sink.port ...       no TLS, no AUTH: smtp-sink has neither

`sink.source` is smtp-source, to be run with `sink.environment`.
"""
import os
import socket
import subprocess
import time

import debs


class Sink:
    def __init__(self, cache):
        root = debs.unpack("postfix", cache)
        self.source = os.path.join(root, "usr", "sbin", "smtp-source")
        self.environment = dict(os.environ, LD_LIBRARY_PATH=debs.library_path(root))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [os.path.join(root, "usr", "sbin", "smtp-sink"), *(["-u", "nobody"] if os.getuid() == 0 else []),
             "127.0.0.1:%d" % self.port, "1000"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 10
        while not self._listens():
            if time.monotonic() > end:
                self.stop()
                raise TimeoutError("smtp-sink does not listen")
            time.sleep(0.02)

    def _listens(self):
        with socket.socket() as sock:
            return sock.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.kill()
        self.process.wait()
