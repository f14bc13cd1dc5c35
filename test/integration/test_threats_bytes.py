"""Rows of docs/THREATS.md: limits, and that bytes stay what they are.  STAITHE_TEST_ROUNDS repeats some more often."""

import os
import random
import re
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import Document, Registry, images, raw, refused
from harness.client import succeeded
from harness.parallel import at_once
from harness.server import BINARY, GC_GRACE, TRASH, basic_header

ROUNDS = int(os.environ.get("STAITHE_TEST_ROUNDS", "20"))
EMPTY = images.index([])
LIMIT = 4 << 20
OCTETS = {"Content-Type": "application/octet-stream"}


# Sizes


def test_v1_a_manifest_of_exactly_4_mib_is_accepted_and_one_byte_more_is_not(owner, package):
    config = images.config_bytes()
    owner.push_blob(package, config)
    head = images.image(config, [], annotations={"x": ""}).body
    for size, status in ((LIMIT, 201), (LIMIT + 1, 413)):
        body = head.replace(b'"x":""', b'"x":"' + b"y" * (size - len(head)) + b'"')
        assert len(body) == size
        assert owner.put_manifest(package, "v1", Document(body, images.OCI_MANIFEST)).status_code == status


def test_v1_v114_fifty_endless_manifests_at_once_are_413_and_take_little_memory(registry, alice, owner, package):
    """In chunks, with no length given: the limit counts what comes, and reading ends there."""
    owner.push_image(package, "v1")
    before = registry.memory()
    head = raw.request("PUT", f"/v2/{package}/manifests/x", registry.host, [
        ("Authorization", basic_header(alice.name, alice.token)), ("Content-Type", images.OCI_MANIFEST),
        ("Transfer-Encoding", "chunked")], close=False)
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"

    def push(_):
        sent = 0
        with raw.connect(registry.address) as connection:
            connection.sendall(head)
            try:
                while sent < 8 * LIMIT:
                    connection.sendall(chunk)
                    sent += len(chunk)
            except OSError:
                pass
            return raw.receive(connection, 5)[0][:12], sent

    results = at_once(push, range(50))
    answers = {answer for answer, _ in results}
    assert b"HTTP/1.1 413" in answers and answers <= {b"HTTP/1.1 413", b""}
    assert registry.grown(before) < 300 << 20
    assert owner.tags(package) == ["v1"]


NUMBERS = [2**31, 2**32, 2**63 - 1, 2**64, 10**9, "0" * 2000 + "1"]


@pytest.mark.parametrize("n", NUMBERS, ids=lambda n: str(n)[:20])
def test_v2_a_large_page_size_takes_no_memory(registry, owner, package, n):
    subject = owner.push_image(package, "v1")
    before = registry.memory()
    for path in ("/v2/_catalog", f"/v2/{package}/tags/list", f"/v2/{package}/referrers/{subject.digest}"):
        response = owner.get(f"{path}?n={n}")
        if response.status_code != 200:
            refused(response, 400, "PAGINATION_NUMBER_INVALID")
    assert registry.grown(before) < 4 << 20


@pytest.mark.parametrize("n", ["-1", "%2B5", "0x10", "", "1e9", "9" * 5000])
def test_v2_what_is_no_page_size_is_refused_for_referrers_too(owner, package, n):
    subject = owner.push_image(package, "v1")
    refused(owner.get(f"/v2/{package}/referrers/{subject.digest}?n={n}"), 400, "PAGINATION_NUMBER_INVALID")


def test_v22_t28_an_index_that_lists_shared_children_forty_levels_deep_is_walked_once(fresh):
    """2 to the 40th steps, if each way to a manifest were gone: the time limit of a request is the proof."""
    registry = fresh({GC_GRACE: "1s", TRASH: "0s"})
    client = registry.client(registry.user("alice"))
    chain = [client.push_image("alice/deep")]
    for level in range(40):
        again = images.document(images.OCI_INDEX, manifests=[chain[-1].descriptor()] * 2, annotations={"level": str(level)})
        chain.append(client.push_manifest("alice/deep", again))
    client.push_manifest("alice/deep", chain[-1], "top")
    assert client.get_manifest("alice/deep", "top").content == chain[-1].body
    assert client.referrers("alice/deep", chain[-1].digest) == []
    registry.collect()
    assert registry.problems() == 0
    for document in reversed(chain):
        succeeded(client.delete(f"/v2/alice/deep/manifests/{document.digest}"), 202)
    registry.collect()
    assert registry.problems() == 0


@pytest.mark.parametrize("length", [9_000, 65_536, 1_000_000])
def test_v112_a_target_that_is_too_long_is_414(registry, length):
    result = raw.exchange(registry.address, raw.request("GET", "/v2/" + "a" * length, registry.host))
    assert {response.status for response in result.responses} <= {414} and result.closed
    assert b" 414 " in result.received or length > 65_536
    assert registry.bare().get("/v2/").status_code == 401


@pytest.mark.parametrize("text", ["%01", "%22", "%5C", "%E2%80%A8", "%C3%A4", "%7F", "%0A", "%FF"])
def test_v113_text_that_grows_when_it_is_escaped_is_written_whole(fresh, text):
    """In the log and in error documents, at every length around those of a buffer."""
    registry = fresh({"log.format": "json"})
    user = registry.user("alice")
    for length in (1, 31, 63, 64, 65, 127, 128, 255, 256, 511, 512, 1023, 1024, 2047, 2500):
        target = "/v2/alice/app/manifests/" + text * min(length, 7900 // len(text))
        for method in ("GET", "PUT"):
            response = registry.basic("alice", user.token).request(method, target, headers={
                "User-Agent": "a\\\"" * min(length, 1000)})
            assert response.status_code in (400, 404) and response.json()["errors"]
    registry.stop()
    assert len(registry.log_lines()) == len(registry.log_text().splitlines()) >= 30


# Files that are not ours, and a disk that is full


def test_v11_stray_files_among_the_uploads_stop_nobody(fresh):
    registry = fresh({GC_GRACE: "1s", "gc.upload_ttl": "1s"})
    client = registry.client(registry.user("alice"))
    client.patch(client.start_upload("alice/app"), data=os.urandom(200_000))
    (staged,) = registry.staged_files()
    folder = staged.parent
    registry.stop()
    for name in ("a", "-", ".hidden", "x" * 255, "ä", "line\nend", staged.name + ".old", "0" * 36):
        (folder / name).write_bytes(b"stray")
    (folder / "directory").mkdir()
    (folder / "directory" / "inside").write_bytes(b"stray")
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "dangling").symlink_to("/nowhere")
    here = os.getcwd()
    with socket.socket(socket.AF_UNIX) as stray:
        os.chdir(folder)
        try:
            stray.bind("socket")
        finally:
            os.chdir(here)
    registry.start(port=registry.address[1])
    registry.collect()
    client.push_image("alice/app", "v1", layer_sizes=(100_000,))
    registry.fsck("--content")
    registry.restart()
    assert client.get_manifest("alice/app", "v1").status_code == 200
    assert Path("/etc/passwd").exists()


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of 24 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24M", "tmpfs", str(folder)], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"a disk of its own cannot be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path):
    """Until not a byte more goes."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        for size in (65536, 4096, 1):
            try:
                while os.write(file, b"x" * size):
                    pass
            except OSError:
                pass
    finally:
        os.close(file)


def test_v23_t31_t41_a_full_disk_breaks_nothing_and_is_over_when_there_is_room(small_disk):
    """Reads go on, what cannot be kept is refused, and nothing that was acknowledged is lost."""
    registry = Registry(small_disk).start()
    try:
        client = registry.client(registry.user("alice"))
        kept = client.push_image("alice/app", "v1", layer_sizes=(500_000,))
        filler = small_disk / "filler"
        for _ in range(min(ROUNDS, 20)):
            fill(filler)
            answers = []
            for size in (3_000_000, 100_000, 1000, 10):
                data = os.urandom(size)
                response = client.post("/v2/alice/app/blobs/uploads/", params={"digest": images.digest_of(data)}, data=data,
                                       headers=OCTETS)
                answers.append(response.status_code)
                if response.status_code == 201:
                    assert client.get_blob("alice/app", images.digest_of(data)).content == data
            assert set(answers) <= {201, 507, 503, 500} and 507 in answers, answers
            assert client.get_manifest("alice/app", "v1").content == kept.body
            for layer in kept.json["layers"]:
                assert images.digest_of(client.get_blob("alice/app", layer["digest"]).content) == layer["digest"]
            filler.unlink()
            kept = client.push_image("alice/app", "v1", layer_sizes=(500_000,))
            assert client.get_manifest("alice/app", "v1").content == kept.body
            registry.collect()
        assert registry.problems("--content") == 0
    finally:
        registry.stop()


# What is read is what was written


def test_v24_with_every_cache_gone_collection_takes_nothing_that_is_in_use(fresh):
    registry = fresh({GC_GRACE: "1s", TRASH: "0s"})
    client = registry.client(registry.user("alice"))
    pushed = [client.push_image(f"alice/app{n}", "v1", layer_sizes=(100, 100_000)) for n in range(3)]
    for layer in pushed[0].json["layers"]:
        client.token("repository:alice/app3:pull,push", "repository:alice/app0:pull")
        client.push_blob("alice/app3", client.get_blob("alice/app0", layer["digest"]).content)
    time.sleep(1.1)  # the grace of this server
    registry.kill()
    registry.start(port=registry.address[1])
    registry.collect()
    for n, document in enumerate(pushed):
        for layer in (*document.json["layers"], document.json["config"]):
            content = client.get_blob(f"alice/app{n}", layer["digest"]).content
            assert images.digest_of(content) == layer["digest"]
    assert registry.problems("--content") == 0


@pytest.mark.parametrize("change", ["first byte", "middle", "last byte", "shorter", "longer", "empty"])
def test_v48_a_stage_that_was_changed_on_disk_never_becomes_the_blob(fresh, change):
    """What the hash had seen before a restart is not trusted: the bytes are."""
    registry = fresh()
    client = registry.client(registry.user("alice"))
    data = os.urandom(300_000)
    location = succeeded(client.patch(client.start_upload("alice/app"), data=data[:200_000], headers=OCTETS), 202)
    location = location.headers["Location"]
    registry.stop()
    (stage,) = registry.staged_files()
    content = bytearray(stage.read_bytes())
    place = {"first byte": 0, "middle": 100_000, "last byte": 199_999}.get(change)
    if place is not None:
        content[place] ^= 1
    stage.write_bytes({"shorter": content[:-1], "longer": content + b"x", "empty": b""}.get(change, content))
    registry.start(port=registry.address[1])
    response = client.put(location, params={"digest": images.digest_of(data)}, data=data[200_000:], headers=OCTETS)
    if change == "longer" and response.status_code == 201:  # what was never acknowledged may be cut off again
        assert client.get_blob("alice/app", images.digest_of(data)).content == data
        return
    assert response.status_code in (400, 404, 416, 500), response.text
    assert client.head_blob("alice/app", images.digest_of(data)).status_code == 404
    assert registry.problems("--content") == 0


def test_v61_what_was_acknowledged_is_seen_by_the_next_request_of_anyone(registry, alice, owner, package):
    other = registry.client(alice)
    subject = owner.push_image(package, "v1")
    owner.push_artifact(package, "application/vnd.example", subject)
    for n in range(ROUNDS):
        document = owner.push_artifact(package, "application/vnd.example", subject, annotations={"n": str(n)})
        assert document.digest in [entry["digest"] for entry in other.referrers(package, subject.digest)]
        owner.push_manifest(package, document, "moving")
        assert other.get_manifest(package, "moving").content == document.body
        assert "moving" in other.tags(package)
        succeeded(other.delete(f"/v2/{package}/manifests/moving"), 202)
        assert "moving" not in owner.tags(package) and owner.head_manifest(package, "moving").status_code == 404
        succeeded(other.delete(f"/v2/{package}/manifests/{document.digest}"), 202)
        assert document.digest not in [entry["digest"] for entry in owner.referrers(package, subject.digest)]
        name = f"{package}/c{n}"
        owner.push_manifest(name, EMPTY, "v1")
        assert name in [entry for page in other.pages("/v2/_catalog", "repositories") for entry in page]


def test_v61_bytes_of_an_upload_that_was_refused_are_freed_without_a_collection(fresh):
    registry = fresh({"limits.layer": "1MiB"})
    client = registry.client(registry.user("alice"))
    big = os.urandom((1 << 20) + 1)
    assert client.patch(client.start_upload("alice/app"), data=iter([big]), headers=OCTETS).status_code == 413
    assert client.put(client.start_upload("alice/app"), params={"digest": images.random_digest()}, data=big[:500_000],
                      headers=OCTETS).status_code == 400
    deadline = time.monotonic() + 10
    while registry.staged_files():  # a request lets go of its upload when it is over, a moment after the answer
        assert time.monotonic() < deadline, "still there"
        time.sleep(0.02)


def test_v9_what_was_collected_can_be_pushed_again_and_again(fresh):
    """No memory of what was once there answers for the bytes."""
    registry = fresh({GC_GRACE: "1s", TRASH: "0s"})
    client = registry.client(registry.user("alice"))
    config, layer = images.config_bytes(), os.urandom(100_000)
    for _ in range(max(2, ROUNDS // 10)):
        for blob in (config, layer):
            client.push_blob("alice/app", blob)
        pushed = client.push_manifest("alice/app", images.image(config, [layer]), "v1")
        assert client.get_manifest("alice/app", "v1").content == pushed.body
        assert client.get_blob("alice/app", images.digest_of(layer)).content == layer
        succeeded(client.delete(f"/v2/alice/app/manifests/{pushed.digest}"), 202)
        deadline = time.monotonic() + 20
        while registry.stored_file(images.digest_of(layer)):
            assert time.monotonic() < deadline, "never collected"
            registry.collect()
            time.sleep(0.2)


def test_v99_what_is_asked_for_by_digest_hashes_to_it(owner, package):
    pushed = owner.push_image(package, "v1", layer_sizes=(0, 1, 65536, 65537, 1_000_000))
    owner.push_image(package, "v1")  # the tag moves on; the digest does not
    assert images.digest_of(owner.get_manifest(package, pushed.digest).content) == pushed.digest
    for entry in (pushed.json["config"], *pushed.json["layers"]):
        response = owner.get_blob(package, entry["digest"])
        assert images.digest_of(response.content) == entry["digest"] == response.headers["Docker-Content-Digest"]


def test_v103_t19_a_patch_beside_the_finishing_put_never_changes_the_blob(registry, alice, owner, package):
    """One of the two is refused, whichever comes first; and what is stored hashes to its name."""
    credentials = [("Authorization", basic_header(alice.name, alice.token))]
    for _ in range(ROUNDS):
        data = os.urandom(150_000)
        digest = images.digest_of(data)
        location = owner.start_upload(package)
        stop, statuses = threading.Event(), []

        def disturb(location=location, stop=stop, statuses=statuses):
            client = registry.basic(alice.name, alice.token)
            while not stop.is_set():
                statuses.append(client.patch(location, data=b"\0" * 1000, headers=OCTETS).status_code)

        with raw.connect(registry.address) as connection:
            connection.sendall(raw.request("PUT", f"{location}?digest={digest}", registry.host,
                                           [*credentials, ("Content-Length", str(len(data)))]) + data[:70_000])
            thread = threading.Thread(target=disturb)
            thread.start()
            connection.sendall(data[70_000:])
            received, _ = raw.receive(connection, 10)
            stop.set()
            thread.join()
        status = raw.split_responses(received)[0].status
        assert status in (201, 400, 404, 409) and set(statuses) <= {202, 404, 409}
        if status == 201:
            assert 202 not in statuses and owner.get_blob(package, digest).content == data
        else:
            assert owner.head_blob(package, digest).status_code == 404


def test_t19_chunks_in_any_order_do_what_a_simple_model_does(owner, package):
    dice = random.Random(os.environ.get("STAITHE_TEST_SEED", "19"))
    for _ in range(ROUNDS):
        whole, held = dice.randbytes(dice.choice((10, 70_000, 200_000))), 0
        location = owner.start_upload(package)
        while held < len(whole):
            first = held if dice.random() < 0.6 else dice.randrange(len(whole))
            chunk = whole[first:first + dice.randrange(1, len(whole) + 1)]
            response = owner.patch(location, data=chunk, headers={
                **OCTETS, "Content-Range": f"{first}-{first + len(chunk) - 1}"})
            assert response.status_code == (202 if first == held else 416)
            held += len(chunk) if first == held else 0
            shown = owner.get(location).headers["Range"]
            assert shown == f"0-{max(held - 1, 0)}"
        succeeded(owner.put(location, params={"digest": images.digest_of(whole)}, headers=OCTETS), 201)
        assert owner.get_blob(package, images.digest_of(whole)).content == whole


def test_t42_a_copy_of_a_stopped_server_s_folder_is_the_whole_registry(fresh, tmp_path):
    registry = fresh()
    client = registry.client(registry.user("alice"))
    pushed = [client.push_image(f"alice/app{n}", "v1", layer_sizes=(100, 100_000)) for n in range(3)]
    client.patch(client.start_upload("alice/app0"), data=os.urandom(100_000), headers=OCTETS)
    registry.stop()
    copy = Registry(tmp_path / "copy")
    copy.directory.mkdir()
    shutil.copytree(registry.data, copy.data, ignore=shutil.ignore_patterns("control.sock"))
    copy.data.chmod(0o700)
    copy.start()
    try:
        assert copy.problems("--content") == 0
        reader = copy.basic("alice", registry.secrets[-1])
        for n, document in enumerate(pushed):
            assert reader.get_manifest(f"alice/app{n}", "v1").content == document.body
    finally:
        copy.stop()


# What browsers and the system would make of it


@pytest.mark.parametrize("media_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
def test_t44_nothing_that_was_pushed_is_a_page_to_a_browser(owner, package, media_type):
    page = b'{"schemaVersion":2,"x":"<script>alert(1)</script>"}'
    digest = owner.push_blob(package, b"<html><script>alert(1)</script></html>")
    blob = owner.get_blob(package, digest)
    assert blob.headers["Content-Type"] == "application/octet-stream" and blob.headers["X-Content-Type-Options"] == "nosniff"
    response = owner.put_manifest(package, "page", Document(page, media_type))
    if response.status_code == 201:
        shown = owner.get_manifest(package, "page")
        assert "sandbox" in shown.headers.get("Content-Security-Policy", ""), "it would run on this origin"
    else:
        refused(response, 400, "MANIFEST_INVALID")


def dynamic(kind):
    done = subprocess.run(["readelf", "--wide", *kind, BINARY], capture_output=True, text=True, check=True)
    return done.stdout


def test_v83_v115_the_program_has_no_interpreter_and_calls_no_writer_of_archives():
    needed = {re.sub(r"\.so.*", "", name) for name in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic(["--dynamic"]))}
    ours = {"libmicrohttpd", "libgnutls", "libsqlite3", "libcrypto", "libjansson", "libsodium", "libyaml-0", "libz"}
    compiler = {"libc", "libm", "libpthread", "ld-linux-x86-64", "libasan", "libubsan", "libtsan", "libgcov", "libgcc_s"}
    assert needed <= ours | compiler
    symbols = set(re.findall(r" UND (\w+)", dynamic(["--dyn-syms"])))
    assert "sqlite3_open_v2" in symbols, "the symbols were not read"
    assert {"dlmopen", "system", "popen", "execve", "execvp", "posix_spawn"} & symbols == set()
    assert not [name for name in symbols if name.startswith(("gz", "inflate", "deflate"))]
    # One library is loaded when it is needed, by a name that nobody gives.
    source = Path(__file__).resolve().parents[2] / "src"
    loads = [line.strip() for path in source.rglob("*.c") for line in path.read_text().splitlines() if "dlopen(" in line]
    assert loads == ["void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);"]
    assert '#define LIBRARY "libcurl.so.4"' in (source / "net/fetch.c").read_text()


def test_v116_one_connection_alone_writes_and_checkpoints():
    """SQLite's race between a checkpoint and a reset of the log needs two."""
    source = Path(__file__).resolve().parents[2] / "src"
    found = [path.name for path in source.rglob("*.c") if "wal_checkpoint" in path.read_text()]
    assert found == ["db_writer.c"]
    setup = (source / "db/db_sqlite.c").read_text()
    assert "PRAGMA wal_autocheckpoint=0;" in setup.split("common_setup[]")[1].split(";\n")[0]
    assert "PRAGMA query_only=ON;" in setup.split("reader_setup[]")[1].split(";\n")[0]
    assert "PRAGMA mmap_size=0;" in setup
