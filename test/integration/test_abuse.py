"""Abuse in numbers: memory stays bounded, everything expires, and others are served meanwhile."""

import contextlib
import os
import re
import resource
import selectors
import socket
import sqlite3
import threading
import time

import pytest

from harness import images, raw
from harness.client import refused, succeeded
from harness.parallel import at_once
from harness.server import basic_header

MIB = 1 << 20


@pytest.fixture(autouse=True)
def many_files():
    """As many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def descriptors(registry):
    return len(os.listdir(f"/proc/{registry.pid}/fd"))


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def read_until_closed(connections, seconds):
    """What came on each connection until the server ended it; all must end in that time."""
    received = {connection: b"" for connection in connections}
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for connection in connections:
            connection.setblocking(False)
            waiting.register(connection, selectors.EVENT_READ)
        while waiting.get_map():
            assert time.monotonic() < deadline, f"{len(waiting.get_map())} connections are still open"
            for key, _ in waiting.select(0.2):
                try:
                    part = key.fileobj.recv(65536)
                except ConnectionResetError:
                    part = b""
                received[key.fileobj] += part
                if not part:
                    waiting.unregister(key.fileobj)
    return list(received.values())


@contextlib.contextmanager
def held(connections):
    """Close them all at the end."""
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()


def answer(connection):
    """The next answer on a kept connection, all of whose answers have a length."""
    received = b""
    while b"\r\n\r\n" not in received:
        part = connection.recv(65536)
        assert part, f"closed after {received!r}"
        received += part
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)^content-length: (\d+)", head, re.M)[1])
    while len(body) < length:
        body += connection.recv(65536)
    assert len(body) == length
    return raw.split_responses(head + b"\r\n\r\n" + body)[0]


# Connections


def test_t30_five_thousand_idle_connections_take_little_memory_and_are_all_closed(fresh):
    registry = fresh({"http.idle_timeout": "10s"})
    before, memory = descriptors(registry), registry.memory()
    ask = raw.request("GET", "/healthz", registry.host, close=False)
    with held([]) as idle:
        for _ in range(5000):
            connection = raw.connect(registry.address)
            idle.append(connection)
            connection.sendall(ask)
            assert answer(connection).status == 200
            if len(idle) == 1000:
                assert descriptors(registry) > before + 500
        wait_until(lambda: registry.grown(memory) < 40 * MIB, 10, "too much memory is held")
        assert descriptors(registry) > before + 4500
        assert set(read_until_closed(idle, 60)) == {b""}
    wait_until(lambda: descriptors(registry) <= before, 10, "descriptors are still held")
    assert registry.bare().get("/healthz").status_code == 200


def test_t30_a_thousand_heads_in_single_bytes_are_all_cut_and_forgotten(fresh):
    registry = fresh({"http.header_timeout": "3s"})
    before, memory = descriptors(registry), registry.memory()
    with held([raw.connect(registry.address) for _ in range(1000)]) as dripping:
        alive = list(dripping)
        deadline = time.monotonic() + 30
        for connection in alive:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nX-Long: ")
            connection.setblocking(False)
        while alive:
            assert time.monotonic() < deadline, f"{len(alive)} heads are still being read"
            for connection in list(alive):
                with contextlib.suppress(BlockingIOError):
                    try:
                        connection.send(b"x")
                        ended = connection.recv(1000) == b""
                    except (BrokenPipeError, ConnectionResetError):
                        ended = True
                    if ended:
                        alive.remove(connection)
            time.sleep(0.05)
        assert registry.grown(memory) < 96 * MIB
    wait_until(lambda: descriptors(registry) <= before, 10, "descriptors are still held")


def test_t30_readers_that_stop_reading_are_cut_with_the_files_they_read(fresh):
    registry = fresh({"http.idle_timeout": "2s"})
    account = registry.user("alice")
    digest = registry.client(account).push_blob("alice/app", os.urandom(MIB) * 32)
    before, memory = descriptors(registry), registry.memory()
    ask = raw.request("GET", f"/v2/alice/app/blobs/{digest}", registry.host,
                      [("Authorization", basic_header("alice", account.token))])
    with held([]) as readers:
        for _ in range(200):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(registry.address)
            connection.sendall(ask)
            readers.append(connection)
        wait_until(lambda: descriptors(registry) >= before + 300, 10, "no file is open")
        assert registry.grown(memory) < 64 * MIB
        wait_until(lambda: descriptors(registry) <= before + 50, 30, "descriptors are still held")


# Uploads


def database(registry):
    """Its connection, to read only."""
    path = next(path for path in registry.data.iterdir() if path.suffix in (".db", ".sqlite", ".sqlite3"))
    return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True))


def sessions(registry):
    with database(registry) as connection:
        return connection.execute("SELECT count(*) FROM upload").fetchone()[0]


def begin_uploads(registry, account, count):
    """So many POSTs, in rows on eight connections; the answers' statuses."""
    ask = raw.request("POST", "/v2/alice/app/blobs/uploads/", registry.host,
                      [("Authorization", basic_header(account.name, account.token)), ("Content-Length", "0")],
                      close=False)

    def begin(part):
        statuses = []
        with raw.connect(registry.address, 60) as connection:
            for _ in range(part):
                connection.sendall(ask)
                statuses.append(answer(connection).status)
        return statuses

    return [status for part in at_once(begin, [count // 32] * 32) for status in part]


def test_t30_a_thousand_uploads_that_stop_are_cut_can_be_resumed_and_expire(fresh):
    registry = fresh({"http.body_timeout": "5s", "gc.upload_ttl": "15s", "gc.interval": "1s", "gc.grace": "1s"})
    account = registry.user("alice")
    client = registry.client(account)
    before, memory = descriptors(registry), registry.memory()
    data = os.urandom(100_000)
    headers = [("Authorization", basic_header("alice", account.token)), ("Content-Length", str(len(data)))]
    locations = []
    with held([]) as slow:
        for _ in range(1000):
            locations.append(client.start_upload("alice/app"))
            connection = raw.connect(registry.address)
            slow.append(connection)
            connection.sendall(raw.request("PATCH", locations[-1], registry.host, headers) + data[:70_000])
        assert registry.grown(memory) < 150 * MIB
        answers = read_until_closed(slow, 60)
    assert {received[:12] for received in answers} <= {b"HTTP/1.1 408", b""}
    client = registry.client(account)  # the other one's connection may have been closed as idle
    resumed = locations[-1]
    wait_until(lambda: client.get(resumed).headers.get("Range") == "0-69999", 10, "the bytes are not kept")
    succeeded(client.put(resumed, params={"digest": images.digest_of(data)}, data=data[70_000:]), 201)
    wait_until(lambda: sessions(registry) == 0, 60, "sessions stay")
    wait_until(lambda: not registry.staged_files(), 10, "their bytes stay")
    wait_until(lambda: descriptors(registry) <= before + 50, 10, "descriptors are still held")
    refused(client.get(locations[0]), 404, "BLOB_UPLOAD_UNKNOWN")
    assert registry.problems() == 0


def test_t31_ten_thousand_uploads_begun_and_left_meet_the_limit_expire_and_leave_their_room(fresh):
    registry = fresh({"limits.uploads_per_user": "9984", "gc.upload_ttl": "25s", "gc.interval": "1s"})
    alice, bob = registry.user("alice"), registry.user("bob")
    sizes = []
    for _ in range(2):
        memory = registry.memory()
        wait_until(lambda: sessions(registry) == 0, 90, "sessions stay")
        assert not registry.staged_files(), "their bytes stay"
        assert set(begin_uploads(registry, alice, 9984)) == {202}
        over = registry.client(alice).post("/v2/alice/app/blobs/uploads/")
        refused(over, 429, "TOOMANYREQUESTS")
        assert over.headers["Retry-After"] == "1"
        registry.client(bob).push_image("bob/app", "v1")
        assert registry.grown(memory) < 64 * MIB
        with database(registry) as connection:
            sizes.append(connection.execute("PRAGMA page_count").fetchone()[0])
    assert sizes[1] < sizes[0] * 1.2, f"the database grows: {sizes} pages"
    assert registry.problems() == 0


# Passwords


class Flood:
    """Wrong logins on many connections, from the start of "with" to its end."""

    def __init__(self, registry, users, connections):
        self.registry = registry
        self.users = users
        self.counts = {}
        self.without_wait = 0  # answers 429 that do not say when to come again
        self.end = threading.Event()
        self.threads = [threading.Thread(target=self.guess, args=(n,)) for n in range(connections)]

    def guess(self, n):
        user = self.users[n % len(self.users)]
        with raw.connect(self.registry.address, 60) as connection:
            while not self.end.is_set():
                headers = [("Authorization", basic_header(user, f"wrong-{os.urandom(8).hex()}"))]
                connection.sendall(raw.request("GET", "/token", self.registry.host, headers, close=False))
                got = answer(connection)
                self.counts[got.status] = self.counts.get(got.status, 0) + 1
                self.without_wait += got.status == 429 and got.headers.get("retry-after") != "1"
                if got.status == 429:
                    self.end.wait(0.1)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_until(lambda: self.counts.get(403, 0) > 10, 30, "no guess is answered")
        return self

    def __exit__(self, *_):
        self.end.set()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def guarded(fresh):
    """A server with two users and an image, on which every guess is looked at: what hashing them costs others."""
    registry = fresh({"login.free_attempts": "0"})
    registry.alice, registry.bob = registry.user("alice"), registry.user("bob")
    registry.client(registry.alice).push_image("alice/app", "v1")
    return registry


@pytest.mark.parametrize("users", [["alice"], ["nobody", "no-one"]], ids=["known", "unknown"])
def test_t12_t33_guesses_beyond_the_line_are_429_and_right_passwords_get_through(guarded, users):
    """T33: as many hashes at a time as there are cores, 64 waiting, and no memory for more."""
    memory = guarded.memory()
    with Flood(guarded, users, 200) as flood:
        wait_until(lambda: flood.counts.get(429, 0) > 100, 30, f"none is turned away: {flood.counts}")
        assert guarded.grown(memory) < (os.cpu_count() * 19 + 64) * MIB
        login = guarded.basic("bob", guarded.bob.password)
        wait_until(lambda: login.get("/token").status_code == 200, 30, "the right password never gets through")
    assert set(flood.counts) == {403, 429} and flood.without_wait == 0
    assert guarded.grown(memory) < (os.cpu_count() * 19 + 64) * MIB


def test_t33_a_flood_of_guesses_does_not_hold_up_pushes(guarded):
    """What waits for the disk does not stand in line behind passwords."""
    client = guarded.client(guarded.bob)
    client.prime("bob/app")
    with Flood(guarded, ["alice"], 60) as flood:
        before = flood.counts[403]
        for _ in range(10):
            client.start_upload("bob/app")
        passed = flood.counts[403] - before
    assert passed < 300, f"{passed} passwords were checked before 10 uploads had begun"


def test_t33_guesses_in_a_row_on_one_connection_are_each_answered(guarded):
    ask = b"".join(raw.request("GET", "/token", guarded.host, [
        ("Authorization", basic_header("alice", f"wrong-{n}"))], close=False) for n in range(40))
    with raw.connect(guarded.address, 60) as connection:
        connection.sendall(ask + raw.request("GET", "/healthz", guarded.host))
        received, _ = raw.receive(connection, 30)
    assert [response.status for response in raw.split_responses(received)] == [403] * 40 + [200]
