#!/usr/bin/env python3
"""Hold docs/ARCHITECTURE.md and the comments of src/ to the files that they name.

    check-architecture.py ROOT

The page has a row for every folder of src/ and test/.  What it names exists:
a file or folder, below the root, src/ or a folder of src/; a function `f()`.
A comment of src/ that names a file of src/, such as gc.c, names one that is there.
"""
import pathlib
import re
import sys

PAGE = "docs/ARCHITECTURE.md"
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)\)")
FUNCTION = re.compile(r"(\w+)\(\)")
FILE = re.compile(r"[\w*./-]+(?:\.[ch]|\.py|\.md|/)")
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
SOURCE = re.compile(r"(?<![<\w./*-])((?:[a-z0-9_]+/)?[a-z0-9_]+\.[ch])\b")
ANY = ("", "src/", "src/*/")  # where a name may begin
AT_RUN_TIME = ("blobs/", "uploads/")  # of the data directory


def exists(root, name):
    return any(next(root.glob(start + name.rstrip("/")), None) for start in ANY)


def named(root, text):
    """(line, what is wrong) for names of the page that lead nowhere"""
    source = "\n".join(f.read_text() for f in sorted((root / "src").rglob("*.[ch]")))
    for number, line in enumerate(text.splitlines(), 1):
        for name in CODE.findall(line):
            function = FUNCTION.fullmatch(name)
            if function and not re.search(rf"^{function[1]}\(", source, re.M):
                yield number, f"{name} is not in src/"
            if FILE.fullmatch(name) and not name.startswith(AT_RUN_TIME) and not exists(root, name):
                yield number, f"{name} is not there"
        for name in LINK.findall(line):
            if "://" not in name and not (root / "docs" / name).exists():
                yield number, f"{name} is not there"


def folders(root, text):
    for parent, prefix in (("src", ""), ("test", "test/")):
        for folder in sorted(f for f in (root / parent).glob("*/") if f.is_dir() and not f.name.startswith(("_", "."))):
            if not re.search(rf"^\|.*`{prefix}{folder.name}/`", text, re.M):
                yield 1, f"{parent}/{folder.name}/ is in no row: say what it is for"


def comments(root):
    for path in sorted((root / "src").rglob("*.[ch]")):
        text = path.read_text()
        for comment in COMMENT.finditer(text):
            for name in SOURCE.finditer(comment[0]) if comment[0].startswith("/*") else ():
                if not exists(root, name[1]):
                    line = text.count("\n", 0, comment.start() + name.start()) + 1
                    yield f"{path.relative_to(root)}:{line}: {name[1]} is not there: repair the name"


def main(root):
    root = pathlib.Path(root).resolve()
    text = (root / PAGE).read_text()
    found = [f"{PAGE}:{line}: {problem}" for line, problem in [*folders(root, text), *named(root, text)]]
    found += comments(root)
    print("\n".join(found) or f"what {PAGE} and the comments name is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
