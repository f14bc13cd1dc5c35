#!/usr/bin/env python3
"""What the tests reach of src/, by layer, and whether docs/internals/coverage.md says why the rest stays.

    measure-coverage.py ROOT REPORT            the table; REPORT is what gcovr --json writes
    measure-coverage.py ROOT REPORT --check    status 1 when a file has less than 95 % of its lines and no
                                               excuse, or a function is never called and not excused
    measure-coverage.py ROOT REPORT --write    renew the table in the document

An excuse is a list item: - `http/mhd_accept.c` `f()`, `g()`: why.  The functions are those never called.
"""
import collections
import json
import pathlib
import re
import sys

DOCUMENT = "docs/internals/coverage.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LINES_MIN = 95  # percent of a file without an excuse
EXCUSE = re.compile(r"^- `([\w/]+\.[ch])`((?:,? `\w+\(\)`)*): \S", re.M)


class Count:
    """Reached and all, of lines and of branches."""

    def __init__(self):
        self.lines = self.all_lines = self.branches = self.all_branches = 0

    def add(self, counts, branches):
        self.lines += sum(count > 0 for count in counts)
        self.all_lines += len(counts)
        self.branches += sum(count > 0 for count in branches)
        self.all_branches += len(branches)

    def share(self):
        return 100 * self.lines / self.all_lines if self.all_lines else 100

    def cells(self):
        branches = 100 * self.branches / self.all_branches if self.all_branches else 100
        return f"{self.all_lines:,} | {self.share():.1f} % | {self.all_branches:,} | {branches:.1f} %"


def read(report):
    """file -> its Count, and file -> the functions that were never called"""
    counts, silent = collections.defaultdict(Count), {}
    for file in report["files"]:
        if not file["file"].startswith("src/"):
            continue
        name = file["file"].removeprefix("src/")
        lines = collections.Counter()
        branches = []
        for line in file["lines"]:
            if not line.get("gcovr/noncode"):
                lines[line["line_number"]] += line["count"]
                branches += [branch["count"] for branch in line["branches"]]
        counts[name].add(lines.values(), branches)
        silent[name] = [function["name"] for function in file["functions"] if function["execution_count"] == 0]
    return counts, silent


def table(counts):
    layers, total = collections.defaultdict(Count), Count()
    for name, count in counts.items():
        for sum_ in (layers[name if "/" not in name else name.split("/")[0] + "/"], total):
            for field in vars(count):
                setattr(sum_, field, getattr(sum_, field) + getattr(count, field))
    yield "| folder of `src/` | lines | reached | branches | reached |"
    yield "|---|---|---|---|---|"
    for name in sorted(layers):
        yield f"| `{name}` | {layers[name].cells()} |"
    yield f"| all | {total.cells()} |"


def problems(counts, silent, text):
    excused = {match[1]: set(re.findall(r"(\w+)\(\)", match[2])) for match in EXCUSE.finditer(text)}
    for name, count in sorted(counts.items()):
        if count.share() < LINES_MIN and name not in excused:
            yield f"src/{name}:1: {count.share():.1f} % of its lines are reached: write a test, or the excuse in {DOCUMENT}"
        for function in sorted(set(silent[name]) - excused.get(name, set())):
            yield f"src/{name}:1: {function}() is never called: write a test, or the excuse in {DOCUMENT}"
    for name in sorted(excused.keys() - counts.keys()):
        yield f"{DOCUMENT}:1: {name} is not there: remove its excuse"


def main(root, report, mode=""):
    counts, silent = read(json.loads(pathlib.Path(report).read_text()))
    document = pathlib.Path(root) / DOCUMENT
    if mode == "--write":
        before, after = re.fullmatch(f"(.*{BEGIN}\n).*({END}.*)", document.read_text(), re.S).groups()
        document.write_text(before + "\n".join(["", *table(counts), "", ""]) + after)
        return 0
    print("\n".join(table(counts)))
    found = list(problems(counts, silent, document.read_text())) if mode else []
    print("\n".join(found), end="\n" if found else "")
    return 1 if found or not counts else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[3:] not in ([], ["--check"], ["--write"]):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
