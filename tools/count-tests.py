#!/usr/bin/env python3
"""Add up test results: count-tests.py NAME:STATUS:FILE ...

FILE is a testlog.json of Meson, whose TAP programs count with each of their tests,
or a JUnit file of pytest, or empty for a part that is one test.  STATUS is the exit
status of the part: one that failed without a failed test on record (it crashed,
say) counts as one failure.  Prints what was left out and why, what failed, which
parts failed, and as the last line the sum.
"""
import collections
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
        """For a test that is left out the name is that of its file: many may share one reason."""
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
                total.add(program["name"], "skipped", "as its log says")
            else:
                total.add(f"{program['name']}: {name}", "passed" if verdict == "ok" else "failed")
        bad = program["result"] not in ("OK", "EXPECTEDFAIL", "SKIP")
        if bad and len(total.failed) == before:
            total.add(f"{program['name']}: {program['result'].lower()}", "failed")
        elif not subtests and program["result"] == "SKIP":
            total.add(program["name"], "skipped", "as its log says")
        elif not subtests and not bad:
            total.add(program["name"], "passed")


def read_junit(path, total):
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            total.add(name, "failed")
        elif skip is not None:
            total.add(case.get("classname"), "skipped", skip.get("message", ""))
        else:
            total.add(name, "passed")


def read(argument, total):
    """The name of a part, when it failed."""
    name, status, file = argument.split(":", 2)
    path = pathlib.Path(file)
    before = len(total.failed)
    try:
        if not file:
            total.add(name, "failed" if int(status) else "passed")
        elif path.suffix == ".xml":
            read_junit(path, total)
        else:
            read_meson(path, total)
    except (OSError, ValueError, xml.etree.ElementTree.ParseError) as error:
        total.add(f"{name}: no results: {error}", "failed")
    crashed = int(status) not in (0, NOTHING_COLLECTED)
    if crashed and len(total.failed) == before:
        total.add(f"{name}: the run ended with status {status}", "failed")
    return name if len(total.failed) > before else None


def main(arguments):
    total = Sum()
    bad = [name for name in [read(argument, total) for argument in arguments] if name]
    print()
    for (name, reason), count in collections.Counter(total.skipped).items():
        print(f"left out: {name} ({count}): {reason}")
    for name in total.failed:
        print(f"FAILED: {name}")
    if bad:
        print(f"parts that failed: {', '.join(bad)}")
    line = f"{total.passed} passed, {len(total.failed)} failed"
    if total.skipped:
        line += f", {len(total.skipped)} skipped"
    print(line)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
