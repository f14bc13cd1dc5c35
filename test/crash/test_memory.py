"""Each allocation of the server fails in turn while it answers a request.

Also those inside the libraries: the HTTP engine, SQLite, OpenSSL, jansson.  Each request
comes on a connection of its own.  The answer is right, or says that it cannot
be given now (5xx, 429), or does not come; the server lives, and the same request
right after it is answered.

STAITHE_CRASH_POINTS  all: each allocation; else every one of the first 40, then fewer
"""

import errno
import itertools

import pytest
import requests
from harness import refused
from interpose import FAIL, FOREVER, MEMORY
from interpose_operations import (BASE, Chunks, DeletedManifest, Image, Index, LargeBlob, Mount, Operation, Refused,
                                  SmallBlob, done)
from pushers import Violation, expect
from test_each_call import WHICH

SECONDS = 20


class Look(Operation):
    """A request that changes nothing; the answer is the same each time."""

    status = 200

    def act(self, world):
        return self.ask(world)

    def present(self, world):
        return True

    def again(self, world, present):
        answer = self.ask(world)
        expect(answer, self.status)


class Manifest(Look):
    """pull of a manifest"""

    def ask(self, world):
        return world.client.get_manifest(BASE, "v1")


class Blob(Look):
    """pull of two ranges of a blob"""

    status = 206

    def ask(self, world):
        digest = next(digest for digest, (package, data) in world.blobs.items() if package == BASE and len(data) > 65536)
        return world.client.get_blob(BASE, digest, headers={"Range": "bytes=0-9,100-70000"})


class Tags(Look):
    """list of tags"""

    def ask(self, world):
        return world.client.get(f"/v2/{BASE}/tags/list?n=1")


class Catalog(Look):
    """catalog"""

    def ask(self, world):
        return world.client.get("/v2/_catalog")


class Referrers(Look):
    """referrers"""

    def ask(self, world):
        return world.client.get(f"/v2/{BASE}/referrers/{world.base.digest}?artifactType=none")


class Token(Look):
    """token"""

    def ask(self, world):
        return world.tokens.ask_token([f"repository:{BASE}:pull,push", "registry:catalog:*"])


class Challenge(Look):
    """request without a credential"""

    status = 401

    def ask(self, world):
        return world.registry.bare().get(f"/v2/{BASE}/tags/list")


class Metrics(Look):
    """metrics"""

    def ask(self, world):
        return world.client.get("/metrics")


class Nowhere(Look):
    """request that has no route"""

    status = 404

    def ask(self, world):
        return world.client.get("/v2/%61lice/base/nothing?a=b&c=d")


KINDS = (SmallBlob, LargeBlob, Chunks, Image, Index, Mount, DeletedManifest, Manifest, Blob, Tags, Catalog, Referrers,
         Token, Challenge, Metrics, Nowhere)


def outcome(world, operation):
    """Whether it was acknowledged; None: there was no answer."""
    try:
        result = operation.act(world)
    except Refused as refusal:
        result = refusal.response
    except requests.Timeout:
        raise Violation("neither an answer nor an end of the connection") from None
    except requests.RequestException:
        return None
    if result.status_code >= 500 or result.status_code == 429:
        refused(result, result.status_code, ("UNKNOWN", "UNAVAILABLE", "TOOMANYREQUESTS"))
        return False
    if isinstance(operation, Look):
        expect(result, operation.status)
    else:
        done(result)
    return True


def one_round(world, operation, number, last):
    """Allocations number to last fail; returns how many did, and how it ended."""
    world.session = None
    operation.prepare(world)
    world.control.arm(MEMORY, number, last, FAIL, errno.ENOMEM)
    said = outcome(world, operation)
    world.control.disarm()
    hits = world.control.hits
    if (ended := world.registry.process.poll()) is not None:
        raise Violation(f"the server ended with {ended}")
    present = operation.present(world)
    if said and not present:
        raise Violation("acknowledged, and not there")
    operation.again(world, present)
    if not operation.present(world):
        raise Violation("done again, and not there")
    return hits, said


def warm(world, kind, numbers):
    """How many allocations a request makes once its threads have made all that they keep."""
    counts = []
    for _ in range(6):
        operation = kind(next(numbers))
        world.session = None
        operation.prepare(world)
        world.control.arm(MEMORY)
        operation.act(world)
        world.control.disarm()
        counts.append(world.control.calls)
    return min(counts)


def steps(count):
    """Which allocation fails first: each, or fewer the farther in."""
    number = 1
    while number <= count:
        yield number
        number += 1 if WHICH == "all" or number < 40 else 1 + number // 20


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__doc__.replace(" ", "-"))
def test_an_allocation_that_fails_breaks_nothing(kind, world, record_property):
    numbers = itertools.count()
    world.build(kind(next(numbers)))
    world.start()
    world.tokens = world.registry.client(world.account)
    for client in (world.client, world.tokens):
        client.session.headers["Connection"] = "close"
    count = warm(world, kind, numbers)
    ends = {True: 0, False: 0, None: 0}
    for number in steps(count):
        for last in (number, FOREVER):
            operation = kind(next(numbers))
            try:
                hits, said = one_round(world, operation, number, last)
            except (Violation, AssertionError, requests.RequestException) as failure:
                how = "and all after it" if last > number else "alone"
                raise Violation(f"{kind.__doc__}: allocation {number} of {count}, {how}: {failure}"
                                f"\n{world.registry.log_text()[-3000:]}") from failure
            ends[said] += hits > 0
    world.check_base()
    world.check_sound("--content")
    world.registry.stop()
    assert sum(ends.values()) >= min(count, 40), f"the faults missed: {ends}"
    record_property("summary", f"{kind.__doc__}: {count} allocations; {ends[True]} times done all the same, "
                               f"{ends[False]} refused, {ends[None]} without an answer")
