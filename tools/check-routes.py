#!/usr/bin/env python3
"""Every route is documented and tested, and none is documented that does not exist.

    check-routes.py ROOT

The routes are the rows of src/api/routes.c, which start like

    { STA_GET, "/v2/{name}/tags/list", "tags_list", ...

docs/API.md must hold `GET /v2/{name}/tags/list` in backquotes, and a test below
test/integration must name the label, tags_list.  HEAD goes with GET.
"""
import pathlib
import re
import sys

ROUTE = re.compile(r'\{\s*STA_([A-Z]+),\s*"(/[^"]*)",\s*"(\w+)"')
ROW = re.compile(r"^\s*\{\s*STA_[A-Z]+,", re.M)
DOCUMENTED = re.compile(r"`(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[^`\s?]*)")


def line(text, match):
    return text.count("\n", 0, match.start()) + 1


def problems(root):
    routes = root / "src/api/routes.c"
    if not routes.exists():
        return
    text = routes.read_text()
    found = list(ROUTE.finditer(text))
    manual = root / "docs/API.md"
    prose = manual.read_text() if manual.exists() else ""
    documented = {(m[1], m[2]): line(prose, m) for m in DOCUMENTED.finditer(prose)}
    tests = "\n".join(f.read_text() for f in (root / "test/integration").rglob("*.py"))

    known = {m.start() for m in found}
    for row in ROW.finditer(text):
        if row.start() + row.group().index("{") not in known:
            yield f'src/api/routes.c:{line(text, row)}: write the row as {{ STA_METHOD, "/path", "label", ...'
    if not found:
        yield 'src/api/routes.c:1: no rows like { STA_GET, "/path", "label", ...: repair it or this lint'
    for m in found:
        method, path, label = m.groups()
        where = f"src/api/routes.c:{line(text, m)}"
        if (method, path) not in documented:
            yield f"{where}: undocumented: describe `{method} {path}` in docs/API.md"
        if not re.search(rf"\b{label}\b", tests):
            yield f"{where}: no test names '{label}': write one in test/integration and say the label in its docstring"

    exist = {(m[1], m[2]) for m in found}
    exist |= {("HEAD", path) for method, path in exist if method == "GET"}
    for (method, path), number in documented.items():
        if (method, path) not in exist:
            yield f"docs/API.md:{number}: `{method} {path}` is no route of src/api/routes.c: remove or repair it"


def main(root):
    found = list(problems(pathlib.Path(root)))
    print("\n".join(found) or "every route is documented and tested")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
