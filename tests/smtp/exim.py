"""A private Exim: unpacked, not installed, everything below one directory.

    with Exim(user="mailer", password="secret", relay_to=server.port, tls_directory=...) as exim:
        exim.submission     port with STARTTLS and AUTH
        exim.submissions    port with TLS from the first byte and AUTH

Its program insists on a user named Debian-exim, so it runs in a mount namespace
of its own in which /etc/passwd and /etc/group have one; nobody else sees that.
Raises debs.Unavailable with the reason where this is not possible.
"""
import os
import shutil
import tempfile

import debs
from namespace import free_port, in_namespace, wait_for

UID = 64242     # of nobody else

CONFIGURATION = """
primary_hostname = exim.example
exim_path = {root}/usr/sbin/exim4
exim_user = Debian-exim
exim_group = Debian-exim
keep_environment = LD_LIBRARY_PATH
spool_directory = {directory}/spool
log_file_path = {directory}/log/%s
pid_file_path = {directory}/exim.pid
deliver_drop_privilege = true
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
daemon_smtp_ports = {submission} : {submissions}
tls_on_connect_ports = {submissions}
local_interfaces = 127.0.0.1
tls_certificate = {directory}/server.pem
tls_privatekey = {directory}/server.key
tls_advertise_hosts = *
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
never_users = root
qualify_domain = exim.example
message_size_limit = 5M
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_predata = acl_predata
acl_smtp_data = acl_data
prdr_enable = true
chunking_advertise_hosts = *

begin acl
acl_mail:
  deny !authenticated = *
       message = authentication required
  deny senders = refused@example.com
       message = not this one
  accept
acl_rcpt:
  deny recipients = nobody@example.com
       message = no such user
  defer recipients = later@example.com
       message = try again later
  accept authenticated = *
acl_predata:
  deny senders = nodata@example.com
       message = no data of yours
  accept
acl_data:
  deny condition = ${{if match{{$h_subject:}}{{spam}}}}
       message = looks like spam
  accept

begin routers
sink:
  driver = manualroute
  route_list = * 127.0.0.1 byname
  self = send
  transport = sink

begin transports
sink:
  driver = smtp
  port = {relay_to}
  hosts_avoid_tls = *
  allow_localhost

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{ {{eq{{$auth2}}{{{user}}}}} {{eq{{$auth3}}{{{password}}}}} }}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{ {{eq{{$auth1}}{{{user}}}}} {{eq{{$auth2}}{{{password}}}}} }}}}
  server_set_id = $auth1
"""


class Exim:
    def __init__(self, user, password, relay_to, tls_directory, cache=None):
        if os.geteuid() != 0:
            raise debs.Unavailable("Exim with another configuration must be started by root; run the tests with sudo")
        self.root = debs.unpack("exim4-daemon-light", cache or debs.default_cache())
        self.directory = tempfile.mkdtemp(prefix="exim.")
        self.submission, self.submissions = free_port(), free_port()
        os.chmod(self.directory, 0o755)
        for name in ("spool", "log"):
            os.mkdir(self._path(name))
            os.chown(self._path(name), UID, UID)
        for name in ("server.pem", "server.key"):
            shutil.copy(os.path.join(tls_directory, name), self._path(name))
            os.chown(self._path(name), UID, UID)
        with open(self._path("exim.conf"), "w", encoding="ascii") as file:
            file.write(CONFIGURATION.format(root=self.root, directory=self.directory, submission=self.submission,
                                            submissions=self.submissions, relay_to=relay_to, user=user,
                                            password=password))
        self._start()

    def _path(self, name):
        return os.path.join(self.directory, name)

    def _start(self):
        self.process = in_namespace(
            self.directory, users=(("Debian-exim", UID),), tmpfs=(),
            command=[self.root + "/usr/sbin/exim4", "-C", self._path("exim.conf"), "-bdf"],
            libraries=debs.library_path(self.root))
        try:
            wait_for(self.submission, self.process, self.log)
        except debs.Unavailable as reason:
            self.stop()
            raise debs.Unavailable("Exim %s" % reason) from None

    def log(self):
        text = ""
        for name in ("stderr", "log/main", "log/panic"):
            if os.path.exists(self._path(name)):
                with open(self._path(name), encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
