"""Rows of docs/THREATS.md: who gets at what, and what can be learned.  STAITHE_TEST_ROUNDS repeats some more often."""

import base64
import contextlib
import itertools
import json
import os
import re
import socket
import sqlite3
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from harness import images, raw, refused
from harness.client import succeeded
from harness.parallel import at_once
from harness.server import basic_header

ROUNDS = int(os.environ.get("STAITHE_TEST_ROUNDS", "20"))
EMPTY = images.index([])
READ, WRITE, DELETE = "read:packages", "write:packages", "delete:packages"


def normal(response, *own):
    """Status, headers and body without what differs by nature: date, ids, and the caller's own words."""
    text = json.dumps([response.status_code, sorted(response.headers.items()), response.text])
    text = re.sub(r'"(Date|X-Request-Id|Docker-Upload-UUID)", "[^"]*"', "", text)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "ID", text)
    for word in own:
        text = text.replace(word, "OWN")
    return text


# What outsiders can tell


def test_v13_t2_an_upload_of_bytes_that_others_hold_looks_like_one_of_new_bytes(owner, outsider, package):
    known, fresh = os.urandom(100_000), os.urandom(100_000)
    secret = owner.push_blob(package, known)
    target = f"bob/{package.split('/')[1]}"
    outsider.push_image(target, "v1")

    def steps(data, digest):
        uploads = f"/v2/{target}/blobs/uploads/"
        yield outsider.head_blob(target, digest)
        yield outsider.get_blob(target, digest)
        yield outsider.post(uploads, params={"mount": digest, "from": package})
        yield outsider.post(uploads, params={"mount": digest})
        yield outsider.put(outsider.start_upload(target), params={"digest": digest})
        yield outsider.put_manifest(target, "no", images.document(
            images.OCI_MANIFEST, layers=[], config={"mediaType": images.OCI_CONFIG, "digest": digest, "size": len(data)}))
        yield outsider.put(outsider.start_upload(target), params={"digest": digest}, data=data)
        yield outsider.post(uploads, params={"digest": digest}, data=data)
        yield outsider.get_blob(target, digest, headers={"Range": "bytes=0-0"})

    other = images.digest_of(fresh)
    for number, (first, second) in enumerate(zip(steps(known, secret), steps(fresh, other))):
        shown = [normal(first, secret), normal(second, other)]
        if number == 8:  # the first byte of what is now bob's own
            shown = [first.status_code, second.status_code]
        assert shown[0] == shown[1], number


@pytest.mark.parametrize("path", ["/v2/_catalog", "/token", "/metrics", "/v2/"])
def test_v31_v88_no_other_spelling_opens_catalog_token_or_metrics(registry, owner, path):
    owner.push_manifest("alice/spelled", EMPTY, "v1")
    for target in (path + "/", path + "//", path + "/.", path + ";x", path + "%2f", path + "%00", path.upper(), "/" + path,
                   "/x/.." + path, "/%2e" + path, path + "/%2e%2e" + path, registry.url + path, "\\" + path):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            response = raw.exchange(registry.address, raw.request(method, target, registry.host)).responses
            assert [one.status for one in response] in ([400], [401], [404], [405]), (method, target)
            assert b"spelled" not in response[0].body and b'"token"' not in response[0].body


def test_v25_signature_tags_are_plain_tags(owner, package):
    pushed = owner.push_image(package, "v1")
    hexadecimal = pushed.digest.split(":")[1]
    tags = ["sha256-.sig", "sha256-zz.sig", f"sha256-{hexadecimal[:63]}.sig", f"sha256-{hexadecimal}.sig", "sha256-",
            "sha512-x", f"sha256-{hexadecimal}.att", f"sha256-{hexadecimal}"]
    for tag in tags:
        owner.push_manifest(package, images.index([]), tag)
        assert owner.get_manifest(package, tag).content == images.index([]).body
    assert owner.tags(package) == sorted([*tags, "v1"])
    assert owner.referrers(package, pushed.digest) == []


# What a token is good for


def test_v16_v17_no_tag_name_and_no_tag_parameter_gets_past_a_missing_right(registry, alice, owner, package):
    """There is no right to create without replacing; of one that may only read, no spelling moves a tag."""
    owner.push_image(package, "latest", "LATEST", "v1")
    before = {tag: owner.get_manifest(package, tag).content for tag in owner.tags(package)}
    reader = registry.token(alice.name, READ)
    for client in (registry.client(alice, reader), registry.basic(alice.name, reader), registry.bearer(reader)):
        for reference in ("latest", "LATEST", "v1", "%6Catest", "new", EMPTY.digest):
            refused(client.put_manifest(package, reference, EMPTY), 403, "DENIED")
        for tags in (["new"], ["v1"], ["new", "v1"], ["latest"]):
            refused(client.put_manifest(package, EMPTY.digest, EMPTY, tags=tags), 403, "DENIED")
    assert {tag: owner.get_manifest(package, tag).content for tag in owner.tags(package)} == before


def test_v69_t9_the_actions_of_one_scope_never_count_for_another(registry, owner, package):
    """No two lists of scopes have one meaning, whatever stands between their parts."""
    other = package + "-other"
    for name in (package, other):
        owner.push_image(name, "v1")
    token = registry.bearer(owner.token(f"repository:{package}:pull", f"repository:{other}:pull,push"))
    assert token.get_manifest(package, "v1").status_code == token.get_manifest(other, "v1").status_code == 200
    refused(token.put_manifest(package, "v2", EMPTY), 401, "UNAUTHORIZED")
    succeeded(token.put_manifest(other, "v2", EMPTY), 201)
    for scope in (f"repository:{package},{other}:pull", f"repository:{package}:pull:push", f"repository:{package}pull",
                  f"repository:{package}:pull;push", f"repository:{package}%2C{other}:pull", f"repository{package}:pull"):
        token = registry.bearer(owner.token(scope))
        refused(token.put_manifest(package, "v3", EMPTY), 401, "UNAUTHORIZED")
        assert token.get_manifest(other, "v1").status_code == 401


@pytest.mark.parametrize("held", [(READ,), (WRITE,), (DELETE,), (READ, DELETE), (READ, WRITE, DELETE)], ids="+".join)
@pytest.mark.parametrize("role", ["owner", "outsider"])
def test_t9_a_bearer_token_does_what_was_asked_and_held_and_allowed_and_no_more(registry, alice, bob, owner, package, role,
                                                                                held):
    account = alice if role == "owner" else bob
    owner.push_image(package, "v1")
    registry.set_visibility(package, "public")
    client = registry.client(account, registry.token(account.name, ",".join(held)))
    for count in range(1, 4):
        for asked in itertools.combinations(("pull", "push", "delete"), count):
            token = registry.bearer(client.token(f"repository:{package}:{','.join(asked)}"))
            owner.push_manifest(package, EMPTY, "gone")
            allowed = {"pull": "pull" in asked, "push": "push" in asked and WRITE in held and role == "owner",
                       "delete": "delete" in asked and DELETE in held and role == "owner"}
            done = {"pull": token.get_manifest(package, "v1").status_code == 200,
                    "push": token.put_manifest(package, "new", EMPTY).status_code == 201,
                    "delete": token.delete(f"/v2/{package}/manifests/gone").status_code == 202}
            assert done == allowed, asked


def signer(registry):
    """Makes tokens as the server would: with its own key, from claims as JSON text."""
    with sqlite3.connect(registry.data / "staithe.db") as connection:
        (pem,) = connection.execute("SELECT value FROM setting WHERE value LIKE '%PRIVATE KEY%'").fetchone()
    key = serialization.load_pem_private_key(pem.encode(), None)

    def sign(head, claims):
        body = base64.urlsafe_b64encode(claims.encode()).rstrip(b"=").decode()
        first, second = decode_dss_signature(key.sign(f"{head}.{body}".encode(), ec.ECDSA(hashes.SHA256())))
        value = base64.urlsafe_b64encode(first.to_bytes(32, "big") + second.to_bytes(32, "big")).rstrip(b"=").decode()
        return f"{head}.{body}.{value}"

    return sign


def test_v104_a_claim_that_is_missing_or_of_another_kind_is_refused(registry, owner, package):
    """Signed with the true key, so that nothing but the claim is wrong."""
    owner.push_image(package, "v1")
    sign = signer(registry)
    head, body, _ = owner.token(f"repository:{package}:pull").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    path = f"/v2/{package}/tags/list"
    assert registry.bearer(sign(head, json.dumps(claims))).get(path).status_code == 200
    texts, numbers = ("iss", "aud", "typ"), ("exp", "nbf", "iat", "uid", "tid", "epo")
    for name in (*texts, *numbers, "sub", "access"):
        wrong = ["null", "[]", "{}", "true", "1e400", "-1", "1.5"]
        wrong += ["7"] if name in (*texts, "sub", "access") else ['"7"', "99999999999999999999"]
        wrong += ['"other"', '["registry"]'] if name in texts else []
        forms = [json.dumps({key: value for key, value in claims.items() if key != name})]
        forms += [json.dumps({**claims, name: "@"}).replace('"@"', value) for value in wrong
                  if not (name == "access" and value == "[]")]
        forms.append(json.dumps(claims)[:-1] + f', "{name}": {json.dumps(claims[name])}}}')  # twice
        for form in forms:
            assert registry.bearer(sign(head, form)).get(path).status_code == 401, (name, form)


def test_v104_a_token_before_or_after_its_time_is_refused(registry, owner, package):
    owner.push_image(package, "v1")
    sign = signer(registry)
    head, body, _ = owner.token(f"repository:{package}:pull").split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    for changes in ({"exp": claims["iat"] - 1}, {"exp": 0}, {"nbf": claims["exp"] + 3600}, {"aud": "staithe"},
                    {"typ": "refresh"}):
        token = registry.bearer(sign(head, json.dumps({**claims, **changes})))
        assert token.get(f"/v2/{package}/tags/list").status_code == 401, changes


@pytest.mark.parametrize("length", [72, 73, 99])
def test_v55_every_byte_of_a_password_counts(registry, length):
    password = "".join(chr(ord("a") + n % 26) for n in range(100))
    name = "long" + os.urandom(4).hex()
    registry.cli("user", "create", name, "--password-stdin", input=password + "\n")
    assert registry.basic(name, password).get("/v2/").status_code == 200
    for wrong in (password[:length], password[:length] + "x" * (100 - length), password + "x",
                  password[:length] + "\0" + password[length + 1:], password + "\0"):
        refused(registry.basic(name, wrong).get("/token"), 403, "DENIED", "denied")


# One package and another


def test_v6_a_blob_that_was_deleted_here_stays_deleted_while_others_ask_for_theirs(registry, alice, owner, package):
    other = package + "-other"
    data = os.urandom(70_000)
    digest = owner.push_blob(other, data)
    owner.push_image(package, "v1")

    def ask(client):
        for _ in range(ROUNDS):
            assert client.head_blob(other, digest).status_code == 200

    def delete(client):
        for _ in range(ROUNDS):
            client.push_blob(package, data)
            succeeded(client.delete(f"/v2/{package}/blobs/{digest}"), 202)
            for _ in range(3):
                refused(client.get_blob(package, digest), 404, "BLOB_UNKNOWN")
                assert client.head_blob(other, digest).status_code == 200
                assert client.head_blob(package, digest).status_code == 404

    at_once(lambda call: call(registry.client(alice)), [delete, *[ask] * 7])


@pytest.mark.parametrize("n", range(1, 8))
def test_v10_names_that_begin_with_one_another_are_all_listed_in_one_order(registry, n):
    user = registry.user("pages" + os.urandom(4).hex())
    client = registry.client(user)
    names = ["a", "a-b", "a.b", "a/b", "aa", "a0"]
    for name in names:
        client.push_manifest(f"{user.name}/{name}", EMPTY, "v1")
    whole, paged = ([name for page in client.pages("/v2/_catalog" + query, "repositories") for name in page
                     if name.startswith(user.name + "/")] for query in ("", f"?n={n}"))
    assert paged == whole == sorted(f"{user.name}/{name}" for name in names)
    tags = ["a", "a-b", "a.b", "a_b", "aa", "a0"]
    for tag in tags:
        client.push_manifest(f"{user.name}/a", EMPTY, tag)
    listed = [tag for page in client.pages(f"/v2/{user.name}/a/tags/list?n={n}", "tags") for tag in page]
    assert listed == sorted([*tags, "v1"])


def test_v50_an_underscore_in_a_name_stands_for_itself(registry, owner, package):
    """No name is ever a pattern: not in lists, nor in what a command works on."""
    names = [f"{package}/a_b", f"{package}/axb", f"{package}/a.b"]
    for name in names:
        owner.push_image(name, "v1")
    registry.set_visibility(names[0], "public")
    assert [registry.packages()[name]["visibility"] for name in names] == ["public", "private", "private"]
    registry.cli("package", "delete", names[0])
    assert [name in registry.packages() for name in names] == [False, True, True]
    for odd in ("alice/%", f"{package}/_", f"{package}/a%b", "%", "_", "a'b"):
        assert registry.run("package", "delete", odd).returncode in (1, 2)
        assert names[1] in registry.packages()
    assert listed_of(registry, "alic_") == listed_of(registry, "%") == []


def listed_of(registry, owner):
    done = registry.run("package", "list", owner, "--json")
    answer = json.loads(done.stdout) if done.returncode == 0 else []
    return answer["packages"] if isinstance(answer, dict) else answer


SQL = ["'", "''", "' OR 1=1 --", "'; DROP TABLE tag; --", '"', "%", "_", "%_%_%", "\\",
       "a' UNION SELECT value,value FROM setting --",
       "(a+)+$", "$1", "?", "x" * 4000]


@pytest.mark.parametrize("text", SQL, ids=lambda text: text[:20])
def test_v34_v92_t34_text_of_a_query_is_never_sql_nor_a_pattern(registry, owner, package, unchanged, text):
    subject = owner.push_image(package, "v1")
    owner.push_artifact(package, "application/vnd.example", subject)
    with unchanged(package):
        for path in (f"/v2/{package}/tags/list?last=", "/v2/_catalog?last="):
            response = owner.get(path + quote(text, safe=""))
            assert response.status_code in (200, 400)
            if response.status_code == 200 and "tags" in path:
                assert response.json()["tags"] == [tag for tag in ["v1"] if tag > text]
        for path in (f"/v2/{package}/tags/list?n=", "/v2/_catalog?n="):
            refused(owner.get(path + quote(text, safe="")), 400, "PAGINATION_NUMBER_INVALID")
        filtered = succeeded(owner.get(f"/v2/{package}/referrers/{subject.digest}?artifactType={quote(text, safe='')}"), 200)
        assert filtered.json()["manifests"] == []
        for name in ("order", "sort", "direction", "q"):
            assert owner.get(f"/v2/{package}/tags/list?{name}={quote(text, safe='')}").json()["tags"] == ["v1"]
        assert registry.basic(text[:100], text[:100]).get("/v2/").status_code == 401
        assert owner.ask_token(f"repository:{text}:pull", registry.host).status_code in (200, 400)


# The process


def test_v26_t51_there_is_one_port_and_nothing_to_debug_on_it(registry, alice):
    """Beside the commands' socket, which other users cannot open."""
    inodes = set()
    for entry in Path(f"/proc/{registry.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            inodes.add(os.readlink(entry).removeprefix("socket:[").rstrip("]"))
    listening = [row.split() for table in ("tcp", "tcp6") for row in Path(f"/proc/net/{table}").read_text().splitlines()[1:]]
    ports = {int(row[1].split(":")[1], 16) for row in listening if row[3] == "0A" and row[9] in inodes}
    assert ports == {registry.address[1]}
    for path in ("/debug", "/debug/pprof/", "/debug/vars", "/admin", "/config", "/status", "/server-status", "/v2/_debug"):
        for client in (registry.bare(), registry.basic(alice.name, alice.token)):
            assert client.get(path).status_code in (400, 404)
    assert registry.bare().get("/healthz?verbose").content == registry.bare().get("/healthz").content


def test_t16_no_secret_shows_in_what_the_system_tells_of_the_process(fresh):
    registry = fresh()
    user = registry.user("alice")
    registry.client(user).push_image("alice/app", "v1")
    names = ("cmdline", "environ", "status", "limits")
    shown = b"".join(Path(f"/proc/{registry.pid}/{name}").read_bytes() for name in names)
    shown += registry.bare().get("/metrics").content
    for secret in registry.secrets:
        assert secret.encode() not in shown
    limits = Path(f"/proc/{registry.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.M), "it could leave a core dump"


def test_v95_the_server_never_goes_to_the_address_of_a_layer(owner, package):
    """urls of layers that may not be distributed are text to it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = images.config_bytes()
        owner.push_blob(package, config)
        layer = {"mediaType": images.OCI_FOREIGN, "digest": images.random_digest(), "size": 7,
                 "urls": [f"http://127.0.0.1:{port}/layer", "file:///etc/passwd", "http://169.254.169.254/"]}
        document = images.document(images.OCI_MANIFEST, config=images.descriptor(config, images.OCI_CONFIG), layers=[layer])
        owner.push_manifest(package, document, "v1")
        assert owner.get_manifest(package, "v1").content == document.body
        refused(owner.get_blob(package, layer["digest"]), 404, "BLOB_UNKNOWN")
        owner.referrers(package, document.digest)
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_v4_no_header_of_a_token_makes_the_server_connect_anywhere(registry, owner):
    head, body, signature = owner.token().split(".")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        at = f"http://127.0.0.1:{listener.getsockname()[1]}/key"
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
        for extra in ({"jku": at}, {"x5u": at}, {"x5c": [at]}, {"x5t#S256": at}, {"kid": at},
                      {"jwk": {"kty": "EC", "x5u": at}}):
            forged = base64.urlsafe_b64encode(json.dumps({**header, **extra}).encode()).rstrip(b"=").decode()
            assert registry.bearer(f"{forged}.{body}.{signature}").get("/v2/").status_code == 401
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def test_v80_v108_a_revoked_token_s_number_is_never_given_again(registry):
    user = registry.user("numbers" + os.urandom(4).hex())
    registry.token(user.name, READ)
    last = registry.tokens(user.name)[-1]["id"]
    registry.cli("token", "revoke", str(last))
    registry.token(user.name, READ)
    assert registry.tokens(user.name)[-1]["id"] > last


def test_v62_a_private_package_answers_no_stranger_in_any_way_of_asking(registry, alice, bob, owner, package):
    """Nobody, another user and a revoked token; GET, HEAD, parts and conditions; while it is private, and again later."""
    pushed = owner.push_image(package, "v1")
    layer = pushed.json["layers"][0]["digest"]
    secret = registry.token(alice.name)
    registry.cli("token", "revoke", str(registry.tokens(alice.name)[-1]["id"]))
    ways = [{}, {"Range": "bytes=0-0"}, {"If-None-Match": "*"}, {"Authorization": basic_header(bob.name, bob.token)},
            {"Authorization": f"Bearer {bob.token}"}, {"Authorization": f"Bearer {secret}"}]
    paths = [f"/v2/{package}/{rest}" for rest in ("manifests/v1", f"manifests/{pushed.digest}", f"blobs/{layer}",
                                                  "tags/list", f"referrers/{pushed.digest}")]
    for visibility in ("private", "public", "private"):
        registry.set_visibility(package, visibility)
        for path, headers, method in itertools.product(paths, ways, ("GET", "HEAD")):
            status = registry.bare().request(method, path, headers=headers).status_code
            is_bob = headers in ways[3:5]
            refused_with = 403 if is_bob else 401
            # What was good once reads what is public as nobody does; with no credential there is a challenge.
            reads = visibility == "public" and (is_bob or headers == ways[5])
            expected = 200 if reads else refused_with
            assert status == expected, (visibility, method, path, headers)
