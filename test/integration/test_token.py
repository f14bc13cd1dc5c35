"""The token endpoint, and every way of showing a credential."""

import base64
import datetime
import hashlib
import hmac
import json
import os
import time

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec

from harness import refused
from harness.client import parse_challenge, succeeded
from harness.server import TOKEN_TTL, basic_header

SCOPES = ["", "repository:alice/app:pull", "repository:alice/app:pull,push", "repository:alice/app:delete",
          "registry:catalog:*"]


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def oauth(registry, **form):
    form.setdefault("service", registry.host)
    form.setdefault("client_id", "tests")
    return registry.bare().post("/token", data=form)


def refresh_token(registry, account, secret):
    return succeeded(oauth(registry, grant_type="password", username=account.name, password=secret,
                           access_type="offline"), 200).json()["refresh_token"]


# GET /token


@pytest.mark.parametrize("scope", SCOPES)
def test_answer_has_both_names_and_a_life_of_300_seconds(owner, registry, alice, scope):
    response = succeeded(owner.ask_token(scope, registry.host), 200)
    answer = response.json()
    assert answer["token"] == answer["access_token"]
    assert answer["expires_in"] == 300
    issued = datetime.datetime.fromisoformat(answer["issued_at"].replace("Z", "+00:00"))
    assert abs(issued.timestamp() - time.time()) < 60
    assert "refresh_token" not in answer
    assert response.headers["Content-Type"].startswith("application/json")
    assert "no-store" in response.headers["Cache-Control"]


@pytest.mark.parametrize("user", ["alice", "token", "x-access-token", "bob", "", "no-such-user"])
def test_user_name_is_ignored_with_a_personal_access_token(registry, alice, bob, user):
    client = registry.basic(user, alice.token)
    succeeded(client.get("/token", params={"scope": "repository:alice/app:pull"}), 200)
    assert client.get("/v2/").status_code == 200


def test_password_needs_its_own_user_name(registry, alice, bob):
    succeeded(registry.basic(alice.name, alice.password).get("/token"), 200)
    refused(registry.basic(bob.name, alice.password).get("/token"), 403, "DENIED", "denied")
    refused(registry.basic("", alice.password).get("/token"), 403, "DENIED", "denied")


def test_password_works_directly_on_v2(registry, alice):
    assert registry.basic(alice.name, alice.password).get("/v2/").status_code == 200


@pytest.mark.parametrize("secret", ["", "wrong", "stp_" + "0" * 36, "stp_", "a" * 10000, "stp_\x00", "päss"])
def test_v78_v88_bad_credentials_are_denied_and_never_become_anonymous(registry, alice, secret):
    """V88, rule 0.1: a stale credential is told so."""
    response = registry.bare().get("/token", headers={"Authorization": "Basic " + encoded(f"alice:{secret}")})
    if len(secret) > 8000:
        assert response.status_code in (400, 403, 431)
    else:
        refused(response, 403, "DENIED", "denied")


@pytest.mark.parametrize("header", ["Basic", "Basic ", "Basic %%%", "Basic " + encoded("no colon"), "Digest x", "x"])
def test_malformed_authorization_is_refused(registry, alice, header):
    assert registry.bare().get("/token", headers={"Authorization": header}).status_code in (400, 401, 403)
    assert registry.bare().get("/v2/", headers={"Authorization": header}).status_code in (400, 401)


def test_several_scopes_by_parameter_and_by_space(registry, owner, outsider, package):
    other = package + "-other"
    owner.push_image(package, "v1")
    owner.push_image(other, "v1")
    wanted = [f"repository:{package}:pull", f"repository:{other}:pull"]
    for scope in (wanted, " ".join(wanted)):
        token = succeeded(owner.ask_token(scope, registry.host), 200).json()["token"]
        for name in (package, other):
            assert registry.bearer(token).get(f"/v2/{name}/tags/list").status_code == 200


def test_signed_in_callers_get_a_token_for_anything_and_rights_decide_later(registry, alice, outsider):
    for scope in ("repository:alice/never-there:pull,push", "repository:no-such-owner/x:pull"):
        succeeded(outsider.ask_token(scope, registry.host), 200)


def test_a_scope_that_was_cut_out_of_a_challenge_at_its_comma_is_for_pushing_too(registry, owner, outsider, package):
    """As dataaxiom/ghcr-cleanup-action does; rights are looked up at each request as ever."""
    owner.push_image(package, "v1")
    for caller, status in ((owner, 202), (outsider, 403)):
        token = succeeded(caller.ask_token(f'"repository:{package}:pull', registry.host), 200).json()["token"]
        assert registry.bearer(token).post(f"/v2/{package}/blobs/uploads/").status_code == status
        assert registry.bearer(token).delete(f"/v2/{package}/manifests/v1").status_code == 401
    for other in (f'"repository:{package}:delete', f'repository:{package}:pull"', f'""repository:{package}:pull', '":pull'):
        response = succeeded(owner.ask_token(other, registry.host), 200)
        assert registry.bearer(response.json()["token"]).get(f"/v2/{package}/tags/list").status_code == 401


@pytest.mark.parametrize("scope", ["repository:Alice/App:pull", "repository:alice/%2e%2e:pull", "repository::pull",
                                   "repository:alice/app", "x" * 5000])
def test_t9_malformed_scopes_give_no_rights(registry, owner, alice, scope):
    """T9"""
    response = owner.ask_token(scope, registry.host)
    assert response.status_code in (200, 400, 414)
    if response.status_code == 200:
        token = response.json()["token"]
        assert registry.bearer(token).get("/v2/alice/app/tags/list").status_code == 401


def test_v51_t10_token_of_another_service_is_not_accepted(registry, owner, package):
    """V51, T10"""
    owner.push_image(package, "v1")
    response = owner.ask_token(f"repository:{package}:pull", "evil.example")
    assert response.status_code in (200, 400)
    if response.status_code == 200:
        token = response.json()["token"]
        assert registry.bearer(token).get(f"/v2/{package}/tags/list").status_code == 401


@pytest.mark.parametrize("path", ["/token/", "//token", "/token/x", "/v2/token"])
def test_v88_no_other_path_issues_tokens(registry, alice, path):
    """V88"""
    response = registry.basic(alice.name, alice.token).get(path)
    assert response.status_code in (400, 404) and "token" not in response.text.split('"')[:2]


@pytest.mark.parametrize("query", ["access_token={0}", "token={0}", "account=alice&password={0}", "private_token={0}"])
def test_v65_v91_credentials_in_the_query_count_for_nothing(registry, alice, query):
    """V65, V91"""
    query = query.format(alice.token)
    assert registry.bare().get("/v2/?" + query).status_code == 401
    refused(registry.bare().get("/token?scope=repository:alice/app:push&" + query), 401, "UNAUTHORIZED")


# POST /token


def test_oauth_password_grant_brings_a_token(registry, alice, owner, package):
    owner.push_image(package, "v1")
    for secret in (alice.token, alice.password):
        answer = succeeded(oauth(registry, grant_type="password", username="alice", password=secret,
                                 scope=f"repository:{package}:pull"), 200).json()
        assert answer["access_token"] and answer["expires_in"] == 300
        assert registry.bearer(answer["access_token"]).get(f"/v2/{package}/tags/list").status_code == 200


def test_oauth_bad_password_is_denied(registry, alice):
    refused(oauth(registry, grant_type="password", username="alice", password="wrong"), 403, "DENIED", "denied")


@pytest.mark.parametrize("form", [{}, {"grant_type": ""}, {"grant_type": "client_credentials"},
                                  {"grant_type": "password"}, {"grant_type": "refresh_token"},
                                  {"grant_type": "refresh_token", "refresh_token": "x"}])
def test_oauth_incomplete_forms_are_refused(registry, alice, form):
    assert oauth(registry, **form).status_code in (400, 401, 403)


def test_refresh_token_comes_when_asked_for_and_is_good_for_access_tokens(registry, alice, owner, package):
    owner.push_image(package, "v1")
    for secret in (alice.token, alice.password):
        refresh = refresh_token(registry, alice, secret)
        answer = succeeded(oauth(registry, grant_type="refresh_token", refresh_token=refresh,
                                 scope=f"repository:{package}:pull"), 200).json()
        assert registry.bearer(answer["access_token"]).get(f"/v2/{package}/tags/list").status_code == 200


def test_docker_login_brings_no_refresh_token(registry, owner):
    """As with GHCR: docker would keep it as an identity token, in a file that podman then refuses to read."""
    assert "refresh_token" not in succeeded(owner.ask_token(None, registry.host, offline_token="true"), 200).json()


def test_t10_refresh_token_is_no_bearer_token(registry, alice, owner):
    """T10"""
    refresh = refresh_token(registry, alice, alice.token)
    assert registry.bearer(refresh).get("/v2/").status_code == 401


def test_t10_bearer_token_is_no_refresh_token(registry, owner):
    """T10"""
    token = owner.token()
    assert oauth(registry, grant_type="refresh_token", refresh_token=token).status_code in (400, 401, 403)


def test_anonymous_callers_get_no_refresh_token(registry, anonymous, alice):
    assert "refresh_token" not in anonymous.ask_token(None, registry.host, offline_token="true").json()


# One credential, every transport


def transports(account):
    return {
        "basic": basic_header(account.name, account.token),
        "bearer": f"Bearer {account.token}",
        "bearer of base64": f"Bearer {encoded(account.token)}",
        "bearer of base64 pair": f"Bearer {encoded(account.name + ':' + account.token)}",
    }


def test_v65_a_token_decides_alike_however_it_is_shown(registry, alice, bob, owner, package):
    """V65: Basic, Bearer and base64 lead to the same decisions."""
    owner.push_image(package, "v1")
    paths = ["/v2/", f"/v2/{package}/tags/list", f"/v2/{package}/manifests/v1", "/v2/alice/absent/tags/list"]
    for account in (alice, bob):
        answers = set()
        for header in transports(account).values():
            answers.add(tuple(registry.bare().get(path, headers={"Authorization": header}).status_code
                              for path in paths))
        assert len(answers) == 1, answers


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "basic", "BASIC"])
def test_scheme_names_have_no_case(registry, alice, scheme):
    """RFC 9110 11.1"""
    value = alice.token if scheme.lower() == "bearer" else encoded(f"alice:{alice.token}")
    assert registry.bare().get("/v2/", headers={"Authorization": f"{scheme} {value}"}).status_code == 200


@pytest.mark.parametrize("change", [
    lambda t: t[:-1], lambda t: t[:-7], lambda t: t[:4], lambda t: t + "0", lambda t: t + " x", lambda t: t.swapcase(),
    lambda t: t.upper(), lambda t: "x" + t, lambda t: t[:10] + ("a" if t[10] != "a" else "b") + t[11:],
    lambda t: t.replace("stp_", "ghp_"),
], ids=["-1", "-7", "prefix only", "+1", "+word", "case", "upper", "x+", "one char", "other prefix"])
def test_v107_altered_tokens_are_refused(registry, alice, change):
    """V107"""
    secret = change(alice.token)
    refused(registry.basic("alice", secret).get("/token"), 403, "DENIED", "denied")
    for header in (basic_header("alice", secret), f"Bearer {secret}", f"Bearer {encoded(secret)}"):
        refused(registry.bare().get("/v2/", headers={"Authorization": header}), 401, "UNAUTHORIZED")


def test_t11_token_text_is_recognisable(alice):
    """I3, T11: prefix, 36 characters of base62."""
    assert alice.token.startswith("stp_") and len(alice.token) == 40 and alice.token[4:].isalnum()


@pytest.mark.parametrize("path", ["/v2/", "/token"])
def test_v67_t13_failed_logins_look_alike_whatever_failed(registry, alice, path):
    """V67, T13: unknown user, wrong password, unknown token, disabled user."""
    gone = registry.user("gone-" + os.urandom(4).hex())
    registry.cli("user", "disable", gone.name)
    tries = [("nobody-here", "wrong password"), ("alice", "wrong password"), ("alice", "stp_" + "A" * 36),
             (gone.name, gone.password), (gone.name, gone.token)]
    answers = set()
    for user, secret in tries:
        response = registry.basic(user, secret).get(path)
        headers = {k: v for k, v in response.headers.items() if k not in ("Date", "X-Request-Id")}
        answers.add((response.status_code, json.dumps(headers, sort_keys=True), response.text))
    assert len(answers) == 1, answers


# The end of rights


def test_v80_t8_revoked_token_ends_everything_that_came_from_it(registry, alice, owner, package):
    """V80, T8: the personal access token, its bearer tokens and refresh tokens."""
    owner.push_image(package, "v1")
    secret = registry.token("alice")
    client = registry.client(alice, secret)
    bearer = client.token(f"repository:{package}:pull")
    refresh = refresh_token(registry, alice, secret)
    assert registry.bearer(bearer).get(f"/v2/{package}/tags/list").status_code == 200
    registry.cli("token", "revoke", str(registry.tokens("alice")[-1]["id"]))
    refused(registry.basic("alice", secret).get("/token"), 403, "DENIED", "denied")
    refused(registry.bearer(secret).get("/v2/"), 401, "UNAUTHORIZED")
    refused(registry.bearer(bearer).get(f"/v2/{package}/tags/list"), 401, "UNAUTHORIZED")
    assert oauth(registry, grant_type="refresh_token", refresh_token=refresh).status_code in (400, 401, 403)
    assert owner.get(f"/v2/{package}/tags/list").status_code == 200


def test_v72_v80_disabled_user_loses_every_credential_at_once(registry):
    """V72, V80"""
    user = registry.user("leaver-" + os.urandom(4).hex())
    client = registry.client(user)
    name = f"{user.name}/app"
    client.push_image(name, "v1")
    bearer = client.token(f"repository:{name}:pull")
    refresh = refresh_token(registry, user, user.token)
    registry.cli("user", "disable", user.name)
    for secret in (user.token, user.password):
        refused(registry.basic(user.name, secret).get("/token"), 403, "DENIED", "denied")
        refused(registry.basic(user.name, secret).get("/v2/"), 401, "UNAUTHORIZED")
    refused(registry.bearer(bearer).get(f"/v2/{name}/tags/list"), 401, "UNAUTHORIZED")
    assert oauth(registry, grant_type="refresh_token", refresh_token=refresh).status_code in (400, 401, 403)
    registry.cli("user", "enable", user.name)
    assert registry.basic(user.name, user.token).get("/v2/").status_code == 200


def test_expired_token_is_refused(registry, alice):
    secret = registry.token("alice", expires="5s")  # longer than a command takes under a sanitizer
    assert registry.basic("alice", secret).get("/v2/").status_code == 200
    deadline = time.monotonic() + 15
    while registry.basic("alice", secret).get("/v2/").status_code == 200:
        assert time.monotonic() < deadline, "still accepted"
        time.sleep(0.1)
    refused(registry.basic("alice", secret).get("/token"), 403, "DENIED", "denied")


def test_bearer_token_expires(fresh):
    registry = fresh({TOKEN_TTL: "2s"})
    client = registry.client(registry.user("alice"))
    answer = client.ask_token(None, registry.host).json()
    assert answer["expires_in"] == 2
    assert registry.bearer(answer["token"]).get("/v2/").status_code == 200
    deadline = time.monotonic() + 5
    while registry.bearer(answer["token"]).get("/v2/").status_code == 200:
        assert time.monotonic() < deadline, "still accepted"
        time.sleep(0.1)


# Forged bearer tokens


def part(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpart(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def forgeries(token):
    """(what, token) for forged versions of a genuine token."""
    head, body, signature = token.split(".")
    header, claims = unpart(head), unpart(body)
    attacker = ec.generate_private_key(ec.SECP256R1())
    numbers = attacker.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": part(numbers.x.to_bytes(32, "big")), "y": part(numbers.y.to_bytes(32, "big"))}
    yield "alg none", f"{part({**header, 'alg': 'none'})}.{body}."
    yield "alg none with signature", f"{part({**header, 'alg': 'none'})}.{body}.{signature}"
    yield "alg in other case", f"{part({**header, 'alg': 'es256'})}.{body}.{signature}"
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "four parts", f"{token}.{signature}"
    yield "padding", token + "="
    yield "white space", f"{head}. {body}.{signature}"
    yield "signature of zeros", f"{head}.{body}.{part(bytes(64))}"
    flipped = "B" if signature[5] != "B" else "C"
    yield "signature altered", f"{head}.{body}.{signature[:5]}{flipped}{signature[6:]}"
    yield "claims altered", f"{head}.{part({**claims, 'exp': claims.get('exp', 0) + 3600})}.{signature}"
    for extra in ({"jwk": jwk}, {"jku": "http://127.0.0.1:9/k"}, {"x5u": "http://127.0.0.1:9/c"}, {"zip": "DEF"}):
        yield f"header {list(extra)}", f"{part({**header, **extra})}.{body}.{signature}"
        yield f"own key, header {list(extra)}", jwt.encode(claims, attacker, "ES256", {**header, **extra})
    yield "header crit", f"{part({**header, 'crit': ['exp'], 'b64': False})}.{body}.{signature}"
    yield "own key", jwt.encode(claims, attacker, algorithm="ES256", headers=header)
    for secret in ("", " ", "null", "secret", "\0"):
        signed = f"{part({**header, 'alg': 'HS256'})}.{body}"
        mac = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
        yield f"HS256 with {secret!r}", f"{signed}.{part(mac)}"


def test_v4_v87_v105_t7_forged_bearer_tokens_are_refused(registry, owner, package):
    """V4, V87, V104, V105, T7"""
    owner.push_image(package, "v1")
    token = owner.token(f"repository:{package}:pull")
    assert registry.bearer(token).get(f"/v2/{package}/tags/list").status_code == 200
    for what, forged in forgeries(token):
        response = registry.bearer(forged).get(f"/v2/{package}/tags/list")
        assert response.status_code == 401, f"{what}: {response.status_code}"
        assert parse_challenge(response.headers["WWW-Authenticate"])["realm"] == f"{registry.url}/token", what


def test_t7_single_character_mutations_of_a_token_are_refused(registry, owner):
    """T7"""
    token = owner.token()
    for position in range(0, len(token) - 1, max(1, len(token) // 60)):
        if token[position] == ".":
            continue
        mutated = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1:]
        assert registry.bearer(mutated).get("/v2/").status_code == 401, position


@pytest.mark.parametrize("length", [9000, 100_000, 1_000_000])
def test_v106_bearer_of_dots_is_refused_cheaply(registry, alice, length):
    """V106"""
    before = registry.memory()
    try:
        assert registry.bearer("." * length).get("/v2/").status_code in (400, 401, 413, 431)
    except requests.ConnectionError:
        pass  # refused while we were still sending
    assert registry.grown(before) < 32 << 20
    assert registry.bare().get("/v2/").status_code == 401
