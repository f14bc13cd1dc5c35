"""kill -9 while clients write: what was acknowledged stays, and nothing is half.

STAITHE_KILL_ROUNDS  number of kills (50)
STAITHE_KILL_SEED    repeats the clients' choices of an earlier run
"""

import os
import random
import threading
import time

import pytest
from harness import Registry, images
from harness.server import GC_GRACE
from pushers import OCTETS, Pusher, expect, wait

ROUNDS = int(os.environ.get("STAITHE_KILL_ROUNDS", "50"))
SEED = os.environ.get("STAITHE_KILL_SEED") or os.urandom(4).hex()
PUSHERS = 4
LIFE = (0.02, 0.5)  # seconds until the kill
READY_SECONDS = 5

# A round is shorter than the grace, so a blob that was acknowledged in it may
# not be collected before it is looked at; earlier garbage is.
SETTINGS = {GC_GRACE: "5s", "gc.interval": "1s"}


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "server", SETTINGS).start()
    yield server
    server.kill()
    server.check_log()


def collect(registry, over):
    """gc --now without pause beside the pushers, until the round is over."""
    while not over.is_set():
        registry.run("gc", "--now")


def one_round(registry, pushers, chance, collecting=False):
    """Write, kill, restart, check."""
    over = threading.Event()
    threads = [threading.Thread(target=pusher.run) for pusher in pushers]
    if collecting:
        threads.append(threading.Thread(target=collect, args=(registry, over)))
    for thread in threads:
        thread.start()
    time.sleep(chance.uniform(*LIFE))
    ended = registry.process.poll()
    registry.kill()
    over.set()
    assert ended is None, f"the server ended by itself with {ended}:\n{registry.log_text()[-3000:]}"
    assert wait(threads, 20), "a client hangs although the server is gone"
    for pusher in pushers:
        if pusher.failure:
            raise pusher.failure
    begun = time.monotonic()
    registry.start()
    ready = time.monotonic() - begun
    assert ready < READY_SECONDS, f"ready {ready:.1f} s after the kill"
    for pusher in pushers:
        pusher.check()


def test_nothing_acknowledged_is_lost_by_kill_9(registry):
    """G1: I1, I2, I3, I4, I6, I7"""
    print(f"STAITHE_KILL_SEED={SEED} STAITHE_KILL_ROUNDS={ROUNDS}")
    chance = random.Random(SEED)
    account = registry.user("alice")
    pushers = [Pusher(registry, account, number, SEED) for number in range(PUSHERS)]
    for number in range(ROUNDS):
        one_round(registry, pushers, chance)
        content = ["--content"] if number % 10 == 9 else []
        assert registry.problems(*content) == 0, f"round {number}: {registry.run('fsck', *content).stdout}"
    for pusher in pushers:
        pusher.check(everything=True)
    acknowledged = sum(pusher.acknowledged for pusher in pushers)
    print(f"{acknowledged} acknowledgements in {ROUNDS} rounds")
    assert acknowledged >= ROUNDS, "the clients hardly got to write"


def test_collecting_beside_pushes_and_kills_loses_nothing(registry):
    """G8 with crashes"""
    chance = random.Random(SEED + "gc")
    account = registry.user("alice")
    pushers = [Pusher(registry, account, number, SEED + "gc") for number in range(2)]
    for number in range(max(1, ROUNDS // 5)):
        one_round(registry, pushers, chance, collecting=True)
        assert registry.problems() == 0, f"round {number}: {registry.run('fsck').stdout}"
    for pusher in pushers:
        pusher.check(everything=True)


def test_what_a_killed_server_left_is_collected_in_the_end(registry):
    """I6: bytes of uploads and of deleted images are freed although the server was killed in between."""
    client = registry.client(registry.user("alice"))
    pushed = client.push_image("alice/app", "v1", layer_sizes=(200_000,))
    digest = pushed.json["layers"][0]["digest"]
    location = client.start_upload("alice/app")
    expect(client.patch(location, data=os.urandom(200_000), headers=OCTETS), 202)
    expect(client.delete(f"/v2/alice/app/manifests/{pushed.digest}"), 202)
    registry.kill()
    registry.start()
    deadline = time.monotonic() + 20
    while registry.stored_file(digest):
        assert time.monotonic() < deadline, "the layer is still stored"
        registry.collect()
        time.sleep(0.2)
    expect(client.delete(location), 204)
    assert not registry.staged_files()
    assert registry.problems("--content") == 0


def test_a_kill_during_the_first_start_leaves_a_directory_that_starts(tmp_path):
    chance = random.Random(SEED + "start")
    for number in range(max(3, ROUNDS // 5)):
        server = Registry(tmp_path / str(number))
        server.directory.mkdir()
        with open(server.log, "wb") as log:
            process = server.spawn(log, log)
            time.sleep(chance.uniform(0, 0.06))
            process.kill()
            process.wait()
        server.start()
        assert server.problems() == 0
        client = server.client(server.user("alice"))
        pushed = client.push_image("alice/app", "v1")
        assert images.digest_of(client.get_manifest("alice/app", "v1").content) == pushed.digest
        server.stop()
