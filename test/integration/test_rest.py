"""Connections at rest give back memory, and nobody can tell from the answers."""

import contextlib
import os
import re
import resource
import ssl
import time

import pytest

from harness import images, raw
from harness.server import basic_header
from harness.tls import certificate

KIB = 1 << 10
MANY = 200
GIVEN_BACK = 16 * KIB  # of each connection at rest, at least


@pytest.fixture(params=["plain", "TLS"])
def server(request, fresh, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    registry = fresh({"http.header_timeout": "120s", "http.idle_timeout": "120s"}
                     | (certificate(tmp_path) if request.param == "TLS" else {}))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    registry.tls = request.param == "TLS"
    registry.connect = lambda: (context.wrap_socket if registry.tls else lambda plain: plain)(raw.connect(registry.address, 60))
    yield registry
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.contextmanager
def opened(registry, count):
    connections = []
    try:
        for _ in range(count):
            connections.append(registry.connect())
        yield connections
    finally:
        for connection in connections:
            connection.close()


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def answer(connection, count=1):
    """The next answers, all of which have a length."""
    received, answers = b"", []
    while len(answers) < count:
        head, end, body = received.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?im)^content-length: (\d+)", head)[1]) if end else 0
        if end and len(body) >= length:
            answers += raw.split_responses(head + end + body[:length])
            received = body[length:]
            continue
        part = connection.recv(65536)
        assert part, f"closed after {received!r}"
        received += part
    assert received == b""
    return answers


def used(registry, connections):
    """Each is used for a request."""
    ask = raw.request("GET", "/healthz", registry.host, close=False)
    for connection in connections:
        connection.sendall(ask)
    for connection in connections:
        assert answer(connection)[0].status == 200


def rested(registry, connections):
    """All are used at the same time, and then rest until they have given back memory."""
    used(registry, connections)
    most = registry.memory()
    wait_until(lambda: most - registry.memory() >= len(connections) * GIVEN_BACK, 20, "no memory is given back")


def test_t30_a_thousand_idle_connections_that_were_used_hold_little_memory(server):
    """T30: less than 8 KiB each, with TLS 20."""
    bound = 1000 * (20 if server.tls else 8) * KIB
    before = server.memory()
    with opened(server, 1000) as connections:
        for _ in range(2):
            used(server, connections)
            wait_until(lambda: server.grown(before) < bound, 20, "too much memory is held")


def test_a_connection_that_has_rested_answers_again_and_again(server):
    with opened(server, MANY) as connections:
        for _ in range(3):
            rested(server, connections)


def test_a_connection_that_has_rested_takes_heads_of_16_kib(server):
    line = "x" * (16 * KIB - 300)
    ask = raw.request("GET", "/healthz", server.host, [("X-Long", line)], close=False)
    with opened(server, MANY) as connections:
        rested(server, connections)
        for connection in connections:
            connection.sendall(ask[:9000])
        for connection in connections:
            connection.sendall(ask[9000:])
        assert {answer(connection)[0].status for connection in connections} == {200}


def test_a_connection_that_has_rested_answers_requests_that_come_together(server):
    ask = raw.request("GET", "/healthz", server.host, close=False) + raw.request("GET", "/nothing", server.host, close=False)
    with opened(server, MANY) as connections:
        rested(server, connections)
        for connection in connections:
            connection.sendall(ask * 5)
        for connection in connections:
            assert [one.status for one in answer(connection, 10)] == [200, 404] * 5


def test_a_connection_that_has_rested_in_the_middle_of_a_head_waits_for_its_end(server):
    """The bytes of a request that has begun stay."""
    ask = raw.request("GET", "/nothing/" + "y" * 6000, server.host, [("Accept", "text/" + "z" * 3000)], close=False)
    with opened(server, MANY + 1) as connections:
        begun = connections.pop()
        used(server, [begun])
        begun.sendall(ask[:5000])
        rested(server, connections)
        begun.sendall(ask[5000:])
        assert answer(begun)[0].status == 404
        begun.close()


def chunked(data, size):
    parts = [data[at:at + size] for at in range(0, len(data), size)]
    return [b"%x\r\n%s\r\n" % (len(part), part) for part in parts] + [b"0\r\n\r\n"]


def begun_uploads(registry, account, connections, headers):
    """A session for each connection, begun on it, and the head of its PATCH."""
    allowed = ("Authorization", basic_header(account.name, account.token))
    start = raw.request("POST", "/v2/alice/app/blobs/uploads/", registry.host, [allowed, ("Content-Length", "0")], close=False)
    for connection in connections:
        connection.sendall(start)
    urls = [answer(connection)[0].headers["location"] for connection in connections]
    for connection, url in zip(connections, urls):
        connection.sendall(raw.request("PATCH", url, registry.host, [allowed, *headers], close=False))
    return urls


@pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning")
@pytest.mark.parametrize("way", ["chunked", "length"])
def test_an_upload_that_pauses_goes_on_as_it_began(server, way):
    """Every byte of its body counts, and its head is still there at the end."""
    account = server.user("alice")
    client = server.client(account)
    data = [os.urandom(40_000) for _ in range(40)]
    headers = [("X-Long", "x" * 6000), ("Transfer-Encoding", "chunked") if way == "chunked" else ("Content-Length", "40000")]
    with opened(server, len(data) + MANY) as connections:
        pushing, others = connections[:len(data)], connections[len(data):]
        urls = begun_uploads(server, account, pushing, headers)
        bodies = [b"".join(chunked(one, 1000)) if way == "chunked" else one for one in data]
        at = 0
        for end in (1007 + 2, 17 * 1007 + 2):  # in the middle of a chunk's head
            for connection, body in zip(pushing, bodies):
                connection.sendall(body[at:end])
            at = end
            rested(server, others)
        for connection, body in zip(pushing, bodies):
            connection.sendall(body[at:])
        assert {answer(connection)[0].status for connection in pushing} == {202}
    for one, url in zip(data, urls):
        digest = images.digest_of(one)
        assert client.put(url, params={"digest": digest}).status_code == 201
        assert client.get_blob("alice/app", digest).content == one
