#!/usr/bin/env python3
"""Add up test results: count-tests.py NAME:STATUS:FILE ...

FILE is a testlog.json of Meson, whose TAP programs count with each of their tests,
or a JUnit file of pytest.  STATUS is the exit status of the run: one that failed
without a failed test on record (it crashed, say) counts as one failure.
Prints what was left out and why, what failed, and as the last line the sum.
"""
import json
import pathlib
import re
import sys
import xml.etree.ElementTree

TAP = re.compile(r"^(ok|not ok)\b(?: \d+)?(?: - )? ?(.*)$", re.M)
NOTHING_COLLECTED = 5  # pytest's exit status when a folder has no tests


class Sum:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = []

    def add(self, name, verdict, reason=""):
        if verdict == "passed":
            self.passed += 1
        elif verdict == "failed":
            self.failed.append(name)
        else:
            self.skipped.append((name, reason))


def read_meson(path, total):
    """One JSON object per line and program; the tests of a TAP program are read from its output."""
    for line in path.read_text().splitlines():
        program = json.loads(line)
        before = len(total.failed)
        subtests = TAP.findall(program.get("stdout", ""))
        for verdict, name in subtests:
            if re.search(r"# skip", name, re.I):
                total.add(name, "skipped", program["name"])
            else:
                total.add(f"{program['name']}: {name}", "passed" if verdict == "ok" else "failed")
        bad = program["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")
        if bad and len(total.failed) == before:
            total.add(f"{program['name']}: {program['result'].lower()}", "failed")
        elif not subtests and program["result"] == "SKIP":
            total.add(program["name"], "skipped", "see its log")
        elif not subtests and not bad:
            total.add(program["name"], "passed")


def read_junit(path, total):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            total.add(name, "failed")
        elif skip is not None:
            total.add(name, "skipped", skip.get("message", ""))
        else:
            total.add(name, "passed")


def read(argument, total):
    name, status, file = argument.split(":", 2)
    path = pathlib.Path(file)
    before = len(total.failed)
    try:
        if path.suffix == ".xml":
            read_junit(path, total)
        else:
            read_meson(path, total)
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        total.add(f"{name}: no results: {error}", "failed")
    crashed = int(status) not in (0, NOTHING_COLLECTED)
    if crashed and len(total.failed) == before:
        total.add(f"{name}: the run ended with status {status}", "failed")


def main(arguments):
    total = Sum()
    for argument in arguments:
        read(argument, total)
    print()
    for name, reason in total.skipped:
        print(f"left out: {name}: {reason}")
    for name in total.failed:
        print(f"FAILED: {name}")
    line = f"{total.passed} passed, {len(total.failed)} failed"
    if total.skipped:
        line += f", {len(total.skipped)} skipped"
    print(line)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
