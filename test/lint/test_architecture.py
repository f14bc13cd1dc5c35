"""tools/check-architecture.py holds the map, and the comments, to the files that they name."""

import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "check-architecture.py"
PAGE = "| `base/` | memory |\n| `test/unit/` | units |\n\n`sta_get()` `base/err.c`, `err.h`, `uploads/ID`: see [STYLE](STYLE.md), `src/base/e*.c`.\n"


@pytest.fixture
def tree(tmp_path):
    for folder in ("src/base", "test/unit", "test/__pycache__", "docs"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "docs/ARCHITECTURE.md").write_text(PAGE)
    (tmp_path / "docs/STYLE.md").write_text("")
    (tmp_path / "src/base/err.h").write_text("/* see base/err.c, not <sys/poll.h> */\n#include \"nowhere.h\"\n")
    (tmp_path / "src/base/err.c").write_text("int\nsta_get(void)\n{\n\treturn 0;\n}\n")
    return tmp_path


def lint(root):
    done = subprocess.run([sys.executable, "-B", TOOL, root], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_a_true_map_passes(tree):
    assert lint(tree) == (0, "what docs/ARCHITECTURE.md and the comments name is there\n")


@pytest.mark.parametrize("text, problem", [
    ("`err.x.c`", "err.x.c is not there"), ("`src/oci/`", "src/oci/ is not there"), ("`bench/`", "bench/ is not there"),
    ("`sta_put()`", "sta_put() is not in src/"), ("[API](API.md)", "API.md is not there"),
])
def test_a_name_that_leads_nowhere_is_found(tree, text, problem):
    (tree / "docs/ARCHITECTURE.md").write_text(PAGE + text)
    assert lint(tree) == (1, f"docs/ARCHITECTURE.md:5: {problem}\n")


@pytest.mark.parametrize("folder", ["src/oci", "test/crash"])
def test_a_folder_that_is_not_on_the_map_is_found(tree, folder):
    (tree / folder).mkdir()
    assert lint(tree) == (1, f"docs/ARCHITECTURE.md:1: {folder}/ is in no row: say what it is for\n")


def test_a_comment_that_names_no_file_is_found(tree):
    (tree / "src/base/err.h").write_text("/*\n * see error.c\n */\n")
    assert lint(tree) == (1, "src/base/err.h:2: error.c is not there: repair the name\n")


def test_what_is_no_comment_is_left_alone(tree):
    (tree / "src/base/err.c").write_text('int\nsta_get(void)\n{\n\treturn "/* error.c */"[0];\n}\n')
    assert lint(tree)[0] == 0
