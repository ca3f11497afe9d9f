#!/usr/bin/python3
"""Runs one pytest file for `make check`: each case becomes a line of TAP.

    tests/tap.py tests/smtp/test_verdicts.py [pytest's options]
"""
import os
import sys

try:
    import pytest
except ImportError:
    print("1..0 # SKIP pytest is missing: install the Debian package python3-pytest")
    sys.exit(0)


class Tap:
    def __init__(self, out):
        self.out = out
        self.count = 0

    def line(self, ok, name, suffix=""):
        self.count += 1
        self.say("%s %d - %s%s" % ("ok" if ok else "not ok", self.count, name, suffix))

    def explain(self, report):
        for line in str(report.longrepr).splitlines():
            self.say("# " + line)

    def say(self, line):
        print(line, file=self.out, flush=True)

    def pytest_runtest_logreport(self, report):
        name = report.nodeid.split("::", 1)[-1].replace("#", "\\#")
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
            self.line(True, name, " # SKIP " + reason.replace("Skipped: ", ""))
        elif report.failed:
            self.line(False, name, "" if report.when == "call" else " (%s)" % report.when)
            self.explain(report)
        elif report.when == "call":
            self.line(True, name)

    def pytest_collectreport(self, report):
        if report.failed:
            self.line(False, report.nodeid)
            self.explain(report)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    tap = Tap(sys.stdout)
    # What pytest itself prints goes nowhere, but its terminal has to be there: a failed
    # assertion is explained with its help.
    with open(os.devnull, "w") as sys.stdout:
        status = pytest.main(["-p", "no:cacheprovider", "-p", "no:logging"] + sys.argv[1:], plugins=[tap])
    tap.say("1..%d" % tap.count)
    sys.exit(status)
