"""bench/cost refuses what costs more than its limit, and counts what callgrind and strace say."""

import importlib
import json
import pathlib
import sys

import pytest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"


@pytest.fixture(scope="module")
def limits():
    return module("cost_limits")


@pytest.fixture(scope="module")
def server():
    return module("cost_server")


def module(name):
    sys.path.insert(0, str(BENCH))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(BENCH))


TODAY = {"manifest GET": {"instructions": 100_000, "calls": 2.0, "syncs": 0.0},
         "push": {"instructions": 300_000, "calls": 41.0, "syncs": 1.0}}


def changed(operation, **figures):
    return {**TODAY, operation: {**TODAY[operation], **figures}}


def test_what_was_written_passes(limits):
    assert limits.problems(TODAY, json.loads(limits.renew(TODAY))) == []


@pytest.mark.parametrize(("operation", "kind", "number"), [
    ("manifest GET", "instructions", 105_001),
    ("manifest GET", "calls", 3.0),
    ("manifest GET", "syncs", 1.0),
    ("push", "calls", 43.0),
    ("push", "syncs", 2.0),
])
def test_what_is_above_its_limit_is_refused(limits, operation, kind, number):
    found = limits.problems(changed(operation, **{kind: number}), json.loads(limits.renew(TODAY)))
    assert len(found) == 1
    assert found[0].startswith(f"{operation}: {number} {kind}, limit ")


def test_an_operation_without_a_limit_is_refused(limits):
    found = limits.problems({**TODAY, "new": TODAY["push"]}, json.loads(limits.renew(TODAY)))
    assert found == ["new: has no limit in cost.json"]


def test_every_operation_has_its_limit_in_the_file(limits):
    assert list(json.loads(limits.FILE.read_text())["operations"]) == list(module("cost_work").OPERATIONS)


def test_instructions_are_counted_once_where_they_are_executed(server):
    text = """ob=/usr/lib/libx.so.1
fl=???
fn=one
0 100
cfn=two
calls=3 0
0 999
0 20
fn=two'2
7 5
ob=/lib/liby.so
fn=two
0 1
totals: 126
"""
    assert server.read_callgrind(text.splitlines()) == {("libx.so.1", "one"): 120, ("libx.so.1", "two"): 5, ("liby.so", "two"): 1}


def test_system_calls_are_counted_once_and_those_that_found_nothing_apart(server):
    text = """11 recvfrom(9, ""..., 64, 0, NULL, NULL) = 40
11 recvfrom(9, 0x7f, 64, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)
12 fdatasync(7 <unfinished ...>
11 write(2, ""..., 80) = 80
11 write(21, ""..., 8) = 8
12 <... fdatasync resumed>) = 0
12 write(2, ""..., 80 <unfinished ...>
12 <... write resumed>) = 80
13 --- SIGTERM {si_signo=SIGTERM} ---
13 +++ exited with 0 +++"""
    assert server.read_strace(text.split("\n")) == {"recvfrom": 1, "EAGAIN": 1, "fdatasync": 1, "write(2)": 2, "write": 1}
