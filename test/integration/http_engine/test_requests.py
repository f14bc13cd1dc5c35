"""Routing, targets, headers and connections."""

import pytest

from wire import Client, request

GET = request(b"GET", b"/")


def test_route_parameters_and_query_are_decoded_once(server):
    res = server.get(b"/v2/a/b%2Fc/blobs/sha256:%2541?x=1%262&x=+%2B")
    assert res.status == 200
    assert b" p0=a/b/c p1=sha256:%41 x=1&2 y= + " in res.body


@pytest.mark.parametrize("target", [b"/nothing", b"/v2/blobs/y"])
def test_target_that_is_not_known_is_404(server, target):
    res = server.get(target)
    assert (res.status, res.body, res["X-Finished"]) == (404, b"failed: no such page\n", "1")


@pytest.mark.parametrize(
    "target",
    [b"/v2/../x/blobs/y", b"/v2/%2e%2e/x/blobs/y", b"//", b"/v2/a%00b/blobs/y", b"/v2/a\\b/blobs/y", b"/v2/a;b/blobs/y",
     b"/v2/%ff/blobs/y", b"/v2/a%0d%0ab/blobs/y", b"/v2/%zz/blobs/y", b"*", b"x", b"/v2//blobs/y", b"/?x=%zz"],
)  # fmt: skip
def test_target_that_is_not_canonical_is_400(server, target):
    res = server.get(target)
    assert (res.status, res.body, res["X-Finished"]) == (400, b"failed: the request target is malformed\n", "1")


def test_other_method_is_405_with_allow(server):
    res = server.get(b"/v2/a/b/blobs/x", method=b"PUT")
    assert (res.status, res["Allow"]) == (405, "GET, HEAD, DELETE")


@pytest.mark.parametrize("method", [b"TRACE", b"CONNECT", b"get", b"BREW"])
def test_unknown_method_is_405(server, method):
    assert server.get(b"/", method=method).status == 405


def test_head_has_the_length_and_no_body(server):
    with server.connect() as client:
        client.send(request(b"HEAD", b"/bytes") + GET)
        res = client.response(head=True)
        assert (res.status, res["Content-Length"], res["ETag"]) == (200, "10", '"bytes-1"')
        assert client.response().body.startswith(b"GET / ")


def test_connection_is_kept(server):
    with server.connect() as client:
        for _ in range(3):
            client.send(GET)
            assert client.response().status == 200


def test_pipelined_requests_are_answered_in_order(server):
    with server.connect() as client:
        client.send(b"".join(request(b"GET", b"/?x=%d" % n) for n in range(20)))
        for n in range(20):
            assert b" x=%d " % n in client.response().body


def test_pipelined_requests_behind_a_body_and_a_worker_are_answered_in_order(server):
    with server.connect() as client:
        client.send(
            request(b"PUT", b"/stream", b"Content-Length: 5", body=b"hello")
            + request(b"GET", b"/slow?ms=20")
            + request(b"PUT", b"/memory", b"Content-Length: 2", body=b"ok")
            + GET
        )
        assert client.response().body == b"bytes=5 sum=532 wait=1\n"
        assert client.response().body == b"waited\n"
        assert client.response().body == b"ok"
        assert client.response().status == 200


def test_connection_close_is_honoured(server):
    with server.connect() as client:
        client.send(request(b"GET", b"/", b"Connection: close"))
        assert client.response()["Connection"] == "close"
        assert client.closed()


def test_http_1_0_is_closed_after_the_answer(server):
    with server.connect() as client:
        client.send(b"GET / HTTP/1.0\r\n\r\n")
        assert client.response().status == 200
        assert client.closed()


def test_target_at_the_limit_is_read_and_above_it_414(server):
    assert server.get(b"/?x=" + b"a" * (8192 - 4)).status == 200
    assert server.get(b"/?x=" + b"a" * (8192 - 3)).status == 414
    assert server.get(b"/?x=" + b"a" * 60000).status == 414


def test_header_above_the_limit_is_431(server):
    assert server.get(b"/", b"X-Large: " + b"a" * 12000).status == 200
    assert server.get(b"/", b"X-Large: " + b"a" * 17000).status == 431
    assert server.get(b"/", *[b"X-%d: %s" % (n, b"a" * 1000) for n in range(60)]).status == 431


def test_request_id_of_the_client_is_kept_if_it_is_harmless(server):
    assert server.get(b"/", b"X-Request-Id: abc-1.2_Z")["X-Request-Id"] == "abc-1.2_Z"
    for bad in (b"a b", b"a" * 33, b'"'):
        assert len(server.get(b"/", b"X-Request-Id: " + bad)["X-Request-Id"]) == 32


def test_request_ids_differ(server):
    assert server.get(b"/")["X-Request-Id"] != server.get(b"/")["X-Request-Id"]


def test_t21_header_value_with_a_line_break_is_never_sent(server):
    res = server.get(b"/inject")
    assert (res.status, res["X-Evil"]) == (400, None)


def test_handler_that_would_block_runs_on_a_worker(server):
    assert server.get(b"/slow").body == b"waited\n"
    assert server.get(b"/waits").body == b"worker\n"
    assert server.get(b"/where").body == b"loop\n"


def test_forwarded_headers_of_a_stranger_are_ignored(server):
    res = server.get(b"/", b"X-Forwarded-For: 192.0.2.1", b"X-Forwarded-Proto: https")
    assert b" peer=127.0.0.1 tls=0 " in res.body


@pytest.mark.parametrize(
    ("value", "peer"),
    [(b"192.0.2.1", b"192.0.2.1"), (b"198.51.100.9, 192.0.2.1", b"192.0.2.1"), (b"192.0.2.1, 127.0.0.1", b"192.0.2.1"),
     (b"2001:db8::1", b"2001:db8::1"), (b"192.0.2.1, nonsense", b"127.0.0.1"), (b"", b"127.0.0.1"),
     (b"::ffff:192.0.2.1", b"::ffff:192.0.2.1"), (b"1", b"127.0.0.1"), (b"dead", b"127.0.0.1"), (b"1:2", b"127.0.0.1"),
     (b"192.0.2", b"127.0.0.1"), (b"192.0.2.1.", b"127.0.0.1")],
)  # fmt: skip
def test_trusted_proxy_names_the_peer(start, value, peer):
    server = start(trust="127.0.0.1")
    res = server.get(b"/", b"X-Forwarded-For: " + value, b"X-Forwarded-Proto: https")
    assert b" peer=%s tls=1 " % peer in res.body


ONE, TWO = b"X-Forwarded-For: 198.51.100.9", b"X-Forwarded-For: 192.0.2.1"
PROXY, EMPTY = b"X-Forwarded-For: 127.0.0.1", b"X-Forwarded-For:"


@pytest.mark.parametrize(
    ("lines", "peer"),
    [((ONE, TWO), b"192.0.2.1"), ((TWO, ONE), b"198.51.100.9"), ((b"X-Forwarded-For: 203.0.113.5", ONE, TWO), b"192.0.2.1"),
     ((TWO, ONE, b"X-Forwarded-For: 203.0.113.5"), b"203.0.113.5"), ((ONE, b"x-forwarded-for: 192.0.2.1"), b"192.0.2.1"),
     ((b"X-FORWARDED-FOR: 192.0.2.1", ONE), b"198.51.100.9"), ((ONE, b"X-Other: 203.0.113.5", TWO), b"192.0.2.1"),
     ((ONE, TWO, PROXY), b"192.0.2.1"), ((PROXY, ONE), b"198.51.100.9"), ((ONE, PROXY, PROXY), b"198.51.100.9"),
     ((ONE, b"X-Forwarded-For: 203.0.113.5, 192.0.2.1"), b"192.0.2.1"),
     ((b"X-Forwarded-For: 192.0.2.1, 127.0.0.1", PROXY), b"192.0.2.1"),
     ((ONE, b"X-Forwarded-For: nonsense"), b"127.0.0.1"), ((b"X-Forwarded-For: nonsense", ONE), b"198.51.100.9"),
     ((b"X-Forwarded-For: 192.0.2.", b"X-Forwarded-For: 1"), b"127.0.0.1"),
     ((EMPTY, ONE), b"198.51.100.9"), ((ONE, EMPTY), b"198.51.100.9"), ((ONE, EMPTY, TWO, EMPTY), b"192.0.2.1"),
     ((EMPTY, EMPTY), b"127.0.0.1"), ((b"X-Forwarded-For: , ,", b"X-Forwarded-For: ,"), b"127.0.0.1")],
)  # fmt: skip
def test_v68_t23_lines_of_forwarded_addresses_are_one_list_whose_end_counts(start, lines, peer):
    """A proxy may add a line of its own below one that the client made up."""
    server = start(trust="127.0.0.1")
    assert b" peer=%s " % peer in server.get(b"/", *lines).body


@pytest.mark.parametrize(
    ("values", "tls"),
    [((b"https", b"http"), b"0"), ((b"http", b"https"), b"1"), ((b"https", b"https", b"http"), b"0"),
     ((b"http", b"http", b"HTTPS"), b"1"), ((b"https, http",), b"0"), ((b"http, https",), b"1"), ((b"", b"https"), b"1"),
     ((b"https", b""), b"1"), ((b"http", b""), b"0"), ((b"", b""), b"0"), ((b"https", b"nonsense"), b"0")],
)  # fmt: skip
def test_v68_t23_lines_of_forwarded_schemes_are_one_list_whose_end_counts(start, values, tls):
    server = start(trust="127.0.0.1")
    lines = [b"%s: %s" % (name, value) for name, value in zip((b"X-Forwarded-Proto", b"x-forwarded-proto") * 2, values)]
    assert b" peer=127.0.0.1 tls=%s " % tls in server.get(b"/", *lines).body


def test_v68_t23_lines_of_forwarded_addresses_of_a_stranger_are_ignored(start):
    for server in (start(), start(trust="127.0.0.2")):
        res = server.get(b"/", ONE, TWO, b"X-Forwarded-Proto: http", b"X-Forwarded-Proto: https")
        assert b" peer=127.0.0.1 tls=0 " in res.body


def test_v68_t23_many_lines_of_forwarded_addresses_are_read_to_the_last_or_refused(start):
    server = start(trust="127.0.0.1")
    for line in (ONE, PROXY, EMPTY):
        assert b" peer=192.0.2.1 " in server.get(b"/", *[line] * 200, TWO).body
        assert server.get(b"/", *[line] * 1500, TWO).status == 431


def test_listens_on_ipv6(start):
    assert b" peer=::1 " in start(listen="[::1]:0").get(b"/").body


def test_an_ipv4_client_of_a_socket_for_both_has_its_own_address(start):
    """Limits, logs and trust go by it."""
    server = start(listen="[::]:0")
    with Client(("127.0.0.1", server.address[1])) as client:
        client.send(request(b"GET", b"/"))
        assert b" peer=127.0.0.1 " in client.response().body


def test_access_record_tells_route_status_and_bytes(start):
    server = start()
    server.ask(request(b"PUT", b"/memory?secret=1", b"Content-Length: 3", body=b"abc"))
    assert server.wait_line("over PUT") == "over PUT /memory 200 in=3 out=3 aborted=0 label=memory"


def test_connections_per_address_are_limited(start):
    server = start(per_peer=2)
    with server.connect() as one, server.connect() as two:
        for client in (one, two):
            client.send(GET)
            assert client.response().status == 200
        with server.connect() as three:
            assert three.closed()
        with server.connect(source=("127.0.0.2", 0)) as other:
            other.send(GET)
            assert other.response().status == 200


def test_idle_connections_give_way_when_there_are_too_many(start):
    server = start(connections=4, loops=1)
    idle = [server.connect() for _ in range(4)]
    for client in idle:
        client.send(GET)
        assert client.response().status == 200
    with server.connect() as late:
        late.send(GET)
        assert late.response().status == 200
    for client in idle:
        client.sock.close()
