"""Each system call of each operation fails once, falls short, or fails from there on.

One server for all faults of an operation: each round is an operation of its own
(another package), the fault, the look at what is there, and the same operation again
on the same server once the cause is gone.  Collections start anew for each fault, as
what they collect must be prepared ahead.

STAITHE_CRASH_POINTS  as for test_each_call.py
"""

import errno
import itertools

import pytest
import requests
from harness import refused
from interpose import CHANGE, CLOSE, DISK, FAIL, FOREVER, OPEN, READ, SHORT, SYNC, TORN, WRITE
from interpose_operations import OPERATIONS, Refused, done
from interpose_trash import RestoredVersion
from pushers import Violation
from test_each_call import in_the_middle, WHICH

RETRIED = "the call is tried again, so nobody notices"
REFUSED = "refused, or done all the same"


class Fault:
    def __init__(self, name, kinds, action, error=0, forever=False, must=REFUSED):
        self.name = name
        self.kinds = kinds
        self.action = action
        self.error = error
        self.forever = forever
        self.must = must

    def arm(self, control, number):
        control.arm(self.kinds, number, FOREVER if self.forever else number, self.action, self.error)


FAULTS = (
    Fault("EIO", DISK, FAIL, errno.EIO),
    Fault("ENOSPC", WRITE | CHANGE | SYNC, FAIL, errno.ENOSPC),
    Fault("EINTR", WRITE | READ | OPEN | SYNC, FAIL, errno.EINTR),
    Fault("a short write", WRITE, SHORT, must=RETRIED),
    Fault("a short read", READ, SHORT),
    Fault("half a write, then EIO", WRITE, TORN, errno.EIO),
    Fault("EIO from here on", DISK, FAIL, errno.EIO, forever=True),
    Fault("ENOSPC from here on", WRITE | CHANGE | SYNC, FAIL, errno.ENOSPC, forever=True),
)


def check_refusal(response):
    """It has the form that the interface promises."""
    if not response.request.path_url.startswith("/api/"):
        refused(response, response.status_code, ("UNKNOWN", "UNAVAILABLE"))
        return
    error = response.json()
    assert error["message"] and error["status"] == str(response.status_code), response.text


def outcome(world, operation, error):
    """Whether it was acknowledged; a refusal has the form that API.md promises."""
    try:
        result = operation.act(world)
    except Refused as refusal:
        result = refusal.response
    if not hasattr(result, "status_code"):
        if result.returncode == 0:
            return True
        lines = result.stderr.splitlines()
        assert result.returncode == 1 and len(lines) == 1 and lines[0].startswith("staithe: "), result
        return False
    if result.status_code < 400:
        done(result)
        return True
    assert result.status_code >= 500, f"{result.status_code} {result.text}"
    check_refusal(result)
    if error == errno.ENOSPC:
        assert result.status_code == 507, f"{result.status_code} although the disk was full"
    return False


def check_syncs(log):
    """After a failed fsync the kernel may have dropped the bytes: a later one on the same descriptor proves nothing."""
    failed = {}
    for call in log:
        name, path = call.what.split(" ", 1)
        if name in ("pwrite", "write") and call.opening in failed:
            failed.pop(call.opening)  # other bytes, which may be synced
        if name not in ("fsync", "fdatasync"):
            continue
        if call.opening in failed:
            raise Violation(f"{path} was synced again after that had failed")
        if call.result < 0:
            failed[call.opening] = path


def look(world, operation, fault, number, said):
    """Nothing is lost, nothing is half, and it can be done now."""
    log = world.control.log()
    check_syncs(log)
    world.sync_failed = any(made.what.startswith(("fsync uploads/", "fsync blobs/")) and made.result < 0 for made in log)
    hit = [made for made in log if made.number == number]
    # SQLite does not look at how the sync of the directory ended after it had made its log.
    synced = ("fsync", "fdatasync")
    if hit and said and fault.action == FAIL and hit[0].what.startswith(synced) and hit[0].what != "fdatasync .":
        raise Violation("acknowledged although it was not synced")
    if fault.must == RETRIED and not said:
        raise Violation("noticed")
    present = operation.present(world)
    if said and not present:
        raise Violation("acknowledged, and not there")
    operation.again(world, present)
    if not operation.present(world):
        raise Violation("done again, and not there")
    world.check_sound()


def reference(world, operation):
    """The calls of a run without faults; the first ones of a server open more."""
    prepare(world, operation)
    world.control.arm(DISK)
    done(operation.act(world))
    world.control.disarm()
    return world.control.counted()


def prepare(world, operation):
    world.session = None
    if operation.can_repeat:
        operation.prepare(world)
        return
    world.registry.kill()
    world.restore()
    world.start()


def chosen(calls, fault):
    """The calls that the fault is for, numbered as it counts them."""
    of_kind = [call for call in calls if kind_of(call) & fault.kinds]
    numbered = [(number, call) for number, call in enumerate(of_kind, 1)
                if WHICH or not in_the_middle(of_kind, number - 1)]
    return numbered[::int(WHICH) if WHICH.isdigit() else 1]


KINDS = {"pwrite": WRITE, "write": WRITE, "writev": WRITE, "fsync": SYNC, "fdatasync": SYNC, "read": READ, "pread": READ,
         "open": OPEN, "close": CLOSE}


def kind_of(call):
    return KINDS.get(call.what.split()[0], CHANGE)


def fail_at(world, operation, fault, number):
    """One round; returns whether it was hit, and acknowledged."""
    prepare(world, operation)
    fault.arm(world.control, number)
    said = outcome(world, operation, fault.error)
    world.control.disarm()
    hit = world.control.hits > 0
    look(world, operation, fault, number, said)
    return hit, said


def check_all(world, finished):
    """After kill -9 and a start: every round's effect is there."""
    world.registry.kill()
    world.start(interposed=False)
    for operation, session in finished:
        world.session = session
        if not operation.present(world):
            raise Violation(f"round {operation.number} was acknowledged, and is lost")
    world.check_base()
    world.check_sound("--content")
    world.registry.stop()


@pytest.mark.parametrize("kind", OPERATIONS + (RestoredVersion,), ids=lambda kind: kind.__doc__.replace(" ", "-"))
def test_a_call_that_fails_loses_nothing_and_service_goes_on(kind, world, record_property):
    numbers = itertools.count()
    world.build(kind(next(numbers)))
    world.start()
    calls = [reference(world, kind(next(numbers) if kind.can_repeat else 0)) for _ in range(2)][-1]
    counts = {fault.name: [0, 0] for fault in FAULTS if chosen(calls, fault)}
    finished = []
    for fault in FAULTS:
        for number, call in chosen(calls, fault):
            operation = kind(next(numbers) if kind.can_repeat else 0)
            try:
                hit, said = fail_at(world, operation, fault, number)
            except (Violation, AssertionError, requests.RequestException) as failure:
                made = "\n".join(map(str, world.control.log()))
                raise Violation(f"{kind.__doc__}: {fault.name} at call {number}, {call.what}: {failure}\n{made}\n"
                                f"{world.registry.log_text()[-3000:]}") from failure
            counts[fault.name][0] += hit
            counts[fault.name][1] += hit and said
            if kind.can_repeat:
                finished.append((operation, world.session))
    check_all(world, finished)
    assert all(hit for hit, _ in counts.values()), f"a fault missed every time: {counts}"
    record_property("summary", f"{kind.__doc__}: " + ", ".join(
        f"{name} {hit} times ({said} done all the same)" for name, (hit, said) in counts.items()))
