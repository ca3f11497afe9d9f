#!/usr/bin/python3
"""Records what Jinja2 makes of the cases: cases/<construct>/expected.jsonl.

    record.py [construct ...]

To be run by hand after a case was added or changed, with the version of
Jinja2 that is the reference (3.1.2, MarkupSafe 2.1.2, as in Debian 12).  Each
line is [digest of the case, answer, answer with autoescape if it differs]; an
answer is the output, or {error, at, kind}, or null where no two runs agree.
"""
import json
import os
import sys

import jinja2

import casefile
import oracle

CASES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cases")


def stored(answer):
    return answer["output"] if "output" in answer else answer


def record(folder, cases):
    with open(os.path.join(CASES, folder, "expected.jsonl"), "w", encoding="utf-8") as file:
        for case in cases:
            answers = [stored(oracle.render(request)) for request in case.requests()]
            if len(answers) == 2 and answers[0] == answers[1]:
                answers.pop()
            if any(" at 0x" in str(answer) for answer in answers):
                answers = [None]  # an address, which is never the same twice
            file.write(json.dumps([case.digest, *answers], ensure_ascii=False) + "\n")


def main():
    if not jinja2.__version__.startswith("3.1.2"):
        sys.exit(f"Jinja2 {jinja2.__version__} is not the reference, 3.1.2")
    total = 0
    for folder, cases in casefile.directories(CASES):
        if not sys.argv[1:] or folder in sys.argv[1:]:
            record(folder, cases)
        total += len(cases)
        print(f"{folder}: {len(cases)}")
    print(f"{total} cases")


if __name__ == "__main__":
    main()
