"""nodemailer's smtp-server (Node.js) as a relay for tests; fetched from npm into the cache."""
import json
import os
import shutil
import subprocess
import threading

import debs

HERE = os.path.dirname(os.path.abspath(__file__))


class Nodemailer:
    def __init__(self, tls, tls_directory, user, password, cache=None):
        for tool in ("node", "npm"):
            if not shutil.which(tool):
                raise debs.Unavailable("nodemailer's smtp-server needs %s" % tool)
        modules = os.path.join(cache or debs.default_cache(), "nodemailer")
        if not os.path.isdir(os.path.join(modules, "node_modules", "smtp-server")):
            os.makedirs(modules, exist_ok=True)
            done = subprocess.run(["npm", "install", "--prefix", modules, "--no-audit", "--no-fund", "--ignore-scripts",
                                   "smtp-server@3"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            if done.returncode:
                raise debs.Unavailable("npm cannot fetch smtp-server: " + done.stdout.strip()[-300:])
        self.process = subprocess.Popen(
            ["node", os.path.join(HERE, "nodemailer_server.js"), tls, tls_directory + "/server.pem",
             tls_directory + "/server.key", user, password], env={**os.environ, "NODE_PATH": modules + "/node_modules"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise debs.Unavailable("nodemailer's smtp-server does not start")
        self.port = json.loads(line)["port"]
        self.messages = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.messages.append(json.loads(line))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
