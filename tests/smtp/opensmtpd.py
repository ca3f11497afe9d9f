"""A private OpenSMTPD: unpacked, not installed, in a mount namespace of its own,
since its paths (/var/spool/smtpd, /var/run/smtpd.sock) and users are fixed.

    with OpenSMTPD(relay_to=server.port) as server:
        server.port     without TLS and AUTH: the TLS of Debian 12's package fails
                        in its own privilege-separated key process ("EVP lib")
"""
import os
import shutil
import signal
import tempfile

import debs
from namespace import in_namespace, wait_for
from ports import free_port

UID, QUEUE_UID = 64243, 64244

CONFIGURATION = """
smtp max-message-size 5M
listen on 127.0.0.1 port {port}
action "on" relay host smtp://127.0.0.1:{relay_to}
match from any mail-from "refused@example.com" for any reject
match from any for rcpt-to "nobody@example.com" reject
match from any for any action "on"
"""

PREPARE = """
mkdir -p -m 711 /var/spool/smtpd
mkdir -p -m 755 /var/lib/opensmtpd /var/lib/opensmtpd/empty
"""


class OpenSMTPD:
    def __init__(self, relay_to, cache=None):
        if os.geteuid() != 0:
            raise debs.Unavailable("OpenSMTPD must be started by root; run the tests with sudo")
        self.root = debs.unpack("opensmtpd", cache or debs.default_cache())
        self.directory = tempfile.mkdtemp(prefix="opensmtpd.")
        os.chmod(self.directory, 0o755)
        self.port = free_port()
        with open(self._path("smtpd.conf"), "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(port=self.port, relay_to=relay_to))
        self.process = in_namespace(
            self.directory, users=(("opensmtpd", UID), ("opensmtpq", QUEUE_UID)),
            tmpfs=("/var/spool", "/var/lib", "/run"), prepare=PREPARE,
            command=[self.root + "/usr/sbin/smtpd", "-d", "-f", self._path("smtpd.conf")],
            libraries=debs.library_path(self.root))
        try:
            wait_for(self.port, self.process, self.log)
        except debs.Unavailable as reason:
            self.stop()
            raise debs.Unavailable("OpenSMTPD %s" % reason) from None

    def _path(self, name):
        return os.path.join(self.directory, name)

    def log(self):
        with open(self._path("stderr"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
