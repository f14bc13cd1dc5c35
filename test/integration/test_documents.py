"""The documents and the program say the same.  Options and routes have lints of their own (tools/check-*.py)."""

import re
import subprocess
from pathlib import Path

from harness.server import BINARY

DOCS = Path(__file__).resolve().parents[2] / "docs"
API = (DOCS / "API.md").read_text()
OPERATING = (DOCS / "OPERATING.md").read_text()


def run(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True, check=True, timeout=10).stdout


def commands():
    """Every command as the program's own help has it, without flags and arguments: ["user", "create"]."""
    lines = [line.strip() for line in run("help").splitlines() if line.startswith("  ")]
    found = [re.match(r"[a-z -]*?[a-z](?=  | --| [A-Z[])", line).group().split() for line in lines]
    assert ["user", "create"] in found and ["gc"] in found
    return found


def test_every_command_is_documented_with_an_example():
    for words in commands():
        if words not in (["help"], ["version"]):
            assert re.search(rf"`?staithe {' '.join(words)}[ `\n]", OPERATING), f"no example of {words}"


def test_every_command_explains_itself():
    for words in commands():
        text = run(*words, "--help")
        name = "staithe " + " ".join(words)
        assert f"usage: {name}" in text and f"example: {name}" in text


def names(text):
    """What docs/API.md says of metrics: every `name` in the first column of its table."""
    table = text.split("| Metric, with `staithe_` in front |")[1].split("\n\n")[0]
    rows = [line.split("|")[1] for line in table.splitlines()[2:]]
    return {name for row in rows for name in re.findall(r"`(\w+)(?:\{[^}]*\})?`", row)}


def test_metrics_are_those_of_the_document(registry, owner, package):
    owner.push_image(package, "v1")
    shown = set(re.findall(r"^# TYPE staithe_(\w+) ", registry.bare().get("/metrics").text, re.M))
    assert shown == names(API)


def test_error_codes_are_those_of_the_document():
    source = (DOCS.parent / "src/oci/errcode.c").read_text()
    codes = set(re.findall(r'\[STA_OCI_[A-Z_]+\] = "([A-Z_]+)"', source))
    table = API.split("| Code | Status | When |")[1].split("\n\n")[0]
    documented = set(re.findall(r"^\| `([A-Z_]+)`", table, re.M))
    assert codes == documented
