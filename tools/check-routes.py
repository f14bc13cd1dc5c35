#!/usr/bin/env python3
"""Every route is documented and tested, and none is documented that does not exist.

    check-routes.py ROOT

The routes are the rows of src/api/routes.c (tools/api_routes.py), which start like

    { STA_GET, "/v2/{name}/tags/list", "tags_list", ...

Those that are alike for the packages of anybody, of organizations and of the caller are documented once, as of
/api/v3/users/{username}.  docs/API.md must hold `GET /v2/{name}/tags/list` in backquotes, and a test below
test/integration must name the label, tags_list.  HEAD goes with GET.
"""
import pathlib
import re
import sys

from api_routes import routes, unread_rows

DOCUMENTED = re.compile(r"`(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (/[^`\s?]*)")


def line(text, at):
    return text.count("\n", 0, at) + 1


def problems(root):
    table = root / "src/api/routes.c"
    if not table.exists():
        return
    text = table.read_text()
    found = routes(text)
    manual = root / "docs/API.md"
    prose = manual.read_text() if manual.exists() else ""
    documented = {(m[1], m[2]): line(prose, m.start()) for m in DOCUMENTED.finditer(prose)}
    tests = "\n".join(f.read_text() for f in (root / "test/integration").rglob("*.py"))

    for at in unread_rows(text):
        yield f'src/api/routes.c:{line(text, at)}: write the row as {{ STA_METHOD, "/path", "label", ...'
    if not found:
        yield 'src/api/routes.c:1: no rows like { STA_GET, "/path", "label", ...: repair it or this lint'
    for method, path, label, at, alike in found:
        where = f"src/api/routes.c:{line(text, at)}"
        if (method, alike) not in documented and path == alike:
            yield f"{where}: undocumented: describe `{method} {path}` in docs/API.md"
        if not re.search(rf"\b{label}\b", tests) and path == alike:
            yield f"{where}: no test names '{label}': write one in test/integration and say the label in its docstring"

    exist = {(route.method, route.path) for route in found}
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
