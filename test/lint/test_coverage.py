"""tools/measure-coverage.py: nothing stays unreached without an excuse in writing."""

import json
import pathlib
import subprocess
import sys

import pytest

TOOL = pathlib.Path(__file__).resolve().parents[2] / "tools" / "measure-coverage.py"
PAGE = "# Coverage\n\n<!-- measured: begin -->\n<!-- measured: end -->\n\n"


def file(name, counts, branches=(), functions=()):
    lines = [{"line_number": number, "count": count, "branches": []} for number, count in enumerate(counts, 1)]
    lines[0]["branches"] = [{"count": count} for count in branches]
    return {"file": name, "lines": lines,
            "functions": [{"name": name, "execution_count": count} for name, count in functions]}


@pytest.fixture
def check(tmp_path):
    """check(files, excuses) -> (status, what was said after the table)"""
    document = tmp_path / "docs/internals/coverage.md"
    document.parent.mkdir(parents=True)

    def run(files, excuses="", mode="--check"):
        document.write_text(PAGE + excuses)
        (tmp_path / "report.json").write_text(json.dumps({"files": files}))
        done = subprocess.run([sys.executable, "-B", TOOL, tmp_path, tmp_path / "report.json", mode],
                              capture_output=True, text=True)
        assert done.stderr == ""
        return done.returncode, [line for line in done.stdout.splitlines() if line[:1] != "|"]

    run.document = document
    return run


GOOD = file("src/base/good.c", [1] * 19 + [0], [1, 0], [("get", 1)])
POOR = file("src/base/poor.c", [1] * 18 + [0] * 2, [0, 0])


def test_95_percent_of_the_lines_are_enough(check):
    assert check([GOOD]) == (0, [])


def test_less_needs_an_excuse(check):
    status, said = check([GOOD, POOR])
    assert status == 1 and len(said) == 1
    assert said[0].startswith("src/base/poor.c:1: 90.0 % of its lines are reached")
    assert check([GOOD, POOR], "- `base/poor.c`: only a broken disk gets there.\n") == (0, [])


def test_a_function_that_is_never_called_needs_an_excuse_of_its_own(check):
    silent = file("src/base/good.c", [1] * 20, [], [("get", 1), ("put", 0)])
    status, said = check([silent], "- `base/good.c`: for another reason.\n")
    assert status == 1 and said[0].startswith("src/base/good.c:1: put() is never called")
    assert check([silent], "- `base/good.c` `put()`: nobody has a tape drive.\n") == (0, [])


def test_an_excuse_for_what_is_gone_is_found(check):
    status, said = check([GOOD], "- `base/gone.c`: never.\n")
    assert status == 1 and "base/gone.c is not there" in said[0]


def test_tests_and_benchmarks_do_not_count(check):
    assert check([GOOD, file("test/unit/t.c", [0])]) == (0, [])


def test_a_report_of_nothing_is_a_failure(check):
    assert check([])[0] == 1


def test_the_table_sums_files_by_folder(check):
    check([GOOD, POOR, file("src/main.c", [1, 0])], mode="--write")
    lines = check.document.read_text().splitlines()
    assert "| `base/` | 40 | 92.5 % | 4 | 25.0 % |" in lines
    assert "| `main.c` | 2 | 50.0 % | 0 | 100.0 % |" in lines
    assert "| all | 42 | 90.5 % | 4 | 25.0 % |" in lines
