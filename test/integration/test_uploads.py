"""Uploads: every way to push a blob, and everything that can go wrong.  The routes are upload_start and upload."""

import os
import time
import uuid

import pytest

from harness import images, raw, refused
from harness.client import succeeded
from harness.parallel import at_once
from harness.server import GC_GRACE, LAYER_MAX, UPLOAD_TTL, basic_header

OCTETS = {"Content-Type": "application/octet-stream"}
SIZES = [0, 1, 65536, 65537, 1_000_000]


def finish(client, location, digest, data=None, **headers):
    return client.put(location, params={"digest": digest}, data=data, headers={**OCTETS, **headers})


def patch(client, location, data, first=None, last=None):
    """A chunk; ranged when first is given."""
    headers = dict(OCTETS)
    if first is not None:
        headers["Content-Range"] = f"{first}-{first + len(data) - 1 if last is None else last}"
    return client.patch(location, data=data, headers=headers)


def offset(client, location):
    """Bytes that the session holds, by its status."""
    response = succeeded(client.get(location), 204)
    assert response.content == b""
    first, last = response.headers["Range"].split("-")
    assert first == "0"
    return int(last) + 1 if int(last) else 0


def holds(client, name, digest, data):
    response = client.get_blob(name, digest)
    return response.status_code == 200 and response.content == data


# The ways


def test_v97_post_begins_a_session_with_a_relative_location(owner, package):
    response = succeeded(owner.post(f"/v2/{package}/blobs/uploads/"), 202)
    session = response.headers["Docker-Upload-UUID"]
    assert uuid.UUID(session)
    location = response.headers["Location"]
    assert location.startswith(f"/v2/{package}/blobs/uploads/") and session in location
    assert response.headers["Range"] == "0-0"
    assert response.headers["Content-Length"] == "0"


@pytest.mark.parametrize("length, status", [(1, 202), (65_536, 202), (65_537, 413)])
def test_a_body_without_a_digest_is_thrown_away_up_to_a_limit(owner, package, length, status):
    response = owner.post(f"/v2/{package}/blobs/uploads/", data=b"x" * length)
    if status == 413:
        refused(response, 413, "SIZE_INVALID")
    else:
        assert response.status_code == status and offset(owner, response.headers["Location"]) == 0


def test_t18_sessions_have_different_ids(owner, package):
    assert len({owner.start_upload(package) for _ in range(30)}) == 30


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", SIZES)
def test_post_then_put(owner, package, size, algorithm):
    data = os.urandom(size)
    digest = images.digest_of(data, algorithm)
    extra = {} if algorithm == "sha256" else {"digest-algorithm": algorithm}
    response = succeeded(finish(owner, owner.start_upload(package, **extra), digest, data), 201)
    assert response.headers["Docker-Content-Digest"] == digest
    assert response.headers["Location"] == f"/v2/{package}/blobs/{digest}"
    assert owner.get(response.headers["Location"]).content == data


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("size", SIZES)
def test_single_post(owner, package, size, algorithm):
    data = os.urandom(size)
    digest = images.digest_of(data, algorithm)
    uploads = f"/v2/{package}/blobs/uploads/"
    response = succeeded(owner.post(uploads, params={"digest": digest}, data=data, headers=OCTETS), 201)
    assert response.headers["Docker-Content-Digest"] == digest
    assert owner.get(response.headers["Location"]).content == data


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_ranged_chunks_then_an_empty_put(owner, package, algorithm):
    data = os.urandom(250_000)
    location = owner.start_upload(package, **{"digest-algorithm": algorithm})
    for first in range(0, len(data), 100_000):
        chunk = data[first:first + 100_000]
        response = succeeded(patch(owner, location, chunk, first), 202)
        assert response.headers["Range"] == f"0-{first + len(chunk) - 1}"
        assert response.headers["Docker-Upload-UUID"]
        location = response.headers["Location"]
        assert offset(owner, location) == first + len(chunk)
    digest = images.digest_of(data, algorithm)
    succeeded(finish(owner, location, digest), 201)
    assert holds(owner, package, digest, data)


def test_last_chunk_in_the_put(owner, package):
    data = os.urandom(150_000)
    location = owner.start_upload(package)
    location = succeeded(patch(owner, location, data[:100_000], 0), 202).headers["Location"]
    digest = images.digest_of(data)
    succeeded(finish(owner, location, digest, data[100_000:], **{"Content-Range": "100000-149999"}), 201)
    assert holds(owner, package, digest, data)


@pytest.mark.parametrize("form", ["{0}-{1}", "bytes {0}-{1}/*", "bytes {0}-{1}/2000"])
def test_content_range_in_every_client_s_form(owner, package, form):
    data = os.urandom(2000)
    location = owner.start_upload(package)
    for first in (0, 1000):
        headers = {**OCTETS, "Content-Range": form.format(first, first + 999)}
        response = succeeded(owner.patch(location, data=data[first:first + 1000], headers=headers), 202)
        location = response.headers["Location"]
    succeeded(finish(owner, location, images.digest_of(data)), 201)


def test_stream_of_unknown_length(owner, package):
    """Docker's push: one PATCH with chunked transfer coding, then an empty PUT."""
    data = os.urandom(700_000)
    location = owner.start_upload(package)
    pieces = iter([data[:1], data[1:300_000], data[300_000:]])
    response = succeeded(owner.patch(location, data=pieces, headers=OCTETS), 202)
    assert response.headers["Range"] == f"0-{len(data) - 1}"
    digest = images.digest_of(data)
    succeeded(finish(owner, response.headers["Location"], digest), 201)
    assert holds(owner, package, digest, data)


def test_stream_in_the_put(owner, package):
    data = os.urandom(300_000)
    digest = images.digest_of(data)
    succeeded(finish(owner, owner.start_upload(package), digest, iter([data[:70_000], data[70_000:]])), 201)
    assert holds(owner, package, digest, data)


def test_several_unranged_patches_append(owner, package):
    data = os.urandom(3000)
    location = owner.start_upload(package)
    for first in range(0, 3000, 1000):
        location = succeeded(patch(owner, location, data[first:first + 1000]), 202).headers["Location"]
    succeeded(finish(owner, location, images.digest_of(data)), 201)


def test_sha512_without_announcement_in_the_post(owner, package):
    data = os.urandom(100_000)
    digest = images.digest_of(data, "sha512")
    location = succeeded(patch(owner, owner.start_upload(package), data, 0), 202).headers["Location"]
    succeeded(finish(owner, location, digest), 201)
    assert holds(owner, package, digest, data)


def test_digest_in_the_query_may_be_percent_encoded(owner, package):
    data = os.urandom(100)
    digest = images.digest_of(data)
    location = owner.start_upload(package)
    joint = "&" if "?" in location else "?"
    succeeded(owner.put(f"{location}{joint}digest={digest.replace(':', '%3A')}", data=data, headers=OCTETS), 201)


def test_expect_continue_is_answered_before_the_body(registry, alice, owner, package):
    location = owner.start_upload(package)
    headers = [("Authorization", basic_header(alice.name, alice.token)), ("Expect", "100-continue"),
               ("Content-Length", "5")]
    with raw.connect(registry.address) as connection:
        connection.sendall(raw.request("PATCH", location, registry.host, headers))
        assert connection.recv(1000).startswith(b"HTTP/1.1 100")
        connection.sendall(b"hello")
        received, _ = raw.receive(connection, 5)
    assert raw.split_responses(received)[0].status == 202


def test_refusal_comes_before_the_body_is_asked_for(registry, bob, package, owner):
    """Expect: 100-continue from someone who may not push."""
    owner.push_image(package, "v1")
    headers = [("Authorization", basic_header(bob.name, bob.token)), ("Expect", "100-continue"),
               ("Content-Length", "1000000")]
    result = raw.exchange(registry.address, raw.request(
        "POST", f"/v2/{package}/blobs/uploads/?digest={images.random_digest()}", registry.host, headers))
    assert b"100 Continue" not in result.received and result.responses[0].status == 403


# What is refused


@pytest.mark.parametrize("way", ["put", "post", "chunks", "stream"])
@pytest.mark.parametrize("size", [100, 200_000])
def test_wrong_digest_is_400_and_nothing_is_stored(registry, owner, package, unchanged, way, size):
    owner.push_image(package, "v1")
    data, digest = os.urandom(size), images.random_digest()
    with unchanged(package):
        location = owner.start_upload(package)
        if way == "post":
            response = owner.post(f"/v2/{package}/blobs/uploads/", params={"digest": digest}, data=data, headers=OCTETS)
        elif way == "put":
            response = finish(owner, location, digest, data)
        else:
            body = data if way == "chunks" else iter([data])
            location = succeeded(owner.patch(location, data=body, headers=OCTETS), 202).headers["Location"]
            response = finish(owner, location, digest)
        refused(response, 400, "DIGEST_INVALID")
        for name in (digest, images.digest_of(data)):
            refused(owner.head_blob(package, name), 404, "BLOB_UNKNOWN")
    if way != "post":
        refused(owner.get(location), 404, "BLOB_UPLOAD_UNKNOWN")


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:abc", "sha256:" + "A" * 64, "md5:" + "0" * 32, "x",
                                    "sha256:" + "0" * 63, "sha512:" + "0" * 64, "sha256:../../../etc/passwd"])
def test_v93_malformed_digest_is_400(registry, owner, package, unchanged, digest):
    owner.push_image(package, "v1")
    with unchanged(package):
        refused(finish(owner, owner.start_upload(package), digest, b"x"), 400, "DIGEST_INVALID")
        if digest:
            response = owner.post(f"/v2/{package}/blobs/uploads/", params={"digest": digest}, data=b"x", headers=OCTETS)
            refused(response, 400, "DIGEST_INVALID")


def test_put_without_digest_is_400(owner, package):
    refused(owner.put(owner.start_upload(package), data=b"x", headers=OCTETS), 400, "DIGEST_INVALID")


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "", "SHA256", "sha256,sha512"])
def test_unknown_digest_algorithm_is_400(owner, package, algorithm):
    response = owner.post(f"/v2/{package}/blobs/uploads/", params={"digest-algorithm": algorithm})
    refused(response, 400, ("DIGEST_INVALID", "UNSUPPORTED"))


def test_t38_sha512_label_on_a_sha256_value_is_400(owner, package):
    """T38"""
    data = os.urandom(100)
    refused(finish(owner, owner.start_upload(package), "sha512:" + images.digest_of(data)[7:], data), 400, "DIGEST_INVALID")


def test_v75_t1_knowing_a_digest_does_not_bring_the_bytes(owner, package):
    """T1: finishing with the digest of a blob in another package, but without its bytes."""
    digest = owner.push_blob(package, os.urandom(100_000))
    other = package + "-other"
    refused(finish(owner, owner.start_upload(other), digest), 400, "DIGEST_INVALID")
    refused(owner.head_blob(other, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))


@pytest.mark.parametrize("first", [0, 500, 999, 1001, 2000, 1 << 40])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_chunk_out_of_order_is_416_and_changes_nothing(owner, package, method, first):
    data = os.urandom(2000)
    location = succeeded(patch(owner, owner.start_upload(package), data[:1000], 0), 202).headers["Location"]
    headers = {**OCTETS, "Content-Range": f"{first}-{first + 999}"}
    options = {"params": {"digest": images.digest_of(data)}} if method == "PUT" else {}
    refused(owner.request(method, location, data=data[1000:], headers=headers, **options), 416, "BLOB_UPLOAD_INVALID")
    assert offset(owner, location) == 1000
    location = succeeded(patch(owner, location, data[1000:], 1000), 202).headers["Location"]
    succeeded(finish(owner, location, images.digest_of(data)), 201)


def test_first_chunk_must_begin_at_zero(owner, package):
    location = owner.start_upload(package)
    refused(patch(owner, location, b"x" * 100, 100), 416, "BLOB_UPLOAD_INVALID")
    assert offset(owner, location) == 0


@pytest.mark.parametrize("value", ["x", "0", "0-", "-9", "9-0", "0-9-9", "0--9", "bytes=0-9", "0-99999999999999999999999",
                                   "+0-9", "0 - 9", "0-0", "0-8", "0-10", "0-100"])
def test_content_range_that_does_not_fit_the_body_is_refused(owner, package, value):
    location = owner.start_upload(package)
    response = owner.patch(location, data=b"x" * 10, headers={**OCTETS, "Content-Range": value})
    assert response.status_code in (400, 416), response.status_code
    refused(response, response.status_code, ("BLOB_UPLOAD_INVALID", "SIZE_INVALID", "RANGE_INVALID"))
    assert offset(owner, location) == 0


def test_unknown_session_is_404(owner, package):
    location = f"/v2/{package}/blobs/uploads/{uuid.uuid4()}"
    for response in (owner.get(location), patch(owner, location, b"x"), owner.delete(location),
                     finish(owner, location, images.digest_of(b"x"), b"x")):
        refused(response, 404, ("BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"))


@pytest.mark.parametrize("session", ["..", "%2e%2e", "x", "0" * 32, "A" * 300, "%00", "a%2fb"])
def test_t17_malformed_session_id_is_refused(owner, package, session):
    """T17"""
    response = patch(owner, f"/v2/{package}/blobs/uploads/{session}", b"x")
    assert response.status_code in (400, 404, 405)


def test_v37_v47_v53_t18_session_belongs_to_its_package(owner, package):
    """V47, T18"""
    data = os.urandom(100)
    location = succeeded(patch(owner, owner.start_upload(package), data), 202).headers["Location"]
    stolen = location.replace(package, package + "-other")
    for response in (owner.get(stolen), patch(owner, stolen, b"x"), finish(owner, stolen, images.digest_of(data)),
                     owner.delete(stolen)):
        refused(response, 404, ("BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"))
    assert offset(owner, location) == 100


def test_v37_v47_v53_t18_session_belongs_to_its_user(registry, owner, admin, outsider, package):
    """V47, T18: even one who may push cannot go on with another's upload."""
    data = os.urandom(100)
    location = succeeded(patch(owner, owner.start_upload(package), data), 202).headers["Location"]
    other = registry.client(admin)
    for response in (other.get(location), patch(other, location, b"x"), finish(other, location, images.digest_of(data)),
                     other.delete(location)):
        refused(response, 404, ("BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"))
    for response in (outsider.get(location), patch(outsider, location, b"x"), outsider.delete(location)):
        refused(response, 403, "DENIED")
    assert offset(owner, location) == 100
    succeeded(finish(owner, location, images.digest_of(data)), 201)


def test_cancel_ends_the_session_and_removes_its_bytes(registry, owner, package):
    location = succeeded(patch(owner, owner.start_upload(package), os.urandom(200_000)), 202).headers["Location"]
    session = location.split("?")[0].rsplit("/", 1)[1]
    response = succeeded(owner.delete(location), 204)
    assert response.content == b""
    for again in (owner.get(location), owner.delete(location), patch(owner, location, b"x")):
        refused(again, 404, "BLOB_UPLOAD_UNKNOWN")
    assert not [path for path in registry.staged_files()
                if session in path.name or session.replace("-", "") in path.name]


def test_finished_session_is_gone(owner, package):
    data = os.urandom(100)
    location = owner.start_upload(package)
    succeeded(finish(owner, location, images.digest_of(data), data), 201)
    refused(owner.get(location), 404, "BLOB_UPLOAD_UNKNOWN")
    refused(patch(owner, location, b"x"), 404, "BLOB_UPLOAD_UNKNOWN")


# Broken connections


def half_sent(registry, account, location, data, announced):
    """A PATCH that ends early: data of announced bytes, then the connection is cut."""
    headers = [("Authorization", basic_header(account.name, account.token)), ("Content-Type", "application/octet-stream"),
               ("Content-Length", str(announced))]
    with raw.connect(registry.address) as connection:
        connection.sendall(raw.request("PATCH", location, registry.host, headers, close=False))
        connection.sendall(data)


def settled_offset(client, location, seconds=10):
    """The session's offset once the server has noticed that the connection is gone."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        response = client.get(location)
        if response.status_code == 204 and response.headers["Range"] != "0-0":
            return int(response.headers["Range"].split("-")[1]) + 1
        time.sleep(0.02)
    raise AssertionError("the received bytes were not kept")


def test_upload_goes_on_after_a_disconnect(registry, alice, owner, package):
    data = os.urandom(3_000_000)
    location = owner.start_upload(package)
    half_sent(registry, alice, location, data[:2_000_000], len(data))
    kept = settled_offset(owner, location)
    assert 0 < kept <= 2_000_000
    response = patch(owner, location, data[kept:], kept)
    deadline = time.monotonic() + 10
    while response.status_code in (409, 416):  # the server is still busy with what the broken request had sent
        assert time.monotonic() < deadline, response.text
        kept = settled_offset(owner, location)
        response = patch(owner, location, data[kept:], kept)
    succeeded(response, 202)
    digest = images.digest_of(data)
    succeeded(finish(owner, response.headers["Location"], digest), 201)
    assert holds(owner, package, digest, data)


def test_disconnect_in_the_put_stores_nothing(registry, alice, owner, package):
    data = os.urandom(300_000)
    digest = images.digest_of(data[:200_000])
    location = owner.start_upload(package)
    headers = [("Authorization", basic_header(alice.name, alice.token)), ("Content-Length", str(len(data)))]
    with raw.connect(registry.address) as connection:
        connection.sendall(raw.request("PUT", f"{location}?digest={digest}", registry.host, headers, close=False))
        connection.sendall(data[:200_000])
    settled_offset(owner, location)
    refused(owner.head_blob(package, digest), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))


def test_v103_t19_two_requests_at_once_on_one_session_are_409(registry, alice, owner, package):
    """T19, V103"""
    data = os.urandom(200_000)
    location = owner.start_upload(package)
    headers = [("Authorization", basic_header(alice.name, alice.token)), ("Content-Length", str(len(data)))]
    with raw.connect(registry.address) as connection:
        connection.sendall(raw.request("PATCH", location, registry.host, headers))
        connection.sendall(data[:100_000])
        deadline = time.monotonic() + 10
        # Until the server has read the first request's head, the probe is only out of order.
        while (response := patch(owner, location, b"x", 1 << 30)).status_code == 416:
            assert time.monotonic() < deadline
        refused(response, 409, "BLOB_UPLOAD_INVALID")
        refused(finish(owner, location, images.digest_of(data)), 409, "BLOB_UPLOAD_INVALID")
        connection.sendall(data[100_000:])
        received, _ = raw.receive(connection, 5)
    assert raw.split_responses(received)[0].status == 202
    succeeded(finish(owner, location, images.digest_of(data)), 201)


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_v48_upload_goes_on_after_the_server_s_restart(fresh, end):
    """P4"""
    registry = fresh()
    client = registry.client(registry.user("alice"))
    data = os.urandom(700_000)
    location = succeeded(patch(client, client.start_upload("alice/app"), data[:400_000], 0), 202).headers["Location"]
    if end == "SIGKILL":
        registry.kill()
    registry.restart()
    assert offset(client, location) == 400_000
    location = succeeded(patch(client, location, data[400_000:], 400_000), 202).headers["Location"]
    digest = images.digest_of(data)
    succeeded(finish(client, location, digest), 201)
    assert holds(client, "alice/app", digest, data)


def test_a_session_from_before_a_restart_can_be_cancelled(fresh):
    registry = fresh()
    client = registry.client(registry.user("alice"))
    location = succeeded(patch(client, client.start_upload("alice/app"), os.urandom(200_000)), 202).headers["Location"]
    registry.restart()
    succeeded(client.delete(location), 204)
    refused(client.get(location), 404, "BLOB_UPLOAD_UNKNOWN")
    assert not list(registry.staged_files())
    assert registry.problems() == 0


# Limits


def test_too_large_a_blob_is_413_and_leaves_nothing(fresh):
    """P8"""
    registry = fresh({LAYER_MAX: "1MiB"})
    account = registry.user("alice")
    client = registry.client(account)
    client.prime("alice/app")
    limit = 1 << 20
    data = os.urandom(limit)
    client.push_blob("alice/app", data)
    big = data + b"x"
    digest = images.digest_of(big)
    before = registry.snapshot()
    refused(client.post("/v2/alice/app/blobs/uploads/", params={"digest": digest}, data=big, headers=OCTETS), 413,
            "SIZE_INVALID")
    refused(finish(client, client.start_upload("alice/app"), digest, big), 413, "SIZE_INVALID")
    refused(client.patch(client.start_upload("alice/app"), data=iter([big]), headers=OCTETS), 413, "SIZE_INVALID")
    location = succeeded(patch(client, client.start_upload("alice/app"), data, 0), 202).headers["Location"]
    refused(patch(client, location, b"x", limit), 413, "SIZE_INVALID")
    assert registry.snapshot() == before
    refused(client.head_blob("alice/app", digest), 404, "BLOB_UNKNOWN")


def test_too_large_is_said_before_the_body_is_sent(fresh):
    """P8: over-limit uploads fail early."""
    registry = fresh({LAYER_MAX: "1MiB"})
    account = registry.user("alice")
    location = registry.client(account).start_upload("alice/app")
    headers = [("Authorization", basic_header(account.name, account.token)), ("Content-Length", "10000000000")]
    result = raw.exchange(registry.address, raw.request("PATCH", location, registry.host, headers))
    assert [response.status for response in result.responses] == [413] and result.closed


def test_idle_session_expires_and_its_bytes_are_freed(fresh):
    """I6"""
    registry = fresh({UPLOAD_TTL: "1s", GC_GRACE: "1s"})
    client = registry.client(registry.user("alice"))
    location = succeeded(patch(client, client.start_upload("alice/app"), os.urandom(200_000)), 202).headers["Location"]
    assert registry.staged_files()
    deadline = time.monotonic() + 15
    while client.get(location).status_code != 404:
        assert time.monotonic() < deadline, "still there"
        registry.collect()
        time.sleep(0.2)
    refused(client.get(location), 404, ("BLOB_UPLOAD_UNKNOWN", "NAME_UNKNOWN"))
    assert not registry.staged_files()
    assert registry.problems() == 0


def test_many_uploads_at_once(registry, alice, package):
    """Eight clients, five blobs each, several of them the same."""
    common = [os.urandom(150_000) for _ in range(3)]

    def push(client):
        blobs = [*common, os.urandom(10_000), os.urandom(500_000)]
        return [(client.push_blob(package, data), data) for data in blobs]

    pushed = at_once(push, [registry.client(alice) for _ in range(8)])
    reader = registry.client(alice)
    assert all(holds(reader, package, digest, data) for blobs in pushed for digest, data in blobs)
