"""tools/measure-source.py counts what it says, and holds docs/STYLE.md to it."""

import importlib.util
import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "measure-source.py"
FUNCTION = "static int\n%s(int a)\n{\n%s\treturn a;\n}\n"
STATEMENT, BRANCH = "\ta++;\n", "\tif (a)\n\t\ta++;\n"
MANUAL = "/*\n * err - an example.\n */\n#ifndef ERR\n#define ERR\n#endif\n"
STYLE = "# Style\n\n<!-- measured: begin -->\n<!-- measured: end -->\n\n## Beyond\n\n%s"


@pytest.fixture(scope="module")
def measure():
    spec = importlib.util.spec_from_file_location("measure_source", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path):
    """A tree whose document is true."""
    (tmp_path / "src" / "base").mkdir(parents=True)
    (tmp_path / "docs").mkdir()
    (tmp_path / "src/base/err.h").write_text(MANUAL)
    (tmp_path / "src/base/err.c").write_text(FUNCTION % ("short", STATEMENT * 15))
    (tmp_path / "docs/STYLE.md").write_text(STYLE % "")
    assert tool(tmp_path, "--write") == (0, "")
    return tmp_path


def tool(root, *arguments):
    done = subprocess.run([sys.executable, "-B", TOOL, root, *arguments], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def add(root, text, name="err.c"):
    with open(root / "src/base" / name, "a") as file:
        file.write(text)


def listed(root, line):
    (root / "docs/STYLE.md").write_text(STYLE % line)
    tool(root, "--write")


def test_a_true_document_passes(tree):
    assert tool(tree, "--check") == (0, "docs/STYLE.md says what the source measures\n")


def test_figures_may_drift_a_little(tree):
    add(tree, "static int x;\n\n")
    assert tool(tree, "--check")[0] == 0


def test_a_figure_that_drifted_far_is_a_failure_that_names_it(tree):
    add(tree, FUNCTION % ("longer", STATEMENT * 30))
    status, said = tool(tree, "--check")
    assert status == 1
    assert "docs/STYLE.md:7: **Staithe**, longest: 20 is written, 35 is measured: " in said


def test_a_new_folder_must_join_the_table(tree):
    (tree / "src/oci").mkdir()
    add(tree, FUNCTION % ("other", ""), "../oci/ref.c")
    status, said = tool(tree, "--check")
    assert status == 1 and "run tools/measure-source.py . --write" in said


def test_the_figures_of_others_are_not_edited(tree):
    document = tree / "docs/STYLE.md"
    document.write_text(document.read_text().replace("PgBouncer `13a344f2`", "PgBouncer"))
    assert tool(tree, "--check")[0] == 1


@pytest.mark.parametrize("name, text, what", [
    ("err.c", FUNCTION % ("deep", BRANCH * 12), "src/base/err.c:1: deep(): 29 lines, complexity 13, beyond the aims"),
    ("err.c", FUNCTION % ("long_one", STATEMENT * 36), "src/base/err.c:1: long_one(): 41 lines, complexity 1, beyond the aims"),
    ("err.h", "\n" * 150, "src/base/err.h:1: 156 lines, beyond the aims"),
    ("err.c", "\n" * 400, "src/base/err.c:1: 420 lines, beyond the aims"),
], ids=["complexity", "function", "header", "file"])
def test_what_is_beyond_the_aims_needs_its_reason(tree, name, text, what):
    add(tree, text, name)
    tool(tree, "--write")
    status, said = tool(tree, "--check")
    assert (status, len(said.splitlines())) == (1, 1) and said.startswith(what)


def test_a_reason_lets_it_stay(tree):
    add(tree, FUNCTION % ("deep", BRANCH * 12))
    listed(tree, "- `base/err.c` `deep()`: a table of twelve rows.\n")
    assert tool(tree, "--check")[0] == 0


def test_a_reason_without_its_cause_is_removed(tree):
    listed(tree, "- `base/err.c` `short()`: was long.\n")
    status, said = tool(tree, "--check")
    assert status == 1 and said.startswith("docs/STYLE.md:") and "not beyond the aims any more" in said


@pytest.mark.parametrize("share, is_at", [(0, 1), (.5, 6), (.9, 10), (.99, 10), (1, 10)])
def test_a_percentile_is_a_value_of_the_list(measure, share, is_at):
    assert measure.at([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], share) == is_at


@pytest.mark.parametrize("text, lines", [
    ("", 0), ("int a; /* no */\n", 0), ("/* yes */\n", 1), ("/* yes\n * yes\n */ int a;\n", 2),
    ('char *s = "/* no */";\n', 0), ("char c = '\"'; /* no */\n/* don't */\n", 1),
])
def test_a_line_of_comment_has_nothing_else_on_it(measure, text, lines):
    assert measure.comment_lines(text) == lines
