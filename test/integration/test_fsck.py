"""fsck: silent on a sound registry, and finds what is broken."""

import json
import os
import sqlite3

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


def test_a_file_that_is_no_database_is_refused_with_a_message(stocked):
    stocked.stop()
    for path in stocked.data.glob("staithe.db*"):
        path.write_bytes(b"not a database" * 1000)
    done = stocked.run("fsck")
    assert done.returncode == 1 and done.stderr.startswith("staithe: ")
