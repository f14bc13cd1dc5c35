#!/usr/bin/env python3
"""docs/THREATS.md has each row of the threat tables once, with tests that exist.

    check-threats.py ROOT

The rows are V1 to V116, known weaknesses of others, and T1 to T51, threats by
asset.  A table of docs/THREATS.md that begins `| Row |` has them in its first
column, `V13, V75`, the tests in its third, `test_v13_v75_...`, and in its fourth
the result: `held`, or `differs: why`.  A list item that begins with rows, such as

    - V5, V8: when there is a cache of other registries

has those that wait.  Each row of a table has tests in test/integration with its
number in their name, and each test there with a number in its name is in a table.
"""
import pathlib
import re
import sys

LAST = {"V": 116, "T": 51}
ROWS = r"[VT]\d+(?:, [VT]\d+)*"
TABLE_ROW = re.compile(rf"^\| ({ROWS}) \|(.*)\|$")
WAITING = re.compile(rf"^- ({ROWS}): \S")
ANY = re.compile(r"^\s*def (test_\w+)\(", re.M)
NUMBERED = re.compile(r"^\s*def (test(?:_[vt]\d+)+_\w+)\(", re.M)
TEST = re.compile(r"`(test_\w+)`")
DOCUMENT = "docs/THREATS.md"


def numbers(test):
    """V13 and T2 of test_v13_t2_an_upload_..."""
    return {part.upper() for part in re.match(r"test((?:_[vt]\d+)+)_", test)[1].strip("_").split("_")}


def read(text):
    """(rows, cells or None for rows that wait, line) of each line that has any"""
    for number, line in enumerate(text.splitlines(), 1):
        row, waiting = TABLE_ROW.match(line), WAITING.match(line)
        if row:
            yield row[1].split(", "), [cell.strip() for cell in row[2].split("|")], number
        elif waiting:
            yield waiting[1].split(", "), None, number


def cell_problems(rows, cells, exist):
    if len(cells) != 3:
        yield "write the columns Row, Danger and defence, Test, Result"
        return
    tests = TEST.findall(cells[1])
    carried = set().union(*[numbers(test) for test in tests if test in exist])
    for row in rows:
        if row not in carried:
            yield f"none of its tests has {row.lower()} in its name: write one, or let the row wait"
    if not re.match(r"held\b|differs: \S", cells[2]):
        yield "the result is 'held', or 'differs: ' and why"


def problems(root):
    path = root / DOCUMENT
    if not path.exists():
        return
    exist, known, seen = {}, set(), {}
    for file in sorted((root / "test/integration").rglob("*.py")):
        exist.update((test, file.relative_to(root)) for test in NUMBERED.findall(file.read_text()))
        known.update(ANY.findall(file.read_text()))
    named = set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for test in TEST.findall(line):
            if test not in known:
                yield f"{DOCUMENT}:{number}: no test in test/integration is called {test}: repair the name"
    for rows, cells, number in read(path.read_text()):
        where = f"{DOCUMENT}:{number}"
        for row in rows:
            if int(row[1:]) not in range(1, LAST[row[0]] + 1):
                yield f"{where}: {row} is no row"
            if row in seen:
                yield f"{where}: {row} is in line {seen[row]} already"
            seen[row] = number
        if cells is not None:
            named |= set(TEST.findall(" ".join(cells)))
            yield from (f"{where}: {problem}" for problem in cell_problems(rows, cells, exist))
    for kind, last in LAST.items():
        for row in (f"{kind}{n}" for n in range(1, last + 1)):
            if row not in seen:
                yield f"{DOCUMENT}:1: {row} is missing: put it into a table with its tests, or among those that wait"
    for test in sorted(exist.keys() - named):
        yield f"{exist[test]}:1: {test} is in no table of {DOCUMENT}: add it to a row of its"


def main(root):
    found = list(problems(pathlib.Path(root)))
    print("\n".join(found) or "every row of the threat tables has its tests, or waits")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
