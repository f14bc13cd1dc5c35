"""Clients that are slow, many, broken or hostile."""

import contextlib
import os
import resource
import signal
import socket
import threading
import time
from pathlib import Path

import pytest

from harness import Registry, images, raw
from harness.client import succeeded
from harness.server import basic_header

GET = b"GET /v2/ HTTP/1.1\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory):
    """A server with short deadlines."""
    server = Registry(tmp_path_factory.mktemp("hasty"), {
        "http.header_timeout": "1s", "http.idle_timeout": "2s", "http.body_timeout": "3s"}).start()
    server.account = server.user("alice")
    yield server
    server.stop()


def closed_within(connection, seconds):
    """Does the server end the connection in that time?"""
    _, closed = raw.receive(connection, seconds)
    return closed


def median_of(client, path, times=60):
    """Typical seconds of a request."""
    spans = []
    for _ in range(times):
        begun = time.perf_counter()
        assert client.get(path).status_code == 200
        spans.append(time.perf_counter() - begun)
    return sorted(spans)[times // 2]


# Framing


def framed(*lines, body=b""):
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


POST = b"POST /token HTTP/1.1"
BAD = {
    "two lengths": framed(POST, b"Host: {}", b"Content-Length: 5", b"Content-Length: 6", body=b"hello!"),
    "length and chunked": framed(POST, b"Host: {}", b"Content-Length: 5", b"Transfer-Encoding: chunked",
                                 body=b"0\r\n\r\n"),
    "chunked and length": framed(POST, b"Host: {}", b"Transfer-Encoding: chunked", b"Content-Length: 5",
                                 body=b"0\r\n\r\n"),
    "negative length": framed(POST, b"Host: {}", b"Content-Length: -1"),
    "length with sign": framed(POST, b"Host: {}", b"Content-Length: +5", body=b"hello"),
    "length list": framed(POST, b"Host: {}", b"Content-Length: 5, 6", body=b"hello"),
    "length in hex": framed(POST, b"Host: {}", b"Content-Length: 0x5", body=b"hello"),
    "length beyond 64 bits": framed(POST, b"Host: {}", b"Content-Length: 99999999999999999999999"),
    "unknown coding": framed(POST, b"Host: {}", b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "coding in disguise": framed(POST, b"Host: {}", b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "chunked in HTTP/1.0": framed(b"POST /token HTTP/1.0", b"Host: {}", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "no host": framed(b"GET /v2/ HTTP/1.1"),
    "two hosts": framed(b"GET /v2/ HTTP/1.1", b"Host: {}", b"Host: evil.example"),
    "space before the colon": framed(b"GET /v2/ HTTP/1.1", b"Host : {}"),
    "folded line": framed(b"GET /v2/ HTTP/1.1", b"Host: {}", b"X-A: b", b" c"),
    "NUL in a header": framed(b"GET /v2/ HTTP/1.1", b"Host: {}", b"X-A: a\0b"),
    "bare CR in a header": framed(b"GET /v2/ HTTP/1.1", b"Host: {}", b"X-A: a\rX-B: b"),
    "HTTP/2 by name": framed(b"GET /v2/ HTTP/2.0", b"Host: {}"),
    "HTTP/3.7": framed(b"GET /v2/ HTTP/3.7", b"Host: {}"),
    "no version": b"GET /v2/\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\nHost: {}\r\n\r\n",
    "bad chunk size": framed(POST, b"Host: {}", b"Transfer-Encoding: chunked", body=b"zz\r\nhello\r\n0\r\n\r\n"),
    "huge chunk size": framed(POST, b"Host: {}", b"Transfer-Encoding: chunked",
                              body=b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,
    "noise": bytes(range(256)) * 4 + b"\r\n\r\n",
}
SMUGGLED = b"GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n"


@pytest.mark.parametrize("what", BAD)
def test_t20_broken_framing_ends_the_connection(registry, what):
    """T20: 400 and close; what follows is never taken for a second request."""
    data = (BAD[what] + SMUGGLED).replace(b"{}", registry.host.encode())
    result = raw.exchange(registry.address, data, seconds=5)
    assert result.closed, "still open"
    assert len(result.responses) <= 1, result.received
    assert not result.responses or result.responses[0].status in (400, 413, 414, 431, 501, 505), result.received[:200]


def test_headers_without_end_are_cut_off(registry):
    before = registry.memory()
    for line in (b"X-A: " + b"a" * 1000 + b"\r\n", b"a"):
        with raw.connect(registry.address) as connection:
            connection.sendall(GET)
            try:
                for _ in range(200):
                    connection.sendall(line * (1 if len(line) > 1 else 1000))
            except (BrokenPipeError, ConnectionResetError):
                pass
            received, _ = raw.receive(connection, 1)
            assert not received or raw.split_responses(received)[0].status in (400, 413, 431)
    assert registry.grown(before) < 32 << 20
    assert registry.bare().get("/v2/").status_code == 401


def test_pipelined_requests_are_answered_in_order(registry):
    request = b"GET /%s HTTP/1.1\r\nHost: " + registry.host.encode() + b"\r\n\r\n"
    data = b"".join(request % path for path in (b"healthz", b"v2/", b"nothing", b"healthz"))
    result = raw.exchange(registry.address, data, seconds=2)
    assert [response.status for response in result.responses] == [200, 401, 404, 200]


def test_requests_in_single_bytes_are_understood(registry):
    data = raw.request("GET", "/v2/", registry.host)
    result = raw.exchange(registry.address, data, pieces=len(data), pause=0.0005)
    assert [response.status for response in result.responses] == [401]


# Slow clients


def test_v77_t30_a_head_that_never_ends_is_cut_off(hasty):
    """T30: one byte now and then does not buy more time."""
    with raw.connect(hasty.address) as connection:
        connection.sendall(GET)
        begun = time.monotonic()
        try:
            while time.monotonic() - begun < 8:
                connection.sendall(b"X")
                connection.settimeout(0.2)
                try:
                    if not connection.recv(1000):
                        break
                except socket.timeout:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        assert time.monotonic() - begun < 7


def test_t30_an_idle_connection_is_closed(hasty):
    with raw.connect(hasty.address) as connection:
        assert closed_within(connection, 8)
    with raw.connect(hasty.address) as connection:
        connection.sendall(raw.request("GET", "/v2/", hasty.host, close=False))
        assert closed_within(connection, 8)


def test_v21_t30_a_body_that_never_ends_is_cut_off_and_its_bytes_are_kept(hasty):
    client = hasty.client(hasty.account)
    location = client.start_upload("alice/slow")
    headers = [("Authorization", basic_header("alice", hasty.account.token)), ("Content-Length", "1000000")]
    with raw.connect(hasty.address) as connection:
        connection.sendall(raw.request("PATCH", location, hasty.host, headers) + b"x" * 70_000)
        assert closed_within(connection, 15)
    client = hasty.client(hasty.account)  # the other one's connection has been idle for long
    deadline = time.monotonic() + 5
    while succeeded(client.get(location), 204).headers["Range"] != "0-69999":
        assert time.monotonic() < deadline, "the last bytes are not kept"
        time.sleep(0.05)


def test_t30_a_reader_that_never_reads_is_cut_off(hasty):
    client = hasty.client(hasty.account)
    digest = client.push_blob("alice/slow", os.urandom(30 << 20))
    headers = [("Authorization", basic_header("alice", hasty.account.token))]
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(hasty.address)
    with connection:
        connection.sendall(raw.request("GET", f"/v2/alice/slow/blobs/{digest}", hasty.host, headers))
        time.sleep(6)
        received, closed = 0, False
        connection.settimeout(2)
        try:
            while part := connection.recv(1 << 20):
                received += len(part)
            closed = True
        except ConnectionResetError:
            closed = True
        except socket.timeout:
            pass
    assert closed and received < 30 << 20


def test_slow_heads_do_not_slow_others(registry, alice):
    client = registry.basic(alice.name, alice.token)
    alone = median_of(client, "/v2/")
    slow = [raw.connect(registry.address) for _ in range(300)]
    for connection in slow:
        connection.sendall(GET)
    beside = median_of(client, "/v2/")
    for connection in slow:
        connection.close()
    assert beside < 5 * alone + 0.005, (alone, beside)


def test_five_thousand_idle_connections_do_not_slow_others(registry, alice):
    """V5"""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = 5000
    if hard < count + 200:
        pytest.skip(f"{hard} open files are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count + 200), hard))
    client = registry.basic(alice.name, alice.token)
    alone, memory = median_of(client, "/v2/"), registry.memory()
    idle = []
    try:
        for _ in range(count):
            idle.append(raw.connect(registry.address))
        beside = median_of(client, "/v2/")
        assert beside < 5 * alone + 0.005, (alone, beside)
        assert registry.grown(memory) < 128 << 20
    finally:
        for connection in idle:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert client.get("/v2/").status_code == 200


def test_t30_a_thousand_slow_uploads_do_not_slow_others_and_all_end_well(fresh):
    """V5, V10: uploads that trickle, with small reads beside them."""
    registry = fresh({"limits.uploads_per_user": "1000"})
    alice, package = registry.user("alice"), "alice/slow"
    owner = registry.client(alice)
    pushed = owner.push_image(package, "v1")
    client = registry.basic(alice.name, alice.token)
    path = f"/v2/{package}/manifests/{pushed.digest}"
    alone, memory = median_of(client, path), registry.memory()
    data = os.urandom(40_000)
    uploads = []
    for _ in range(1000):
        location = owner.start_upload(package)
        headers = [("Authorization", basic_header(alice.name, alice.token)), ("Content-Length", str(len(data)))]
        connection = raw.connect(registry.address)
        connection.sendall(raw.request("PATCH", location, registry.host, headers) + data[:20_000])
        uploads.append((connection, location))
    beside = median_of(client, path)
    added = registry.grown(memory)
    for connection, _ in uploads:
        connection.sendall(data[20_000:])
    for connection, location in uploads:
        received, _ = raw.receive(connection, 10)
        connection.close()
        assert raw.split_responses(received)[0].status == 202
    for _, location in uploads[:5]:
        succeeded(owner.put(location, params={"digest": images.digest_of(data)}), 201)
    for _, location in uploads[5:]:
        succeeded(owner.delete(location), 204)
    assert beside < 5 * alone + 0.005, (alone, beside)
    assert added < 150 << 20, f"{added >> 20} MiB for 1,000 uploads"


@pytest.mark.parametrize("sent", [0.1, 0.5, 0.9])
def test_t30_a_head_whose_end_came_before_it_was_read_holds_nothing_until_its_deadline(fresh, sent):
    """Bytes and the end of the connection are there when the server first looks: one event for both."""
    registry = fresh({"http.header_timeout": "60s"})
    head = raw.request("GET", "/v2/", registry.host, [("X-Long", "x" * 200)], close=False)

    def sockets():
        count = 0
        for link in Path(f"/proc/{registry.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += os.readlink(link).startswith("socket:")
        return count

    before = sockets()
    os.kill(registry.pid, signal.SIGSTOP)
    try:
        for _ in range(20):
            with raw.connect(registry.address) as connection:
                connection.sendall(head[:int(len(head) * sent)])
    finally:
        os.kill(registry.pid, signal.SIGCONT)
    assert registry.client().get("/healthz").status_code == 200
    deadline = time.monotonic() + 10
    while sockets() > before + 1:
        assert time.monotonic() < deadline, f"{sockets()} sockets, {before} before"
        time.sleep(0.05)


def test_connections_that_break_anywhere_leave_nothing_open(registry, alice, owner, package):
    """Cut after every n-th byte of a push; no descriptor and no session stays held."""
    client = registry.basic(alice.name, alice.token)
    client.get("/v2/")

    def descriptors():
        """Without those of the database: each thread keeps a connection from its first read on."""
        count = 0
        for link in Path(f"/proc/{registry.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                count += "staithe.db" not in os.readlink(link)
        return count

    before = descriptors()
    location = owner.start_upload(package)
    whole = raw.request("PATCH", location, registry.host, [("Authorization", basic_header(alice.name, alice.token)),
                                                            ("Content-Length", "3000")], close=False) + b"x" * 3000
    for cut in range(1, len(whole), len(whole) // 40):
        with raw.connect(registry.address) as connection:
            connection.sendall(whole[:cut])
    deadline = time.monotonic() + 10
    while descriptors() > before + 3:
        assert time.monotonic() < deadline, f"{descriptors()} open files, {before} before"
        time.sleep(0.05)
    deadline = time.monotonic() + 10
    while owner.delete(location).status_code == 409:
        assert time.monotonic() < deadline, "the session is still held"
    assert registry.problems() == 0


def test_t12_t33_many_bad_logins_do_not_hold_up_pulls(registry, alice, owner, package):
    """T33: password hashing never runs where requests are answered."""
    owner.push_image(package, "v1")
    client = registry.basic(alice.name, alice.token)
    path = f"/v2/{package}/manifests/v1"
    alone = median_of(client, path, 30)
    stop = threading.Event()

    def guess():
        own = registry.basic("alice", "wrong" + os.urandom(4).hex())
        while not stop.is_set():
            assert own.get("/token").status_code in (403, 429, 503)

    threads = [threading.Thread(target=guess) for _ in range(8)]
    for thread in threads:
        thread.start()
    beside = median_of(client, path, 30)
    stop.set()
    for thread in threads:
        thread.join()
    assert beside < 10 * alone + 0.02, (alone, beside)


def test_memory_does_not_follow_the_size_of_blobs(registry, owner, package):
    before = registry.memory()
    data = os.urandom(1 << 20) * 64
    digest = owner.push_blob(package, data)
    assert len(owner.get_blob(package, digest).content) == len(data)
    assert registry.grown(before) < 40 << 20
