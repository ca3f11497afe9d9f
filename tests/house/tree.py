#!/usr/bin/python3
"""Checks of the tree itself, in TAP: what a compiler does not see.

Works in a clone and in an unpacked tarball.  Each check is a function that
returns the faults it found; its docstring is its name.
"""
import os
import re
import shutil
import subprocess
import sys

TOP = os.environ.get("top_srcdir") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDERS = ("src", "tests", "man", "templates", "etc", "debian")
SKIP = "# SKIP "

# Who may include what, by the beginning of the header and of the file's path.
OWNERS = {
    "hiredis/": ("src/store/",),
    "libesmtp.h": ("src/smtp/",),
    "auth-client.h": ("src/smtp/",),
    "openssl/ssl.h": ("src/smtp/transport",),
    "gmime/": ("src/mime/", "src/message/"),
    "yaml.h": ("src/base/", "src/config/", "src/message/"),
    "cmocka.h": ("tests/",),
}


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def ignored(name):
    return name.startswith(".") or name in ("__pycache__", "autom4te.cache") or name.endswith("~")


def walk(*folders):
    """Every file below the folders, as a path from the top."""
    for folder in folders:
        for directory, inner, names in os.walk(os.path.join(TOP, folder)):
            inner[:] = sorted(name for name in inner if not ignored(name))
            for name in sorted(names):
                if not ignored(name):
                    yield os.path.relpath(os.path.join(directory, name), TOP)


def sources():
    return [path for path in walk("src", "tests") if path.endswith((".c", ".h"))]


def make_files():
    return ["Makefile.am"] + [path for path in walk(*FOLDERS) if path.endswith(".mk")]


def package_build_leftover(path):
    """What dpkg-buildpackage leaves in a tree that it has built in."""
    return re.match(r"debian/(postrider/|tmp/|files$|.*substvars$|.*\.debhelper$|debhelper-build-stamp)", path)


# ---- floors -------------------------------------------------------------

def floors():
    """a file includes only its own folder and lower floors"""
    order = re.findall(r"^include (src/\S+)/local\.mk", read("Makefile.am"), re.M)
    faults = []
    for path in sources():
        folder = os.path.dirname(path)
        if not folder.startswith("src/"):
            continue
        if folder not in order:
            continue    # not built yet; unlisted() tells
        for line, header in includes(path, '"'):
            below = "src/" + os.path.dirname(header)
            if below == folder or below in order[:order.index(folder)] or below not in order:
                continue
            # A folder and the folders inside it are one floor.
            if below.startswith(folder + "/") or folder.startswith(below + "/"):
                continue
            faults.append("%s:%d: %s is on no lower floor" % (path, line, header))
    return faults


def template_alone():
    """the template engine knows base, jansson and libcrypto's big numbers only"""
    faults = []
    for path in sources():
        if not path.startswith("src/template/"):
            continue
        for line, header in includes(path, '"'):
            if not header.startswith(("base/", "template/")):
                faults.append("%s:%d: %s" % (path, line, header))
        for line, header in includes(path, "<"):
            if re.match(r"glib|gmime|yaml|hiredis|openssl/(?!bn\.h)|systemd|bsd/", header):
                faults.append("%s:%d: <%s>" % (path, line, header))
    return faults


def owners():
    """each foreign library has its one includer"""
    faults = []
    for path in sources():
        for line, header in includes(path, "<"):
            for prefix, homes in OWNERS.items():
                if header.startswith(prefix) and not path.startswith(homes + ("tests/",)):
                    faults.append("%s:%d: <%s> belongs to %s" % (path, line, header, " ".join(homes)))
    return faults


def includes(path, quote):
    pattern = re.compile(r'^\s*#\s*include\s*%s([^">]+)[">]' % quote)
    for number, line in enumerate(read(path).split("\n"), 1):
        match = pattern.match(line)
        if match:
            yield number, match[1]


# ---- the build ----------------------------------------------------------

def listed_words():
    words = set()
    for path in make_files():
        words.update(re.sub(r"#.*|\\\n", " ", read(path)).split())
    return words


def missing():
    """every file that a make file lists is there"""
    made = set(" ".join(re.findall(r"^CLEANFILES \+=(.*)", "\n".join(map(read, make_files())), re.M)).split())
    faults = []
    for word in sorted(listed_words() - made):
        if re.match(r"(%s)/[^$(]*\.(c|h|py|sh|mk|lua|json|jsonl|html|txt|[1578])$" % "|".join(FOLDERS), word):
            if not os.path.exists(os.path.join(TOP, word)):
                faults.append(word)
    return faults


def unlisted():
    """every file is listed for the build or the tarball"""
    words = listed_words()
    faults = []
    for path in walk(*FOLDERS):
        if package_build_leftover(path) or path.endswith(".mk"):
            continue
        parents = [path]
        while os.path.dirname(parents[-1]):
            parents.append(os.path.dirname(parents[-1]))
        if not any(word in words or "$(srcdir)/" + word in words for word in parents):
            faults.append(path)
    return faults


def packages():
    """tests/packages and debian/control agree on what a build needs"""
    listed = {line.split()[1] for line in read("tests/packages").split("\n") if line.startswith("build\t")}
    listed -= {"gcc", "libc6-dev", "make", "autoconf", "automake"}     # build-essential, debhelper
    listed = {name.split("|")[0] for name in listed}
    control = re.search(r"^Build-Depends:\n((?: .*\n)+)", read("debian/control"), re.M)[1]
    wanted = set(re.findall(r"^ (lib[^\s,]+-dev|pkgconf)(?!.*nocheck)", control, re.M))
    return ["only in one of them: " + name for name in sorted(listed ^ wanted)]


# ---- man pages ----------------------------------------------------------

def manuals():
    return [path for path in walk("man") if path[-1] in "1578"]


def mandoc():
    """man pages pass mandoc's lint"""
    if not shutil.which("mandoc"):
        return SKIP + "mandoc is not installed"
    faults = []
    for path in manuals():
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", os.path.join(TOP, path)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        # A page of this very package need not be installed.
        faults += [line for line in done.stdout.decode().split("\n") if line and "referenced manual" not in line]
    return faults


def manual(name):
    """A page's text without its macros' names; None when it is not there."""
    path = "man/" + name
    return read(path) if os.path.exists(os.path.join(TOP, path)) else None


def documented(page, words):
    """Of {what is searched: how it is called}, those without a place in the page."""
    text = manual(page)
    if text is None:
        return ["there is no " + page]
    return ["%s does not tell of %s" % (page, name)
            for pattern, name in words.items() if not re.search(pattern, text)]


def config_keys():
    """every configuration key stands in postrider.yaml(5)"""
    keys = re.findall(r'^\t\{ "(\w+)", KEY_', read("src/config/keys.c"), re.M)
    return documented("postrider.yaml.5", {r"(?m)\b%s\b" % key: key for key in keys}) if keys else ["no key found"]


def ctl_words():
    """every verb and option of postriderctl stands in postriderctl(1)"""
    words = {}
    for name in re.findall(r'^\t\{ "([a-z ]+)", "', read("src/ctl/ctl.c"), re.M):
        words[r"(?m)^\.\w+ .*\b%s\b" % name.replace(" ", r"\b.*\b")] = "the verb " + name
    for path in walk("src/ctl"):
        for name in re.findall(r'\{ "([a-z-]+)", (?:\'.\'|0), 0, G_OPTION', read(path)):
            words[r"\bFl -%s\b" % name] = "--" + name
    return documented("postriderctl.1", words)


def daemon_options():
    """every option of postriderd stands in postriderd(8)"""
    if not os.path.exists(os.path.join(TOP, "src/postriderd.c")):
        return SKIP + "there is no postriderd yet"
    letters = re.search(r'getopt\(argc, argv, "([a-zA-Z:]+)"', read("src/postriderd.c"))[1].replace(":", "")
    return documented("postriderd.8", {r"\bFl %s\b" % letter: "-" + letter for letter in letters})


# ---- scripts and texts --------------------------------------------------

def shell_scripts():
    found = []
    for path in ["quickstart", "runtests", "autogen.sh", "tests/prepare.sh"] + list(walk(*FOLDERS)):
        full = os.path.join(TOP, path)
        if os.path.isfile(full) and not path.endswith((".eml", ".gz")):
            with open(full, "rb") as file:
                if file.readline().startswith(b"#!/bin/sh") or path.endswith(".sh"):
                    found.append(path)
    return sorted({path for path in found if not package_build_leftover(path)})


def shell_syntax():
    """shell scripts parse"""
    return [path for path in shell_scripts()
            if subprocess.run(["sh", "-n", os.path.join(TOP, path)], check=False).returncode]


def shellcheck():
    """shell scripts pass shellcheck"""
    if not shutil.which("shellcheck"):
        return SKIP + "shellcheck is not installed"
    done = subprocess.run(["shellcheck", "-f", "gcc", "-x", "-S", "warning"] + shell_scripts(), cwd=TOP,
                          stdout=subprocess.PIPE, check=False)
    return done.stdout.decode().splitlines()


def python_syntax():
    """Python scripts parse"""
    faults = []
    for path in walk("tests"):
        if path.endswith(".py"):
            try:
                compile(read(path), path, "exec")
            except SyntaxError as error:
                faults.append("%s:%s: %s" % (path, error.lineno, error.msg))
    return faults


TEXTS = (".c", ".h", ".py", ".sh", ".mk", ".am", ".ac", ".md", ".yaml", ".lua", ".1", ".5", ".7", ".8")


def texts():
    return [path for path in ["README.md", "NEWS", "Makefile.am", "configure.ac", *walk(*FOLDERS)]
            if os.path.isfile(os.path.join(TOP, path)) and path.endswith(TEXTS) and "corpus" not in path
            and not package_build_leftover(path)]


def white_space():
    """no white space at the end of a line, one line end at the end of a file"""
    faults = []
    for path in texts():
        text = read(path)
        faults += ["%s:%d: white space at the end" % (path, text.count("\n", 0, match.start()) + 1)
                   for match in re.finditer(r"[ \t]+$", text, re.M)][:3]
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            faults.append(path + ": must end in one line end")
    return faults


def machine_paths():
    """no file names a path of a developer's machine"""
    pattern = re.compile("/" + r"(home/\w|root/|work/|Users/)")
    faults = []
    for path in texts():
        for number, line in enumerate(read(path).split("\n"), 1):
            if pattern.search(line):
                faults.append("%s:%d: %s" % (path, number, line.strip()))
    return faults


CHECKS = (floors, template_alone, owners, missing, unlisted, packages, mandoc, config_keys, ctl_words,
          daemon_options, shell_syntax, shellcheck, python_syntax, white_space, machine_paths)


def main():
    print("1..%d" % len(CHECKS))
    failed = False
    for number, check in enumerate(CHECKS, 1):
        faults = check()
        if isinstance(faults, str):
            print("ok %d - %s %s" % (number, check.__doc__, faults))
            continue
        failed |= bool(faults)
        print("%s %d - %s" % ("not ok" if faults else "ok", number, check.__doc__))
        for fault in faults:
            print("#   " + fault)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
