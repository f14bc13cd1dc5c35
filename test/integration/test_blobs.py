"""Reading blobs: whole, in ranges, on condition."""

import os

import pytest

from harness import images, raw, refused
from harness.client import succeeded
from harness.parallel import at_once
from harness.server import basic_header

SMALL, BORDER, LARGE = 4000, 65536, 300_000  # up to the border blobs live in the database


@pytest.fixture(scope="module")
def blobs(owner, alice):
    """Blobs by size, all in alice/blobs."""
    made = {}
    for size in (0, 1, SMALL, BORDER, BORDER + 1, LARGE):
        data = os.urandom(size)
        made[size] = (owner.push_blob("alice/blobs", data), data)
    return made


SIZES = [0, 1, SMALL, BORDER, BORDER + 1, LARGE]


def get(owner, digest, **headers):
    return owner.get_blob("alice/blobs", digest, headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize("size", SIZES)
def test_get_returns_the_bytes_with_digest_length_and_validators(owner, blobs, size):
    digest, data = blobs[size]
    response = succeeded(get(owner, digest), 200)
    assert response.content == data
    assert response.headers["Content-Length"] == str(size)
    assert response.headers["Docker-Content-Digest"] == digest
    assert response.headers["ETag"] == f'"{digest}"'
    assert response.headers["Accept-Ranges"] == "bytes"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_cache_control_says_immutable(owner, blobs):
    control = get(owner, blobs[SMALL][0]).headers["Cache-Control"]
    assert "immutable" in control and "max-age=" in control


@pytest.mark.parametrize("size", SIZES)
def test_head_has_the_headers_of_get_and_no_body(owner, blobs, size):
    digest, _ = blobs[size]
    head, full = owner.head_blob("alice/blobs", digest), get(owner, digest)
    assert head.status_code == 200 and head.content == b""
    for name in ("Content-Length", "Docker-Content-Digest", "ETag", "Accept-Ranges", "Content-Type", "Cache-Control"):
        assert head.headers[name] == full.headers[name]


def test_t38_both_algorithms_name_the_same_bytes_independently(owner, package):
    """T38"""
    data = os.urandom(1000)
    first = owner.push_blob(package, data)
    second = images.digest_of(data, "sha512")
    refused(owner.head_blob(package, second), 404, "BLOB_UNKNOWN")
    owner.push_blob(package, data, "sha512")
    for digest in (first, second):
        response = owner.get_blob(package, digest)
        assert response.content == data and response.headers["Docker-Content-Digest"] == digest


def test_absent_blob_is_404_with_its_digest_in_the_detail(owner, blobs):
    digest = images.random_digest()
    errors = refused(get(owner, digest), 404, "BLOB_UNKNOWN")
    assert digest in str(errors[0].get("detail", "")) + errors[0]["message"]
    refused(owner.head_blob("alice/blobs", digest), 404, "BLOB_UNKNOWN")
    refused(get(owner, images.random_digest("sha512")), 404, "BLOB_UNKNOWN")


@pytest.mark.parametrize("digest", ["sha256:", "sha256:abc", "sha256:" + "g" * 64, "sha256:" + "A" * 64, "md5:" + "0" * 32,
                                    "sha512:" + "0" * 64, "sha256:" + "0" * 65, "sha256-" + "0" * 64, "x"])
def test_v93_malformed_digest_is_refused_as_such(owner, blobs, digest):
    response = get(owner, digest)
    assert response.status_code in (400, 404)
    refused(response, response.status_code, ("DIGEST_INVALID", "BLOB_UNKNOWN", "UNSUPPORTED"))


def test_v6_t1_a_blob_is_seen_only_in_packages_that_hold_it(owner, blobs, package):
    """V6, T1: bytes that the server knows are not readable through another package."""
    owner.push_image(package, "v1")
    digest, _ = blobs[LARGE]
    refused(owner.get_blob(package, digest), 404, "BLOB_UNKNOWN")
    refused(owner.head_blob(package, digest), 404, "BLOB_UNKNOWN")


def test_a_manifest_is_no_blob_and_a_blob_is_no_manifest(owner, package):
    pushed = owner.push_image(package, "v1")
    assert owner.get_manifest(package, pushed.json["config"]["digest"]).status_code == 404
    assert owner.get_blob(package, pushed.digest).status_code in (200, 404)


# Ranges


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("value, first, last", [
    ("bytes=0-0", 0, 0), ("bytes=500-1499", 500, 1499), ("bytes=500-", 500, -1), ("bytes=-500", -500, -1),
    ("bytes=0-", 0, -1), ("bytes=3999-3999", 3999, 3999), ("bytes=2000-99999999999", 2000, -1),
    ("bytes=-99999999999", 0, -1), ("bytes=0-18446744073709551615", 0, -1), ("bytes= 10-19", 10, 19),
])
def test_one_range_is_206_with_its_place(owner, blobs, size, value, first, last):
    digest, data = blobs[size]
    first, last = (number + size if number < 0 else number for number in (first, last))
    response = succeeded(get(owner, digest, Range=value), 206)
    assert response.content == data[first:last + 1]
    assert response.headers["Content-Range"] == f"bytes {first}-{last}/{size}"
    assert response.headers["Content-Length"] == str(last - first + 1)
    assert response.headers["Docker-Content-Digest"] == digest


@pytest.mark.parametrize("size", [0, SMALL, LARGE])
@pytest.mark.parametrize("value", ["bytes=500-0", "bytes=300000-", "bytes=5000000-6000000", "bytes=-0"])
def test_a_range_outside_is_416_with_the_size(owner, blobs, size, value):
    response = get(owner, blobs[size][0], Range=value)
    refused(response, 416, ("RANGE_INVALID", "SIZE_INVALID", "UNSUPPORTED"))
    assert response.headers["Content-Range"] == f"bytes */{size}"


@pytest.mark.parametrize("value", ["bytes=", "bytes=a-b", "bytes=1", "bytes 0-1", "items=0-1", "bytes=0x1-2", "0-1",
                                   "bytes=-", "bytes=--1", "bytes=1-2-3"])
def test_a_malformed_range_counts_as_none(owner, blobs, value):
    """RFC 9110 14.2"""
    digest, data = blobs[SMALL]
    response = succeeded(get(owner, digest, Range=value), 200)
    assert response.content == data




@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_several_ranges_come_as_parts_in_the_order_asked_for(owner, blobs, size):
    digest, data = blobs[size]
    asked = [(0, 0), (100, 199), (3000, 3999), (10, 19)]
    response = succeeded(get(owner, digest, Range="bytes=" + ", ".join(f"{a}-{b}" for a, b in asked)), 206)
    assert int(response.headers["Content-Length"]) == len(response.content)
    # Binary parts are cut by hand: the mail parser would change line ends.
    boundary = b"--" + response.headers["Content-Type"].split("boundary=")[1].strip('"').encode()
    pieces = response.content.split(boundary)[1:-1]
    assert len(pieces) == len(asked)
    for (first, last), piece in zip(asked, pieces):
        head, _, body = piece.partition(b"\r\n\r\n")
        assert f"content-range: bytes {first}-{last}/{size}".encode() in head.lower()
        assert body[:-2] == data[first:last + 1] and body[-2:] == b"\r\n"


def test_of_several_ranges_those_outside_are_left_out(owner, blobs):
    digest, data = blobs[SMALL]
    response = succeeded(get(owner, digest, Range="bytes=0-9,9000-9999"), 206)
    assert data[:10] in response.content and len(response.content) < 500


def test_many_overlapping_ranges_do_not_multiply_the_bytes(owner, blobs):
    """CVE-2011-3192"""
    digest, data = blobs[LARGE]
    response = get(owner, digest, Range="bytes=" + ",".join(f"{n}-" for n in range(500)))
    assert response.status_code in (200, 206, 416)
    assert len(response.content) <= 3 * len(data)


def test_a_pull_that_was_cut_goes_on_where_it_stopped(owner, blobs):
    digest, data = blobs[LARGE]
    half = get(owner, digest, Range="bytes=0-149999").content
    rest = get(owner, digest, Range="bytes=150000-", If_Range=f'"{digest}"')
    assert succeeded(rest, 206) and half + rest.content == data


def test_if_range_of_other_content_brings_everything(owner, blobs):
    digest, data = blobs[SMALL]
    response = succeeded(get(owner, digest, Range="bytes=0-9", If_Range=f'"{images.random_digest()}"'), 200)
    assert response.content == data


def test_head_ignores_ranges(owner, blobs):
    """RFC 9110 14.2: only GET has ranges."""
    response = owner.head_blob("alice/blobs", blobs[SMALL][0], headers={"Range": "bytes=0-9"})
    assert response.status_code == 200 and response.headers["Content-Length"] == str(SMALL)


# Conditions


@pytest.mark.parametrize("form", ['"{0}"', 'W/"{0}"', '"x", "{0}"', "*"])
def test_if_none_match_of_the_same_content_is_304_without_body(owner, blobs, form):
    digest, _ = blobs[SMALL]
    response = get(owner, digest, If_None_Match=form.format(digest))
    assert response.status_code == 304 and response.content == b""
    assert response.headers["ETag"] == f'"{digest}"'


@pytest.mark.parametrize("value", ['"x"', '""', 'W/"sha256:abc"', "x"])
def test_if_none_match_of_other_content_brings_everything(owner, blobs, value):
    digest, data = blobs[SMALL]
    assert succeeded(get(owner, digest, If_None_Match=value), 200).content == data


def test_v29_v62_conditions_reveal_nothing_to_outsiders(outsider, blobs):
    """V29"""
    digest, _ = blobs[SMALL]
    for headers in ({"If-None-Match": f'"{digest}"'}, {"If-None-Match": "*"}, {"Range": "bytes=0-9"}):
        refused(outsider.get_blob("alice/blobs", digest, headers=headers), 403, "DENIED")


# Many at once


def test_many_readers_get_the_same_bytes(registry, alice, blobs):
    digest, data = blobs[LARGE]

    def read(client):
        return all(client.get_blob("alice/blobs", digest).content == data for _ in range(5))

    assert all(at_once(read, [registry.client(alice) for _ in range(8)]))


def test_a_reader_that_goes_away_disturbs_nobody(registry, alice, owner, package):
    data = os.urandom(8 << 20)
    digest = owner.push_blob(package, data)
    headers = [("Authorization", basic_header(alice.name, alice.token))]
    for _ in range(10):
        with raw.connect(registry.address) as connection:
            connection.sendall(raw.request("GET", f"/v2/{package}/blobs/{digest}", registry.host, headers))
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
    assert owner.get_blob(package, digest).content == data


def test_keep_alive_serves_one_request_after_the_other(registry, alice, blobs):
    digest, _ = blobs[SMALL]
    headers = [("Authorization", basic_header(alice.name, alice.token))]
    request = raw.request("GET", f"/v2/alice/blobs/blobs/{digest}", registry.host, headers, close=False)
    last = raw.request("GET", f"/v2/alice/blobs/blobs/{digest}", registry.host, headers)
    result = raw.exchange(registry.address, request * 4 + last)
    assert [response.status for response in result.responses] == [200] * 5
