"""GET /v2/ (the route ping), and the form that every error has."""

import pytest

from harness import raw, refused
from harness.client import parse_challenge
from harness.server import basic_header


def test_ping_without_credentials_asks_for_a_bearer_token_without_scope(registry, alice):
    response = registry.bare().get("/v2/")
    refused(response, 401, "UNAUTHORIZED", "authentication required")
    assert response.headers["WWW-Authenticate"] == (
        f'Bearer realm="{registry.url}/token",service="{registry.host}"')
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_ping_with_a_token_is_ok(registry, owner):
    response = owner.get("/v2/")
    assert response.status_code == 200
    assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0"


def test_ping_accepts_basic(registry, alice):
    assert registry.basic(alice.name, alice.token).get("/v2/").status_code == 200


def test_head_of_ping_has_no_body(registry, alice):
    response = registry.basic(alice.name, alice.token).head("/v2/")
    assert response.status_code == 200 and response.content == b""


@pytest.mark.parametrize("path", ["/v2/alice/x/manifests/latest", "/v2/", "/token", "/nothing/here", "/v2/_catalog"])
def test_v91_every_answer_names_its_request_and_forbids_sniffing(registry, alice, path):
    """V91"""
    response = registry.bare().get(path)
    assert response.headers["X-Request-Id"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_request_ids_differ(registry, alice):
    bare = registry.bare()
    assert len({bare.get("/v2/").headers["X-Request-Id"] for _ in range(20)}) == 20


def test_unknown_path_is_404_with_an_error_body(registry, alice):
    refused(registry.basic(alice.name, alice.token).get("/v2/alice/x/wrong/thing"), 404,
            ("NAME_UNKNOWN", "UNSUPPORTED", "UNKNOWN", "NAME_INVALID"))


@pytest.mark.parametrize("method, path", [
    ("POST", "/v2/alice/x/manifests/latest"),
    ("PUT", "/v2/alice/x/tags/list"),
    ("PATCH", "/v2/alice/x/blobs/sha256:" + "0" * 64),
    ("DELETE", "/v2/"),
    ("PROPFIND", "/v2/alice/x/manifests/latest"),
])
def test_v18_t25_wrong_method_is_405_and_names_the_right_ones(registry, alice, method, path):
    """V18, T25: an unknown method never maps to a known one."""
    response = registry.basic(alice.name, alice.token).request(method, path)
    refused(response, 405, "UNSUPPORTED")
    assert "GET" in response.headers["Allow"]


def every_kind_of_refusal(owner, package):
    """(status, answer) for each status that a client can provoke."""
    pushed = owner.push_image(package, "v1")
    layer = f"/v2/{package}/blobs/{pushed.json['layers'][0]['digest']}"
    manifest = f"/v2/{package}/manifests/v1"
    location = owner.start_upload(package)
    yield 400, owner.put(manifest, data=b"{}", headers={"Content-Type": pushed.media_type})
    yield 400, owner.put(location, params={"digest": "x"}, data=b"x")
    yield 400, owner.get(f"/v2/{package}/tags/list?n=x")
    yield 401, owner.send("GET", manifest)
    yield 403, owner.get("/v2/nobody-at-all/x/tags/list")
    yield 404, owner.get(f"/v2/{package}/manifests/none")
    yield 404, owner.get(f"/v2/{package}/blobs/sha256:" + "0" * 64)
    yield 405, owner.post(manifest)
    yield 409, owner.delete(layer)
    yield 412, owner.put_manifest(package, "v1", pushed, {"If-None-Match": "*"})
    yield 413, owner.put(manifest, data=b"x" * (5 << 20), headers={"Content-Type": pushed.media_type})
    yield 416, owner.get(layer, headers={"Range": "bytes=999999-"})
    yield 416, owner.patch(location, data=b"x", headers={"Content-Range": "5-5"})


def test_every_refusal_is_an_error_document_with_code_and_message(registry, owner, package):
    """The specification, "Error Codes"; and no machine details in any of them."""
    for status, response in every_kind_of_refusal(owner, package):
        shown = f"{response.request.method} {response.request.path_url}: {response.status_code} {response.text[:300]}"
        assert response.status_code == status, shown
        assert response.headers["Content-Type"].split(";")[0] == "application/json", shown
        assert set(response.json()) == {"errors"} and response.json()["errors"], shown
        for error in response.json()["errors"]:
            assert set(error) <= {"code", "message", "detail"} and error["message"], shown
        assert response.headers["Docker-Distribution-Api-Version"] == "registry/2.0", shown
        assert response.headers["X-Request-Id"], shown
        assert str(registry.data) not in response.text and ".c:" not in response.text, shown


def test_methods_have_case(registry, alice, owner, package):
    """RFC 9110 9.1: "delete" is no DELETE."""
    pushed = owner.push_image(package, "v1")
    headers = [("Authorization", basic_header(alice.name, alice.token))]
    target = f"/v2/{package}/manifests/{pushed.digest}"
    assert raw.get(registry.address, target, registry.host, headers, method="delete").status in (400, 405, 501)
    assert owner.head_manifest(package, "v1").status_code == 200


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_t25_trace_and_connect_are_refused(registry, alice, method):
    """T25"""
    assert registry.bare().request(method, "/v2/").status_code in (400, 405, 501)


def test_t25_method_override_is_ignored(registry, owner, package):
    """T25"""
    pushed = owner.push_image(package, "v1")
    owner.get_manifest(package, "v1", headers={"X-HTTP-Method-Override": "DELETE"})
    assert owner.head_manifest(package, pushed.digest).status_code == 200


@pytest.mark.parametrize("headers", [
    {"X-Forwarded-Host": "evil.example"},
    {"X-Forwarded-Proto": "https"},
    {"X-Forwarded-For": "192.0.2.1", "X-Real-IP": "192.0.2.1"},
    {"Forwarded": "host=evil.example;proto=https"},
    {"X-Original-URL": "/healthz"},
    {"X-WEBAUTH-USER": "alice"},
])
def test_v68_v109_t22_t23_proxy_headers_of_strangers_change_nothing(registry, alice, headers):
    """V68, V109"""
    bare = registry.bare()
    plain, spoofed = bare.get("/v2/alice/x/tags/list"), bare.get("/v2/alice/x/tags/list", headers=headers)
    assert spoofed.status_code == plain.status_code == 401
    assert spoofed.headers["WWW-Authenticate"] == plain.headers["WWW-Authenticate"]
    assert parse_challenge(spoofed.headers["WWW-Authenticate"])["realm"] == f"{registry.url}/token"


@pytest.mark.parametrize("path", ["/v2/", "/token", "/v2/alice/x/tags/list", "/healthz"])
def test_v20_foreign_origins_get_no_cors_permission(registry, alice, path):
    """V20"""
    response = registry.bare().get(path, headers={"Origin": "https://evil.example"})
    assert response.headers.get("Access-Control-Allow-Origin") in (None, registry.url)
    assert response.headers.get("Access-Control-Allow-Credentials") != "true"
