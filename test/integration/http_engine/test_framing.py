"""What two servers in a row could read in two ways is refused, and nothing behind it is read as a request."""

import pytest

from wire import chunked, request

CANARY = request(b"GET", b"/?x=canary")
HOST = b"Host: localhost\r\n"
PUT = b"PUT /memory HTTP/1.1\r\n"

BAD = {
    "length and encoding": PUT + HOST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "encoding and length": PUT + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": PUT + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "the same length twice": PUT + HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "list of lengths": PUT + HOST + b"Content-Length: 5, 5\r\n\r\nhello",
    "signed length": PUT + HOST + b"Content-Length: +5\r\n\r\nhello",
    "negative length": PUT + HOST + b"Content-Length: -1\r\n\r\nhello",
    "length with text": PUT + HOST + b"Content-Length: 5abc\r\n\r\nhello",
    "empty length": PUT + HOST + b"Content-Length:\r\n\r\nhello",
    "length in hexadecimal": PUT + HOST + b"Content-Length: 0x5\r\n\r\nhello",
    "length with trailing space": PUT + HOST + b"Content-Length: 5 \r\n\r\nhello",
    "unknown encoding": PUT + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two encodings": PUT + HOST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "list of encodings": PUT + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "encoding behind a tab": PUT + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "encoding in HTTP/1.0": b"PUT /memory HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": PUT + HOST + b"Content-Length : 5\r\n\r\nhello",
    "tab before the colon": PUT + HOST + b"Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
    "empty name": PUT + HOST + b": x\r\n\r\n",
    "line without a colon": PUT + HOST + b"nothing\r\n\r\n",
    "folded line": PUT + HOST + b"X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "folded length": PUT + HOST + b"Content-Length: 1\r\n 0\r\n\r\n0123456789",
    "folded first line": PUT + b" X: y\r\n" + HOST + b"\r\n",
    "bare LF in the head": PUT + b"Host: localhost\nContent-Length: 0\r\n\r\n",
    "bare LF at the end": PUT + HOST + b"Content-Length: 0\n\r\n",
    "bare LF as empty line": PUT + HOST + b"Content-Length: 0\r\n\n",
    "bare LF after the first line": b"PUT /memory HTTP/1.1\n" + HOST + b"\r\n",
    "bare CR in a value": PUT + HOST + b"X-A: b\rTransfer-Encoding: chunked\r\n\r\n",
    "NUL in a value": PUT + HOST + b"X-A: b\0c\r\nContent-Length: 0\r\n\r\n",
    "NUL in a name": PUT + HOST + b"X\0A: b\r\nContent-Length: 0\r\n\r\n",
    "NULs like a line end": PUT + HOST + b"X-A: b\0\0X-B\0 c\r\n\r\n",
    "control byte in a value": PUT + HOST + b"X-A: b\x01c\r\n\r\n",
    "no host": PUT + b"Content-Length: 0\r\n\r\n",
    "two hosts": PUT + HOST + HOST + b"Content-Length: 0\r\n\r\n",
    "other version": b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
    "version 2": b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
    "no version": b"GET /\r\n" + HOST + b"\r\n",
    "space in the target": b"GET /a b HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad method": b"G@T / HTTP/1.1\r\n" + HOST + b"\r\n",
    "binary": bytes(range(1, 128)) + b"\r\n\r\n",
    "chunk size in C": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "chunk size with sign": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
    "chunk size that is none": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nhello\r\n0\r\n\r\n",
    "empty chunk size": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n",
    "chunk size past 64 bits": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "no line end behind a chunk": PUT + HOST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n",
}


@pytest.mark.parametrize("name", BAD)
def test_refused_and_closed(server, name):
    with server.connect() as client:
        client.send(BAD[name] + CANARY)
        assert client.closed(), client.got
    assert client.got == b"" or client.got.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 ", b"HTTP/1.1 413 ", b"HTTP/1.1 505 "))
    assert b"200 OK" not in client.got
    assert b"canary" not in client.got


# The library answers these by itself, before it asks us, with a short text.
BY_THE_LIBRARY = ("binary", "line without a colon", "bad method", "negative length", "signed length", "length with text",
                  "empty length", "length in hexadecimal", "list of lengths", "length with trailing space", "NUL in a name",
                  "no version", "version 2")  # fmt: skip


@pytest.mark.parametrize("name", [n for n in BAD if "chunk" not in n and n not in BY_THE_LIBRARY])
def test_refusal_has_the_shape_of_every_error(server, name):
    res = server.ask(BAD[name])
    assert (res.status, res["Connection"], res["X-Finished"]) == (400, "close", "1")


def test_refusals_are_counted(start):
    server = start()
    server.ask(BAD["two hosts"])
    assert b"framing=1 " in server.get(b"/stats").body


@pytest.mark.parametrize(
    "fields", [[], [b"X-Empty:"], [b"X-Tab:\ta\tb"], [b"X-Colon: a:b"], [b"X-Bytes: \xc3\xa4"], [b"X-Space:   a"], [b"Cookie: a=b; c"],
               [b"X-A: 1", b"X-A: 2"]]
)  # fmt: skip
def test_odd_but_clear_heads_are_read(server, fields):
    with server.connect() as client:
        for _ in range(2):  # also where the library has moved its buffer
            client.send(request(b"GET", b"/?x=1&y=%41", *fields))
            assert client.response().status == 200


def test_head_in_single_bytes_is_read(server):
    with server.connect() as client:
        for byte in request(b"GET", b"/?x=1", b"X-Empty:"):
            client.send(bytes([byte]))
        assert client.response().status == 200


def test_chunks_with_extensions_and_trailers_are_read(server):
    body = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    with server.connect() as client:
        client.send(request(b"PUT", b"/memory", b"Transfer-Encoding: Chunked", body=body) + CANARY)
        assert client.response().body == b"hello world"
        assert b" x=canary " in client.response().body


def test_no_chunk_is_an_empty_body(server):
    assert server.ask(request(b"PUT", b"/memory", b"Transfer-Encoding: chunked", body=chunked())).body == b""
