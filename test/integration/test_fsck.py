"""fsck: silent on a sound registry, and finds what is broken."""

import json
import os
import sqlite3
import time
import uuid

import pytest

from harness import images

SIZE = 300_000


@pytest.fixture
def stocked(fresh):
    """A registry of its own with an image (one large layer), an index, a referrer and an open upload."""
    registry = fresh()
    registry.alice = registry.client(registry.user("alice"))
    image = registry.alice.push_image("alice/app", "v1", layer_sizes=(SIZE, 100))
    registry.alice.push_manifest("alice/app", images.index([image]), "multi")
    registry.alice.push_artifact("alice/app", "application/vnd.example", image)
    registry.alice.patch(registry.alice.start_upload("alice/app"), data=os.urandom(100_000))
    registry.layer = image.json["layers"][0]["digest"]
    return registry


def report(registry, *arguments):
    """(exit status, report)"""
    done = registry.run("fsck", "--json", *arguments)
    return done.returncode, json.loads(done.stdout)


def problems(found):
    listed = found["problems"]
    return listed if isinstance(listed, int) else len(listed)


def test_a_sound_registry_has_no_problems(stocked):
    for arguments in ((), ("--content",)):
        status, found = report(stocked, *arguments)
        assert status == 0 and problems(found) == 0
        assert (found["packages"], found["manifests"], found["tags"], found["uploads"]) == (1, 3, 2, 1)
        assert found["bytes"] > SIZE


def test_an_empty_registry_has_no_problems(fresh):
    status, found = report(fresh())
    assert status == 0 and problems(found) == 0 and found["packages"] == 0


def test_without_json_the_report_is_for_people(stocked):
    done = stocked.run("fsck")
    assert done.returncode == 0 and done.stdout and not done.stdout.lstrip().startswith("{")


def test_it_runs_without_a_server_too(stocked):
    stocked.stop()
    assert report(stocked)[0] == 0


def test_a_missing_blob_file_is_found(stocked):
    """I2"""
    stocked.stored_file(stocked.layer).unlink()
    done = stocked.run("fsck", "--json")
    assert done.returncode == 1 and problems(json.loads(done.stdout)) >= 1
    assert stocked.layer in done.stdout + done.stderr
    plain = stocked.run("fsck")
    assert plain.returncode == 1 and stocked.layer in plain.stdout + plain.stderr


def test_a_file_of_the_wrong_size_is_found(stocked):
    """I4, without reading every byte"""
    os.truncate(stocked.stored_file(stocked.layer), SIZE - 1)
    done = stocked.run("fsck", "--json")
    assert done.returncode == 1 and problems(json.loads(done.stdout)) >= 1
    assert "I4" in done.stdout + done.stderr


@pytest.mark.parametrize("position", [0, SIZE // 2, SIZE - 1])
def test_t39_a_flipped_bit_is_found_by_reading_everything(stocked, position):
    """I4"""
    path = stocked.stored_file(stocked.layer)
    path.chmod(0o600)
    with open(path, "r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))
    done = stocked.run("fsck", "--json", "--content")
    assert done.returncode == 1 and problems(json.loads(done.stdout)) == 1
    assert "I4" in done.stdout + done.stderr and stocked.layer in done.stdout + done.stderr


def test_damage_is_reported_without_changing_anything(stocked):
    os.truncate(stocked.stored_file(stocked.layer), 10)
    before = sorted((path, path.stat().st_size) for path in (stocked.data / "blobs").rglob("*") if path.is_file())
    first, second = report(stocked, "--content"), report(stocked, "--content")
    assert first == second
    assert before == sorted((path, path.stat().st_size) for path in (stocked.data / "blobs").rglob("*") if path.is_file())


def test_v99_t39_a_damaged_blob_is_never_served_whole(stocked):
    """G7: a short file ends in an error or a cut answer, never in a complete 200 of other bytes."""
    os.truncate(stocked.stored_file(stocked.layer), SIZE // 2)
    try:
        response = stocked.alice.get_blob("alice/app", stocked.layer)
    except OSError:
        return  # cut
    assert response.status_code >= 500, response.status_code


def test_pushing_the_blob_again_mends_a_missing_file(stocked):
    data = stocked.alice.get_blob("alice/app", stocked.layer).content
    stocked.stored_file(stocked.layer).unlink()
    stocked.alice.push_blob("alice/app", data)
    assert stocked.alice.get_blob("alice/app", stocked.layer).content == data
    assert report(stocked, "--content")[0] == 0


def test_a_lost_reference_in_the_database_is_found(stocked):
    """I2, I7: rows taken away behind the program's back."""
    stocked.stop()
    connection = sqlite3.connect(stocked.data / "staithe.db")
    with connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")]
        blobs = next(table for table in tables if table in ("blob", "blobs"))
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(f"DELETE FROM {blobs}")
    connection.close()
    done = stocked.run("fsck", "--json")
    assert done.returncode == 1


IMAGE = "(SELECT manifest_id FROM tag WHERE name = 'v1')"
LARGE = f"(SELECT id FROM blob WHERE size = {SIZE})"
SMALL = "(SELECT id FROM blob WHERE size = 100)"


@pytest.mark.parametrize("damage, found", [
    (f"UPDATE manifest_data SET bytes = substr(bytes, 2) WHERE manifest_id = {IMAGE}",
     {("I4", "the manifest's bytes are missing or cut")}),
    (f"DELETE FROM manifest_data WHERE manifest_id = {IMAGE}", {("I4", "the manifest's bytes are missing or cut")}),
    (f"UPDATE manifest_data SET bytes = CAST(replace(bytes, 'a', 'b') AS BLOB) WHERE manifest_id = {IMAGE}",
     {("I4", "the manifest's bytes do not hash to its digest")}),
    (f"UPDATE blob_data SET bytes = substr(bytes, 2) WHERE blob_id = {SMALL}",
     {("I4", "the blob's bytes in the database are missing or cut")}),
    (f"DELETE FROM blob_data WHERE blob_id = {SMALL}", {("I4", "the blob's bytes in the database are missing or cut")}),
    (f"UPDATE blob_data SET bytes = zeroblob(100) WHERE blob_id = {SMALL}",
     {("I4", "the blob's bytes do not hash to its digest")}),
    (f"DELETE FROM manifest_blob WHERE blob_id = {LARGE}",
     {("I2", "a blob of the manifest is missing, or its reference is not counted"),
      ("I7", "the number of manifests that use the blob is wrong")}),
    (f"UPDATE manifest SET media_type = 'application/vnd.oci.image.index.v1+json' WHERE id = {IMAGE}",
     {("I2", "the stored manifest cannot be read")}),
    (f"UPDATE blob SET state = 3 WHERE id = {LARGE}",
     {("I2", "a manifest uses the blob, which its package lacks"),
      ("I2", "a blob of the manifest is missing, or its reference is not counted")}),
    ("UPDATE tag SET manifest_id = 999 WHERE name = 'v1'", {("I3", "the tag points to no manifest of its package")}),
    (f"UPDATE package_blob SET refs = refs + 1 WHERE blob_id = {LARGE}",
     {("I7", "the number of manifests that use the blob is wrong")}),
    (f"UPDATE blob SET members = members + 1 WHERE id = {LARGE}",
     {("I7", "the number of packages that hold the blob is wrong")}),
])
def test_each_kind_of_damage_in_the_database_is_told_by_its_invariant(stocked, damage, found):
    stocked.stop()
    connection = sqlite3.connect(stocked.data / "staithe.db")
    with connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(damage).rowcount == 1
    connection.close()
    status, told = report(stocked)
    assert status == 1
    assert {(problem["invariant"], problem["problem"]) for problem in told["problems"]} == found


def test_a_file_that_no_row_accounts_for_is_found(stocked):
    """I6"""
    name = os.urandom(32).hex()
    (stocked.data / "blobs" / "sha256" / name[:2] / name).write_bytes(b"whose?")
    status, told = report(stocked)
    assert status == 1
    assert [(p["invariant"], p["what"], p["problem"]) for p in told["problems"]] == [
        ("I6", f"sha256:{name}", "a file of the store belongs to no blob")]


@pytest.mark.parametrize("age_s, problems", [(0, 0), (2 * 3600, 1)])
def test_bytes_of_an_upload_that_nobody_goes_on_with_are_found_when_they_are_old(stocked, age_s, problems):
    """I6: one request's upload has no row, so that new bytes are nobody's fault."""
    stage = stocked.data / "uploads" / str(uuid.uuid4())
    stage.write_bytes(b"half")
    then = time.time() - age_s
    os.utime(stage, (then, then))
    told = report(stocked)[1]["problems"]
    assert [(p["invariant"], p["what"]) for p in told] == [("I6", stage.name)] * problems


def test_a_file_that_is_no_database_is_refused_with_a_message(stocked):
    stocked.stop()
    for path in stocked.data.glob("staithe.db*"):
        path.write_bytes(b"not a database" * 1000)
    done = stocked.run("fsck")
    assert done.returncode == 1 and done.stderr.startswith("staithe: ")
