#!/usr/bin/env python3
"""Measure src/ as docs/STYLE.md does, and hold the tables there to the code.

    measure-source.py ROOT             the tables
    measure-source.py ROOT --check     status 1 when the document is off by more than 15 %, or
                                       does not say why something is beyond the aims
    measure-source.py ROOT --write     renew the figures in docs/STYLE.md

A function is what pmccabe finds, with all of its lines; complexity is McCabe's
number, a switch counting once.  A percentile is the value at that place of the
sorted list.  A line of comment has nothing else on it.
"""
import collections
import pathlib
import re
import subprocess
import sys

DOCUMENT = "docs/STYLE.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
NAME = "Staithe"
TOLERANCE, SLACK = 0.15, 2  # a figure may drift by the larger of the two
AIMS = {"lines": 40, "complexity": 12, ".c": 400, ".h": 150}  # beyond these, the document says why
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/', re.S)
BEYOND = re.compile(r"^- `([\w/]+\.[ch])`(?:,? `(\w+)\(\)`)?: \S", re.M)

# The same measures of others, and of which commit: pmccabe 2.8, whole functions.
# functions, median, 75 %, 90 %, 99 %, longest, complexity 90 %, 99 %
FUNCTIONS = {
    "pgBackRest `bd22b6809`": (1608, 22, 41, 74, 229, 1248, 9, 28),
    "PgBouncer `13a344f2`": (615, 19, 36, 68, 157, 291, 12, 34),
    "systemd `565916c245`": (4285, 21, 41, 70, 191, 1169, 14, 44),
    "git `1a3e64c6c4`": (7720, 15, 31, 60, 167, 596, 12, 36),
    "curl `5c61e16869`": (3741, 20, 40, 78, 196, 407, 15, 35),
    "nginx `3f6f7824d`": (1979, 39, 78, 137, 419, 917, 20, 58),
}
# .c files, median, 90 %, longest, median of .h, comment in .h and .c in percent, test lines for 100 of source
FILES = {
    "pgBackRest": (190, 239, 865, 2946, 36, 38, 15, 99),
    "PgBouncer": (23, 920, 1838, 2721, 45, 26, 15, 41),
    "systemd": (1408, 230, 1324, 7792, 30, 34, 7, None),
    "git": (439, 380, 2011, 7858, 71, 43, 13, None),
    "curl": (197, 479, 1811, 5572, 69, 47, 13, None),
    "nginx": (266, 488, 1824, 7352, 75, 4, 4, None),
}

Function = collections.namedtuple("Function", "file name lines complexity")


def at(values, share):
    """The value at that place of the sorted list; 1 is the largest."""
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def functions(src, files):
    """pmccabe prints, with tabs: modified, traditional, statements, first line, lines, 'file(line of the name): name'."""
    try:
        said = subprocess.run(["pmccabe", *files], capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        sys.exit("pmccabe is not installed: run script/bootstrap")
    for row in said.splitlines():
        complexity, _, _, _, lines, where = row.split("\t")
        file, name = re.match(r"(.*)\(\d+\): (.*)", where).groups()
        if not name.isupper():  # a macro's use that looks like a function
            yield Function(pathlib.Path(file).relative_to(src).as_posix(), name, int(lines), int(complexity))


def comment_lines(text):
    """How many lines have nothing but a comment."""
    marked = TOKEN.sub(lambda m: re.sub(r"[^\n]", "\1" if m[0][0] == "/" else "x", m[0]), text)
    return sum("\1" in line and not line.replace("\1", "").strip() for line in marked.splitlines())


def length(path):
    return path.read_text().count("\n")


class Tree:
    """What is counted of a tree."""

    def __init__(self, root):
        self.src = root / "src"
        files = sorted(self.src.rglob("*.[ch]"))
        self.lines = {f.relative_to(self.src).as_posix(): length(f) for f in files}
        self.comment = {f.relative_to(self.src).as_posix(): comment_lines(f.read_text()) for f in files}
        self.functions = list(functions(self.src, [f for f in files if f.suffix == ".c"]))
        tests = [f for kind in ("*.[ch]", "*.py") for f in (root / "test").rglob(kind)]
        self.test_lines = sum(map(length, tests))

    def of(self, suffix, layer=""):
        return [n for name, n in self.lines.items() if name.endswith(suffix) and name.startswith(layer)]

    def comment_share(self, suffix):
        return round(100 * sum(n for name, n in self.comment.items() if name.endswith(suffix)) / sum(self.of(suffix)))

    def function_row(self):
        lines = [f.lines for f in self.functions]
        complexity = [f.complexity for f in self.functions]
        return (len(lines), *(at(lines, share) for share in (.5, .75, .9, .99, 1)), at(complexity, .9), at(complexity, .99))

    def file_row(self):
        c = self.of(".c")
        return (len(c), at(c, .5), at(c, .9), max(c), at(self.of(".h"), .5),
                self.comment_share(".h"), self.comment_share(".c"), round(100 * self.test_lines / sum(c)))

    def layer_rows(self):
        layers = sorted({name.split("/")[0] for name in self.lines})
        for layer in layers:
            name = layer if layer.endswith(".c") else layer + "/"
            inside = [f for f in self.functions if f.file.startswith(name)]
            lines = [f.lines for f in inside]
            yield (f"`{name}`", len(self.of(".c", name)), len(self.of(".h", name)), sum(self.of("", name)),
                   max(self.of(".c", name), default=0), len(lines), at(lines, .5), at(lines, 1),
                   max((f.complexity for f in inside), default=0))

    def beyond(self):
        """(file, function or '') -> what is beyond which aim"""
        found = {(name, ""): f"{n} lines" for name, n in self.lines.items() if n > AIMS[pathlib.Path(name).suffix]}
        for f in self.functions:
            if f.lines > AIMS["lines"] or f.complexity > AIMS["complexity"]:
                found[f.file, f.name] = f"{f.lines} lines, complexity {f.complexity}"
        return found


def table(head, rows):
    yield "| " + " | ".join(head) + " |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield "| " + " | ".join("–" if cell is None else f"{cell:,}" if isinstance(cell, int) else cell for cell in row) + " |"


def tables(tree):
    yield from table(("lines of a function", "functions", "median", "75 %", "90 %", "99 %", "longest", "complexity 90 %", "99 %"),
                     [(f"**{NAME}**", *tree.function_row()), *((name, *row) for name, row in FUNCTIONS.items())])
    yield ""
    yield from table(("lines of a file", "`.c` files", "median", "90 %", "longest", "`.h` median",
                      "comment in `.h`, %", "in `.c`, %", "tests for 100 lines"),
                     [(f"**{NAME}**", *tree.file_row()), *((name, *row) for name, row in FILES.items())])
    yield ""
    yield from table(("folder of `src/`", "`.c` files", "`.h` files", "lines", "longest file",
                      "functions", "median", "longest", "complexity, highest"), tree.layer_rows())


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def same(is_now, written):
    """A number with its commas may drift; all else is the same."""
    if not (is_now.replace(",", "").isdigit() and written.replace(",", "").isdigit()):
        return is_now == written
    now, then = int(is_now.replace(",", "")), int(written.replace(",", ""))
    return abs(now - then) <= max(SLACK, TOLERANCE * then)


def drifted(fresh, written, first):
    """Lines of the document whose figures are not those of the code."""
    if len(fresh) != len(written):
        yield f"{DOCUMENT}:{first}: {len(written)} lines of tables, not {len(fresh)}: run tools/measure-source.py . --write"
        return
    head = []
    for number, (now, then) in enumerate(zip(fresh, written), first):
        if not head or not now:
            head = cells(now)
        for title, a, b in zip(head, cells(now), cells(then)):
            if not same(a, b):
                yield (f"{DOCUMENT}:{number}: {cells(now)[0]}, {title}: {b} is written, {a} is measured:"
                       " run tools/measure-source.py . --write, and read what became of it")


def unexcused(tree, text):
    listed = {(m[1], m[2] or ""): text.count("\n", 0, m.start()) + 1 for m in BEYOND.finditer(text)}
    found = tree.beyond()
    for (file, name), what in found.items():
        if (file, name) not in listed:
            yield f"src/{file}:1: {name + '(): ' if name else ''}{what}, beyond the aims: split it, or say why in {DOCUMENT}"
    for (file, name), line in listed.items():
        if (file, name) not in found:
            yield f"{DOCUMENT}:{line}: {file} {name}: is not beyond the aims any more: remove the line"


def main(root, mode=""):
    root = pathlib.Path(root).resolve()
    tree = Tree(root)
    fresh = list(tables(tree))
    if not mode:
        print("\n".join(fresh))
        print(*(f"beyond the aims: {file} {name} {what}" for (file, name), what in tree.beyond().items()), sep="\n")
        return 0
    document = root / DOCUMENT
    before, written, after = re.fullmatch(f"(.*{BEGIN}\n)(.*)({END}.*)", document.read_text(), re.S).groups()
    if mode == "--write":
        document.write_text(before + "\n".join(["", *fresh, "", ""]) + after)
        return 0
    found = list(drifted(fresh, written.strip("\n").split("\n"), before.count("\n") + 2))
    found += unexcused(tree, after)
    print("\n".join(found) or f"{DOCUMENT} says what the source measures")
    return 1 if found else 0


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["--check"], ["--write"]):
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
