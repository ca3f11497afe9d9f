#!/usr/bin/python3
"""A private Postfix: unpacked, not installed, everything below one directory.

    with Postfix(directory, user="mailer", password="secret", relay_to=server.port) as postfix:
        postfix.submission      port with STARTTLS and AUTH
        postfix.submissions     port with TLS from the first byte (wrapper mode) and AUTH
        postfix.ca              CA file for both

Mail goes on to the SMTP server at 127.0.0.1:relay_to (a ScriptedServer keeps
it), or is discarded.  Raises debs.Unavailable with the reason where Postfix
cannot run: its master has to be root, and the package has to be had.

As a command it prints one JSON line and runs until its standard input ends:

    postfix.py DIRECTORY USER PASSWORD [RELAY_TO_PORT]
"""
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import certificates  # noqa: E402
import debs  # noqa: E402
from dovecot_auth import DovecotAuth  # noqa: E402

MAIN = """
compatibility_level = 3.6
maillog_file = {directory}/maillog
maillog_file_prefixes = {directory}
queue_directory = {directory}/queue
data_directory = {directory}/data
daemon_directory = {root}/usr/lib/postfix/sbin
command_directory = {root}/usr/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {directory}/etc
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH={libraries}
mail_owner = {owner}
setgid_group = {group}
default_privs = nobody
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.example
mydestination =
local_recipient_maps =
alias_maps =
relayhost = {relayhost}
default_transport = {transport}
disable_dns_lookups = yes
smtp_tls_security_level = none
smtp_sasl_auth_enable = no
smtpd_tls_cert_file = {tls}/server.pem
smtpd_tls_key_file = {tls}/server.key
smtpd_tls_auth_only = yes
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:{sasl_port}
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{ {{ nobody@example.com = 550 5.1.1 no such user }}, {{ later@example.com = 451 4.7.1 later }} }}, permit_sasl_authenticated, reject
smtpd_sender_restrictions = check_sender_access inline:{{ {{ refused@example.com = 554 5.7.1 not this one }} }}
smtpd_data_restrictions = check_sender_access inline:{{ {{ nodata@example.com = 554 5.7.1 no data of yours }} }}
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
message_size_limit = 10485760
bounce_queue_lifetime = 0
notify_classes =
{extra}
"""

MASTER = """
{submission} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
{submissions} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
showq unix n - n - - showq
"""

# Directories of the queue, and who may write to each.
QUEUE = {"active": "owner", "bounce": "owner", "corrupt": "owner", "defer": "owner", "deferred": "owner",
         "flush": "owner", "hold": "owner", "incoming": "owner", "maildrop": "owner", "pid": "root",
         "private": "owner", "public": "owner", "saved": "owner", "trace": "owner"}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def accounts():
    """Two system accounts that every Debian has, for mail_owner and setgid_group."""
    names = [name for name in ("list", "irc", "news", "uucp", "games") if _account(name)]
    if len(names) < 2:
        raise debs.Unavailable("Postfix wants two system accounts; this machine has not even list, irc or news")
    return names[:2]


def _account(name):
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


class Postfix:
    def __init__(self, directory=None, user="mailer", password="secret", relay_to=None, cache=None, extra=""):
        if os.geteuid() != 0:
            raise debs.Unavailable("Postfix's master must be started by root; run the tests with sudo")
        self.root = debs.unpack("postfix", cache or debs.default_cache())
        # Below /tmp: postfix's other user has to reach it.
        self.directory = tempfile.mkdtemp(prefix="postfix.", dir=directory)
        self.owner, group = accounts()
        self.submission, self.submissions = free_port(), free_port()
        self.auth = DovecotAuth({user: password})
        self.ca = os.path.join(self._tls(), "ca.pem")
        self._write_configuration(group, relay_to, extra)
        self._make_queue()
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "MAIL_CONFIG": self._path("etc"),
                            "LD_LIBRARY_PATH": self.libraries, "LANG": "C"}
        self.process = subprocess.Popen(
            [self._path(self.root, "usr/lib/postfix/sbin/master"), "-c", self._path("etc"), "-d"],
            env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self._path("stderr"), "wb"))
        self._wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _path(self, *names):
        return os.path.join(self.directory, *names)

    def _tls(self):
        made = self._path("tls")
        os.makedirs(made)
        certificates.make_ca(made)
        certificates.make_certificate(made, "server")
        return made

    def _write_configuration(self, group, relay_to, extra):
        self.libraries = self._path(self.root, "usr/lib/postfix") + ":" + debs.library_path(self.root)
        os.makedirs(self._path("etc"))
        values = {"directory": self.directory, "root": self.root, "libraries": self.libraries,
                  "owner": self.owner, "group": group, "tls": self._path("tls"), "sasl_port": self.auth.port,
                  "relayhost": "[127.0.0.1]:%d" % relay_to if relay_to else "",
                  "transport": "smtp" if relay_to else "discard", "extra": extra}
        with open(self._path("etc/main.cf"), "w", encoding="ascii") as file:
            file.write(MAIN.format(**values))
        with open(self._path("etc/master.cf"), "w", encoding="ascii") as file:
            file.write(MASTER.format(submission="127.0.0.1:%d" % self.submission,
                                     submissions="127.0.0.1:%d" % self.submissions))

    def _make_queue(self):
        uid = pwd.getpwnam(self.owner).pw_uid
        os.chmod(self.directory, 0o755)
        for name in ("queue", "data"):
            os.makedirs(self._path(name))
        os.chown(self._path("data"), uid, -1)
        for name, who in QUEUE.items():
            os.makedirs(self._path("queue", name), 0o755 if who == "root" else 0o700)
            os.chmod(self._path("queue", name), 0o755 if name in ("pid", "public") else 0o700)
            os.chown(self._path("queue", name), 0 if who == "root" else uid, -1)

    def _wait(self):
        for port in (self.submission, self.submissions):
            end = time.monotonic() + 20
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    if self.process.poll() is not None or time.monotonic() > end:
                        why = self.log()
                        self.stop()
                        raise debs.Unavailable("Postfix does not start: " + why[-1500:]) from None
                    time.sleep(0.02)

    def log(self):
        """What Postfix has logged so far."""
        text = ""
        for name in ("stderr", "maillog"):
            if os.path.exists(self._path(name)):
                with open(self._path(name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def queue(self):
        """How many messages are still on their way."""
        return sum(len(names) for name in ("incoming", "active", "deferred", "maildrop")
                   for _, _, names in os.walk(self._path("queue", name)))

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.auth.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def main():
    directory, user, password = sys.argv[1:4]
    try:
        with Postfix(directory, user, password, int(sys.argv[4]) if len(sys.argv) > 4 else None) as postfix:
            print(json.dumps({"submission": postfix.submission, "submissions": postfix.submissions,
                              "ca": postfix.ca, "directory": postfix.directory}), flush=True)
            sys.stdin.read()
    except debs.Unavailable as reason:
        sys.exit("postfix.py: %s" % reason)


if __name__ == "__main__":
    main()
