"""Each limit to the byte: what is just within it is taken, one byte more is refused, and the connection stays sane."""

import os
import time

import pytest

from harness import Registry, images, raw
from harness.server import LAYER_MAX, basic_header

FORM = ("Content-Type", "application/x-www-form-urlencoded")
KIB = 1 << 10
CONFIG = images.config_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Registry(tmp_path_factory.mktemp("limits"), {LAYER_MAX: "100000", "limits.manifest": "64KiB"}).start()
    server.account = server.user("alice")
    server.client(server.account).push_blob("alice/app", CONFIG)
    yield server
    server.stop()


def chunked(body):
    pieces = [body[at:at + 10_000] for at in range(0, len(body), 10_000)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def ask(server, method, target, body, way, headers=()):
    """The status; a request that follows must be answered, or the connection have been closed."""
    headers = [("Authorization", basic_header("alice", server.account.token)), *headers]
    if way == "length":
        data = raw.request(method, target, server.host, [*headers, ("Content-Length", str(len(body)))], close=False) + body
    else:
        data = raw.request(method, target, server.host, [*headers, ("Transfer-Encoding", "chunked")], close=False)
        data += chunked(body)
    result = raw.exchange(server.address, data + raw.request("GET", "/healthz", server.host), seconds=5)
    first, *others = result.responses
    assert result.closed and [response.status for response in others] in ([], [200]), result.received
    assert others or first.headers.get("connection") == "close"
    return first.status


def manifest(size):
    head = images.image(CONFIG, [], annotations={"x": ""}).body
    return head.replace(b'"x":""', b'"x":"' + b"y" * (size - len(head)) + b'"')


def form(size):
    head = b"grant_type=password&username=x&password=%s&pad=" % PASSWORD
    return head + b"y" * (size - len(head))


PASSWORD = b"wrong"  # 403 is the answer to a form that was read
WAYS = pytest.mark.parametrize("way", ["length", "chunks"])
EDGES = pytest.mark.parametrize("more", [0, 1])


@WAYS
@EDGES
def test_v1_manifests_up_to_their_limit(server, way, more):
    status = ask(server, "PUT", f"/v2/alice/app/manifests/{way}-{more}", manifest(64 * KIB + more), way,
                 [("Content-Type", images.OCI_MANIFEST)])
    assert status == (413 if more else 201)
    tags = server.client(server.account).tags("alice/app")
    assert (f"{way}-{more}" in tags) == (more == 0)


@WAYS
@EDGES
def test_p8_blobs_up_to_their_limit(server, way, more):
    data = os.urandom(100_000 + more)
    digest = images.digest_of(data)
    status = ask(server, "POST", f"/v2/alice/app/blobs/uploads/?digest={digest}", data, way,
                 [("Content-Type", "application/octet-stream")])
    assert status == (413 if more else 201)
    assert server.client(server.account).head_blob("alice/app", digest).status_code == (404 if more else 200)
    deadline = time.monotonic() + 10  # the answer to a body that is too long does not wait for its stage to go
    while server.staged_files():
        assert time.monotonic() < deadline, "a stage is left"
        time.sleep(0.02)
    assert server.problems() == 0


@WAYS
@EDGES
def test_forms_for_tokens_up_to_their_limit(server, way, more):
    assert ask(server, "POST", "/token", form(64 * KIB + more), way, [FORM]) == (413 if more else 403)


@WAYS
@EDGES
def test_bodies_where_none_is_expected_up_to_their_limit(server, way, more):
    assert ask(server, "GET", "/v2/", b"x" * (64 * KIB + more), way) == (413 if more else 200)


@EDGES
def test_v112_targets_up_to_their_limit(server, more):
    target = "/v2/?x="
    target += "a" * (8192 + more - len(target))
    assert ask(server, "GET", target, b"", "length") == (414 if more else 200)


def test_v106_a_credential_that_fills_the_header_section_is_refused_as_any_other(server):
    """And beyond the section it is 431."""
    seen = set()
    for length in (8_192, 8_193, 12_000, 15_000, 20_000, 60_000):
        for scheme in ("Bearer", "Basic"):
            result = raw.exchange(server.address, raw.request("GET", "/v2/", server.host, [
                ("Authorization", f"{scheme} " + "a" * length)]))
            seen.add((length > 16_384, result.responses[0].status))
    assert seen == {(False, 401), (True, 431)}


@pytest.mark.parametrize("method", ["GET", "POST"])
@EDGES
def test_scopes_for_one_token_up_to_their_limit(server, method, more):
    scopes = [("scope", f"repository:alice/p{n}:pull") for n in range(32 + more)]
    client = server.client(server.account)
    if method == "GET":
        response = client.send("GET", "/token", params=scopes, auth=("alice", server.account.token))
    else:
        response = client.send("POST", "/token", data=[
            ("grant_type", "password"), ("username", "alice"), ("password", server.account.token), *scopes])
    assert response.status_code == (400 if more else 200)
