"""Request smuggling: heads and bodies that two servers in a row could read in two ways, each one refused.

Every request of the corpus is sent in the clear and over TLS, by nobody and by a user who may push, with another
request right behind it.  The answer is always one 400 and the end of the connection: the second request is never read.
"""

import re

import pytest

from harness import Registry, images, raw
from harness.server import basic_header
from harness.tls import certificate

BODY = b"hello"
DIGEST = images.digest_of(BODY).encode()
CHUNKED = b"Transfer-Encoding: chunked"
LAST = b"0\r\n\r\n"
CANARY = b"GET /healthz HTTP/1.1\r\nHost: {host}\r\nX-Request-Id: canary\r\n\r\n"

# In what follows {target} is a place that takes a body, {host} the server, {auth} the lines of the caller's credentials.
POST = b"POST {target} HTTP/1.1\r\n"
HOST = b"Host: {host}\r\n{auth}"


def with_fields(*fields, body=BODY):
    """A request that is fine but for these lines."""
    return POST + HOST + b"".join(field + b"\r\n" for field in fields) + b"\r\n" + body


def with_body(body):
    return with_fields(CHUNKED, body=body)


def shown(value):
    """Bytes as part of a test's name."""
    text = ascii(value.decode("latin-1"))[1:-1]
    return text if len(text) < 60 else f"{text[:40]}... {len(value)} bytes"


def lengths():
    for value in (b"", b"+5", b"-5", b"-0", b"5,5", b"5, 5", b"5, 6", b"5,", b",5", b"0x5", b"5h", b"5.0", b"5e0", b"1 2",
                  b"5;a", b'"5"', b"'5'", b"five", b"\xef\xbc\x95", b"18446744073709551616", b"18446744073709551621",
                  b"9" * 23, b"\x0b5", b"5\x0b", b"5\x0c", b"5\xa0", b"5 ", b"5\t", b"5_0", b"0b1", b"0o5", b"5abc"):
        yield shown(value), with_fields(b"Content-Length: " + value)
    for first, second in ((b"5", b"5"), (b"5", b"6"), (b"6", b"5"), (b"0", b"5"), (b"5", b"0"), (b"5", b""), (b"", b"5"),
                          (b"5", b"+5"), (b"5", b"05")):
        yield shown(first + b" and " + second), with_fields(b"Content-Length: " + first, b"Content-Length: " + second)
    for name in (b"content-length", b"CONTENT-LENGTH", b"Content-length"):
        yield f"twice, as {shown(name)}", with_fields(b"Content-Length: 5", b"X-A: b", name + b": 5")


def encodings():
    for value in (b"", b"xchunked", b"chunkedx", b"chunke", b"chunked, chunked", b"chunked,chunked", b"chunked, identity",
                  b"identity, chunked", b"gzip, chunked", b"chunked, gzip", b"identity", b"gzip", b"deflate, chunked",
                  b'"chunked"', b"'chunked'", b"chunked;q=1", b"chunked ;a", b"chun ked", b"x chunked", b"chunked x",
                  b"\x0bchunked", b"\x0cchunked", b"chunked\x0b", b"chunked,", b",chunked", b"chunked\xff", b"\xa0chunked",
                  b"cow", b"chunked\x00"):
        yield shown(value), with_fields(b"Transfer-Encoding: " + value, body=LAST)
    for first, second in ((b"chunked", b"chunked"), (b"chunked", b"identity"), (b"identity", b"chunked"), (b"chunked", b""),
                          (b"gzip", b"chunked"), (b"chunked", b"cow")):
        yield shown(first + b" and " + second), with_fields(b"Transfer-Encoding: " + first,
                                                            b"Transfer-Encoding: " + second, body=LAST)
    yield "in HTTP/1.0", with_fields(CHUNKED, body=LAST).replace(b"HTTP/1.1", b"HTTP/1.0")
    yield "in HTTP/1.0, kept", with_fields(b"Connection: keep-alive", CHUNKED, body=LAST).replace(b"HTTP/1.1", b"HTTP/1.0")


def lengths_with_encodings():
    for length in (b"0", b"4", b"5", b"6", b"+5", b""):
        for encoding in (b"chunked", b"Chunked", b"identity", b"xchunked"):
            fields = [b"Content-Length: " + length, b"Transfer-Encoding: " + encoding]
            name = shown(length + b" and " + encoding)
            yield name, with_fields(*fields, body=LAST)
            yield f"{name}, turned around", with_fields(*reversed(fields), body=LAST)


def names():
    for name in (b"Content-Length", b"Transfer-Encoding", b"Host", b"X-A"):
        for space in (b" ", b"\t", b"  "):
            yield shown(name + space), with_fields(name + space + b": 5")
    for byte in b"\"(),/;<=>?@[\\]{}\x00\x01\x0b\x1f\x7f\x80\xff":
        yield shown(b"X%cA" % byte), with_fields(b"X%cA: b" % byte, b"Content-Length: 5")
    yield "empty", with_fields(b": b", b"Content-Length: 5")
    yield "no colon", with_fields(b"nothing", b"Content-Length: 5")
    yield "two words", with_fields(b"foo bar: x", b"Content-Length: 5")


def values():
    for byte in [*range(0x20), 0x7F]:
        if byte not in b"\t\n":
            yield shown(b"b%cc" % byte), with_fields(b"X-A: b%cc" % byte, b"Content-Length: 5")
    yield "NULs like the end of a line", with_fields(b"X-A: b\0\0Content-Length\x000", b"Content-Length: 5")


def line_ends():
    whole = with_fields(b"X-A: b", b"Content-Length: 5")
    for place, line in enumerate(whole.partition(b"\r\n\r\n")[0].replace(b"{auth}", b"").split(b"\r\n")):
        end = line.split(b" ")[0]
        for bare in (b"\n", b"\r", b"\n\r", b"\r\r\n"):
            broken = whole.replace(line + b"\r\n", line + bare, 1)
            yield f"line {place} {shown(end)} ends in {shown(bare)}", broken
    for empty in (b"\n", b"\n\r", b"\r\r\n"):
        yield f"empty line is {shown(empty)}", POST + HOST + b"Content-Length: 5\r\n" + empty + BODY
    yield "all lines end in LF", whole.replace(b"\r\n", b"\n")
    for before in (b"\n", b"\r", b"\n\n", b"\r\n\r\n", b"\r\n\n", b" \r\n", b"\0"):
        yield f"{shown(before)} before it all", before + whole


def folding():
    for space in (b" ", b"\t", b"  \t"):
        yield shown(b"value" + space), with_fields(b"X-A: b", space + b"c", b"Content-Length: 5")
        yield shown(b"length" + space), with_fields(b"Content-Length:", space + b"5")
        yield shown(b"second length" + space), with_fields(b"Content-Length: 5", space + b"0")
        yield shown(b"encoding" + space), with_fields(b"Transfer-Encoding:", space + b"chunked", body=LAST)
        yield shown(b"first" + space), POST + space + b"X-A: b\r\n" + HOST + b"Content-Length: 5\r\n\r\n" + BODY
        yield shown(b"hidden encoding" + space), with_fields(b"X-A: b", space + CHUNKED, b"Content-Length: 5")


def hosts():
    def request(*lines):
        return POST + b"".join(line + b"\r\n" for line in lines) + b"{auth}Content-Length: 5\r\n\r\n" + BODY

    yield "none", request()
    yield "twice", request(b"Host: {host}", b"Host: {host}")
    yield "two", request(b"Host: {host}", b"Host: evil.example")
    yield "two, the other way", request(b"Host: evil.example", b"HOST: {host}")
    for value in (b"", b"a b", b"a, b", b"a/b", b"u@a", b"a?b", b"a#b", b"a\\b", b"a\"b", b"<a>", b"a;b", b"http://a",
                  b"[::1", b"::1]", b"[]", b"[::1]80", b"a:b", b"a:80:80", b":80", b"\xc3\xa4", b"a%20b"):
        yield shown(value), request(b"Host: " + value)


def versions():
    for version in (b"HTTP/1.2", b"HTTP/1.9", b"HTTP/1.10", b"HTTP/1.01", b"HTTP/01.1", b"HTTP/2.0", b"HTTP/2", b"HTTP/3.7",
                    b"HTTP/0.9", b"HTTP/1.", b"HTTP/.1", b"HTTP/11", b"HTTP/1,1", b"HTTP/-1.1", b"HTTP/1.1x", b"HTTP/ 1.1",
                    b"http/1.1", b"Http/1.1", b"HTTQ/1.1", b"TTP/1.1", b"HTTP/1.1 ", b"HTTP/1.1\t", b"HTTP/1.1\0",
                    b"HTTPS/1.1"):
        yield shown(version), with_fields(b"Content-Length: 5").replace(b"HTTP/1.1", version, 1)
    yield "none", with_fields(b"Content-Length: 5").replace(b" HTTP/1.1", b"", 1)
    yield "preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield "preface of HTTP/2 with a host", b"PRI * HTTP/2.0\r\nHost: {host}\r\n\r\nSM\r\n\r\n"


def first_lines():
    rest = b"\r\n" + HOST + b"Content-Length: 5\r\n\r\n" + BODY
    for line in (b"POST  {target} HTTP/1.1", b"POST {target}  HTTP/1.1", b"POST\t{target} HTTP/1.1",
                 b"POST {target}\tHTTP/1.1", b" POST {target} HTTP/1.1", b"POST HTTP/1.1", b"POST  HTTP/1.1",
                 b"POST {target} x HTTP/1.1",
                 b"POST {target}\x0bHTTP/1.1", b"PO ST {target} HTTP/1.1", b"P@ST {target} HTTP/1.1",
                 b"P\x00ST {target} HTTP/1.1",
                 b"POST {target}\x00 HTTP/1.1", b"POST {target}\x01 HTTP/1.1", b"POST {target}\x7f HTTP/1.1",
                 b"POST {target}\r HTTP/1.1", b"POST http://evil.example{target} HTTP/1.1",
                 b"POST http://{host}{target} HTTP/1.1", b"POST //evil.example{target} HTTP/1.1",
                 b"POST evil.example:80 HTTP/1.1",
                 b"POST * HTTP/1.1", b"POST token HTTP/1.1", b"POST \\token HTTP/1.1", b"POST ?{target} HTTP/1.1",
                 b"POST #{target} HTTP/1.1"):
        yield shown(line), line + rest


def chunk_sizes():
    for size in (b"", b"x", b"xyz", b"0x5", b"0X5", b"+5", b"-5", b" 5", b"\t5", b"5 ", b"5\t", b"5 ;a", b"5g", b"5,5",
                 b"5.0", b"h5", b"5h", b"0000000000000000000000005", b"00000000000000005", b"10000000000000005", b"f" * 17, b"f" * 40,
                 b"-1", b"5\x00", b"5\xa0", b"\xef\xbc\x95", b";a", b"5;a\x00", b"5;a\x01", b"5;" + b"a" * 2000, b"5\r",
                 b"5;a\r"):
        yield shown(size), with_body(size + b"\r\n" + BODY + b"\r\n" + LAST)


def chunk_ends():
    yield "LF behind the size", with_body(b"5\nhello\r\n" + LAST)
    yield "LF behind an extension", with_body(b"5;a\nhello\r\n" + LAST)
    yield "LF in an extension", with_body(b"5;a\nb\r\nhello\r\n" + LAST)
    yield "CR behind the size", with_body(b"5\rhello\r\n" + LAST)
    yield "LF CR behind the size", with_body(b"5\n\rhello\r\n" + LAST)
    yield "LF behind the second size", with_body(b"1\r\nh\r\n4\nello\r\n" + LAST)
    yield "LF behind a chunk", with_body(b"5\r\nhello\n" + LAST)
    yield "CR behind a chunk", with_body(b"5\r\nhello\r" + LAST)
    yield "nothing behind a chunk", with_body(b"5\r\nhello" + LAST)
    yield "text behind a chunk", with_body(b"5\r\nhelloXX" + LAST)
    yield "chunk longer than its size", with_body(b"5\r\nhello!\r\n" + LAST)
    yield "empty line behind a chunk", with_body(b"5\r\nhello\r\n\r\n" + LAST)
    yield "LF behind the last size", with_body(b"5\r\nhello\r\n0\n\r\n")
    yield "LF as the last line", with_body(b"5\r\nhello\r\n0\r\n\n")
    yield "LF twice at the end", with_body(b"5\r\nhello\r\n0\n\n")
    yield "LF everywhere", with_body(b"5\nhello\n0\n\n")


def trailers():
    for lines in (b"X-A: b\n", b"X-A: b\r", b"X-A: b\r\n c\r\n", b" X-A: b\r\n", b"X-A : b\r\n", b": b\r\n", b"nothing\r\n",
                  b"X-A: b\0c\r\n", b"X\0A: b\r\n", b"X-A: b\x01\r\n", b"X-A: b\x7f\r\n", b"X-A: b\rc\r\n", b"X(A): b\r\n",
                  b"\xc3\xa4: b\r\n", b"X-A: " + b"b" * 5000 + b"\r\n", b"X-A: b\r\n" * 1000):
        yield shown(lines), with_body(b"5\r\nhello\r\n0\r\n" + lines + b"\r\n")


GROUPS = (lengths, encodings, lengths_with_encodings, names, values, line_ends, folding, hosts, versions, first_lines,
          chunk_sizes, chunk_ends, trailers)


def members(group):
    return [(f"{group.__name__}: {name}", request) for name, request in group()]


CORPUS = dict(member for group in GROUPS for member in members(group))


@pytest.fixture(scope="module", params=["plain", "TLS"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("framing")
    registry = Registry(folder, certificate(folder) if request.param == "TLS" else None).start()
    registry.account = registry.user("alice")
    registry.before = registry.packages()
    yield registry
    assert registry.packages() == registry.before, "one of the uploads was taken"
    registry.stop()


def open_connection(registry):
    return (raw.connect_tls if registry.url.startswith("https") else raw.connect)(registry.address)


def filled(registry, request, signed_in):
    """A request of the corpus for this server and caller, and the canary."""
    target = b"/v2/alice/framing/blobs/uploads/?digest=" + DIGEST if signed_in else b"/token"
    auth = basic_header(registry.account.name, registry.account.token) if signed_in else None
    for word, value in ((b"{target}", target), (b"{auth}", b"Authorization: %s\r\n" % auth.encode() if auth else b""),
                        (b"{host}", registry.host.encode())):
        request = request.replace(word, value)
    return request


def answers(received):
    """The status of each answer."""
    return re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)


def exchanged(registry, pieces):
    """(everything that came back, closed) for what is sent in these pieces."""
    with open_connection(registry) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass  # answered before it had read everything
        try:
            return raw.receive(connection, 5)
        except OSError:
            return b"", True


# What the library answers by itself, as docs/API.md says, or not at all.
OTHERWISE = {
    **dict.fromkeys(("lengths: 18446744073709551616", "lengths: 18446744073709551621", f"lengths: {'9' * 23}"), {b"413"}),
    **dict.fromkeys(("versions: HTTP/2.0", "versions: HTTP/3.7", "versions: HTTP/0.9", "versions: preface of HTTP/2",
                     "versions: preface of HTTP/2 with a host"), {b"505"}),
    **dict.fromkeys(("line_ends:  \\r\\n before it all", "first_lines:  POST {target} HTTP/1.1"), set()),
}


def fault(registry, name, pieces):
    """What is wrong with the answer to a request of the corpus, or None."""
    received, closed = exchanged(registry, pieces)
    statuses = set(answers(received))
    if b"canary" in received:
        return f"{name}: the second request was read: {received!r}"
    if statuses != OTHERWISE.get(name, {b"400"}):
        return f"{name}: answered {statuses}"
    return None if closed else f"{name}: still open"


def test_t20_the_corpus_has_200_requests_at_least():
    assert len(CORPUS) >= 200 and len(set(CORPUS.values())) == len(CORPUS)


@pytest.mark.parametrize("signed_in", [False, True], ids=["anonymous", "signed in"])
@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.__name__)
def test_t20_v111_v114_ambiguous_framing_is_400_and_the_end_of_the_connection(server, group, signed_in):
    wrong = [fault(server, name, [filled(server, request + CANARY, signed_in)]) for name, request in members(group)]
    assert not any(wrong), "\n".join(filter(None, wrong))


@pytest.mark.parametrize("group", [chunk_sizes, chunk_ends, trailers], ids=lambda group: group.__name__)
def test_t20_malformed_chunks_are_refused_however_they_are_cut(server, group):
    """The library may have read and forgotten a line by the time that the next one comes."""
    wrong = []
    for name, request in members(group):
        head, _, body = filled(server, request + CANARY, signed_in=False).partition(b"\r\n\r\n")
        wrong.append(fault(server, name + ", apart from the head", [head + b"\r\n\r\n", body]))
        if len(body) < 200:
            wrong.append(fault(server, name + ", in bytes", [head + b"\r\n\r\n", *(bytes([byte]) for byte in body)]))
    assert not any(wrong), "\n".join(filter(None, wrong))


def test_t20_a_well_formed_request_is_answered_once_and_then_the_next(server):
    """What the corpus is a distortion of, so that none of its refusals is for another reason."""
    fine = [with_fields(b"Content-Length: 5"), with_body(b"5\r\nhello\r\n" + LAST),
            with_body(b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-A: b\r\n\r\n"),
            with_fields(b"X-A:\tb c ", b"Content-Length: 5")]
    for request in fine:
        request = filled(server, request + CANARY.replace(b"X-Request", b"Connection: close\r\nX-Request"), signed_in=False)
        for pieces in ([request], [bytes([byte]) for byte in request]):
            received, closed = exchanged(server, pieces)
            assert closed and len(answers(received)) == 2 and received.count(b"canary") == 1, (request, received)


def test_t20_many_requests_with_chunks_in_a_row_are_each_answered_once(server):
    """Counted right through, also where one piece holds the end of a body and the next head."""
    one = filled(server, with_body(b"5\r\nhello\r\n" + LAST), signed_in=False)
    other = filled(server, with_fields(b"Content-Length: 5"), signed_in=False)
    last = filled(server, CANARY.replace(b"X-Request", b"Connection: close\r\nX-Request"), signed_in=False)
    stream = (one + other + one) * 20 + last
    for size in (len(stream), 7, 64, 1000):
        pieces = [stream[start:start + size] for start in range(0, len(stream), size)]
        received, _ = exchanged(server, pieces)
        assert len(answers(received)) == 61 and received.count(b"canary") == 1, size
