"""Who is refused what, and how: the denial table, and what outsiders cannot tell apart."""

import json
import re
from pathlib import Path

import pytest

from harness import Client, images, refused
from harness.client import parse_challenge, succeeded

READ = "permission_denied: read_package"
WRITE = "permission_denied: write_package"
DELETE = "permission_denied: delete_package"
SCOPES = "permission_denied: The token provided does not match expected scopes."
NO_OWNER = "not_found: owner not found"

ABSENT = "sha256:" + "0" * 64
EMPTY_INDEX = images.index([])

# Every route on a package: (method, what follows /v2/NAME/, action, body).
READS = [("GET", "manifests/v1"), ("HEAD", "manifests/v1"), ("GET", f"manifests/{ABSENT}"), ("HEAD", f"manifests/{ABSENT}"),
         ("GET", f"blobs/{ABSENT}"), ("HEAD", f"blobs/{ABSENT}"), ("GET", "tags/list"), ("GET", "tags/list?n=0"),
         ("GET", f"referrers/{ABSENT}")]
WRITES = [("PUT", "manifests/new"), ("PUT", f"manifests/{EMPTY_INDEX.digest}"), ("POST", "blobs/uploads/"),
          ("POST", f"blobs/uploads/?mount={ABSENT}&from=alice/x"), ("POST", f"blobs/uploads/?mount={ABSENT}"),
          ("POST", f"blobs/uploads/?digest={images.digest_of(b'x')}")]
SESSION = [("GET", "blobs/uploads/{uuid}"), ("PATCH", "blobs/uploads/{uuid}"),
           ("PUT", "blobs/uploads/{uuid}?digest=" + images.digest_of(b"x")), ("DELETE", "blobs/uploads/{uuid}")]
DELETES = [("DELETE", "manifests/v1"), ("DELETE", f"manifests/{ABSENT}"), ("DELETE", f"blobs/{ABSENT}")]
UUID = "01234567-89ab-4def-8123-456789abcdef"


def send(client, method, name, rest, **options):
    data = {"PUT": EMPTY_INDEX.body if "manifests" in rest else b"x", "PATCH": b"x"}.get(method)
    if method == "POST" and "digest=" in rest:
        data = b"x"
    headers = {"Content-Type": EMPTY_INDEX.media_type if "manifests" in rest else "application/octet-stream"}
    return client.request(method, f"/v2/{name}/" + rest.format(uuid=UUID), data=data,
                          headers=headers if data else None, **options)


def seen(response):
    """What a caller can see of an answer, apart from date and request id."""
    headers = {name: value for name, value in response.headers.items() if name not in ("Date", "X-Request-Id")}
    return response.status_code, json.dumps(headers, sort_keys=True), response.content


def same(first, second, *names):
    """Both answers are equal but for the package name that the caller put there itself."""
    shown = []
    for response, name in zip((first, second), names or (None, None)):
        status, headers, body = seen(response)
        if name:
            headers, body = headers.replace(name, "NAME"), body.replace(name.encode(), b"NAME")
        shown.append((status, headers, body))
    assert shown[0] == shown[1]


@pytest.fixture(scope="module")
def private(owner):
    owner.push_image("alice/private", "v1")
    return "alice/private"


@pytest.fixture(scope="module")
def public(registry, owner):
    owner.push_image("alice/public0", "v1")
    registry.set_visibility("alice/public0", "public")
    return "alice/public0"


GHOST = "alice/ghostly"  # never there; as long as the private one's name is irrelevant


def shape(rest):
    """What follows /v2/NAME/ as the table of routes writes it."""
    parts = rest.partition("?")[0].split("/")
    if parts[0] in ("manifests", "referrers") or (parts[0] == "blobs" and parts[1] != "uploads"):
        parts[1] = "{reference}" if parts[0] == "manifests" else "{digest}"
    return "/".join(parts).replace("{uuid}", "{id}")


def test_these_lists_hold_every_route_of_a_package():
    """I8: a route that is added without its place in the matrix fails here."""
    table = (Path(__file__).resolve().parents[2] / "src/api/routes.c").read_text()
    routes = set(re.findall(r'\{ STA_(\w+), "/v2/\{name\}/([^"]+)"', table))
    routes = {(method, rest) for method, rest in routes if rest != "blobs/uploads"}  # the same without its slash
    assert len(routes) >= 12
    assert routes == {(method, shape(rest)) for method, rest in READS + WRITES + SESSION + DELETES if method != "HEAD"}


# No credentials


@pytest.mark.parametrize("action, routes", [("pull", READS), ("pull,push", WRITES + SESSION), ("delete", DELETES)])
def test_v62_without_credentials_each_route_asks_for_its_scope(registry, private, public, unchanged, action, routes):
    """V62: no route of a package answers before the caller is known, public or not."""
    with unchanged(private, public):
        for method, rest in routes:
            if (method, rest) == ("DELETE", "blobs/uploads/{uuid}"):
                action = "pull,push"
            for name in (private, public, GHOST, "no-such-owner/x"):
                response = send(registry.bare(), method, name, rest)
                refused(response, 401, "UNAUTHORIZED", "authentication required")
                asked = parse_challenge(response.headers["WWW-Authenticate"])
                wanted = action if (method, rest) != ("GET", "blobs/uploads/{uuid}") else asked["scope"].split(":")[-1]
                source = " repository:alice/x:pull" if "from=alice/x" in rest else ""
                source = source or (" registry:mount:*" if "mount=" in rest else "")
                assert response.headers["WWW-Authenticate"] == (
                    f'Bearer realm="{registry.url}/token",service="{registry.host}",'
                    f'scope="repository:{name}:{wanted}{source}"'), (method, rest)


def test_catalog_asks_for_its_scope(registry, alice):
    response = registry.bare().get("/v2/_catalog")
    refused(response, 401, "UNAUTHORIZED", "authentication required")
    assert parse_challenge(response.headers["WWW-Authenticate"])["scope"] == "registry:catalog:*"


@pytest.mark.parametrize("authorization", ["Bearer ", "Bearer x", "Bearer QQ==", "Bearer stp_", "Basic YWxpY2U6d3Jvbmc="])
def test_bad_credentials_on_v2_are_401_on_every_route(registry, private, public, authorization):
    for method, rest in READS + WRITES + SESSION + DELETES:
        for name in (private, public):
            response = send(Client(registry, authorization=authorization), method, name, rest)
            refused(response, 401, "UNAUTHORIZED")
            assert response.headers["WWW-Authenticate"].startswith("Bearer ")


# Anonymous tokens


@pytest.mark.parametrize("actions", ["pull", "pull,push", "push", "delete", "*"])
def test_v29_t2_anonymous_token_for_private_and_absent_is_refused_alike(registry, anonymous, private, actions):
    """V29, T2"""
    answers = [anonymous.ask_token(f"repository:{name}:{actions}", registry.host)
               for name in (private, GHOST, "no-such-owner/x")]
    for answer in answers:
        refused(answer, 401, "UNAUTHORIZED")
        same(answers[0], answer)


def test_anonymous_token_reads_public_packages_only(registry, anonymous, public, private):
    token = anonymous.token(f"repository:{public}:pull")
    assert registry.bearer(token).get_manifest(public, "v1").status_code == 200
    for name in (private, GHOST):
        response = registry.bearer(token).get_manifest(name, "v1")
        refused(response, 401, "UNAUTHORIZED")
        assert parse_challenge(response.headers["WWW-Authenticate"])["error"] == "insufficient_scope"


def test_v51_anonymous_token_without_scope_opens_nothing(registry, anonymous, private):
    """V51"""
    token = anonymous.token()
    same(registry.bearer(token).get_manifest(private, "v1"), registry.bearer(token).get_manifest(GHOST, "v1"),
         private, GHOST)
    assert registry.bearer(token).get_manifest(private, "v1").status_code == 401


def test_anonymous_callers_never_write(registry, anonymous, public, unchanged):
    answer = anonymous.ask_token(f"repository:{public}:pull,push,delete", registry.host)
    assert answer.status_code in (200, 401)
    with unchanged(public):
        for method, rest in WRITES + DELETES:
            token = answer.json().get("token") or "x"
            response = send(registry.bearer(token), method, public, rest)
            refused(response, 401, ("UNAUTHORIZED", "DENIED"))
            assert "WWW-Authenticate" in response.headers


# Signed-in outsiders


@pytest.mark.parametrize("routes, message", [(READS, READ), (WRITES, WRITE), (DELETES, DELETE)],
                         ids=["read", "write", "delete"])
def test_v29_v62_t2_outsider_is_denied_and_cannot_tell_private_from_absent(registry, bob, outsider, private, unchanged,
                                                                           routes, message):
    """V29, V62, T2: bearer, Basic and raw token; status, headers and body."""
    callers = [outsider, registry.basic(bob.name, bob.token), registry.bearer(bob.token)]
    with unchanged(private):
        for method, rest in routes:
            for caller in callers:
                there, absent = send(caller, method, private, rest), send(caller, method, GHOST, rest)
                refused(there, 403, "DENIED", message if method != "HEAD" else None)
                same(there, absent, private, GHOST)


def test_v13_v29_t2_outsider_cannot_tell_what_a_private_package_holds(registry, owner, outsider, package):
    """V13, V29: an existing tag, manifest and blob look like absent ones."""
    pushed = owner.push_image(package, "v1")
    layer = pushed.json["layers"][0]["digest"]
    for present, absent in ((f"manifests/{pushed.digest}", f"manifests/{ABSENT}"), ("manifests/v1", "manifests/v2"),
                            (f"blobs/{layer}", f"blobs/{ABSENT}"), (f"referrers/{pushed.digest}", f"referrers/{ABSENT}")):
        for method in ("GET", "HEAD"):
            same(send(outsider, method, package, present), send(outsider, method, package, absent))
        ranged = {"Range": "bytes=0-0"}
        same(outsider.get(f"/v2/{package}/{present}", headers=ranged),
             outsider.get(f"/v2/{package}/{absent}", headers=ranged))


def test_outsider_reads_public_and_changes_nothing(registry, outsider, public, unchanged):
    assert outsider.get_manifest(public, "v1").status_code == 200
    with unchanged(public):
        for method, rest in WRITES:
            refused(send(outsider, method, public, rest), 403, "DENIED", WRITE)
        for method, rest in DELETES:
            refused(send(outsider, method, public, rest), 403, "DENIED", DELETE)


def test_v62_t40_visibility_counts_at_once(registry, owner, outsider, anonymous, package):
    """V62, T40: private, public, private again; tokens issued in between lose their use."""
    owner.push_image(package, "v1")
    refused(outsider.get_manifest(package, "v1"), 403, "DENIED", READ)
    registry.set_visibility(package, "public")
    assert outsider.get_manifest(package, "v1").status_code == 200
    assert anonymous.get_manifest(package, "v1").status_code == 200
    registry.set_visibility(package, "private")
    refused(outsider.get_manifest(package, "v1"), 403, "DENIED", READ)
    refused(anonymous.get_manifest(package, "v1"), 401, "UNAUTHORIZED")


def test_first_push_is_private(registry, owner, outsider, package):
    """I7"""
    owner.push_image(package, "v1")
    assert registry.packages()[package]["visibility"] == "private"
    assert outsider.get_manifest(package, "v1").status_code == 403


def test_push_into_a_namespace_that_does_not_exist(registry, owner, outsider, unchanged):
    with unchanged():
        for client in (owner, outsider):
            for method, rest in WRITES:
                refused(send(client, method, "no-such-owner/x", rest), 403, "DENIED", NO_OWNER)


def test_site_administrator_reads_and_writes_everything(registry, admin, private):
    client = registry.client(admin)
    assert client.get_manifest(private, "v1").status_code == 200
    client.push_image(private, "by-admin")


# In one's own namespace the truth is told


def test_owner_is_told_that_a_package_is_absent(registry, owner):
    refused(owner.get(f"/v2/{GHOST}/tags/list"), 404, "NAME_UNKNOWN")
    refused(owner.get_manifest(GHOST, "v1"), 404, ("MANIFEST_UNKNOWN", "NAME_UNKNOWN"))
    refused(owner.head_manifest(GHOST, "v1"), 404, ())
    refused(owner.get_blob(GHOST, ABSENT), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))
    refused(owner.delete(f"/v2/{GHOST}/manifests/v1"), 404, ("MANIFEST_UNKNOWN", "NAME_UNKNOWN"))
    refused(owner.delete(f"/v2/{GHOST}/blobs/{ABSENT}"), 404, ("BLOB_UNKNOWN", "NAME_UNKNOWN"))


def test_owner_is_told_that_a_manifest_is_absent(owner, private):
    for reference in ("no-such-tag", ABSENT):
        refused(owner.get_manifest(private, reference), 404, "MANIFEST_UNKNOWN", "manifest unknown")
    refused(owner.get_blob(private, ABSENT), 404, "BLOB_UNKNOWN")


# What a token was made for

TABLE = [
    # scopes of the personal access token, (read, write, delete) allowed
    ("read:packages", (True, False, False)),
    ("write:packages", (True, True, False)),
    ("read:packages,write:packages", (True, True, False)),
    ("read:packages,delete:packages", (True, False, True)),
    ("delete:packages", (False, False, True)),
    ("read:packages,write:packages,delete:packages", (True, True, True)),
]


@pytest.mark.parametrize("transport", ["bearer", "basic", "raw"])
@pytest.mark.parametrize("scopes, allowed", TABLE)
def test_v18_v65_v79_scopes_of_a_token_limit_it(registry, alice, owner, package, scopes, allowed, transport):
    """I3, V18, V65, V79"""
    owner.push_image(package, "v1", "v2")
    secret = registry.token(alice.name, scopes)
    client = {"bearer": registry.client(alice, secret), "basic": registry.basic(alice.name, secret),
              "raw": registry.bearer(secret)}[transport]
    answers = (client.get_manifest(package, "v1"), client.put_manifest(package, "new", EMPTY_INDEX),
               client.delete(f"/v2/{package}/manifests/v2"))
    for answer, fine, status in zip(answers, allowed, (200, 201, 202)):
        if fine:
            succeeded(answer, status)
        else:
            refused(answer, 403, "DENIED", SCOPES)
    assert owner.tags(package) == ["new"] * allowed[1] + ["v1"] + ["v2"] * (not allowed[2])


def test_v89_bearer_token_is_good_for_its_names_and_actions_only(registry, owner, package, unchanged):
    """V89: own other packages and other actions: 401 that names what is needed."""
    other = package + "-other"
    owner.push_image(package, "v1")
    owner.push_image(other, "v1")
    token = registry.bearer(owner.token(f"repository:{package}:pull"))
    assert token.get_manifest(package, "v1").status_code == 200
    with unchanged(package, other):
        for method, name, rest, actions in (("GET", other, "manifests/v1", "pull"),
                                            ("GET", GHOST, "manifests/v1", "pull"),
                                            ("PUT", package, "manifests/v2", "pull,push"),
                                            ("POST", package, "blobs/uploads/", "pull,push"),
                                            ("DELETE", package, "manifests/v1", "delete")):
            response = send(token, method, name, rest)
            refused(response, 401, "UNAUTHORIZED")
            challenge = parse_challenge(response.headers["WWW-Authenticate"])
            assert challenge["error"] == "insufficient_scope"
            assert challenge["scope"] == f"repository:{name}:{actions}"


def test_v18_push_token_does_not_delete(registry, owner, package, unchanged):
    """V18"""
    pushed = owner.push_image(package, "v1")
    token = registry.bearer(owner.token(f"repository:{package}:pull,push"))
    with unchanged(package):
        for rest in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{pushed.json['layers'][0]['digest']}"):
            response = token.delete(f"/v2/{package}/{rest}")
            refused(response, 401, "UNAUTHORIZED")
            assert parse_challenge(response.headers["WWW-Authenticate"])["error"] == "insufficient_scope"


def test_v66_safe_methods_change_nothing(registry, owner, package, unchanged):
    """V66"""
    owner.push_image(package, "v1")
    with unchanged(package):
        for method, rest in READS:
            send(owner, method, package, rest)
        for path in ("/v2/", "/v2/_catalog", "/token", "/healthz", "/readyz", "/metrics"):
            owner.get(path)
