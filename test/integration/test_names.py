"""Names and paths: what is a package, and what is not."""

import os

import pytest

from harness import images, raw, refused
from harness.client import succeeded
from harness.server import basic_header

EMPTY = images.index([])


@pytest.mark.parametrize("rest", ["a", "0", "a-b", "a--b", "a---b", "a.b", "a_b", "a__b", "a/b", "a/b/c/d/e/f",
                                  "a0.b1_c2__d3-e4", "manifests", "blobs/uploads", "tags/list", "v2", "x" * 200])
def test_every_valid_name_can_be_pushed_and_pulled(owner, alice, rest):
    name = f"alice/names/{rest}"
    owner.push_image(name, "v1")
    assert owner.get_manifest(name, "v1").status_code == 200
    assert owner.tags(name) == ["v1"]


@pytest.mark.parametrize("name", ["alice", "alice/UPPER", "Alice/x", "alice/-a", "alice/a-", "alice/.a", "alice/a.",
                                  "alice/a..b", "alice/a___b", "alice/a._b", "alice/_a", "alice/a_", "alice/a+b",
                                  "alice/a:b", "alice/a@b", "alice/ä", "alice/a%20b", "alice/a%00b", "alice/a//b",
                                  "alice/" + "x" * 224, "_x/a", "alice/a%0d%0ab"])
def test_v76_t17_invalid_names_are_400_and_make_no_package(registry, owner, alice, name):
    """T17, V76"""
    before = registry.packages()
    client = registry.basic(alice.name, alice.token)
    for method, path in (("GET", "tags/list"), ("GET", "manifests/v1"), ("POST", "blobs/uploads/"), ("PUT", "manifests/v1")):
        response = client.request(method, f"/v2/{name}/{path}", data=EMPTY.body if method == "PUT" else None,
                                  headers={"Content-Type": EMPTY.media_type})
        assert response.status_code in (400, 404), (method, path, response.status_code)
        refused(response, response.status_code, ("NAME_INVALID", "NAME_UNKNOWN", "UNKNOWN", "UNSUPPORTED"))
    assert registry.packages() == before


def test_a_name_without_an_owner_is_name_invalid(registry, alice):
    client = registry.basic(alice.name, alice.token)
    for path in ("/v2/single/tags/list", "/v2/single/manifests/latest", "/v2/single/blobs/sha256:" + "0" * 64):
        refused(client.get(path), 400, "NAME_INVALID")
    refused(client.post("/v2/single/blobs/uploads/"), 400, "NAME_INVALID")


def twisted(path):
    """Other spellings of a path, which must not be a second door to it."""
    yield path + "/"
    yield path + "//"
    yield path + "/."
    yield path + "/x/.."
    yield path + ";x"
    yield path + "%00"
    yield path + "%2f"
    yield path.replace("/v2/", "//v2/")
    yield path.replace("/v2/", "/v2//")
    yield path.replace("/v2/", "/v2/./")
    yield path.replace("/v2/", "/v2/x/../")
    yield path.replace("/v2/", "/v2/%2e%2e/v2/")
    yield path.replace("/v2/", "/V2/")
    yield path.replace("/v2/", "/%76%32/")
    yield path.replace("/v2/", "\\v2\\")
    yield path.replace("manifests", "Manifests")


def test_v31_t25_no_other_spelling_of_a_path_opens_a_private_package(registry, owner, alice, bob):
    """V31, V93: as bob and anonymously; nothing of the content, whatever the status."""
    pushed = owner.push_image("alice/hidden", "v1")
    layer = pushed.json["layers"][0]["digest"]
    headers = [("Authorization", basic_header(bob.name, bob.token))]
    for path in ("/v2/alice/hidden/manifests/v1", f"/v2/alice/hidden/blobs/{layer}", "/v2/alice/hidden/tags/list"):
        for target in (path, *twisted(path), registry.url + path):
            for credentials in (headers, []):
                response = raw.get(registry.address, target, registry.host, credentials)
                assert response.status in (400, 401, 403, 404, 405), (target, response.status)
                assert pushed.body not in response.body and b'"v1"' not in response.body


@pytest.mark.parametrize("target", [
    "/v2/../../../../etc/passwd", "/v2/%2e%2e/%2e%2e/etc/passwd", "/../etc/passwd", "/staithe.db", "/.git/config",
    "/v2/alice/x/blobs/../../../../staithe.db", "/v2/alice/x/blobs/uploads/../../../staithe.db",
    "/v2/alice/x/manifests/..%2f..%2fstaithe.db", "/v2/alice/x/manifests/%2e%2e"])
def test_v82_t17_no_path_reaches_a_file(registry, alice, target):
    """T17"""
    headers = [("Authorization", basic_header(alice.name, alice.token))]
    response = raw.get(registry.address, target, registry.host, headers)
    assert response.status in (400, 404) and b"root:" not in response.body and b"SQLite" not in response.body


@pytest.mark.parametrize("target", ["/v2/a%", "/v2/a%2", "/v2/a%zz/b/tags/list", "/v2/%ff%fe/x/tags/list",
                                    "/v2/a%01/x/tags/list"])
def test_broken_percent_encoding_is_refused(registry, alice, target):
    headers = [("Authorization", basic_header(alice.name, alice.token))]
    response = raw.get(registry.address, target, registry.host, headers)
    assert response.status in (400, 404)


@pytest.mark.parametrize("length", [8_000, 20_000, 100_000])
def test_v112_over_long_targets_are_refused_and_the_server_goes_on(registry, alice, length):
    result = raw.exchange(registry.address, raw.request("GET", "/v2/" + "a" * length, registry.host))
    assert not result.responses or result.responses[0].status in (400, 401, 404, 414, 431)
    assert registry.bare().get("/v2/").status_code == 401


def test_a_namespace_is_never_entered_by_its_prefix(registry, owner):
    """alice owns alice/..., not alice2/..."""
    other = registry.user("alice2" + os.urandom(3).hex())
    refused(owner.post(f"/v2/{other.name}/x/blobs/uploads/"), 403, "DENIED")
    succeeded(registry.client(other).post(f"/v2/{other.name}/x/blobs/uploads/"), 202)
