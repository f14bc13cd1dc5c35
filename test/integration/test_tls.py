"""TLS: a small answer is one record, and whole however slowly it is taken."""

import os
import re
import socket
import ssl
import time
from pathlib import Path

import pytest

from harness import images, raw
from harness.server import basic_header
from harness.tls import certificate

APPLICATION_DATA = 23
KIB = 1 << 10


class Session:
    """A TLS connection whose records can be counted."""

    def __init__(self, address, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(30)
        self.socket.connect(address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing)
        self.records = b""
        self.plain = b""
        self.call(self.tls.do_handshake)
        self.flush()

    def flush(self):
        self.socket.sendall(self.outgoing.read())

    def call(self, operation, *arguments):
        while True:
            try:
                return operation(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.socket.recv(64 * KIB)
                assert data, "the server ended the connection"
                self.records += data
                self.incoming.write(data)

    def send(self, data):
        self.tls.write(data)
        self.flush()

    def receive(self, method="GET"):
        """The next answer: head and body."""
        while b"\r\n\r\n" not in self.plain:
            self.plain += self.call(self.tls.read, 64 * KIB)
        head, _, rest = self.plain.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: (\d+)", head)
        size = 0 if method == "HEAD" or b" 304 " in head[:16] or not length else int(length[1])
        while len(rest) < size:
            rest += self.call(self.tls.read, 64 * KIB)
        self.plain = rest[size:]
        return head, rest[:size]

    def count(self):
        """Records of data since the last call."""
        n = 0
        while self.records:
            n += self.records[0] == APPLICATION_DATA
            self.records = self.records[5 + int.from_bytes(self.records[3:5], "big"):]
        return n


class Package:
    """Requests of one who owns it, on one session."""

    def __init__(self, registry):
        self.registry, self.alice = registry, registry.user("alice")
        self.session = Session(registry.address)

    def bytes_of(self, method, path, *headers, body=b""):
        authorization = ("Authorization", basic_header(self.alice.name, self.alice.token))
        return raw.request(method, path, self.registry.host, [authorization, *headers], body=body, close=False)

    def ask(self, method, path, *headers, body=b""):
        self.session.count()
        self.session.send(self.bytes_of(method, path, *headers, body=body))
        return self.session.receive(method)

    def blob(self, size):
        """A new one: its bytes and its path."""
        data = os.urandom(size)
        digest = images.digest_of(data)
        head, _ = self.ask("POST", f"/v2/alice/app/blobs/uploads/?digest={digest}", body=data)
        assert b" 201 " in head[:16], head
        return data, f"/v2/alice/app/blobs/{digest}"


@pytest.fixture
def package(fresh, tmp_path):
    return Package(fresh(certificate(tmp_path)))


@pytest.mark.parametrize("size", [1, 1000, 1300, 1500, 12 * KIB])
def test_a_small_answer_is_one_record(package, size):
    data, path = package.blob(size)
    for _ in range(2):
        head, body = package.ask("GET", path)
        assert (b" 200 " in head[:16], body) == (True, data)
        assert package.session.count() == 1


def test_an_answer_without_a_body_is_one_record_too(package):
    _, path = package.blob(1000)
    head, _ = package.ask("GET", path)
    etag = re.search(rb"(?im)^etag: (\S+)", head)[1].decode()
    for method, headers, status in [("HEAD", [], 200), ("GET", [("If-None-Match", etag)], 304), ("POST", [], 405)]:
        head, _ = package.ask(method, path, *headers)
        assert f" {status} ".encode() in head[:16]
        assert package.session.count() == 1


def test_answers_of_every_size_and_kind_follow_each_other_whole(package):
    sizes = [1, 500, 12 * KIB, 12 * KIB + 1, 15 * KIB, 16 * KIB, 17 * KIB, 60 * KIB, 100 * KIB]
    blobs = [package.blob(size) for size in sizes]
    for _ in range(2):
        for data, path in blobs:
            for method, headers, want in [("GET", [], data), ("HEAD", [], b""), ("GET", [("Range", "bytes=0-0")], data[:1]),
                                          ("GET", [("Range", "bytes=-9000")], data[-9000:]), ("GET", [], data)]:
                head, body = package.ask(method, path, *headers)
                assert (head[9:12] in (b"200", b"206"), body) == (True, want)
            head, body = package.ask("GET", path, ("Range", "bytes=0-0, 2-1000"))
            assert body.count(b"content-range") + body.count(b"Content-Range") in (0, 2)
            assert package.ask("GET", path + "0")[0][9:12] in (b"400", b"404")


def test_answers_that_nobody_reads_for_a_while_come_whole_and_in_order(package):
    """The server can send no more in the middle of any of them: it waits, without a thread, and goes on."""
    blobs = [package.blob(size) for size in (300, 2000, 7001, 11 * KIB, 12 * KIB)]
    rounds = 300
    buffered = int(Path("/proc/sys/net/ipv4/tcp_wmem").read_text().split()[2])
    assert rounds * sum(len(data) for data, _ in blobs) > 2 * buffered
    slow = Session(package.registry.address, receive_buffer=64 * KIB)
    slow.send(b"".join(package.bytes_of("GET", path) for _, path in blobs) * rounds)
    for _ in range(20):
        assert package.ask("GET", blobs[0][1])[1] == blobs[0][0]
        time.sleep(0.05)
    for _ in range(rounds):
        for data, _ in blobs:
            head, body = slow.receive()
            assert (b" 200 " in head[:16], body) == (True, data)
