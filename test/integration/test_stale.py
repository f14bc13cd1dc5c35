"""A credential that was good once reads what everybody may read, and opens nothing else."""

import time
from dataclasses import dataclass

import pytest

READS = ["manifests/v1", "tags/list", f"referrers/sha256:{'0' * 64}"]


@dataclass
class User:
    name: str


@pytest.fixture(scope="module")
def revoked(registry, alice):
    """A token of alice's that was revoked."""
    secret = registry.token(alice.name, name="old")
    registry.cli("token", "revoke", str(registry.tokens(alice.name)[-1]["id"]))
    return secret


@pytest.fixture
def public(registry, owner, package):
    owner.push_image(package, "v1")
    registry.set_visibility(package, "public")
    return package


def shown(registry, how, secret):
    """A client that shows the secret on each request."""
    if how == "basic":
        return registry.basic("alice", secret)
    return registry.bearer(secret)


@pytest.mark.parametrize("how", ["basic", "bearer"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_revoked_token_reads_a_public_package_with_a_warning(registry, alice, revoked, public, how, method):
    for path in READS:
        answer = shown(registry, how, revoked).request(method, f"/v2/{public}/{path}")
        assert answer.status_code == 200
        assert answer.headers["Warning"].startswith("299 - \"")
        assert "expired or was revoked" in answer.headers["Warning"]


def test_a_good_token_and_an_anonymous_one_get_no_warning(registry, alice, public):
    for client in (registry.basic("alice", alice.token), registry.client()):
        answer = client.get(f"/v2/{public}/manifests/v1")
        assert (answer.status_code, "Warning" in answer.headers) == (200, False)


def test_v78_a_revoked_token_opens_nothing_else(registry, alice, owner, revoked, public, package):
    private = package + "-private"
    subject = owner.push_image(private, "v1")
    for how in ("basic", "bearer"):
        client = shown(registry, how, revoked)
        answers = [client.get(f"/v2/{name}/manifests/v1") for name in (private, package + "-absent")]
        assert {answer.status_code for answer in answers} == {401}
        assert answers[0].content == answers[1].content
        assert 'error="invalid_token"' in answers[0].headers["WWW-Authenticate"]
        assert not any("Warning" in answer.headers for answer in answers)
        for method, path in [("PUT", "manifests/x"), ("DELETE", f"manifests/{subject.digest}"), ("POST", "blobs/uploads/"),
                             ("GET", "blobs/uploads/00000000-0000-4000-8000-000000000000")]:
            answer = client.request(method, f"/v2/{public}/{path}", data=b"{}")
            assert answer.status_code == 401
            assert "Warning" not in answer.headers
        for path in ("/v2/", "/v2/_catalog"):
            assert client.get(path).status_code == 401


def ask_token(registry, secret, *scopes):
    return registry.client(secret=secret, account=User("alice")).ask_token(list(scopes), registry.host)


def test_a_revoked_token_gets_a_bearer_token_for_reading_public_packages(registry, revoked, public):
    answer = ask_token(registry, revoked, f"repository:{public}:pull")
    assert answer.status_code == 200
    assert "expired or was revoked" in answer.headers["Warning"]
    bearer = registry.bearer(answer.json()["token"])
    assert bearer.get(f"/v2/{public}/manifests/v1").status_code == 200
    assert bearer.request("PUT", f"/v2/{public}/manifests/x", data=b"{}").status_code == 401


def test_v78_a_revoked_token_signs_in_nowhere_else(registry, owner, revoked, public):
    private = public + "-private"
    owner.push_image(private, "v1")
    for scopes in ([], [f"repository:{public}:pull,push"], [f"repository:{private}:pull"], [f"repository:{public}-absent:pull"],
                   [f"repository:{public}:pull", f"repository:{private}:pull"], ["registry:catalog:*"],
                   [f"repository:{public}:pull", "registry:mount:*"], ["nonsense"]):
        answer = ask_token(registry, revoked, *scopes)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "DENIED"), scopes


def test_v78_what_was_never_good_is_refused_for_public_packages_too(registry, public):
    never = "stp_" + "0" * 36
    for client in (registry.basic("alice", "wrong"), registry.basic("alice", never), registry.bearer("a.b.c")):
        answer = client.get(f"/v2/{public}/manifests/v1")
        assert (answer.status_code, "Warning" in answer.headers) == (401, False)
    assert ask_token(registry, "wrong", f"repository:{public}:pull").status_code == 403


def test_an_expired_bearer_token_reads_a_public_package(fresh):
    registry = fresh({"token.ttl": "2s"})
    alice = registry.user("alice")
    owner = registry.client(alice)
    owner.push_image("alice/app", "v1")
    bearer = registry.bearer(owner.token("repository:alice/app:pull"))
    assert bearer.get("/v2/alice/app/manifests/v1").status_code == 200
    deadline = time.monotonic() + 20
    while bearer.get("/v2/alice/app/manifests/v1").status_code == 200:
        assert time.monotonic() < deadline, "the token does not expire"
        time.sleep(0.1)
    registry.set_visibility("alice/app", "public")
    answer = bearer.get("/v2/alice/app/manifests/v1")
    assert (answer.status_code, "Warning" in answer.headers) == (200, True)


def test_a_refused_token_is_in_the_audit_log(fresh):
    registry = fresh()
    alice = registry.user("alice")
    identity = registry.tokens("alice")[-1]["id"]
    registry.cli("token", "revoke", str(identity))
    client = registry.basic("alice", alice.token)
    assert {client.get("/v2/").status_code for _ in range(3)} == {401}
    registry.stop()
    registry.start()
    lines = registry.cli_json("audit", "list", "--target", "alice")["entries"]
    assert (lines[0]["action"], lines[0]["detail"]) == ("token.refused", f"token {identity}, revoked, 3 times")
    assert alice.token not in str(lines)
