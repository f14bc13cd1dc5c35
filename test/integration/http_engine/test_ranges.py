"""Range, If-Range and If-None-Match, from a file and from memory."""

import re

import pytest

BYTES = b"0123456789"


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [("0-3", 0, 3), ("0-", 0, 9), ("9-9", 9, 9), ("5-100", 5, 9), ("-1", 9, 9), ("-3", 7, 9), ("-100", 0, 9),
     ("0-18446744073709551616", 0, 9), (" 2-3 ", 2, 3), ("20-30, 1-2", 1, 2)],
)  # fmt: skip
def test_one_range(server, value, first, last):
    res = server.get(b"/bytes", b"Range: bytes=" + value.encode())
    assert (res.status, res["Content-Range"]) == (206, f"bytes {first}-{last}/10")
    assert res.body == BYTES[first : last + 1]
    assert res["ETag"] == '"bytes-1"'


@pytest.mark.parametrize(("first", "last"), [(0, 0), (1000, 260_000), (299_999, 299_999), (70_000, 299_999)])
def test_one_range_of_a_file(server, content, first, last):
    res = server.get(b"/file", b"Range: bytes=%d-%d" % (first, last))
    assert (res.status, res["Content-Range"]) == (206, f"bytes {first}-{last}/300000")
    assert res.body == content[first : last + 1]


@pytest.mark.parametrize("value", ["10-", "10-20", "5-4", "-0", "0-0,5-4", ",".join(["0-9"] * 3), ",".join(["0-0"] * 257)])
def test_range_that_cannot_be_served_is_416(server, value):
    res = server.get(b"/bytes", b"Range: bytes=" + value.encode())
    assert (res.status, res["Content-Range"], res["X-Finished"]) == (416, "bytes */10", "1")
    assert res.body == b"failed: none of the ranges lies within the 10 bytes\n"


@pytest.mark.parametrize("value", ["bytes=", "bytes=a-b", "bytes=1-2-3", "bytes=1,2", "items=0-1", "bytes 0-1", "bytes=--1", "bytes=+1-2"])
def test_range_that_is_none_is_ignored(server, value):
    res = server.get(b"/bytes", b"Range: " + value.encode())
    assert (res.status, res.body, res["Content-Range"]) == (200, BYTES, None)


def parts(res):
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", res["Content-Type"]).group(1).encode()
    assert res["Content-Range"] is None
    first, *middle, last = res.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    found = []
    for part in middle:
        head, body = part[2:].split(b"\r\n\r\n", 1)
        assert part[:2] == b"\r\n" and body.endswith(b"\r\n")
        found.append((head.decode().split("\r\n"), body[:-2]))
    return found


def test_several_ranges(server):
    res = server.get(b"/bytes", b"Range: bytes=0-1,50-,5-5,-2")
    assert res.status == 206
    assert parts(res) == [
        (["Content-Type: text/plain", "Content-Range: bytes 0-1/10"], b"01"),
        (["Content-Type: text/plain", "Content-Range: bytes 5-5/10"], b"5"),
        (["Content-Type: text/plain", "Content-Range: bytes 8-9/10"], b"89"),
    ]


def test_several_ranges_of_a_file(server, content):
    wanted = [(0, 99_999), (150_000, 150_000), (200_000, 299_999)]
    res = server.get(b"/file", b"Range: bytes=" + b",".join(b"%d-%d" % pair for pair in wanted))
    assert [body for _, body in parts(res)] == [content[a : b + 1] for a, b in wanted]


def test_as_many_ranges_as_allowed(server, content):
    res = server.get(b"/file", b"Range: bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(256)))
    assert b"".join(body for _, body in parts(res)) == content[:256]


@pytest.mark.parametrize(
    ("tag", "status"), [('"bytes-1"', 206), ('"other"', 200), ('W/"bytes-1"', 200), ("Sat, 21 Nov 2026 06:45:04 GMT", 200)]
)
def test_if_range(server, tag, status):
    res = server.get(b"/bytes", b"Range: bytes=0-3", b"If-Range: " + tag.encode())
    assert (res.status, res.body) == (status, BYTES[:4] if status == 206 else BYTES)


@pytest.mark.parametrize("tags", ['"bytes-1"', "*", 'W/"bytes-1"', '"a", "bytes-1"'])
def test_if_none_match_is_304(server, tags):
    res = server.get(b"/bytes", b"If-None-Match: " + tags.encode(), b"Range: bytes=0-1")
    assert (res.status, res.body, res["ETag"]) == (304, b"", '"bytes-1"')


def test_if_none_match_of_another_tag_is_200(server):
    assert server.get(b"/bytes", b'If-None-Match: "other"').status == 200


def test_head_ignores_range(server):
    res = server.get(b"/file", b"Range: bytes=0-3", method=b"HEAD")
    assert (res.status, res["Content-Length"], res["Accept-Ranges"]) == (200, "300000", "bytes")


def test_whole_file_and_the_connection_is_kept(server, content):
    with server.connect() as client:
        for _ in range(3):
            client.send(b"GET /file HTTP/1.1\r\nHost: x\r\n\r\n")
            assert client.response().body == content
