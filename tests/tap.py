#!/usr/bin/python3
"""Runs one pytest file for `make check`: each case becomes a line of TAP.

    tests/tap.py tests/smtp/test_verdicts.py [pytest's options]
"""
import sys

try:
    import pytest
except ImportError:
    print("1..0 # SKIP pytest is missing: install the Debian package python3-pytest")
    sys.exit(0)


class Tap:
    def __init__(self):
        self.count = 0

    def pytest_addoption(self, parser):
        # The terminal's, which is left out; a failed assertion is explained by it.
        parser.addoption("--verbose", type=int, default=0)

    def line(self, ok, name, suffix=""):
        self.count += 1
        print("%s %d - %s%s" % ("ok" if ok else "not ok", self.count, name, suffix), flush=True)

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::", 1)[-1].replace("#", "\\#")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.line(True, name, " # SKIP " + reason.replace("Skipped: ", ""))
        elif report.failed:
            self.line(False, name, "" if report.when == "call" else " (%s)" % report.when)
            for line in str(report.longrepr).splitlines():
                print("# " + line)
        elif report.when == "call":
            self.line(True, name)

    def pytest_collectreport(self, report):
        if report.failed:
            self.line(False, report.nodeid)
            for line in str(report.longrepr).splitlines():
                print("# " + line)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    tap = Tap()
    status = pytest.main(["-p", "no:terminal", "-p", "no:cacheprovider", "-p", "no:logging"] + sys.argv[1:],
                         plugins=[tap])
    print("1..%d" % tap.count)
    sys.exit(status)
