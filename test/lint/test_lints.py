"""Each lint finds what it is for, says where and how to repair it, and leaves good trees alone."""

import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
SOMEBODY = "/" + "home/me/"  # in two pieces, so that the lint passes over this file


def short(value):
    """What a case is called: bodies of functions would be long names."""
    return str(value).strip().split("\n")[0][:50]


def plant(root, files):
    """A tree of small files, the good ones below among them."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def lint(name, *arguments):
    done = subprocess.run([sys.executable, "-B", TOOLS / name, *arguments], capture_output=True, text=True)
    assert done.stderr == ""
    return done.returncode, done.stdout


def refused(name, root, *messages):
    """Exit status 1, and each message on a line that begins with its place."""
    status, said = lint(name, root)
    assert status == 1, said
    for message in messages:
        assert any(line.startswith(message.split(" ")[0]) and message in line for line in said.splitlines()), said
    assert len(said.splitlines()) == len(messages), said


def header(layer, module, may="base", body=""):
    guard = f"STA_{layer}_{module}_H".upper()
    return (f"/*\n * {module} - an example.\n *\n * Layer: {layer}.  May include: {may}.\n */\n"
            f"#ifndef {guard}\n#define {guard}\n{body}\n#endif\n")


GOOD = {
    "src/base/err.h": header("base", "err", "nothing of ours", "\nint sta_err_get(void);\n"),
    "src/base/err.c": '#include "base/err.h"\n\nint\nsta_err_get(void)\n{\n\treturn 0;\n}\n',
    "src/oci/ref.h": header("oci", "ref", "base", '\n#include "base/err.h"\n'),
    ".clang-format": (ROOT / ".clang-format").read_text(),
}


# check-layers.py

def test_layers_of_a_good_tree(tmp_path):
    plant(tmp_path, GOOD)
    assert lint("check-layers.py", tmp_path) == (0, "3 files, every #include points downward\n")


def test_layers_of_nothing_is_a_failure(tmp_path):
    assert lint("check-layers.py", tmp_path)[0] == 1


@pytest.mark.parametrize("name, text, message", [
    ("src/base/up.c", '#include "oci/ref.h"\n', "src/base/up.c:1: layer 'base' may not include \"oci/ref.h\""),
    ("src/http/side.c", '\n#include "oci/ref.h"\n', "src/http/side.c:2: layer 'http' may not include \"oci/ref.h\""),
    ("src/magic/a.c", "", "src/magic/a.c:1: 'magic' is no layer"),
    ("src/oci/a.c", '#include "ref.h"\n', 'src/oci/a.c:1: "ref.h": write it as a path from src/'),
    ("src/oci/a.c", '#include "../base/err.h"\n', 'src/oci/a.c:1: "../base/err.h": write it as a path from src/'),
    ("src/registry/a.c", '#include "db/db_sqlite.h"\n', 'src/registry/a.c:1: "db/db_sqlite.h": of db/ only db/db.h'),
    ("src/registry/a.c", '#include "store/store_fs.h"\n', 'src/registry/a.c:1: "store/store_fs.h" is a driver'),
    ("src/model/a.c", '#include "db/db_internal.h"\n', 'src/model/a.c:1: "db/db_internal.h" is for db/ alone'),
    ("src/model/a.c", "#include <sqlite3.h>\n", "src/model/a.c:1: <sqlite3.h> is for db/db_internal.h"),
    ("src/oci/a.c", "#include <jansson.h>\n", "src/oci/a.c:1: <jansson.h> is for base/json.h"),
    ("src/base/a.c", "#include <libxml/tree.h>\n", "src/base/a.c:1: <libxml/tree.h> is new"),
    ("src/oci/a.h", header("base", "a"), "src/oci/a.h:1: the manual on top must have one line ' * Layer: oci.'"),
    ("src/oci/a.h", "int x;\n", "src/oci/a.h:1: the manual on top must have one line ' * Layer: oci.'"),
    ("src/base/a.h", header("base", "a", "arena", '#include "base/err.h"'),
     "src/base/a.h:8: \"base/err.h\" is not in the 'May include:' line of a.h"),
    ("src/model/a.h", header("model", "a", "db, base", '#include "oci/ref.h"'),
     "src/model/a.h:8: \"oci/ref.h\" is not in the 'May include:' line of a.h"),
    ("src/crypto/a.h", header("crypto", "a", "base, oci/media", '#include "oci/digest.h"'),
     "src/crypto/a.h:8: \"oci/digest.h\" is not in the 'May include:' line of a.h"),
], ids=short)
def test_layers_refuse(tmp_path, name, text, message):
    plant(tmp_path, GOOD | {name: text})
    refused("check-layers.py", tmp_path, message)


def test_a_c_file_keeps_the_promise_of_its_header(tmp_path):
    plant(tmp_path, GOOD | {"src/model/a.h": header("model", "a", "db, base"),
                            "src/model/a.c": '#include "model/a.h"\n#include "oci/ref.h"\n'})
    refused("check-layers.py", tmp_path, "src/model/a.c:2: \"oci/ref.h\" is not in the 'May include:' line of a.h")


@pytest.mark.parametrize("name, text", [
    ("src/main.c", '#include "db/db_sqlite.h"\n#include "store/store_fs.h"\n'),
    ("src/cli/fsck.c", '#include "db/db_sqlite.h"\n'),
    ("src/db/db_internal.h", header("db", "db_internal", "base", "#include <sqlite3.h>\n#include <stdatomic.h>")),
    ("src/crypto/a.h", header("crypto", "a", "base, oci/digest (a type)", '#include "oci/digest.h"')),
    ("src/registry/core.h", header("registry", "core", "model,\n * base", '#include "model/a.h"')),
])
def test_layers_allow(tmp_path, name, text):
    plant(tmp_path, GOOD | {name: text})
    status, said = lint("check-layers.py", tmp_path)
    assert status == 0, said


# check-source.py

def function(body, name="sta_err_more", returns="int"):
    return f'#include "base/err.h"\n\n{returns}\n{name}(int n)\n{{\n{body}\treturn n;\n}}\n'


def test_source_of_a_good_tree(tmp_path):
    plant(tmp_path, GOOD)
    assert lint("check-source.py", tmp_path) == (0, "3 files keep the house rules\n")


@pytest.mark.parametrize("call, instead", [
    ("strcpy(a, b)", "strcpy() is banned; use sta_buf_*"),
    ("strncpy(a, b, 1)", "strncpy() is banned"),
    ("sprintf(a, b)", "sprintf() is banned; use snprintf"),
    ("strtok(a, b)", "strtok() is banned"),
    ("atoi(a)", "atoi() is banned; use sta_parse_*"),
    ("sscanf(a, b)", "sscanf() is banned"),
    ("gmtime(a)", "gmtime() is banned; use gmtime_r"),
    ("strerror(n)", "strerror() is banned; use strerror_r"),
    ("system(a)", "system() is banned"),
    ("rand()", "rand() is banned; use crypto/random"),
    ("alloca(n)", "alloca() is banned"),
    ("malloc(1)", "malloc() is banned; use sta_malloc"),
    ("free(a)", "free() is banned; use sta_free"),
    ("exit(1)", "exit() is banned"),
    ("abort()", "abort() is banned"),
])
def test_banned_calls(tmp_path, call, instead):
    plant(tmp_path, GOOD | {"src/base/more.c": function(f"\t{call};\n")})
    refused("check-source.py", tmp_path, f"src/base/more.c:6: {instead}")


@pytest.mark.parametrize("harmless", ['puts("strcpy(a, b)");', "/* atoi(a) */", "ops->free(n);", "my_exit(n);", "sta_free(n);"])
def test_what_only_looks_like_a_banned_call(tmp_path, harmless):
    plant(tmp_path, GOOD | {"src/base/more.c": function(f"\t{harmless}\n")})
    assert lint("check-source.py", tmp_path)[0] == 0


@pytest.mark.parametrize("body, message", [
    ("\tgoto out;\n", "src/base/more.c:6: goto: return early"),
    ("\t/* TODO */\n", "src/base/more.c:6: TODO: do it"),
    ("\tn++; // more\n", "src/base/more.c:6: a comment with //"),
    ("\tSTA_AUTO(done) struct x *x;\n", "src/base/more.c:6: STA_AUTO variable without an initialiser"),
    ("\tSTA_AUTO_FD int fd;\n", "src/base/more.c:6: STA_AUTO variable without an initialiser"),
    ("\tn  =  1;\n", "src/base/more.c:6: not laid out by .clang-format: run clang-format -i"),
    ("\tn++;\n" * 76, "src/base/more.c:4: sta_err_more() has 81 lines, more than 80"),
    ("\tif (n)\n\t\tn--;\n" * 15, "src/base/more.c:4: sta_err_more() has complexity 16, more than 15"),
    (f'\tputs("{SOMEBODY}x");\n', f"src/base/more.c:6: {SOMEBODY}: a path of somebody's machine"),
], ids=short)
def test_source_refuses(tmp_path, body, message):
    plant(tmp_path, GOOD | {"src/base/more.c": function(body)})
    refused("check-source.py", tmp_path, message)


@pytest.mark.parametrize("body", ["\tn++;\n" * 75, "\tif (n)\n\t\tn--;\n" * 14], ids=short)
def test_the_largest_functions_that_may_be(tmp_path, body):
    plant(tmp_path, GOOD | {"src/base/more.c": function(body)})
    status, said = lint("check-source.py", tmp_path)
    assert status == 0, said


@pytest.mark.parametrize("name, text, message", [
    ("src/base/a.h", "int sta_a(void);\n", "src/base/a.h:1: must open with '/*"),
    ("src/base/a.h", header("base", "b"), "src/base/a.h:1: must open with '/*"),
    ("src/base/a.h", header("oci", "a").replace("_OCI_", "_BASE_"), "src/base/a.h:1: the manual must say 'Layer: base.'"),
    ("src/base/a.h", header("base", "a").replace("STA_BASE_A_H", "A_H"), "src/base/a.h:1: the guard must be STA_BASE_A_H"),
    ("src/base/a.h", header("base", "a", body="\n\n" + "int sta_a(void);\n" * 250), "src/base/a.h:251: longer than 250 lines"),
    ("src/base/a.c", "int sta_a(void);\n" * 801, "src/base/a.c:801: longer than 800 lines"),
    ("docs/X.md", f"cd {SOMEBODY}x\n", f"docs/X.md:1: {SOMEBODY}: a path of somebody's machine"),
], ids=short)
def test_files_refused(tmp_path, name, text, message):
    plant(tmp_path, {key: value for key, value in GOOD.items() if key != ".clang-format"} | {name: text})
    status, said = lint("check-source.py", tmp_path)
    assert status == 1 and message in said


@pytest.mark.parametrize("name, status", [("sta_err_more", 0), ("err_more", 1)])
def test_external_symbols_have_the_prefix(tmp_path, name, status):
    plant(tmp_path, GOOD)
    plant(tmp_path, {"build/src/base/a.c": f"static int own;\nint {name}(void);\nint {name}(void) {{ return own; }}\n"})
    folder = tmp_path / "build/src/base"
    subprocess.run(["gcc", "-c", "a.c"], cwd=folder, check=True)
    subprocess.run(["ar", "rcsT", "libsta_base.a", "a.o"], cwd=folder, check=True, capture_output=True)
    found, said = lint("check-source.py", tmp_path, tmp_path / "build")
    assert found == status, said
    assert status == 0 or "src/base:1: external symbol err_more: make it static, or name it sta_" in said


# check-options.py

TABLE = """const struct sta_option sta_options[STA_OPTION_MAX_] = {
\t[STA_OPTION_LISTEN] = { .name = "listen", .type = STA_OPTION_STRING, .def = "127.0.0.1:5000" },
\t[STA_OPTION_GRACE] = { .name = "gc.grace",
\t\t\t       .def = "1h" },
\t[STA_OPTION_URL] = { .name = "public_url", .def = "" },
};
"""
OPERATING = """# Options

| Option | Default | Meaning |
|---|---|---|
| `listen` | `127.0.0.1:5000` | Where. |
| `gc.grace` | `1h` | How long. |
| `public_url` | | Where from. |
"""
SAMPLE = "# A sample.\nlisten: 127.0.0.1:5000\ngc:\n  #grace: 1h\n#public_url: https://registry.example.com\n"
OPTIONS = {"src/conf/option.c": TABLE, "docs/OPERATING.md": OPERATING, "docs/staithe.yaml": SAMPLE}


@pytest.mark.parametrize("files", [OPTIONS, {}])
def test_options_that_are_documented(tmp_path, files):
    plant(tmp_path, files)
    assert lint("check-options.py", tmp_path) == (0, "every option is documented\n")


@pytest.mark.parametrize("name, old, new, message", [
    ("docs/OPERATING.md", "| `gc.grace` | `1h` | How long. |\n", "", "src/conf/option.c:3: 'gc.grace' is undocumented: add a row"),
    ("docs/OPERATING.md", "`1h`", "`2h`", "docs/OPERATING.md:6: 'gc.grace' has the default '1h', not '2h'"),
    ("docs/OPERATING.md", "Where from. |\n", "Where from. |\n| `old` | | No more. |\n", "docs/OPERATING.md:8: 'old' is no option"),
    ("docs/staithe.yaml", "gc:\n  #grace: 1h\n", "", "src/conf/option.c:3: 'gc.grace' is not in the sample"),
    ("docs/staithe.yaml", "1h", "2h", "docs/staithe.yaml:4: 'gc.grace' has the default '1h', not '2h'"),
    ("docs/staithe.yaml", "#public", "public", "docs/staithe.yaml:5: 'public_url' has the default '', not 'https:"),
    ("docs/staithe.yaml", "gc:\n", "gc:\n  old: 1\n", "docs/staithe.yaml:4: 'gc.old' is no option"),
    ("docs/staithe.yaml", "gc:\n", "gc: [\n", "docs/staithe.yaml:"),
])
def test_options_refuse(tmp_path, name, old, new, message):
    assert OPTIONS[name].count(old) >= 1
    plant(tmp_path, OPTIONS | {name: OPTIONS[name].replace(old, new)})
    refused("check-options.py", tmp_path, message)


def test_a_table_that_the_lint_cannot_read_is_a_failure(tmp_path):
    plant(tmp_path, {"src/conf/option.c": "int nothing;\n"})
    refused("check-options.py", tmp_path, "src/conf:1: no rows like")


# check-routes.py

ROUTES = {
    "src/api/routes.c": 'static const struct sta_route routes[] = {\n'
                        '\t{ STA_GET, "/v2/", "ping", STA_BODY_NONE, 0, false, NULL, ping },\n'
                        '\t{ STA_PUT, "/v2/{name}/manifests/{reference}", "manifest_put", STA_BODY_MEMORY },\n};\n',
    "docs/API.md": "`GET /v2/` and `HEAD /v2/`\n\n### `PUT /v2/{name}/manifests/{reference}`\n",
    "test/integration/test_x.py": '"""ping, manifest_put"""\n',
}


@pytest.mark.parametrize("files", [ROUTES, {}])
def test_routes_that_are_documented_and_tested(tmp_path, files):
    plant(tmp_path, files)
    assert lint("check-routes.py", tmp_path) == (0, "every route is documented and tested\n")


@pytest.mark.parametrize("name, old, new, message", [
    ("docs/API.md", "PUT", "POST", "src/api/routes.c:3: undocumented: describe `PUT /v2/{name}/manifests/{reference}`"),
    ("test/integration/test_x.py", "manifest_put", "manifest_put_twice", "src/api/routes.c:3: no test names 'manifest_put'"),
    ("docs/API.md", "`HEAD /v2/`", "`DELETE /v2/`", "docs/API.md:1: `DELETE /v2/` is no route"),
    ("src/api/routes.c", "\t{ STA_GET", "\t{ STA_GET, NULL },\n\t{ STA_GET", "src/api/routes.c:2: write the row as"),
])
def test_routes_refuse(tmp_path, name, old, new, message):
    plant(tmp_path, ROUTES | {name: ROUTES[name].replace(old, new)})
    status, said = lint("check-routes.py", tmp_path)
    assert status == 1 and any(line.startswith(message) for line in said.splitlines()), said


# count-tests.py

def test_count_adds_up_all_parts_and_names_those_that_failed(tmp_path):
    plant(tmp_path, {
        "log.json": '{"name": "a", "result": "ERROR", "stdout": "1..3\\nok 1 - x\\nnot ok 2 - y\\nok 3 # SKIP z\\n"}\n'
                    '{"name": "replay", "result": "OK", "stdout": ""}\n',
        "junit.xml": '<testsuites><testsuite><testcase classname="t" name="one"/>'
                     '<testcase classname="t" name="two"><skipped message="not here: podman"/></testcase>'
                     '<testcase classname="t" name="three"><skipped message="not here: podman"/></testcase>'
                     '</testsuite></testsuites>',
    })
    status, said = lint("count-tests.py", "build:0:", f"unit:1:{tmp_path}/log.json", f"outer:0:{tmp_path}/junit.xml",
                        f"lost:2:{tmp_path}/none.xml")
    lines = said.splitlines()
    assert status == 1
    assert "left out: t (2): not here: podman" in lines
    assert "FAILED: a: y" in lines
    assert lines[-2:] == ["parts that failed: unit, lost", "4 passed, 2 failed, 3 skipped"]


@pytest.mark.parametrize("arguments, status, last", [
    (["build:0:"], 0, "1 passed, 0 failed"),
    (["build:1:"], 1, "0 passed, 1 failed"),
    ([], 0, "0 passed, 0 failed"),
])
def test_count_of_parts_without_results(arguments, status, last):
    found, said = lint("count-tests.py", *arguments)
    assert (found, said.splitlines()[-1]) == (status, last)


def test_a_run_that_crashed_after_good_results_counts_as_a_failure(tmp_path):
    plant(tmp_path, {"junit.xml": '<testsuite><testcase classname="t" name="one"/></testsuite>'})
    status, said = lint("count-tests.py", f"outer:3:{tmp_path}/junit.xml")
    assert (status, said.splitlines()[-1]) == (1, "1 passed, 1 failed")
