"""Request bodies: thrown away, gathered, streamed; refusals before and in the middle of them."""

import socket

import pytest

from wire import chunked, request

GET = request(b"GET", b"/?x=next")


def put(target, body, *fields):
    return request(b"PUT", target, b"Content-Length: %d" % len(body), *fields, body=body)


def put_chunked(target, *pieces):
    return request(b"PUT", target, b"Transfer-Encoding: chunked", body=chunked(*pieces))


def summary(body):
    return b"bytes=%d sum=%d wait=1\n" % (len(body), sum(body))


@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_gathered_body_comes_back(server, content, size):
    assert server.ask(put(b"/memory", content[:size])).body == content[:size]
    assert server.ask(put_chunked(b"/memory", *[p for p in (content[: size // 3], content[size // 3 : size]) if p])).body == (
        content[:size]
    )


def test_gathered_body_over_its_maximum_is_413_and_the_connection_is_kept_when_it_is_short(server):
    with server.connect() as client:
        client.send(put(b"/memory?deny=1", b"x" * 1000) + GET)
        assert client.response().status == 403
        assert client.response().status == 200


def test_gathered_body_announced_too_large_is_413_before_it_is_sent(server):
    with server.connect() as client:
        client.send(request(b"PUT", b"/memory", b"Content-Length: 100001000"))
        assert client.response().status == 413
        assert client.closed()


def test_chunked_body_that_grows_too_large_is_413(server):
    with server.connect() as client:
        client.send(request(b"PUT", b"/memory", b"Transfer-Encoding: chunked"))
        for _ in range(110):
            client.send(b"400\r\n" + b"x" * 1024 + b"\r\n")
        res = client.response()
        assert (res.status, res["Connection"], res["X-Finished"]) == (413, "close", "1")
        assert client.closed()


def test_refusal_of_a_large_body_reaches_a_client_that_sends_on(server):
    with server.connect() as client:
        client.send(request(b"PUT", b"/stream?deny=1", b"Content-Length: 50000000"))
        try:
            for _ in range(50):
                client.send(b"x" * 100_000)
        except OSError:
            pass
        assert client.response().status == 403


def test_get_with_a_body_is_answered_and_the_body_skipped(server):
    with server.connect() as client:
        client.send(request(b"GET", b"/", b"Content-Length: 60000", body=b"x" * 60000) + GET)
        assert client.response().status == 200
        assert b" x=next " in client.response().body


def test_body_where_none_is_expected_is_limited(server):
    assert server.ask(request(b"POST", b"/none", b"Content-Length: 65537")).status == 413
    assert server.ask(request(b"POST", b"/none", b"Transfer-Encoding: chunked", body=chunked(b"x" * 65537))).status == 413
    assert server.ask(request(b"POST", b"/none", b"Transfer-Encoding: chunked", body=chunked(b"x" * 65536))).status == 200


def test_unknown_route_with_a_body_is_404(server):
    with server.connect() as client:
        client.send(put(b"/nothing", b"hello") + GET)
        assert client.response().status == 404
        assert client.response().status == 200


@pytest.mark.parametrize("query", [b"", b"?wait=1", b"?most=70000", b"?most=7000&now=1", b"?most=1000"])
def test_streamed_body_arrives_whole(server, content, query):
    with server.connect() as client:
        for _ in range(2):
            client.send(put(b"/stream" + query, content))
            assert client.response().body == summary(content)
            client.send(put_chunked(b"/stream" + query, content[:1], content[1:70001], content[70001:]))
            assert client.response().body == summary(content)


def test_empty_streamed_body(server):
    assert server.ask(put(b"/stream", b"")).body == summary(b"")
    assert server.ask(put_chunked(b"/stream")).body == summary(b"")
    assert server.ask(request(b"PUT", b"/stream?wait=1")).body == summary(b"")


@pytest.mark.parametrize("wait", [b"", b"&wait=1"])
def test_begin_may_answer_by_itself(server, wait):
    with server.connect() as client:
        client.send(put(b"/stream?known=1" + wait, b"hello") + put(b"/stream?known=1" + wait, b"") + GET)
        assert client.response().body == b"known\n"
        assert client.response().body == b"known\n"
        assert client.response().status == 200


@pytest.mark.parametrize("wait", [b"", b"&wait=1"])
def test_begin_may_refuse(server, wait):
    with server.connect() as client:
        client.send(put(b"/stream?deny=1" + wait, b"hello") + GET)
        assert client.response().status == 403
        assert client.response().status == 200


def test_full_sink_stops_the_client(start):
    server = start()
    with server.connect() as client:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
        client.sock.settimeout(0.5)
        client.send(request(b"PUT", b"/stream?most=10&never=1", b"Content-Length: 100000000"))
        with pytest.raises(TimeoutError):
            for _ in range(1000):
                client.send(b"x" * 100_000)
        assert server.get(b"/").status == 200
        server.proc.terminate()
        server.wait_line("stopped", timeout=20)
    assert server.wait_line("upload over") == "upload over bytes=10"


def test_sink_that_fails_at_the_end_of_a_short_body_keeps_the_connection(server):
    with server.connect() as client:
        client.send(put(b"/stream?fail_at=0", b"x" * 1000) + GET)
        res = client.response()
        assert (res.status, res.body, res["Connection"]) == (507, b"failed: no space\n", None)
        assert client.response().status == 200


def test_sink_that_fails_early_is_told_to_a_client_that_sends_on(server):
    with server.connect() as client:
        client.send(request(b"PUT", b"/stream?fail_at=100000&most=50000", b"Content-Length: 1000000000"))
        try:
            for _ in range(100):
                client.send(b"x" * 100_000)
        except OSError:
            pass
        res = client.response()
        assert (res.status, res.body, res["Connection"]) == (507, b"failed: no space\n", "close")
        assert res["X-Request-Id"] and res["Date"]


def test_expect_is_answered_with_100_and_the_body_is_read(server):
    with server.connect() as client:
        client.send(request(b"PUT", b"/memory", b"Content-Length: 5", b"Expect: 100-continue"))
        assert client.head().status == 100
        client.send(b"hello")
        assert client.response().body == b"hello"


@pytest.mark.parametrize("target", [b"/memory?deny=1", b"/stream?deny=1", b"/stream?deny=1&wait=1"])
def test_refusal_takes_the_place_of_100(server, target):
    with server.connect() as client:
        client.send(request(b"PUT", target, b"Content-Length: 5", b"Expect: 100-continue"))
        assert client.head().status == 403


def test_client_that_goes_away_ends_the_request(start):
    server = start()
    for n, leave in enumerate((lambda c: c.sock.close(), lambda c: c.reset()), 1):
        client = server.connect()
        client.send(request(b"PUT", b"/stream", b"Content-Length: 100", body=b"hello"))
        client.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.sock.recv(1)
        leave(client)
        assert server.wait_line("upload over", n) == "upload over bytes=5"
        assert server.wait_line("over PUT", n).split(" in=")[1] == "5 out=0 aborted=1 label=stream"


def test_client_that_goes_away_while_the_sink_is_full_ends_the_request(start):
    server = start(grace=0)
    client = server.connect()
    client.send(request(b"PUT", b"/stream?most=10&never=1", b"Content-Length: 100", body=b"x" * 100))
    server.wait_stats(b"active=2 ")
    client.sock.close()
    assert server.get(b"/").status == 200
    server.stop()
    assert "upload over bytes=10" in server.lines


@pytest.mark.parametrize("leave", ["close", "reset"])
def test_client_that_goes_away_is_seen_though_the_sink_stays_full(start, leave):
    server = start()
    client = server.connect()
    client.send(request(b"PUT", b"/stream?most=10&never=1", b"Content-Length: 100000", body=b"x" * 50_000))
    server.wait_stats(b"active=2 ")
    getattr(client.sock if leave == "close" else client, leave)()
    assert server.wait_line("upload over", timeout=2.5) == "upload over bytes=10"
    assert server.wait_line("over PUT /stream").endswith("aborted=1 label=stream")
    server.wait_stats(b"connections=1 active=1 ")


@pytest.mark.parametrize("field", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
def test_client_that_goes_away_is_seen_when_the_sink_goes_on(start, field):
    server = start()
    client = server.connect()
    client.send(request(b"PUT", b"/stream?most=60&hold=1000", field, body=b"64\r\n" + b"x" * 96))
    client.sock.close()
    assert server.wait_line("upload over", timeout=4.5)
    server.wait_stats(b"connections=1 active=1 ")


@pytest.mark.parametrize("make", [put, put_chunked])
def test_client_that_only_ends_its_side_while_the_sink_is_full_is_answered(start, make):
    with start().connect() as client:
        client.send(make(b"/stream?most=50&hold=2500", b"x" * 100))
        client.sock.shutdown(socket.SHUT_WR)
        assert client.response().body == summary(b"x" * 100)


def test_body_that_is_late_because_the_sink_is_full_is_408(start):
    server = start(body_timeout=1)
    with server.connect() as client:
        client.send(put(b"/stream?most=10&never=1", b"x" * 100))
        assert client.response().status == 408
    assert server.wait_line("upload over") == "upload over bytes=10"


def test_client_that_goes_away_during_the_answer_ends_the_request(start):
    server = start()
    client = server.connect()
    client.send(request(b"GET", b"/slow?ms=300"))
    server.wait_stats(b"active=2 ")
    client.reset()
    server.wait_line("over GET /slow")
    server.wait_stats(b"active=1 ")


def test_many_uploads_at_once(server, content):
    clients = [server.connect() for _ in range(30)]
    for client in clients:
        client.send(put(b"/stream?most=5000", content[:100_000]))
    for client in clients:
        assert client.response().body == summary(content[:100_000])
        client.sock.close()


def test_small_pieces_of_a_chunked_body(server):
    with server.connect() as client:
        for byte in put_chunked(b"/stream?most=1", b"hello", b" ", b"world"):
            client.send(bytes([byte]))
        assert client.response().body == summary(b"hello world")
        client.send(GET)
        assert client.response().status == 200
