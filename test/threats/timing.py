#!/usr/bin/env python3
"""Can an outsider tell by the time of an answer what its text does not tell?  To be run by hand on a quiet machine.

    timing.py [SAMPLES]

Starts a server (STAITHE_BINARY, else build/staithe) and measures pairs of requests that must look alike, in random turns,
SAMPLES (2,000) of each; uploads a quarter of that, logins a twentieth.  For each pair it prints the medians and p of
the Mann-Whitney test: the chance that two samples of one and the same thing differ as much.  The exit status is 1 when
one p is below 0.01; run again before believing it: one in a hundred is, by chance, for each pair.
"""
import http.client
import math
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness import Registry, images  # noqa: E402
from harness.server import basic_header  # noqa: E402

ABSENT = "sha256:" + "0" * 64
LEAST = 0.01


def same_by_chance(first, second):
    """p of the two-sided Mann-Whitney U test, by the normal approximation with its correction for ties."""
    values = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    ranks, ties, start = 0.0, 0, 0
    while start < len(values):
        end = start
        while end < len(values) and values[end][0] == values[start][0]:
            end += 1
        count = end - start
        ranks += sum(1 for _, which in values[start:end] if which == 0) * (start + end + 1) / 2
        ties += count**3 - count
        start = end
    n, m, total = len(first), len(second), len(values)
    u = ranks - n * (n + 1) / 2
    sigma = math.sqrt(n * m / 12 * (total + 1 - ties / (total * (total - 1))))
    return math.erfc(abs(u - n * m / 2) / sigma / math.sqrt(2)) if sigma else 1.0


class Caller:
    def __init__(self, registry, authorization=None):
        self.connection = http.client.HTTPConnection(*registry.address, timeout=60)
        self.headers = {"Authorization": authorization} if authorization else {}

    def spent(self, method, path, body=None, **headers):
        """Nanoseconds until the whole answer is there."""
        begun = time.perf_counter_ns()
        self.connection.request(method, path, body, {**self.headers, **headers})
        response = self.connection.getresponse()
        response.read()
        return time.perf_counter_ns() - begun, response.status


def measure(pair, samples):
    """Nanoseconds of each of the two, called in random turns; their answers must have one status."""
    spans, statuses = ([], []), set()
    turns = [0, 1] * samples
    random.shuffle(turns)
    for call in pair * 10:
        call()  # warm
    for which in turns:
        span, status = pair[which]()
        spans[which].append(span)
        statuses.add(status)
    assert len(statuses) == 1, statuses
    return spans


def requests(registry, alice, bob):
    """(name, first, second) of the pairs that only read."""
    owner = registry.client(alice)
    pushed = owner.push_image("alice/private", "v1", layer_sizes=(70_000, 1000))
    large, small = (layer["digest"] for layer in pushed.json["layers"])
    owner.push_image("alice/earlier", "v1")
    registry.cli("package", "rename", "alice/earlier", "alice/present", "--confirm", "alice/earlier")
    registry.client(bob).push_image("bob/own", "v1")
    nobody, other = Caller(registry), Caller(registry, basic_header(bob.name, bob.token))

    def of(caller, method, path):
        return lambda: caller.spent(method, path)

    yield "token, anonymous: private, absent", *(
        of(nobody, "GET", f"/token?scope=repository:alice/{name}:pull") for name in ("private", "absents"))
    for rest in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{large}", f"blobs/{small}", "tags/list",
                 f"referrers/{pushed.digest}"):
        for method in ("GET", "HEAD") if "list" not in rest else ("GET",):
            yield f"{method} {rest[:16]}: private, absent", *(
                of(other, method, f"/v2/alice/{name}/{rest}") for name in ("private", "absents"))
    for method, rest in (("GET", "manifests/v1"), ("HEAD", f"blobs/{small}"), ("DELETE", "manifests/v1")):
        yield f"{method} {rest[:16]}: former name of a private one, absent", *(
            of(other, method, f"/v2/alice/{name}/{rest}") for name in ("earlier", "absents"))
    for kind, there in (("manifests", pushed.digest), ("blobs", large), ("blobs", small), ("referrers", pushed.digest)):
        yield f"GET {kind} of a private package: there, not", *(
            of(other, "GET", f"/v2/alice/private/{kind}/{digest}") for digest in (there, ABSENT))
    yield "GET a blob through one's own package: others have it, nobody", *(
        of(other, "GET", f"/v2/bob/own/blobs/{digest}") for digest in (large, ABSENT))


def mounts(registry, bob, digest):
    """Mounts that become sessions, which are ended at once."""
    caller = Caller(registry, basic_header(bob.name, bob.token))

    def mount(query):
        def call():
            begun = time.perf_counter_ns()
            caller.connection.request("POST", f"/v2/bob/own/blobs/uploads/?{query}", b"", caller.headers)
            response = caller.connection.getresponse()
            response.read()
            span = time.perf_counter_ns() - begun
            caller.spent("DELETE", response.headers["Location"])
            return span, response.status
        return call

    yield "mount from private, from absent", *(
        mount(f"mount={digest}&from=alice/{name}") for name in ("private", "absents"))
    yield "mount without from: others have it, nobody", mount(f"mount={digest}"), mount(f"mount={ABSENT}")


def uploads(registry, alice, bob, size, count):
    """Bytes that are alice's secret, and bytes that are nobody's; each once."""
    owner = registry.basic(alice.name, alice.token)
    caller = Caller(registry, basic_header(bob.name, bob.token))
    secret, fresh = ([os.urandom(size) for _ in range(count + 10)] for _ in range(2))
    for data in secret:
        response = owner.post(f"/v2/alice/private/blobs/uploads/?digest={images.digest_of(data)}", data=data)
        assert response.status_code == 201

    def push(stock):
        def call():
            data = stock.pop()
            return caller.spent("POST", f"/v2/bob/own/blobs/uploads/?digest={images.digest_of(data)}", data)
        return call

    return f"upload of {size:,} bytes: others have them, nobody", push(secret), push(fresh)


def logins(registry, alice):
    def attempt(user, secret):
        caller = Caller(registry, basic_header(user, secret))
        return lambda: caller.spent("GET", "/token")

    yield "login: wrong password, no such user", *(attempt(name, "wrong password") for name in (alice.name, "nobody-here")), 20
    near = alice.token[:-1] + ("a" if alice.token[-1] != "a" else "b")
    yield "token: all but the last character right, all wrong", attempt("x", near), attempt("x", "stp_" + "0" * 36), 20


def main(samples):
    worst = 1.0
    with tempfile.TemporaryDirectory() as folder:
        registry = Registry(folder, {"limits.uploads_per_user": "100000", "login.free_attempts": "0"}).start()
        try:
            alice, bob = registry.user("alice"), registry.user("bob")
            pairs = [(*pair, samples) for pair in requests(registry, alice, bob)]
            digest = images.digest_of(b"x" * 1000)
            registry.client(alice).push_blob("alice/private", b"x" * 1000)
            pairs += [(*pair, samples // 4) for pair in mounts(registry, bob, digest)]
            pairs += [(*uploads(registry, alice, bob, size, samples // 4), samples // 4) for size in (1000, 100_000)]
            pairs += [(name, one, two, samples // less) for name, one, two, less in logins(registry, alice)]
            for name, one, two, count in pairs:
                first, second = measure([one, two], count)
                p = same_by_chance(first, second)
                worst = min(worst, p)
                print(f"{name:62} {statistics.median(first) / 1000:9.1f} us {statistics.median(second) / 1000:9.1f} us"
                      f"  n {count:5}  p {p:.3f}{'  <-' if p < LEAST else ''}", flush=True)
        finally:
            registry.stop()
    return 1 if worst < LEAST else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000))
