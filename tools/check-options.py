#!/usr/bin/env python3
"""Every option is documented with its default, and none is documented that does not exist.

    check-options.py ROOT

The options are the rows of the table in src/conf/*.c:

    { .name = "gc.grace", ..., .def = "1h", ... }

docs/OPERATING.md lists them in tables that begin `| Option | Default |`, such as

    | `gc.grace` | `1h` | How long ... |

with an empty cell for no default.  docs/staithe.yaml, the sample configuration,
holds each as a key with its default.  A line may be switched off by a '#' before
the key without a blank between; where there is no default it shows any example.
"""
import pathlib
import re
import sys

import yaml

OPTION = re.compile(r'\.name\s*=\s*"([^"]+)"(.*?)(?=\.name\s*=|^\};)', re.S | re.M)
DEFAULT = re.compile(r'\.def\s*=\s*"([^"]*)"')
OFF = re.compile(r"^(\s*)#([a-z_]+:.*|- .*)$", re.M)
TABLE = re.compile(r"^\| *Option *\| *Default *\|.*\n\|[-:| ]+\n((?:\|.*\n)*)", re.M)


def options(root):
    """name -> (default, place)"""
    found = {}
    for path in sorted((root / "src/conf").glob("*.c")):
        text = path.read_text()
        for m in OPTION.finditer(text):
            default = DEFAULT.search(m[2])
            place = f"{path.relative_to(root)}:{text.count(chr(10), 0, m.start()) + 1}"
            found[m[1]] = (default[1] if default else "", place)
    return found


def manual(root):
    """name -> (default, place) of docs/OPERATING.md"""
    path = root / "docs/OPERATING.md"
    text = path.read_text() if path.exists() else ""
    found = {}
    for table in TABLE.finditer(text):
        first = text.count("\n", 0, table.start(1)) + 1
        for number, row in enumerate(table[1].splitlines(), first):
            cells = [cell.strip().strip("`") for cell in row.strip("|").split("|")]
            found[cells[0]] = (cells[1], f"docs/OPERATING.md:{number}")
    return found


def leaves(node, prefix=""):
    """(dotted name, scalar node) of each key of a YAML mapping"""
    for key, value in node.value:
        if isinstance(value, yaml.MappingNode):
            yield from leaves(value, f"{prefix}{key.value}.")
        else:
            yield prefix + key.value, value


def sample(root):
    """name -> (default, place, whether the line is switched off) of docs/staithe.yaml"""
    path = root / "docs/staithe.yaml"
    text = path.read_text() if path.exists() else ""
    lines = text.splitlines()
    tree = yaml.compose(OFF.sub(r"\1\2", text), Loader=yaml.BaseLoader)
    found = {}
    for name, node in leaves(tree) if isinstance(tree, yaml.MappingNode) else []:
        line = node.start_mark.line
        value = ",".join(item.value for item in node.value) if isinstance(node, yaml.SequenceNode) else node.value
        found[name] = (value, f"docs/staithe.yaml:{line + 1}", lines[line].lstrip().startswith("#"))
    return found


def problems(root):
    if not (root / "src/conf").exists():
        return
    table, prose, example = options(root), manual(root), sample(root)
    if not table:
        yield 'src/conf:1: no rows like { .name = "...", ..., .def = "..." }: repair them or this lint'
    for name, (default, place) in table.items():
        if name not in prose:
            yield f"{place}: '{name}' is undocumented: add a row | `{name}` | `{default}` | ... | to docs/OPERATING.md"
        elif prose[name][0] != default:
            yield f"{prose[name][1]}: '{name}' has the default '{default}', not '{prose[name][0]}': repair this row"
        if name not in example:
            yield f"{place}: '{name}' is not in the sample: add it with '{default}' to docs/staithe.yaml"
        elif example[name][0] != default and not (default == "" and example[name][2]):
            yield f"{example[name][1]}: '{name}' has the default '{default}', not '{example[name][0]}': repair this line"
    for name, (_, place, *_) in [*prose.items(), *example.items()]:
        if name not in table:
            yield f"{place}: '{name}' is no option of src/conf: remove or repair it"


def main(root):
    try:
        found = list(problems(pathlib.Path(root)))
    except yaml.YAMLError as error:
        found = [f"docs/staithe.yaml:{error.problem_mark.line + 1}: not YAML: {error.problem}"]
    print("\n".join(found) or "every option is documented")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
