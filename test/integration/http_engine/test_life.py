"""Deadlines, draining, TLS, and what is neither HTTP nor TLS where it should be."""

import os
import shutil
import signal
import ssl
import subprocess
import threading
import time

import pytest

from wire import request

GET = request(b"GET", b"/")


def drip(client, data, seconds):
    """Send byte by byte for at most that time; False when the server ended it."""
    end = time.monotonic() + seconds
    try:
        for byte in data:
            client.send(bytes([byte]))
            client.sock.settimeout(0.1)
            try:
                if not client._more():
                    return False
            except TimeoutError:
                pass
            if time.monotonic() > end:
                break
    except OSError:
        return False
    return True


def test_slow_header_is_closed(start):
    server = start(header_timeout=1)
    with server.connect() as client:
        assert not drip(client, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 1000, 5)
    assert b"slow=1\n" in server.get(b"/stats").body


def test_silent_connection_is_closed(start):
    with start(header_timeout=1).connect() as client:
        assert client.closed(within=5)


def test_header_deadline_holds_for_kept_connections(start):
    server = start(header_timeout=1, idle_timeout=30)
    with server.connect() as client:
        client.send(GET)
        assert client.response().status == 200
        client.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert not drip(client, b"X-Long: " + b"a" * 1000, 5)


def test_idle_connection_is_closed(start):
    with start(idle_timeout=1).connect() as client:
        client.send(GET)
        assert client.response().status == 200
        assert client.closed(within=5)


def test_busy_handler_is_not_idle(start):
    with start(idle_timeout=1, header_timeout=1, body_timeout=1).connect() as client:
        client.send(request(b"GET", b"/slow?ms=2500"))
        assert client.response().body == b"waited\n"


def test_slow_body_is_408_and_ends_the_upload(start):
    server = start(body_timeout=1)
    with server.connect() as client:
        client.send(request(b"PUT", b"/stream", b"Content-Length: 1000"))
        drip(client, b"x" * 1000, 6)
        assert client.response().status == 408
        assert client.closed()
    assert server.wait_line("upload over")


def test_body_that_stops_is_closed(start):
    server = start(body_timeout=1)
    with server.connect() as client:
        client.send(request(b"PUT", b"/stream", b"Content-Length: 1000", body=b"x"))
        assert client.closed(within=6)
    assert server.wait_line("upload over") == "upload over bytes=1"


def test_reader_that_stalls_is_closed(start):
    server = start(idle_timeout=1)
    with server.connect() as client:
        client.send(request(b"GET", b"/file") * 100)  # more than the buffers between us hold
        assert server.wait_line("over GET /file 200 in=0 out=300000 aborted=1")


def test_refused_client_that_never_stops_is_cut(start):
    server = start()
    with server.connect() as client:
        client.send(request(b"PUT", b"/stream?deny=1", b"Content-Length: 100000000"))
        assert client.response().status == 403
        assert not drip(client, b"x" * 1000, 6)


def test_stop_lets_requests_finish_and_closes_idle_connections(start):
    server = start()
    with server.connect() as busy, server.connect() as upload, server.connect() as idle:
        idle.send(GET)
        idle.response()
        busy.send(request(b"GET", b"/slow?ms=700"))
        upload.send(request(b"PUT", b"/stream?ms=300", b"Content-Length: 10", body=b"hello"))
        server.wait_stats(b"active=3 ")
        server.proc.send_signal(signal.SIGTERM)
        assert idle.closed(within=3)
        with pytest.raises(OSError):
            server.connect().response()
        upload.send(b"world")
        for client, body in ((busy, b"waited\n"), (upload, b"bytes=10 sum=1084 wait=1\n")):
            res = client.response()
            assert (res.body, res["Connection"]) == (body, "close")
            assert client.closed()
    assert server.proc.wait(timeout=5) == 0


def test_stop_cuts_what_does_not_finish_in_time(start):
    server = start(grace=1)
    with server.connect() as client, server.connect() as head:
        head.send(b"GET / HTTP/1.1\r\n")
        client.send(request(b"PUT", b"/stream", b"Content-Length: 10", body=b"hello"))
        server.wait_stats(b"active=3 ")
        server.proc.send_signal(signal.SIGTERM)
        assert server.proc.wait(timeout=5) == 0
    assert server.wait_line("upload over") == "upload over bytes=5"


def test_stop_under_load(start, content):
    server = start(grace=0)
    stop = threading.Event()

    def load():
        while not stop.is_set():
            try:
                server.ask(request(b"PUT", b"/stream?most=1000", b"Content-Length: 100000", body=content[:100_000]))
            except (OSError, EOFError, AssertionError):
                pass

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    server.proc.send_signal(signal.SIGTERM)
    status = server.proc.wait(timeout=20)
    stop.set()
    for thread in threads:
        thread.join()
    assert status == 0


# ---- TLS ----


KEYS = {
    "one": ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "two": ["ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "rsa": ["rsa:2048"],
    "ed25519": ["ed25519"],
}


def make_pair(folder, name):
    """A self-signed certificate for localhost whose subject is name."""
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *KEYS[name], "-nodes", "-days", "2", "-subj",
         f"/CN={name}", "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / f"{name}.key",
         "-out", folder / f"{name}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    for name in KEYS:
        make_pair(folder, name)
    return folder


@pytest.fixture
def use(pairs, tmp_path):
    """use(certificate, key) puts these where the server looks for them."""

    def copy(certificate, key):
        shutil.copy(pairs / f"{certificate}.crt", tmp_path / "crt")
        shutil.copy(pairs / f"{key}.key", tmp_path / "key")

    copy("one", "one")
    return copy


def trust(pairs, name):
    return ssl.create_default_context(cafile=pairs / f"{name}.crt")


@pytest.fixture
def tls_server(start, use, tmp_path):
    return start(certificate=tmp_path / "crt", key=tmp_path / "key")


def test_tls_serves_files_ranges_and_uploads(tls_server, pairs, content):
    with tls_server.connect(tls=trust(pairs, "one")) as client:
        client.send(request(b"GET", b"/file"))
        assert client.response().body == content
        client.send(request(b"GET", b"/file", b"Range: bytes=100000-200000"))
        assert client.response().body == content[100_000:200_001]
        client.send(request(b"GET", b"/file", b"Range: bytes=0-1,299999-"))
        assert client.response().status == 206
        client.send(request(b"PUT", b"/stream?most=20000", b"Content-Length: 300000", body=content))
        assert client.response().body.startswith(b"bytes=300000 ")
        client.send(request(b"HEAD", b"/file"))
        assert client.response(head=True)["Content-Length"] == "300000"
        client.send(GET)
        assert b" tls=1 " in client.response().body


def test_tls_early_refusal_arrives(tls_server, pairs):
    with tls_server.connect(tls=trust(pairs, "one")) as client:
        client.send(request(b"PUT", b"/stream?deny=1", b"Content-Length: 100000000", body=b"x" * 100_000))
        res = client.response()
        assert (res.status, res["Connection"]) == (403, "close")


def test_tls_reload_serves_the_new_certificate_and_keeps_connections(tls_server, use, pairs):
    with tls_server.connect(tls=trust(pairs, "one")) as old:
        old.send(GET)
        assert old.response().status == 200
        use("two", "two")
        tls_server.proc.send_signal(signal.SIGHUP)
        tls_server.wait_line("reloaded")
        with tls_server.connect(tls=trust(pairs, "two")) as new:
            new.send(GET)
            assert new.response().status == 200
        with pytest.raises(ssl.SSLCertVerificationError):
            tls_server.connect(tls=trust(pairs, "one"))
        old.send(GET)
        assert old.response().status == 200


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_tls_takes_other_kinds_of_keys(start, use, pairs, tmp_path, kind):
    use(kind, kind)
    server = start(certificate=tmp_path / "crt", key=tmp_path / "key")
    with server.connect(tls=trust(pairs, kind)) as client:
        client.send(GET)
        assert client.response().status == 200


@pytest.mark.parametrize("broken", ["mismatch", "missing", "garbage"])
def test_tls_reload_that_fails_keeps_the_old_certificate(tls_server, use, pairs, tmp_path, broken):
    if broken == "mismatch":
        use("two", "one")
    elif broken == "missing":
        (tmp_path / "crt").unlink()
    else:
        (tmp_path / "key").write_text("nothing")
    tls_server.proc.send_signal(signal.SIGHUP)
    tls_server.wait_line("not reloaded: certificate")
    with tls_server.connect(tls=trust(pairs, "one")) as client:
        client.send(GET)
        assert client.response().status == 200


def test_v77_t30_tls_handshake_that_stalls_is_closed(start, use, tmp_path):
    server = start(certificate=tmp_path / "crt", key=tmp_path / "key", header_timeout=1)
    with server.connect() as client:
        assert client.closed(within=5)


# ---- the other protocol than that of the port ----


def client_hello():
    """The first bytes of a TLS client; 32 of them and more are random."""
    out = ssl.MemoryBIO()
    try:
        ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        return out.read()


def open_files(server):
    return len(os.listdir(f"/proc/{server.proc.pid}/fd"))


def assert_no_more_files(server, before):
    """The last connection may still be closing."""
    end = time.monotonic() + 5
    while open_files(server) > before:
        assert time.monotonic() < end, "descriptors leak"
        time.sleep(0.01)


def assert_refused(client, message):
    """The answer comes whole, then an end that is no reset."""
    res = client.response()
    assert (res.status, res["Connection"], res["X-Finished"]) == (400, "close", "1")
    assert res.body == b"failed: " + message + b"\n"
    assert len(res["X-Request-Id"]) == 32 and res["Date"]
    assert client.sock.recv(1) == b""


def test_tls_to_the_plain_port_is_always_answered_in_plain_http(start):
    server = start()
    files = open_files(server)
    for _ in range(300):
        with server.connect() as client:
            client.send(client_hello())
            assert_refused(client, b"this port speaks plain HTTP, and the client sent a TLS handshake")
    server.wait_stats(b"connections=1 ")
    assert_no_more_files(server, files)
    assert server.wait_line("over OTHER  400 in=0 out=", 300).endswith("aborted=0 label=-")


def test_plain_http_to_the_tls_port_is_answered_in_plain_http(tls_server, pairs):
    with tls_server.connect() as client:
        client.send(GET)
        assert_refused(client, b"this port speaks TLS, and the client sent plain HTTP")
    with tls_server.connect(tls=trust(pairs, "one")) as client:
        client.send(GET)
        assert client.response().status == 200


def test_bytes_to_the_tls_port_that_are_nothing_are_closed(tls_server):
    with tls_server.connect() as client:
        client.send(b"\0" * 100)
        assert client.closed()


@pytest.mark.parametrize("more", [b"", b"x" * 1000], ids=["silent", "sending"])
def test_client_that_stays_after_that_answer_is_closed(start, more):
    server = start()
    with server.connect() as client:
        client.send(b"\x16")
        assert client.response().status == 400
        client.send(more)
        server.wait_stats(b"connections=1 ")


def test_client_that_sends_on_after_that_answer_is_closed(start):
    server = start()
    with server.connect() as client:
        client.send(b"\x16")
        with pytest.raises(OSError):
            for _ in range(10_000):
                client.send(b"x" * 10_000)
        server.wait_stats(b"connections=1 ")


def test_first_byte_may_come_late(start):
    with start().connect() as client:
        time.sleep(1.5)
        client.send(GET)
        assert client.response().status == 200


def test_client_that_says_nothing_and_goes_is_forgotten(start):
    server = start()
    files = open_files(server)
    for leave in (lambda c: c.sock.close(), lambda c: c.reset()):
        leave(server.connect())
    server.wait_stats(b"connections=1 ")
    assert_no_more_files(server, files)


def test_many_silent_clients_leave_room_for_others(start):
    server = start()
    begun = time.monotonic()
    silent = [server.connect() for _ in range(1100)]
    assert server.get(b"/").status == 200
    silent[0].send(client_hello())
    if time.monotonic() - begun < 0.8:  # after a second the library has it, busy as the machine may be
        assert_refused(silent[0], b"this port speaks plain HTTP, and the client sent a TLS handshake")
    silent[-1].send(GET)
    assert silent[-1].response().status == 200
    for client in silent:
        client.sock.close()
    server.wait_stats(b"connections=1 ")


def test_stop_ends_clients_that_said_nothing_or_were_refused(start):
    server = start()
    with server.connect() as silent, server.connect() as refused:
        refused.send(b"\x16")
        assert refused.response().status == 400
        server.proc.send_signal(signal.SIGTERM)
        assert silent.closed(within=3)
        assert server.proc.wait(timeout=5) == 0


def test_requests_that_fill_a_round_of_events_are_answered_at_once(start):
    """The library reads up to 128 events in a round, and with exactly so many it used to wait for one more."""
    server = start(loops=1)
    clients = [server.connect() for _ in range(128)]
    for client in clients:
        client.send(GET)
        assert client.response().status == 200
    os.kill(server.proc.pid, signal.SIGSTOP)
    for client in clients:
        client.send(GET)
    os.kill(server.proc.pid, signal.SIGCONT)
    for client in clients:
        assert client.response().status == 200
        client.sock.close()
