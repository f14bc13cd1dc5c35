"""The process dies before, inside and after each call that changes the disk, of each operation.

Each point is a run of its own: the same data directory, the same requests, SIGKILL
at the n-th call.  Then a start without the library, and a look at everything:
what was acknowledged is there, the operation happened or it did not, nothing is
left, and it can be done again.

STAITHE_CRASH_POINTS=all  every point; a number: every so many of them; else, of calls in a
                          row on one file, those at the first two and the last two
"""

import os
import subprocess

import pytest
import requests
from interpose import (ACTIONS, BINARY, DIE_AFTER, DIE_BEFORE, DIE_INSIDE, LIBRARY, POINTS, exported, imported,
                       require_library)
from interpose_lifecycle import LIFECYCLE
from interpose_operations import OPERATIONS, Ended, done
from interpose_trash import TRASH_OPERATIONS
from pushers import Violation

WHICH = os.environ.get("STAITHE_CRASH_POINTS", "")
SECONDS = 20


def in_the_middle(calls, n):
    """Whether the two calls before and the two after it are of its kind."""
    around = calls[max(0, n - 2):n + 3]
    return len(around) == 5 and len({call.kind for call in around}) == 1


def points(calls):
    for n, call in enumerate(calls):
        if not WHICH and in_the_middle(calls, n):
            continue
        yield call, DIE_BEFORE
        if call.what.startswith(("pwrite", "write")):
            yield call, DIE_INSIDE
        yield call, DIE_AFTER


def acknowledged(world, operation):
    """Whether it was; dying in between is no answer."""
    try:
        result = operation.act(world)
    except (requests.RequestException, Ended):
        return False
    if getattr(result, "returncode", 0) != 0:
        return False
    if result is not None:
        done(result)
    return True


def count(world, operation):
    """The calls of one run that nothing happens to."""
    world.restore()
    world.plan = (POINTS,)
    operation.begin(world)
    assert acknowledged(world, operation), "not acknowledged although nothing failed"
    operation.wait(world)
    calls = world.control.counted()
    world.control.disarm()
    if world.registry.process is None or world.registry.process.poll() is not None:
        world.start(interposed=False)
    assert operation.present(world), "acknowledged, and not there"
    world.registry.kill()
    return calls


def die(world, operation, call, action):
    """One run that ends at a point; returns whether the operation was acknowledged."""
    world.restore()
    world.plan = (POINTS, call.number, call.number, action)
    operation.begin(world)
    said = acknowledged(world, operation)
    try:
        ended = operation.ended(world, SECONDS)
    except subprocess.TimeoutExpired:
        if not operation.varies:
            raise Violation("that call was not made") from None
        ended = -9  # now, then
    assert ended == -9, f"ended with {ended}"
    world.registry.kill()
    return said


def check(world, operation, said):
    world.start(interposed=False)
    present = operation.present(world)
    if said and not present:
        raise Violation("acknowledged, and lost")
    operation.check_others(world)
    world.check_sound("--content")
    world.check_files()
    operation.again(world, present)
    if not operation.present(world):
        raise Violation("done again, and not there")
    world.registry.kill()
    return present


@pytest.mark.parametrize("kind", OPERATIONS + TRASH_OPERATIONS + LIFECYCLE, ids=lambda kind: kind.__doc__.replace(" ", "-"))
def test_a_death_at_any_call_loses_nothing_and_leaves_nothing(kind, world, record_property):
    operation = kind()
    world.build(operation)
    calls = count(world, operation)
    runs = happened = 0
    for call, action in list(points(calls))[::int(WHICH) if WHICH.isdigit() else 1]:
        try:
            said = die(world, operation, call, action)
            happened += check(world, operation, said)
        except (Violation, AssertionError, requests.RequestException) as failure:
            raise Violation(f"{operation.name}: {ACTIONS[action]} call {call.number} of {len(calls)}, {call.what}: "
                            f"{failure}\n{world.registry.log_text()[-2000:]}") from failure
        runs += 1
    world.registry.kill()
    world.registry.check_log()
    assert calls, "no call was seen"
    record_property("summary", f"{operation.name}: {len(calls)} calls, died at {runs} points, "
                               f"after {happened} it had happened")


# Functions of the C library that change a file, its name or its length, or make that durable.
CHANGING = {"open", "open64", "openat", "openat64", "creat", "creat64", "write", "pwrite", "pwrite64", "writev", "pwritev",
            "pwritev64", "pwritev2", "pwritev64v2", "ftruncate", "ftruncate64", "truncate", "truncate64", "fallocate",
            "fallocate64", "posix_fallocate", "posix_fallocate64", "fsync", "fdatasync", "sync_file_range", "syncfs", "sync",
            "msync", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat", "remove", "rename", "renameat", "renameat2",
            "mkdir", "mkdirat", "rmdir", "copy_file_range", "close", "read", "pread", "pread64", "readv", "preadv"}


def test_no_call_that_changes_the_disk_passes_unseen():
    require_library()
    sqlite = next(line.split()[2] for line in subprocess.run(["ldd", BINARY], capture_output=True, text=True,
                                                             check=True).stdout.splitlines() if "libsqlite3" in line)
    used = {name.removeprefix("__").removesuffix("_2").removesuffix("_chk") for name in imported(BINARY) | imported(sqlite)}
    assert used & CHANGING, "nm showed no calls at all"
    assert not (used & CHANGING) - exported(LIBRARY)
