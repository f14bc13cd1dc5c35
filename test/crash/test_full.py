"""No space left on the device."""

import os
import subprocess
import time

import pytest
from harness import Registry, images, refused
from harness.server import GC_GRACE
from runner import crash_run, need_disk

ROUNDS = int(os.environ.get("STAITHE_FULL_ROUNDS", "4"))
SIZE = 24 << 20


@pytest.mark.parametrize("kind", ["tmpfs", "ext4"])
def test_a_disk_that_runs_full_loses_nothing_and_the_server_goes_on(tmp_path, kind):
    """Every failure is a 507 that clients can read; once there is space again, without a restart, nothing fails."""
    need_disk(kind)
    crash_run(tmp_path, "--points", str(ROUNDS), "--full", kind)


@pytest.fixture
def small(tmp_path):
    """A server whose data directory is on a disk of 24 MiB."""
    need_disk("tmpfs")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place], check=True)
    try:
        server = Registry(place, {GC_GRACE: "1s"}).start()
        yield server
        server.kill()
        server.check_log()
    finally:
        server.kill()
        subprocess.run(["umount", place], check=True)


def fill(place, left=0, name="ballast"):
    space = os.statvfs(place)
    if take := space.f_bavail * space.f_frsize - left:
        with open(place / name, "wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, take)


def test_all_can_be_read_while_the_disk_is_full(small):
    """By the one who pushed it too, whose look renews a lease where there is space."""
    account = small.user("alice")
    client = small.client(account)
    pushed = client.push_image("alice/app", "v1", layer_sizes=(200_000,))
    lone = [os.urandom(size) for size in (100, 100_000)]
    digests = [client.push_blob("alice/app", data) for data in lone]
    fill(small.directory)
    while client.post("/v2/alice/app/blobs/uploads/").status_code == 202:
        pass  # what the files had left
    fill(small.directory, name="rest")
    client = small.basic(account.name, account.token)
    deadline = time.monotonic() + 20
    while client.head_blob("alice/app", digests[0]).status_code != 507:  # who asks whether to push hears of it
        assert time.monotonic() < deadline, "no lease is renewed"
        time.sleep(0.05)
    assert client.get_manifest("alice/app", "v1").content == pushed.body
    for digest, data in zip(digests, lone):
        assert client.get_blob("alice/app", digest).content == data
    assert client.get("/readyz").status_code == 200


def test_an_upload_on_a_full_disk_is_507_and_goes_on_where_it_was(small):
    client = small.client(small.user("alice"))
    data = os.urandom(3_000_000)
    location = client.start_upload("alice/app")
    octets = {"Content-Type": "application/octet-stream"}
    assert client.patch(location, data=data[:1_000_000], headers=octets).status_code == 202
    fill(small.directory, left=500_000)
    client.prime("alice/app")
    refused(client.patch(location, data=data[1_000_000:], headers=octets), 507, "UNAVAILABLE",
            "the registry has no space left")
    (small.directory / "ballast").unlink()
    received = int(client.get(location).headers["Range"].split("-")[1]) + 1
    assert received >= 1_000_000
    client.push_blob("alice/app", b"another")
    assert client.patch(location, data=data[received:], headers=octets).status_code == 202
    digest = images.digest_of(data)
    assert client.put(location, params={"digest": digest}).status_code == 201
    assert client.get_blob("alice/app", digest).content == data
    assert small.problems("--content") == 0
