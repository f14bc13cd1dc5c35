"""Jobs of workflows push and pull with the token of their issuer, as far as a rule lets them (route workflow_token)."""

import json
import re
import shlex
import time
from pathlib import Path

import pytest

from harness import images
from harness.client import refused
from harness.issuer import AUDIENCE, Issuer, Key, encode, part
from harness.parallel import at_once

MINT = "/api/v3/registry/workflow-token"
CLAIMS = "repository=repository,ref=ref,event=event_name,environment=environment,fork=is_fork"
CREATE = "installation not allowed to Create organization package"
WRITE = "installation not allowed to Write organization package"
SETTINGS = {"net.allow": "127.0.0.0/8", "workflow.keys_ttl": "1h", "login.free_attempts": "0"}


@pytest.fixture(scope="module")
def issuer():
    served = Issuer()
    yield served
    served.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory, issuer):
    from harness import Registry
    registry = Registry(tmp_path_factory.mktemp("workflows"), SETTINGS)
    registry.start()
    for name in ("olga", "bob"):
        registry.user(name)
    registry.cli("org", "create", "acme", "--owner", "olga")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    yield registry
    registry.stop()


def add(registry, name, issuer, *more):
    registry.cli("issuer", "add", name, "--url", issuer.url, "--audience", AUDIENCE, "--claims", CLAIMS[:-len(",fork=is_fork")],
                 *more)


def allow(registry, name, when, role="write", *more):
    return json.loads(registry.cli("issuer", "allow", name, "--when", when, "--role", role, *more, "--json"))["id"]


def job(registry, token):
    """A client that signs in with that token as its password, as docker/login-action does."""
    from harness.client import Client
    return Client(registry, ("whoever", token))


def ask(registry, token, scope="repository:acme/app:pull,push"):
    return registry.basic("whoever", token).get(f"/token?scope={scope}")


def mint(registry, token):
    return registry.bare().post(MINT, json={"token": token})


def detail(answer):
    return answer.json()["errors"][0]["detail"]


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_a_job_pushes_and_pulls_with_the_token_of_its_issuer(server, issuer, algorithm):
    key = next(key for key in issuer.keys if key.algorithm == algorithm)
    client = job(server, issuer.token(key))
    name = f"acme/app-{algorithm.lower()}"
    pushed = client.push_image(name, "v1")
    assert client.get(f"/v2/{name}/manifests/v1").content == pushed.body
    listed = json.loads(server.cli("access", "list", name, "--json"))["grants"]
    assert [(grant["subject"], grant["kind"], grant["role"]) for grant in listed] == [("repository:acme/app", "repository", "admin")]


def test_the_first_push_makes_the_repository_and_links_the_package(server, issuer):
    client = job(server, issuer.token(repository="acme/fresh"))
    client.push_image("acme/made", "v1")
    assert "acme/fresh" in server.cli("repository", "list", "acme")
    package = server.packages()["acme/made"]
    assert (package["repository"], package["inherits"], package["visibility"]) == ("acme/fresh", True, "private")
    audit = server.cli("audit", "list", "--target", "acme/fresh")
    assert "repository.create" in audit and "issuer ci, rule" in audit
    # Those with a role on the repository have it on the package.
    server.cli("repository", "grant", "acme/fresh", "bob", "read")
    assert server.client(server_account(server, "bob")).get("/v2/acme/made/manifests/v1").status_code == 200


def server_account(registry, name):
    from harness.server import Account
    return Account(name, "", registry.token(name))


def test_visibility_at_first_publish_is_the_owners_setting(server, issuer):
    server.cli("org", "create", "open", "--owner", "olga")
    server.cli("org", "set", "open", "--visibility", "public")
    rule = allow(server, "ci", "repository=open/*")
    job(server, issuer.token(repository="open/app")).push_image("open/app", "v1")
    assert server.packages()["open/app"]["visibility"] == "public"
    server.cli("org", "set", "open", "--members-create", "private")
    answer = job(server, issuer.token(repository="open/app")).post("/v2/open/second/blobs/uploads/")
    refused(answer, 403, "DENIED", CREATE)
    server.cli("issuer", "disallow", str(rule))


def test_a_job_may_do_what_its_repository_was_granted(server, issuer):
    owner = server.client(server_account(server, "olga"))
    owner.push_image("acme/shared", "v1")
    client = job(server, issuer.token())
    refused(client.get("/v2/acme/shared/manifests/v1"), 403, "DENIED", "permission_denied: read_package")
    refused(client.post("/v2/acme/shared/blobs/uploads/"), 403, "DENIED", WRITE)
    server.cli("access", "grant", "acme/shared", "repository:acme/app", "read")
    assert client.get("/v2/acme/shared/manifests/v1").status_code == 200
    refused(client.post("/v2/acme/shared/blobs/uploads/"), 403, "DENIED", WRITE)
    server.cli("access", "grant", "acme/shared", "repository:Acme/App", "write")
    client.push_image("acme/shared", "v2")
    server.cli("access", "revoke", "acme/shared", "repository:acme/app")
    refused(client.get("/v2/acme/shared/manifests/v1"), 403, "DENIED", "permission_denied: read_package")


def test_a_job_writes_to_what_inherits_from_its_repository_and_reads_what_is_internal(server, issuer):
    owner = server.client(server_account(server, "olga"))
    owner.push_image("acme/heir", "v1")
    client = job(server, issuer.token())
    assert client.get("/v2/acme/heir/manifests/v1").status_code == 403
    server.cli("package", "set", "acme/heir", "--visibility", "internal", "--confirm", "acme/heir")
    assert client.get("/v2/acme/heir/manifests/v1").status_code == 200
    refused(client.post("/v2/acme/heir/blobs/uploads/"), 403, "DENIED", WRITE)
    server.cli("package", "link", "acme/heir", "acme/app", "--inherit")
    client.push_image("acme/heir", "v2")
    assert "acme/heir" in client.get("/v2/_catalog").json()["repositories"]
    refused(client.delete("/v2/acme/heir/manifests/v2"), 403, "DENIED")  # the rule's role is write


def test_what_a_job_may_is_cut_by_its_rule(server, issuer):
    deleter = Issuer(["ES256"])
    add(server, "strong", deleter)
    rule = allow(server, "strong", "repository=acme/app", "admin")
    client = job(server, deleter.token())
    client.push_image("acme/cut", "v1")
    assert client.delete("/v2/acme/cut/manifests/v1").status_code == 202
    server.cli("issuer", "disallow", str(rule))
    allow(server, "strong", "repository=acme/app", "read")
    client = job(server, deleter.token())
    assert client.get("/v2/acme/cut/tags/list").status_code == 200
    refused(client.post("/v2/acme/cut/blobs/uploads/"), 403, "DENIED", WRITE)
    refused(client.delete("/v2/acme/cut/manifests/v1"), 403, "DENIED", "permission_denied: delete_package")
    server.cli("issuer", "delete", "strong")
    deleter.close()


def test_v6_a_foreign_repository_reaches_nothing_that_is_private(server, issuer):
    """A repository of another owner, let in by a rule of its own: as any outsider, and no oracle."""
    owner = server.client(server_account(server, "olga"))
    owner.push_image("acme/secret", "v1")
    rule = allow(server, "ci", "repository=bob/*")
    client = job(server, issuer.token(repository="bob/tool"))
    for path in ("manifests/v1", "tags/list", f"blobs/sha256:{'0' * 64}"):
        there, absent = (client.get(f"/v2/acme/{name}/{path}") for name in ("secret", "absent"))
        assert (there.status_code, there.content.replace(b"secret", b"absent")) == (absent.status_code, absent.content)
        assert there.status_code == 403
    there, absent = (client.post(f"/v2/acme/{name}/blobs/uploads/") for name in ("secret", "absent"))
    assert (there.status_code, there.content.replace(b"secret", b"absent")) == (absent.status_code, absent.content)
    refused(there, 403, "DENIED", WRITE)
    client.push_image("bob/tool", "v1")  # its own namespace is open to it
    server.cli("issuer", "disallow", str(rule))


def rest_error(answer):
    """The body of an error without where to read on, which every error of the REST interface says."""
    body = answer.json()
    assert body.pop("documentation_url").endswith("/api/v3/openapi.json")
    return body


# Who gets in


def test_no_rule_no_entry_and_the_holder_learns_why(server, issuer):
    answer = ask(server, issuer.token(repository="evil/app", ref="refs/heads/x"))
    refused(answer, 403, "DENIED", "denied")
    assert detail(answer) == "workflow: no rule of the issuer 'ci' lets 'evil/app' in from refs/heads/x"
    answer = mint(server, issuer.token(repository="evil/app"))
    assert answer.status_code == 403
    assert rest_error(answer) == {"message": "denied", "status": "403",
                             "detail": "workflow: no rule of the issuer 'ci' lets 'evil/app' in from refs/heads/main"}


def test_an_owner_that_is_not_here_is_named(server, issuer):
    rule = allow(server, "ci", "repository=nobody/*")
    answer = ask(server, issuer.token(repository="nobody/app"))
    refused(answer, 403, "DENIED", "denied")
    assert detail(answer) == "workflow: there is no user or organization 'nobody' here"
    server.cli("issuer", "disallow", str(rule))


def test_rules_look_at_branch_tag_environment_and_any_claim(server):
    other = Issuer(["EdDSA"])
    add(server, "rules", other)
    allow(server, "rules", "repository=acme/app,ref=refs/heads/main", "write")
    allow(server, "rules", "repository=acme/app,ref=refs/tags/v*,environment=production", "admin")
    allow(server, "rules", "repository_id=99,sub=repo:acme/**", "read", "--repository", "acme/other")

    def role(**claims):
        answer = mint(server, other.token(**claims))
        return (answer.json()["repository"], answer.json()["role"]) if answer.status_code == 201 else answer.status_code

    assert role() == ("acme/app", "write")
    assert role(repository="ACME/App") == ("acme/app", "write")
    assert role(ref="refs/heads/main2") == role(ref=None) == role(ref=7) == role(ref=["x"]) == role(ref={}) == 403
    assert role(ref=["x", "refs/heads/main"]) == ("acme/app", "write")
    assert role(ref="refs/tags/v1") == 403
    assert role(ref="refs/tags/v1", environment="staging") == 403
    assert role(ref="refs/tags/v1", environment="production") == ("acme/app", "admin")
    assert role(ref="refs/tags/v1/x", environment="production") == 403
    assert role(repository="x/y", repository_id=99, ref=None) == ("acme/other", "read")
    assert role(repository="x/y", repository_id="99") == ("acme/other", "read")
    assert role(repository="x/y", repository_id="98") == 403
    assert role(repository="acme/app/../app") == role(repository="x" * 600) == role(repository=None) == 403
    server.cli("issuer", "delete", "rules")
    other.close()


def test_jobs_of_forks_and_of_pull_requests_read_only(server):
    other = Issuer(["ES256"])
    server.cli("issuer", "add", "forks", "--url", other.url, "--audience", AUDIENCE, "--claims", CLAIMS,
               "--read-events", "pull_request,comment")
    allow(server, "forks", "repository=acme/app", "admin")

    def role(**claims):
        return mint(server, other.token(**claims)).json()["role"]

    assert role(is_fork=False) == role(is_fork="false") == "admin"
    assert role(is_fork=True) == role(is_fork="true") == role(is_fork=None) == role(is_fork={}) == role(is_fork=0) == "read"
    assert role(is_fork=False, event_name="pull_request") == role(is_fork=False, event_name="comment") == "read"
    assert role(is_fork=False, event_name=None) == role(is_fork=False, event_name=[]) == "read"
    client = job(server, other.token(is_fork=True))
    refused(client.post("/v2/acme/anything/blobs/uploads/"), 403, "DENIED", WRITE)
    server.cli("issuer", "delete", "forks")
    other.close()


# Tokens that are refused


def tamper(token, index):
    """One character of a part, changed."""
    parts = token.split(".")
    middle = len(parts[index]) // 2
    parts[index] = parts[index][:middle] + ("A" if parts[index][middle] != "A" else "B") + parts[index][middle + 1:]
    return ".".join(parts)


def confused(issuer):
    """HS256 with the public key as the secret."""
    import hashlib
    import hmac
    public = json.dumps(issuer.keys[0].public()).encode()
    text = f"{part({'typ': 'JWT', 'alg': 'HS256', 'kid': issuer.keys[0].kid})}.{part(issuer.claims())}"
    return f"{text}.{encode(hmac.new(public, text.encode(), hashlib.sha256).digest())}"


def jwk(key):
    return {name: value for name, value in key.public().items() if name != "kid"}


FOREIGN = Key("key-RS256", "RS256")  # by name one of the issuer's
NOW = int(time.time())
BAD = {
    "wrong audience": lambda i: i.token(aud="another"),
    "audiences without ours": lambda i: i.token(aud=["a", "b"]),
    "an audience that is no text": lambda i: i.token(aud=[AUDIENCE, 7]),
    "no audience": lambda i: i.token(aud=None),
    "another issuer": lambda i: i.token(iss="https://token.example.com"),
    "the issuer with a slash": lambda i: i.token(iss=i.url + "/"),
    "no issuer": lambda i: i.token(iss=None),
    "the issuer as a list": lambda i: i.token(iss=[i.url]),
    "ours as the issuer": lambda i: i.token(iss="staithe"),
    "expired": lambda i: i.token(exp=NOW - 1),
    "no expiry": lambda i: i.token(exp=None),
    "expiry as text": lambda i: i.token(exp=str(NOW + 300)),
    "a negative expiry": lambda i: i.token(exp=-1),
    "not good yet": lambda i: i.token(nbf=NOW + 7200),
    "not before as text": lambda i: i.token(nbf="now"),
    "issued in the future": lambda i: i.token(iat=NOW + 7200),
    "no time of issue": lambda i: i.token(iat=None),
    "a foreign key of that name": lambda i: i.token(FOREIGN),
    "a key that is unknown": lambda i: i.token(header={"kid": "nobody"}),
    "the key of another algorithm": lambda i: i.token(0, header={"kid": "key-ES256"}),
    "a number as the key": lambda i: i.token(header={"kid": 7}),
    "another algorithm": lambda i: i.token(header={"alg": "RS512"}),
    "no algorithm": lambda i: i.token(header={"alg": "none"}).rsplit(".", 1)[0] + ".",
    "HS256 with the public key": confused,
    "a changed header": lambda i: tamper(i.token(), 0),
    "a changed payload": lambda i: tamper(i.token(), 1),
    "a changed signature": lambda i: tamper(i.token(), 2),
    "a signature that is cut": lambda i: i.token()[:-4],
    "four parts": lambda i: i.token() + ".AAAA",
    "jwk": lambda i: i.token(FOREIGN, header={"jwk": jwk(FOREIGN)}),
    "jku": lambda i: i.token(FOREIGN, header={"jku": i.url + "/foreign"}),
    "x5u": lambda i: i.token(FOREIGN, header={"x5u": i.url + "/foreign"}),
    "x5c": lambda i: i.token(header={"x5c": ["AAAA"]}),
    "crit": lambda i: i.token(header={"crit": ["exp"], "exp": NOW + 300}),
    "crit that is empty": lambda i: i.token(header={"crit": []}),
    "b64": lambda i: i.token(header={"b64": False}),
    "zip": lambda i: i.token(header={"zip": "DEF"}),
    "claims that are a list": lambda i: i.token(claims=[1]),
    "claims that are no JSON": lambda i: i.token(claims=b"{"),
    "claims twice": lambda i: i.token(claims=json.dumps(i.claims())[:-1].encode() + b',"aud":"registry.test"}'),
    "claims of depth": lambda i: i.token(claims=b'{"a":' + b"[" * 500 + b"]" * 500 + b"}"),
}


@pytest.mark.parametrize("what", BAD)
def test_v104_v105_t7_a_token_that_is_not_good_is_refused(server, issuer, what):
    token = BAD[what](issuer)
    answers = ask(server, token), server.basic("whoever", token).get("/v2/"), mint(server, token)
    refused(answers[0], 403, "DENIED", "denied")
    refused(answers[1], 401, "UNAUTHORIZED", "authentication required")
    assert (answers[2].status_code, rest_error(answers[2])) == (401, {"message": "authentication required", "status": "401"})
    assert detail(answers[0]) == {} == detail(answers[1])
    assert token.split(".")[1] not in server.log_text()
    assert "/foreign" not in issuer.asked  # V4: a header's URL is never fetched


def test_the_log_says_why_and_never_holds_the_token(fresh, issuer):
    registry = fresh(SETTINGS)
    add(registry, "ci", issuer)
    for what, why in (("wrong audience", "another audience"), ("expired", "has expired"), ("jwk", "never accepted")):
        token = BAD[what](issuer)
        registry.secrets.append(token)
        ask(registry, token)
        until(lambda: why in registry.log_text())


def test_an_issuer_whose_keys_are_given_is_never_asked(fresh, tmp_path):
    given = Issuer(["RS256", "EdDSA"])
    registry = fresh({})
    registry.user("acme")
    (tmp_path / "keys.json").write_text(json.dumps(given.key_set()))
    url = "https://kubernetes.default.svc.cluster.local"
    registry.cli("issuer", "add", "cluster", "--profile", "kubernetes", "--url", url, "--audience", AUDIENCE,
                 "--keys", str(tmp_path / "keys.json"))
    allow(registry, "cluster", "kubernetes.io/namespace=build,kubernetes.io/serviceaccount/name=builder", "write",
          "--repository", "acme/cluster")
    pod = {"namespace": "build", "serviceaccount": {"name": "builder", "uid": "1"}}
    token = given.token(iss=url, sub="system:serviceaccount:build:builder", repository=None, ref=None, event_name=None,
                        **{"kubernetes.io": pod})
    job(registry, token).push_image("acme/image", "v1")
    pod["serviceaccount"] = {"name": "other"}
    refused(ask(registry, given.token(iss=url, **{"kubernetes.io": pod})), 403, "DENIED", "denied")
    assert given.asked == []
    given.close()


# Keys


def test_keys_are_fetched_once_and_anew_for_one_that_is_unknown(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh({**SETTINGS, "workflow.keys_ttl": "6s"})  # longer than eight requests take under a sanitizer
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    def ask_again_while_busy(_):
        """Few threads may wait for the keys; the others are told to come again."""
        while (answer := ask(registry, issuer.token())).status_code == 503:
            assert answer.headers["Retry-After"]
        return answer.status_code

    assert at_once(ask_again_while_busy, range(8)) == [200] * 8
    assert issuer.asked.count("/keys") == 1
    old = issuer.rotate()
    until(lambda: ask(registry, issuer.token()).status_code == 200)  # not asked more often than that
    refused(ask(registry, issuer.token(old[0])), 403, "DENIED", "denied")  # replay after rotation
    issuer.close()


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_t33_an_issuer_that_never_answers_holds_no_more_than_half_of_the_workers(fresh):
    """Whoever knows its URL can make us ask it, without a key of it."""
    issuer = Issuer(["ES256"])
    issuer.delay = 2
    registry = fresh({**SETTINGS, "workers": "4", "log.format": "json"})
    user = registry.user("acme")
    add(registry, "ci", issuer)
    statuses = at_once(lambda _: ask(registry, issuer.token(Key("stranger", "ES256"))).status_code, range(12))
    assert set(statuses) <= {503, 403} and statuses.count(503) >= 10
    registry.client(user).push_image("acme/app", "v1")
    levels = {line["level"] for line in registry.log_lines() if line["msg"] == "request failed"}
    assert levels <= {"info"}  # nobody fills the log with errors by it
    issuer.close()


def test_unknown_keys_make_us_ask_the_issuer_only_now_and_then(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh(SETTINGS)
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    assert ask(registry, issuer.token()).status_code == 200
    stranger = Key("stranger", "ES256")
    began = time.monotonic()
    for _ in range(30):
        refused(ask(registry, issuer.token(stranger)), 403, "DENIED", "denied")
    assert issuer.asked.count("/keys") <= 2 + (time.monotonic() - began) // 10
    issuer.close()


BROKEN = {
    "not there": lambda i: i.documents.clear(),
    "of another issuer": lambda i: i.documents["/.well-known/openid-configuration"].update(issuer="https://example.com"),
    "without keys": lambda i: i.documents["/.well-known/openid-configuration"].pop("jwks_uri"),
    "no JSON": lambda i: i.documents.update({"/.well-known/openid-configuration": b"<html>"}),
    "too large": lambda i: i.documents.update({"/.well-known/openid-configuration": b"{" + b" " * 100_000 + b"}"}),
    "keys elsewhere": lambda i: i.documents["/.well-known/openid-configuration"].update(jwks_uri="http://127.9.9.9:1/keys"),
    "keys in a file": lambda i: i.documents["/.well-known/openid-configuration"].update(jwks_uri="file:///etc/passwd"),
    "no keys": lambda i: i.documents.update({"/keys": {"keys": []}}),
    "too many bytes of keys": lambda i: i.documents.update({"/keys": b" " * 300_000 + json.dumps(i.key_set()).encode()}),
    "moved": lambda i: i.documents.update({"/keys": 302}),
}


@pytest.mark.parametrize("what", BROKEN)
def test_an_issuer_that_is_out_of_order_is_503_and_said_in_the_log(fresh, what):
    issuer = Issuer(["ES256"])
    BROKEN[what](issuer)
    registry = fresh({**SETTINGS, "workflow.keys_ttl": "1s"})
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    answer = ask(registry, issuer.token())
    refused(answer, 503, "UNAVAILABLE")
    assert "Retry-After" in answer.headers
    until(lambda: "keys of issuer not fetched" in registry.log_text())
    issuer.publish()
    until(lambda: ask(registry, issuer.token()).status_code == 200)
    issuer.close()


def test_keys_that_are_known_stay_good_while_the_issuer_is_away(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh({**SETTINGS, "workflow.keys_ttl": "1s"})
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    assert ask(registry, issuer.token()).status_code == 200
    issuer.close()
    until(lambda: "keys of issuer not fetched" in (ask(registry, issuer.token()) and registry.log_text()))
    assert ask(registry, issuer.token()).status_code == 200


def test_v70_t45_an_issuer_inside_is_asked_only_where_that_is_allowed(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh({})
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    refused(ask(registry, issuer.token()), 503, "UNAVAILABLE")
    assert issuer.asked == []
    until(lambda: "keys of issuer not fetched" in registry.log_text())
    issuer.close()


def test_a_job_finds_its_owner_after_a_rename(fresh):
    """The forge goes on to say the old name."""
    issuer = Issuer(["ES256"])
    registry = fresh(SETTINGS)
    registry.user("acme")
    add(registry, "ci", issuer)
    allow(registry, "ci", "repository=acme/*")
    job(registry, issuer.token()).push_image("acme/app", "v1")
    registry.cli("user", "rename", "acme", "corp", "--confirm", "acme")
    client = job(registry, issuer.token())
    assert client.get("/v2/acme/app/manifests/v1").status_code == 200
    client.push_image("corp/app", "v2")
    job(registry, issuer.token(repository="acme/second")).push_image("corp/second", "v1")
    assert registry.packages()["corp/second"]["repository"] == "corp/second"
    done = registry.run("issuer", "allow", "ci", "--when", "sub=x", "--role", "read", "--repository", "acme/app")
    assert done.returncode == 1 and "'acme' is a former name of 'corp'" in done.stderr
    issuer.close()


def test_refused_tokens_are_in_the_audit_log_once_a_minute(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh(SETTINGS)
    registry.user("acme")
    add(registry, "ci", issuer)
    rule = allow(registry, "ci", "repository=acme/*")
    token = mint(registry, issuer.token()).json()["token"]
    registry.cli("issuer", "disallow", str(rule))
    for _ in range(3):
        ask(registry, issuer.token())
        ask(registry, token)
    registry.restart()  # what was counted is written when the server stops
    lines = [line for line in registry.cli("audit", "list").splitlines() if "token.refused" in line]
    assert len(lines) == 2
    assert any("ci" in line and "tokens of the issuer, 3 times" in line for line in lines)
    assert any("acme/app" in line and "workflow's token, not good any more, 3 times" in line for line in lines)
    issuer.close()


# The workflow's token of ours


def test_a_job_gets_a_token_that_outlives_its_issuers(server, issuer):
    answer = mint(server, issuer.token(exp=NOW + 3600))
    assert answer.status_code == 201 and answer.headers["Cache-Control"] == "no-store"
    made = answer.json()
    assert set(made) == {"token", "expires_at", "expires_in", "repository", "role"}
    assert (made["repository"], made["role"], made["expires_in"]) == ("acme/app", "write", 3600)
    server.secrets.append(made["token"])
    job(server, made["token"]).push_image("acme/minted", "v1")
    assert server.bearer(made["token"]).get("/v2/acme/minted/tags/list").status_code == 200
    again = mint(server, made["token"])
    assert again.status_code == 401  # it begets no other


def test_a_workflows_token_ends_with_its_time_its_rule_and_its_repository(fresh):
    issuer = Issuer(["ES256"])
    registry = fresh({**SETTINGS, "workflow.token_ttl": "5s"})
    registry.user("acme")
    add(registry, "ci", issuer)
    rule = allow(registry, "ci", "repository=acme/*")

    def works(token):
        return registry.basic("x", token).get("/v2/").status_code == 200

    short = mint(registry, issuer.token()).json()["token"]
    assert works(short)
    until(lambda: not works(short))
    registry.stop()
    registry.env["STAITHE_WORKFLOW_TOKEN_TTL"] = "1h"
    registry.start()
    token, bearer = mint(registry, issuer.token()).json()["token"], ask(registry, issuer.token()).json()["token"]
    gone = mint(registry, issuer.token(repository="acme/gone")).json()["token"]
    assert works(token) and works(gone) and registry.bearer(bearer).get("/v2/").status_code == 200
    registry.cli("repository", "delete", "acme/gone")
    assert not works(gone) and works(token)
    registry.cli("issuer", "disallow", str(rule))
    assert not works(token) and registry.bearer(bearer).get("/v2/").status_code == 401
    rule = allow(registry, "ci", "repository=acme/*")
    assert not works(token)  # another rule is another rule
    token = mint(registry, issuer.token()).json()["token"]
    registry.cli("issuer", "delete", "ci")
    assert not works(token)
    refused(ask(registry, issuer.token()), 403, "DENIED", "denied")
    issuer.close()


def test_a_job_whose_rule_is_gone_does_not_end_its_push(server, issuer):
    """Let in before, and refused in the transaction that would write."""
    rule = allow(server, "ci", "repository=late/*")
    server.cli("org", "create", "late", "--owner", "olga")
    client = job(server, issuer.token(repository="late/app"))
    location = client.post("/v2/late/app/blobs/uploads/").headers["Location"]
    server.cli("issuer", "disallow", str(rule))
    content = b"late"
    answer = client.put(f"{location}{'&' if '?' in location else '?'}digest={images.digest_of(content)}", data=content)
    assert answer.status_code in (401, 403)
    assert "late/app" not in server.packages()


@pytest.mark.parametrize("body", ["", "{", "[]", "{}", '{"token": 7}', '{"token": null}', '{"token": "a", "more": 1}',
                                  '{"token": "' + "a" * 20_000 + '"}'])
def test_a_request_for_a_token_that_is_malformed_is_400(server, body):
    answer = server.bare().post(MINT, data=body)
    assert answer.status_code == 400 and answer.json()["status"] == "400", answer.text
    assert set(rest_error(answer)) <= {"message", "status", "detail"}


def test_a_refresh_token_is_not_for_workflows(server, issuer):
    form = {"grant_type": "password", "username": "x", "password": issuer.token(), "access_type": "offline",
            "scope": "repository:acme/app:pull"}
    answer = server.bare().post("/token", data=form)
    assert answer.status_code == 200 and "refresh_token" not in answer.json()


# The command line


def test_issuers_and_rules_are_listed_and_removed(fresh):
    registry = fresh({})
    answer = json.loads(registry.cli("issuer", "add", "github", "--profile", "github", "--audience", "registry.example.com", "--json"))
    assert answer["url"] == "https://token.actions.githubusercontent.com" and answer["keys_given"] is False
    assert answer["claims"] == {"repository": "repository", "ref": "ref", "event": "event_name", "environment": "environment"}
    assert answer["read_events"] == ["pull_request", "pull_request_target"]
    registry.cli("issuer", "add", "gitlab", "--profile", "gitlab", "--url", "https://gitlab.example.com", "--audience", "a")
    number = allow(registry, "github", "repository=acme/*,ref=refs/heads/main", "admin", "--repository", "Acme/All")
    assert [row["name"] for row in json.loads(registry.cli("issuer", "list", "--json"))["issuers"]] == ["github", "gitlab"]
    rules = json.loads(registry.cli("issuer", "rules", "github", "--json"))["rules"]
    assert [(row["id"], row["when"], row["role"], row["repository"]) for row in rules] == [
        (number, ["repository=acme/*", "ref=refs/heads/main"], "admin", "acme/all")]
    assert registry.cli("issuer", "rules", "gitlab").count("\n") <= 1
    registry.cli("issuer", "disallow", str(number))
    assert json.loads(registry.cli("issuer", "rules", "--json"))["rules"] == []
    registry.cli("issuer", "delete", "gitlab")
    audit = registry.cli("audit", "list")
    for action in ("issuer.add", "issuer.allow", "issuer.disallow", "issuer.delete"):
        assert action in audit


WRONG = [
    (["issuer", "add", "x"], 2, "needs --audience"),
    (["issuer", "add", "x", "--audience", "a"], 1, "an issuer has a URL"),
    (["issuer", "add", "x", "--audience", "a", "--url", "ftp://x"], 1, "an issuer has a URL"),
    (["issuer", "add", "x", "--audience", "a", "--url", "https://u:p@x"], 1, "an issuer has a URL"),
    (["issuer", "add", "x y", "--audience", "a", "--url", "https://x"], 1, "an issuer's name has"),
    (["issuer", "add", "x", "--audience", "a b", "--url", "https://x"], 1, "an audience has"),
    (["issuer", "add", "x", "--audience", "a", "--url", "https://x", "--profile", "circle"], 1, "there is no profile 'circle'"),
    (["issuer", "add", "x", "--audience", "a", "--url", "https://x", "--claims", "owner=x"], 1, "expected MEANING=CLAIM"),
    (["issuer", "add", "x", "--audience", "a", "--url", "https://x", "--read-events", "pr"], 1, "which claim is the event"),
    (["issuer", "add", "x", "--audience", "a", "--url", "https://x", "--keys", "/nowhere"], 1, "/nowhere"),
    (["issuer", "allow", "x", "--when", "repository=a/*"], 2, "needs --when and --role"),
    (["issuer", "allow", "nobody", "--when", "repository=a/*", "--role", "read"], 1, "no issuer 'nobody'"),
    (["issuer", "allow", "ci", "--when", "repository=**", "--role", "read"], 1, "repository=OWNER/..."),
    (["issuer", "allow", "ci", "--when", "ref=refs/heads/main", "--role", "read", "--repository", "a/b"], 1, "must say whose jobs"),
    (["issuer", "allow", "ci", "--when", "repository_visibility=public", "--role", "read", "--repository", "a/b"], 1,
     "must say whose jobs"),
    (["issuer", "allow", "ci", "--when", "sub=x", "--role", "read"], 1, "repository=OWNER/..."),
    (["issuer", "allow", "ci", "--when", "repository", "--role", "read"], 1, "expected CLAIM=PATTERN"),
    (["issuer", "allow", "ci", "--when", "repository=a/b", "--role", "none"], 1, "is no role"),
    (["issuer", "allow", "ci", "--when", "repository=a/b", "--role", "read", "--repository", "a"], 1, "OWNER/REPO"),
    (["issuer", "disallow", "77"], 1, "no rule 77"),
    (["issuer", "disallow", "x"], 2, "is not the number of a rule"),
    (["issuer", "delete", "nobody"], 1, "no issuer 'nobody'"),
    (["issuer", "rules", "nobody"], 1, "no issuer 'nobody'"),
]


@pytest.mark.parametrize("command, status, message", WRONG, ids=[" ".join(row[0])[:80] for row in WRONG])
def test_a_mistake_is_told_and_changes_nothing(server, command, status, message):
    before = server.cli("issuer", "list", "--json"), server.cli("issuer", "rules", "--json")
    done = server.run(*command)
    assert (done.returncode, message in done.stderr) == (status, True), done.stderr
    assert (server.cli("issuer", "list", "--json"), server.cli("issuer", "rules", "--json")) == before


def test_an_issuer_is_there_once(server, issuer):
    done = server.run("issuer", "add", "again", "--url", issuer.url, "--audience", "a")
    assert done.returncode == 1 and "there is an issuer 'again', or one of that URL" in done.stderr


def test_explain_says_what_comes_of_a_token(server, issuer):
    done = server.run("issuer", "explain", input=issuer.token() + "\n")
    assert (done.returncode, done.stdout.startswith("let in by rule")) == (0, True), done.stderr
    assert "of ci: acts for acme/app, at most write" in done.stdout
    for token, why in ((issuer.token(repository="evil/x"), "no rule of the issuer 'ci' lets 'evil/x' in"),
                       (issuer.token(aud="x"), "for another audience"), (issuer.token(FOREIGN), "refused: "),
                       ("nonsense", "refused: ")):
        done = server.run("issuer", "explain", input=token)
        assert done.returncode == 1 and why in done.stdout, done.stdout + done.stderr
    assert "repository.create" not in server.cli("audit", "list", "--target", "evil/x")


def test_access_explain_tells_what_workflows_may_do(server, issuer):
    owner = server.client(server_account(server, "olga"))
    owner.push_image("acme/told", "v1")
    job(server, issuer.token(repository="acme/teller")).push_image("acme/tales", "v1")

    def ask_about(package, action="write", repository="acme/teller"):
        words = ["access", "explain", "--package", package, "--user", f"repository:{repository}", "--action", action]
        return server.cli(*words), json.loads(server.cli(*words, "--json"))

    said, told = ask_about("acme/told")
    assert (told["allowed"], told["rule"], told["workflow_of"], told["granted"]) == (False, "role", "acme/teller", "none")
    assert "to change that: staithe access grant acme/told repository:acme/teller write" in said
    said, told = ask_about("acme/tales", "admin")
    assert (told["allowed"], told["rule"], told["granted"]) == (True, "grant", "admin")
    assert "they write to what has the roles of their repository" in said
    assert ask_about("acme/new")[1]["rule"] == "member"
    said, told = ask_about("olga/new")
    assert (told["rule"], told["exists"]) == ("role", False) and "olga has to push the package first" in said
    done = server.run("access", "explain", "--package", "acme/told", "--user", "repository:acme/none", "--action", "read")
    assert done.returncode == 1 and "no repository 'acme/none'" in done.stderr
    done = server.run("access", "explain", "--package", "acme/told", "--user", "repository:acme/teller", "--action", "read",
                      "--token", "1")
    assert done.returncode == 1 and "workflows have no tokens with numbers" in done.stderr


def test_a_job_is_named_in_the_log_by_its_repository(server, issuer):
    ask(server, issuer.token())
    until(lambda: "user=acme/app" in server.log_text())


def test_workflows_have_roles_on_packages_alone(server):
    server.cli("repository", "create", "acme/only")
    server.client(server_account(server, "olga")).push_image("acme/some", "v1")
    done = server.run("repository", "grant", "acme/only", "repository:acme/only", "write")
    assert done.returncode == 1 and "workflows have roles on packages alone" in done.stderr
    done = server.run("access", "grant", "acme/some", "repository:acme/none", "write")
    assert done.returncode == 1 and "no repository 'acme/none'" in done.stderr


def test_the_examples_of_the_document_go_as_they_say(fresh):
    text = (Path(__file__).resolve().parents[2] / "docs/WORKFLOWS.md").read_text()
    shown = re.sub(r"```.*?```", "", text, flags=re.S)  # what is no command here
    lines = [line[4:] for line in shown.splitlines() if line.startswith("    ")]
    registry = fresh({})
    registry.user("olga")
    registry.cli("org", "create", "acme", "--owner", "olga")
    (registry.directory / "keys.json").write_text(json.dumps({"keys": [FOREIGN.public()]}))
    checked = 0
    for i, line in enumerate(lines):
        if line.startswith("$ staithe access explain"):
            registry.client(server_account(registry, "olga")).push_image("acme/base", "v1")
            registry.cli("repository", "create", "acme/app")
            registry.cli("access", "grant", "acme/base", "repository:acme/app", "read")
        elif not line.startswith("$ staithe issuer") or "< token" in line:
            continue
        words = [str(registry.directory / word) if word == "keys.json" else word for word in shlex.split(line)[2:]]
        expected = []
        for follower in lines[i + 1:]:
            if follower.startswith(("$", "Error", "{")):
                break
            expected.append(follower.rstrip())
        said = [row.rstrip() for row in registry.cli(*words).splitlines()]
        assert not expected or said == expected, line
        checked += bool(expected)
    assert checked >= 7


def test_fsck_finds_nothing(server):
    assert server.problems() == 0
