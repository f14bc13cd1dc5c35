"""Deadlines, draining, TLS."""

import shutil
import ssl
import subprocess
import signal
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


def test_plain_text_to_the_tls_port_is_closed(tls_server):
    with tls_server.connect() as client:
        client.send(GET)
        assert client.closed()
    assert b"200" not in client.got


def test_tls_handshake_that_stalls_is_closed(start, use, tmp_path):
    server = start(certificate=tmp_path / "crt", key=tmp_path / "key", header_timeout=1)
    with server.connect() as client:
        assert client.closed(within=5)
