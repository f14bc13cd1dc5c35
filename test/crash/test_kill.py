"""kill -9 while clients write: what was acknowledged stays, what was deleted is gone, and nothing is half.

STAITHE_KILL_POINTS  number of kills (500); test/crash/run has more to choose
STAITHE_KILL_SEED    repeats the choices of an earlier run
"""

import os
import random
import time

import pytest
from harness import Registry, images
from harness.server import GC_GRACE, TRASH
from pushers import OCTETS, expect
from runner import crash_run

POINTS = int(os.environ.get("STAITHE_KILL_POINTS", "500"))
SEED = os.environ.get("STAITHE_KILL_SEED") or os.urandom(4).hex()
STARTS = 10
SETTINGS = {GC_GRACE: "5s", "gc.interval": "1s", TRASH: "0s"}


@pytest.fixture
def registry(tmp_path):
    server = Registry(tmp_path / "server", SETTINGS).start()
    yield server
    server.kill()
    server.check_log()


def test_nothing_acknowledged_is_lost_by_kill_9_beside_collection(tmp_path):
    """I1 to I7, and no temporary bytes remain."""
    crash_run(tmp_path, "--points", str(POINTS), "--seed", SEED, "--jobs", "2")


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
    chance = random.Random(SEED)
    for number in range(STARTS):
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
