"""tools/check-sql.py accepts the tree as it is, and finds each kind of fault."""

import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check-sql.py"


def lint(root):
    done = subprocess.run([sys.executable, "-B", TOOL, root], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.fixture
def tree(tmp_path):
    shutil.copytree(ROOT / "src/model", tmp_path / "src/model")
    return tmp_path


def test_the_tree_passes_and_is_summed_up(tree):
    status, said = lint(tree)
    assert status == 0, said
    assert said.startswith("check-sql: ") and said.endswith(" 0 problems\n")


@pytest.mark.parametrize(("call", "message"), [
    ('sta_sql_run(c, err, "DELETE FROM nowhere")', "no such table: nowhere"),
    ('sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = $1")', "1 placeholders, 0 values"),
    ('sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = $1", STA_V_INT(f(1, 2)), STA_V_NULL)',
     "1 placeholders, 2 values"),
    ('sta_sql_run(c, err, "DELETE FROM tag WHERE name = $2 AND package_id = $1", STA_V_NULL, STA_V_NULL)',
     "placeholders first appear as $2, $1"),
    ('sta_sql_run(c, err, "DELETE FROM tag WHERE package_id = ?", STA_V_NULL)', "a placeholder is not $<number>"),
    ('sta_sql_run(c, err, text)', "not a string literal: text"),
    ('sta_sql_one(c, &s, err, "SELECT id FROM blob" /* , */ " WHERE size = $1", STA_V_NULL)', "reads all of blob"),
    ('sta_sql_rows(c, &s, err, "SELECT b.id FROM blob b")', "reads all of blob"),
    ('sta_sql_list(c, &list, read, err, "SELECT b.id FROM blob b")', "reads all of blob"),
    ('sta_sql_rows(c, &s, err, "SELECT id FROM manifest WHERE package_id = $1 ORDER BY size", STA_V_NULL)', "sorts"),
    ('sta_sql_one(c, &s, err, "SELECT 1 FROM setting s CROSS JOIN account a ON a.id = 1 WHERE s.name = \'x\'")',
     "CROSS JOIN with ON"),
    ('sta_sql_one(c, &s, err, "SELECT 1 FROM setting s CROSS JOIN (SELECT id FROM account WHERE id = 1) AS a"'
     ' " ON a.id = 1 WHERE s.name = \'x\'")', "CROSS JOIN with ON"),
    ('sta_sql_one(c, &s, err, "SELECT max(coalesce($1, 0), (SELECT min(id) FROM account), 0)", STA_V_NULL)',
     "max() of more than one value"),
    ('sta_sql_one(c, &s, err, "SELECT max(MIN (1, 2))")', "min() of more than one value"),
])
def test_faulty_statement_is_refused_with_its_place(tree, call, message):
    path = tree / "src/model/settings.c"
    path.write_text(path.read_text() + f"\nstatic void\nbroken(void)\n{{\n\t{call};\n}}\n")
    line = path.read_text().count("\n") - 1
    status, said = lint(tree)
    assert status == 1
    assert f"src/model/settings.c:{line}: broken: " in said
    assert message in said
    assert said.endswith(" 1 problems\n")


@pytest.mark.parametrize("call", [
    'sta_sql_one(c, &s, err, "SELECT 1 FROM setting s CROSS JOIN account a JOIN token t ON t.id = a.id'
    ' WHERE s.name = \'x\' AND a.id = 1")',
    'sta_sql_one(c, &s, err, "SELECT max(coalesce(id, 0)), min(id) FROM account")',
    'sta_sql_one(c, &s, err, "SELECT \'max(1, 2) CROSS JOIN a ON b\'")',
])
def test_what_only_looks_like_a_dialect_is_accepted(tree, call):
    path = tree / "src/model/settings.c"
    path.write_text(path.read_text() + f"\nstatic void\nsta_account_any(void)\n{{\n\t{call};\n}}\n")
    status, said = lint(tree)
    assert status == 0, said


def test_reason_that_is_no_longer_needed_is_refused(tree):
    path = tree / "src/model/tokens.c"
    path.write_text(path.read_text().replace("$1 = 0 OR t.account_id = $1", "t.account_id = $1"))
    status, said = lint(tree)
    assert status == 1
    assert "sta_token_list does not read all of token" in said
