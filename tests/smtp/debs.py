"""Debian packages unpacked for a test, not installed: no MTA of anybody's is
replaced, no service started, no file outside of the given directory written."""
import os
import re
import shutil
import subprocess


class Unavailable(Exception):
    """A real server cannot be had here; the text says why and what to do."""


def _run(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)


def _wanted(package):
    """The package and those of its dependencies that this machine lacks."""
    done = _run("apt-get", "-s", "-q", "install", "--no-install-recommends", package)
    names = re.findall(r"^Inst (\S+)", done.stdout, re.M)
    if done.returncode:
        raise Unavailable("apt-get knows no way to the package %s (apt-get update?): %s"
                          % (package, done.stdout.strip().rsplit("\n", 1)[-1]))
    return names if package in names else [package] + names


def unpack(package, cache):
    """
    The root of the unpacked package, below `cache`, which may be kept: a
    second call finds it there.  Raises Unavailable.
    """
    root = os.path.join(cache, package)
    if os.path.isdir(root):
        return root
    for tool in ("apt-get", "dpkg"):
        if not shutil.which(tool):
            raise Unavailable("%s is not unpacked: %s is missing" % (package, tool))
    debs, part = os.path.join(cache, package + ".debs"), root + ".part"
    os.makedirs(debs, exist_ok=True)
    shutil.rmtree(part, ignore_errors=True)
    for name in _wanted(package):
        done = _run("apt-get", "-q", "download", name, cwd=debs)
        if done.returncode:
            raise Unavailable("the package %s cannot be downloaded: %s" % (name, done.stdout.strip()))
    for name in sorted(os.listdir(debs)):
        done = _run("dpkg", "-x", os.path.join(debs, name), part)
        if done.returncode:
            raise Unavailable("%s cannot be unpacked: %s" % (name, done.stdout.strip()))
    os.rename(part, root)
    shutil.rmtree(debs)
    return root


def library_path(root):
    """For LD_LIBRARY_PATH: where the unpacked packages keep their libraries."""
    found = []
    for below in ("usr/lib", "lib"):
        for directory, _, names in os.walk(os.path.join(root, below)):
            if any(".so" in name for name in names):
                found.append(directory)
    return ":".join(found)


def default_cache():
    """In the build directory, so that a second run needs no network."""
    from driver import BUILD
    return os.path.join(os.path.abspath(BUILD), "tools", "debs")
