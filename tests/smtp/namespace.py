"""Programs that insist on their place: users, and directories of their own, in a
mount namespace that nobody else sees.  Nothing of the machine is changed."""
import os
import socket
import subprocess
import time

import debs


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def wait_for(port, process, log):
    """Until the server greets there; Unavailable with its log when it does not."""
    end = time.monotonic() + 20
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), 5) as link:
                if link.recv(3) == b"220":
                    return
        except OSError:
            pass
        if process.poll() is not None or time.monotonic() > end:
            raise debs.Unavailable("does not start: " + log()[-1500:])
        time.sleep(0.02)


def in_namespace(directory, users, tmpfs, command, libraries, prepare=""):
    """
    Starts `command` as root where each (name, uid) of `users` exists as user
    and group and each of the directories `tmpfs` is empty and in memory;
    `prepare` is shell that runs there first.  Its standard error goes to
    `directory`/stderr.
    """
    for name, form in (("passwd", "%s:x:%d:%d::/nonexistent:/usr/sbin/nologin\n"), ("group", "%s:x:%d:\n")):
        with open("/etc/" + name, encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(directory, name), "w", encoding="utf-8") as own:
            own.write(text)
            for user, uid in users:
                own.write(form % ((user, uid, uid) if name == "passwd" else (user, uid)))
    script = ["set -e", "mount --make-rprivate /", 'mount --bind "$1/passwd" /etc/passwd',
              'mount --bind "$1/group" /etc/group']
    script += ["mount -t tmpfs none %s" % place for place in tmpfs]
    script += [prepare, "shift", 'exec "$@"']
    return subprocess.Popen(
        ["unshare", "-m", "sh", "-c", "\n".join(script), "sh", directory, *command],
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": libraries}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=open(os.path.join(directory, "stderr"), "wb"))
