"""tools/check-threats.py finds rows without tests, tests without rows, and names that are wrong."""

import pathlib
import subprocess
import sys

import pytest

LINT = pathlib.Path(__file__).resolve().parents[2] / "tools/check-threats.py"
HEAD = "| Row | Danger and defence | Test | Result |\n|---|---|---|---|\n"
OTHERS = ", ".join([*(f"V{n}" for n in range(4, 117)), *(f"T{n}" for n in range(3, 52))])
GOOD = (HEAD + "| V1, T1 | a | `test_v1_t1_x` | held |\n| V2 | a | `test_v2_x`, `test_plain` | differs: a |\n"
        f"\n- V3, T2: later\n- {OTHERS}: never\n")
TESTS = "def test_v1_t1_x(a):\n    pass\n\n\ndef test_v2_x():\n    pass\n\n\ndef test_plain():\n    pass\n"


def said(root, document, tests=TESTS):
    for name, text in (("docs/THREATS.md", document), ("test/integration/test_a.py", tests)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    done = subprocess.run([sys.executable, "-B", LINT, root], capture_output=True, text=True)
    assert done.stderr == "" and done.returncode == (0 if done.stdout.startswith("every row") else 1)
    return done.stdout


def test_a_complete_table_passes(tmp_path):
    assert said(tmp_path, GOOD).startswith("every row")


@pytest.mark.parametrize("old, new, message", [
    ("- V3, T2: later\n", "- V3: later\n", "docs/THREATS.md:1: T2 is missing"),
    ("- V3, T2: later\n", "- V3, T2, V1: later\n", "docs/THREATS.md:6: V1 is in line 3 already"),
    ("- V3, T2: later\n", "- V3, T2, V117: later\n", "docs/THREATS.md:6: V117 is no row"),
    ("`test_v2_x`", "`test_v2_y`", "docs/THREATS.md:4: no test in test/integration is called test_v2_y"),
    ("`test_plain`", "`test_gone`", "docs/THREATS.md:4: no test in test/integration is called test_gone"),
    ("`test_v2_x`, ", "", "docs/THREATS.md:4: none of its tests has v2 in its name"),
    ("`test_v2_x`, ", "", "test/integration/test_a.py:1: test_v2_x is in no table"),
    ("held", "yes", "docs/THREATS.md:3: the result is 'held', or 'differs: ' and why"),
    ("differs: a |", "differs: |", "docs/THREATS.md:4: the result is"),
    ("| a | `test_v1_t1_x` |", "| `test_v1_t1_x` |", "docs/THREATS.md:3: write the columns"),
])
def test_a_fault_is_named_with_its_place(tmp_path, old, new, message):
    assert old in GOOD
    assert message in said(tmp_path, GOOD.replace(old, new))
