#!/usr/bin/python3
"""check-sql - every statement of src/model against a fresh schema.

Finds each literal given to sta_sql_run, sta_sql_one, sta_sql_rows and sta_sql_list,
and to sta_db_prepare, prepares it with SQLite, and fails when

- the statement is no literal, or SQLite refuses it;
- its placeholders are not $1, $2, ... in the order of their first appearance,
  or their number is not that of the values at the call;
- it has a form that SQLite alone understands: CROSS JOIN with ON, or max() and min()
  of more than one value;
- its plan reads a whole table or index and ALLOWED has no reason for that, or
  sorts rows that an index could yield in order.

usage: check-sql.py [ROOT]    status 0: nothing found
"""

import re
import sqlite3
import sys
from pathlib import Path

MODEL = "src/model"

# Files in which every statement may do so.
ALLOWED_FILES = {"audit.c": "fsck looks at every row"}

# (function, table): why it may read all of the table.
ALLOWED = {
    ("sta_account_list", "namespace"): "lists every account, for administrators",
    ("sta_account_any", "account"): "stops at the first row",
    ("sta_token_list", "token"): "lists every token, for administrators; few rows",
    ("sta_package_next_empty", "package"): "walks the partial index of what was never published",
    ("sta_blob_end_claims", "blob"): "walks the partial index of claimed blobs, once at start",
    ("sta_repository_list", "repository"): "lists all, or those of a namespace, in the order of the index on names",
    ("move_names", "issuer_rule"): "a site has few rules, and seldom renames an owner",
    ("sta_past_find", "asked"): "one row, which the statement makes",
    ("sta_kept_names", "former_package"): "lists all, for administrators",
    ("sta_kept_names", "retired_name"): "the same",
    ("sta_org_list", "namespace"): "lists every organization, or those of one account, in order",
    ("sta_issuer_list", "issuer"): "lists every issuer, for administrators; few rows",
    ("sta_issuer_rule_list", "issuer_rule"): "lists those of an issuer, or all for administrators; few rows",
    ("sta_robot_list", "account"): "lists every robot, for administrators, or those of one organization",
    ("walk_names", "package"): "walks the index on names until the page is full, or a limit is reached",
    ("sort_times", "package"): "looks at the times of all, or up to a limit",
    ("sta_word_index_marked", "package"): "walks the partial index of those that are marked, up to the limit",
    ("sta_blob_deleting", "blob"): "walks the partial index of blobs without members, up to the limit",
}

# function: why it may sort.
ALLOWED_SORTS = {
    "sta_package_find_deleted": "deleted packages that had one name: few",
    "sta_org_member_list": "the names of members are in another table; at most an organization's",
    "sta_team_member_list": "the same for a team",
    "sta_robot_list": "the names of robots are in another table; for administrators and owners",
    "sta_kept_names": "names of three tables in one list, for administrators",
    "sta_grant_list": "people and teams in one list; at most a package's",
    "sta_grant_by_team": "the grants of one package, to explain them",
    "sta_pull_tags": "the pulls of one package in a time, those with most first; a thread that may wait",
    "sta_pull_digests": "the same",
    "sta_pull_platforms": "the same",
    "sta_word_index_renew": "tags that came in the same second",
    "sta_audit_page_of": "entries of several targets by time; for administrators",
}

TOKEN = re.compile(r'"((?:[^"\\\n]|\\.)*)"|/\*.*?\*/|//[^\n]*|\'(?:[^\'\\]|\\.)+\'|\w+|\s+|.', re.S)
CALL = re.compile(r"\b(sta_sql_run|sta_sql_one|sta_sql_rows|sta_sql_list|sta_db_prepare)\s*\(")
FUNCTION = re.compile(r"^(\w+)\([^;{]*\)\n\{", re.M)
DEFINE = re.compile(r"^#define (\w+)[ \t]((?:[^\n\\]|\\[^\n]|\\\n)*)$", re.M)
SCRIPT = re.compile(r"\bstatic const char (\w+)\[\] =(.*?);\n", re.S)
# The literal's place among the arguments, and where the values begin (None: bound later).
PLACES = {"sta_sql_run": (2, 3), "sta_sql_one": (3, 4), "sta_sql_rows": (3, 4), "sta_sql_list": (4, 5),
          "sta_db_prepare": (1, None)}


class Problem(Exception):
    """What is wrong with a statement."""


def unescape(text):
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "t": "\t"}.get(m[1], m[1]), text)


def literal_of(tokens, macros):
    """The text of adjacent string literals and macros that stand for such."""
    parts = []
    for kind, text in tokens:
        if kind == "string":
            parts.append(text)
        elif text in macros:
            parts.append(macros[text])
        elif text.strip() and not text.startswith(("/*", "//")):
            raise Problem(f"not a string literal: {text}")
    if not parts:
        raise Problem("no string literal")
    return "".join(parts)


def arguments(source, start):
    """The arguments of the call whose parenthesis opens before start, as lists of tokens."""
    args, depth = [[]], 1
    for m in TOKEN.finditer(source, start):
        text = m[0]
        if text in "([{":
            depth += 1
        elif text in ")]}":
            depth -= 1
            if depth == 0:
                return args
        if text == "," and depth == 1:
            args.append([])
        elif m[1] is not None:
            args[-1].append(("string", unescape(m[1])))
        else:
            args[-1].append(("other", text))
    raise Problem("the call does not end")


def macros_of(source):
    macros = {}
    for name, body in DEFINE.findall(source):
        parts = re.findall(r'"((?:[^"\\\n]|\\.)*)"|(\w+)|([^\s\\])', body)
        if parts and all(not other and (not word or word in macros) for _, word, other in parts):
            macros[name] = "".join(macros[word] if word else unescape(text) for text, word, _ in parts)
    return macros


def strip_comments(source):
    """Comments become blanks of the same length, so that lines stay where they are."""

    def blank(m):
        comment = m[0].startswith(("/*", "//"))
        return re.sub(r"[^\n]", " ", m[0]) if comment else m[0]

    return TOKEN.sub(blank, source)


def calls(path):
    """(line, function, call, arguments, macros) of every statement in a file."""
    source = strip_comments(path.read_text())
    macros = macros_of(source)
    functions = [(m.start(), m[1]) for m in FUNCTION.finditer(source)]
    for m in CALL.finditer(source):
        line = source.count("\n", 0, m.start()) + 1
        function = next((name for at, name in reversed(functions) if at < m.start()), "?")
        yield line, function, m[1], arguments(source, m.end()), macros


def fresh_database(model):
    """A database made by the steps of schema.c."""
    source = strip_comments((model / "schema.c").read_text())
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.execute("PRAGMA foreign_keys = ON")
    steps = re.search(r"\bsteps\[\] = \{([^}]*)\}", source)
    scripts = {name: body for name, body in SCRIPT.findall(source)}
    for name in ["versions"] + re.findall(r"\w+", steps[1]):
        db.executescript("".join(unescape(s) for s in re.findall(r'"((?:[^"\\\n]|\\.)*)"', scripts[name])))
    return db


def without_strings(sql):
    return re.sub(r"'(?:[^']|'')*'", "''", sql)


def outside(text):
    """What stands in text up to the parenthesis that closes it, without what is in parentheses of its own."""
    depth, kept = 0, []
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            break
        if depth == 0:
            kept.append(letter)
    return "".join(kept)


def refuse_dialect(sql):
    """Raises Problem for what SQLite takes and other databases do not parse."""
    bare = without_strings(sql)
    for m in re.finditer(r"\bCROSS\s+JOIN\b", bare, re.I):
        after = re.search(r"\b(ON|USING|JOIN|WHERE|UNION|GROUP|ORDER|LIMIT)\b|,", outside(bare[m.end():]), re.I)
        if after and after[0].upper() in ("ON", "USING"):
            raise Problem("CROSS JOIN with ON")
    for m in re.finditer(r"\b(max|min)\s*\(", bare, re.I):
        if "," in outside(bare[m.end():]):
            raise Problem(f"{m[1].lower()}() of more than one value")


def placeholders(sql):
    """Checks their order and returns their number."""
    bare = without_strings(sql)
    if re.search(r"\?|[:@][A-Za-z_]|\$(?!\d)", bare):
        raise Problem("a placeholder is not $<number>")
    seen = list(dict.fromkeys(int(n) for n in re.findall(r"\$(\d+)", bare)))
    if seen != list(range(1, len(seen) + 1)):
        raise Problem("placeholders first appear as " + ", ".join(f"${n}" for n in seen))
    return len(seen)


def tables_by_alias(db, sql):
    """What the plan calls a table, to its name."""
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    aliases = {name: name for name in names}
    for table, alias in re.findall(r"\b(?:FROM|JOIN)\s+(\w+)\s+(?:AS\s+)?(\w+)", sql):
        if table in names and alias.upper() not in ("WHERE", "ORDER", "LIMIT", "JOIN", "LEFT", "ON", "GROUP"):
            aliases[alias] = table
    return aliases


def scanned(db, sql, count, may_sort):
    """The tables that the statement reads whole; raises Problem when it sorts and may not."""
    rows = db.execute("EXPLAIN QUERY PLAN " + sql, {str(n): None for n in range(1, count + 1)}).fetchall()
    aliases = tables_by_alias(db, sql)
    for row in rows:
        m = re.match(r"SCAN (\w+)", row[3])
        if m and m[1] != "CONSTANT":
            yield aliases.get(m[1], m[1])
        if row[3].startswith("USE TEMP B-TREE") and not may_sort:
            raise Problem("sorts: " + row[3])


def check(db, path, function, call, args, macros, used):
    """Raises Problem.  Adds what it needed of ALLOWED to used."""
    at, values = PLACES[call]
    if len(args) <= at:
        raise Problem("too few arguments")
    sql = literal_of(args[at], macros)
    count = placeholders(sql)
    refuse_dialect(sql)
    if values is not None and len(args) - values != count:
        raise Problem(f"{count} placeholders, {len(args) - values} values")
    try:
        whole = list(scanned(db, sql, count, function in ALLOWED_SORTS))
    except sqlite3.Error as e:
        raise Problem(f"SQLite: {e}") from e
    for table in whole if path.name not in ALLOWED_FILES else []:
        if (function, table) not in ALLOWED:
            raise Problem(f"reads all of {table}")
        used.add((function, table))


def main(root="."):
    model = Path(root) / MODEL
    db = fresh_database(model)
    used = set()
    statements = files = problems = 0
    for path in sorted(model.glob("*.c")):
        if path.name == "sql.c":  # hands literals on
            continue
        files += 1
        for line, function, call, args, macros in calls(path):
            statements += 1
            try:
                check(db, path, function, call, args, macros, used)
            except Problem as e:
                problems += 1
                print(f"{path.relative_to(root)}:{line}: {function}: {e}")
    for function, table in sorted(ALLOWED.keys() - used):
        problems += 1
        print(f"tools/check-sql.py: ALLOWED: {function} does not read all of {table}")
    if statements == 0:
        problems += 1
        print(f"{MODEL}: no statements found")
    print(f"check-sql: {statements} statements in {files} files, {problems} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
