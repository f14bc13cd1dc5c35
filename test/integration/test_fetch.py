"""What the server fetches from others, and from where it never does.

test/unit/net/fetch_once.c is one call of net/fetch.h; the places that it asks are sockets of ours on addresses of
this machine, which are all refused unless they are named as exceptions.
"""

import datetime
import ipaddress
import os
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness.server import BINARY

PROGRAM = Path(os.environ.get("STAITHE_BUILD_DIR", Path(BINARY).parent), "test", "unit", "net", "fetch_once")
MAX = 1000
HERE = "127.0.0.1"
DOCUMENT = b'{"keys":[]}'


def answer(body=DOCUMENT, status="200 OK", headers=()):
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


class Place:
    """A listening socket that counts who comes and answers each with the same bytes, or as it is told."""

    def __init__(self, reply=None, address=HERE, tls=None):
        self.reply = answer() if reply is None else reply
        self.tls = tls
        self.connections = 0
        self.requests = []
        self.end = threading.Event()
        self.listener = socket.create_server((address, 0), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while True:
            connection, _ = self.listener.accept()
            if self.end.is_set():
                connection.close()
                return
            self.connections += 1
            with connection:
                try:
                    self.talk(connection)
                except OSError:
                    pass  # the other side has gone, as it may

    def talk(self, connection):
        connection.settimeout(10)
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            piece = connection.recv(4096)
            if not piece:
                return
            request += piece
        self.requests.append(request.decode())
        if callable(self.reply):
            self.reply(connection, self.end)
        else:
            connection.sendall(self.reply)

    def stop(self):
        self.end.set()
        socket.create_connection(self.listener.getsockname()[:2], 10).close()
        self.thread.join()
        self.listener.close()


@pytest.fixture
def place():
    """place(reply, address=..., tls=...) -> a place that is closed at the end."""
    places = []

    def open_one(*arguments, **options):
        places.append(Place(*arguments, **options))
        return places[-1]

    yield open_one
    for one in places:
        one.stop()


@dataclass
class Result:
    rc: str
    text: str


def fetch(url, exceptions=(HERE,), max=MAX, timeout_ms=10000, ca_file="-", names=None, environment=None, before=()):
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env.update({"NAMES": names} if names else {}, **(environment or {}))
    done = subprocess.run([*before, PROGRAM, url, str(max), str(timeout_ms), str(ca_file), *exceptions], env=env,
                          capture_output=True, timeout=60, check=True)
    rc, _, text = done.stdout.partition(b"\n")
    return Result(rc.decode(), text.decode("latin-1"))


def refused_quietly(result, *words):
    """Nothing but the reason: no word of what the other side sent."""
    assert result.rc == "io", result
    for word in words:
        assert word in result.text
    assert "SECRET" not in result.text


# What is fetched

def test_the_document_comes_whole(place):
    one = place(answer(b"x" * MAX))
    assert fetch(f"http://{HERE}:{one.port}/a/b?c=d") == Result("ok", "x" * MAX)
    assert one.requests[0].startswith("GET /a/b?c=d HTTP/1.1\r\n")


def test_a_document_may_be_empty_in_pieces_and_without_a_length(place):
    pieces = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    for reply, text in ((answer(b""), ""), (pieces, "abcde"), (b"HTTP/1.1 200 OK\r\n\r\nabc", "abc")):
        assert fetch(f"http://{HERE}:{place(reply).port}/") == Result("ok", text)


def test_a_request_carries_nothing_of_ours(place, tmp_path):
    """No credentials, no cookies, no compression, whatever lies in the home directory."""
    one = place()
    (tmp_path / ".netrc").write_text(f"machine {HERE} login ada password SECRET\n")
    (tmp_path / ".curlrc").write_text("user = ada:SECRET\n")
    assert fetch(f"http://{HERE}:{one.port}/", environment={"HOME": str(tmp_path)}).rc == "ok"
    lines = one.requests[0].split("\r\n")
    assert lines[0] == "GET / HTTP/1.1"
    assert sorted(line.split(":")[0] for line in lines[1:] if line) == ["Accept", "Host", "User-Agent"]
    assert any(line.startswith("User-Agent: staithe/") for line in lines)


@pytest.mark.parametrize("reply", [
    answer(b"x" * (MAX + 1)),
    answer(b"x" * 5_000_000),
    b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\nx",
    b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (MAX + 1),
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1f4\r\n" + b"x" * 500 + b"\r\n" + b"1f5\r\n" + b"x" * 501 + b"\r\n0\r\n\r\n",
], ids=["by one", "by far", "announced", "without a length", "in pieces"])
def test_too_large_a_document_is_refused(place, reply):
    refused_quietly(fetch(f"http://{HERE}:{place(reply).port}/"), HERE, "larger than 1000 bytes")


@pytest.mark.parametrize("status", ["201 Created", "203 Other", "204 No Content", "206 Partial Content", "301 Moved",
                                    "304 Not Modified", "400 Bad", "401 Who", "403 No", "404 Not Found", "500 Oh"])
def test_other_answers_than_200_are_refused_by_their_number_alone(place, status):
    body = b"" if status[:3] in ("204", "304") else b"SECRET"
    refused_quietly(fetch(f"http://{HERE}:{place(answer(body, status + ' SECRET')).port}/"), HERE, status[:3])


@pytest.mark.parametrize("reply", [
    b"", b"SECRET", b"SECRET\r\n\r\nSECRET", b"HTTP/9.9 200 SECRET\r\n\r\n", b"HTTP/1.1 200 OK\r\nSECRET\r\n\r\nSECRET",
    b"HTTP/1.1 200 OK\r\nContent-Length: SECRET\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nSECRET",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nSECRET\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: SECRET\r\nContent-Length: -1\r\n\r\nSECRET",
    b"HTTP/1.1 200 OK\r\n" + b"A: " + b"SECRET" * 100_000 + b"\r\n\r\n",
], ids=range(10))
def test_what_is_no_answer_is_refused_without_quoting_it(place, reply):
    refused_quietly(fetch(f"http://{HERE}:{place(reply).port}/"), HERE)


def test_a_compressed_document_is_not_unpacked(place):
    one = place(answer(b"\x1f\x8b\x08\x00abc", headers=["Content-Encoding: gzip"]))
    assert fetch(f"http://{HERE}:{one.port}/") == Result("ok", "\x1f\x8b\x08\x00abc")


def stall(connection, end):
    end.wait(30)


def drip(connection, end):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not end.wait(0.05):
        connection.sendall(b"x")


@pytest.mark.parametrize("reply", [stall, drip])
def test_an_answer_that_does_not_end_is_given_up_in_time(place, reply):
    begun = time.monotonic()
    refused_quietly(fetch(f"http://{HERE}:{place(reply).port}/", timeout_ms=300), "in time")
    assert time.monotonic() - begun < 20


def test_t45_a_name_that_nobody_answers_for_is_given_up_in_time():
    begun = time.monotonic()
    refused_quietly(fetch("https://slow.example/", timeout_ms=300), "slow.example", "in time")
    assert time.monotonic() - begun < 20


def test_nobody_there_is_an_error_that_names_the_host():
    with socket.socket() as closed:
        closed.bind((HERE, 0))
        refused_quietly(fetch(f"http://{HERE}:{closed.getsockname()[1]}/"), HERE, "refused")
    refused_quietly(fetch("https://none.example/"), "none.example", "resolve")


# From where

def test_v70_v84_t45_refused_addresses_see_no_connection(place):
    one = place()
    for exceptions in ((), ("127.0.0.2",), ("10.0.0.0/8", "::/0")):
        for scheme in ("http", "https"):
            assert fetch(f"{scheme}://{HERE}:{one.port}/", exceptions).rc == "denied"
    assert one.connections == 0
    assert fetch(f"http://{HERE}:{one.port}/").rc == "ok"
    assert one.connections == 1


FORMS = ["2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "127.1", "127.0.1", "0x7F.0.0.0x1",
         "localhost", "LocalHost", "a.localhost", "localhost.", "127.0.0.1."]


@pytest.mark.parametrize("form", FORMS)
def test_v49_v70_t45_other_forms_of_an_address_are_the_address(place, form):
    one = place()
    assert fetch(f"http://{form}:{one.port}/", ()).rc != "ok"
    assert one.connections == 0


def test_t45_the_other_forms_do_reach_it_where_it_is_allowed(place):
    """So that what is refused above is refused for its address."""
    one = place()
    reached = [form for form in FORMS if fetch(f"http://{form}:{one.port}/").rc == "ok"]
    assert {"2130706433", "0x7f.1", "017700000001", "127.1", "localhost"} <= set(reached)


@pytest.mark.parametrize("host", ["[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::1]", "[::]", "0", "0.0.0.0"])
def test_v70_t45_this_machine_is_refused_under_all_its_addresses(place, host):
    places = [place()] + ([place(address="::1")] if has_ipv6() else [])
    for one in places:
        assert fetch(f"http://{host}:{one.port}/", ()).rc == "denied"
        assert one.connections == 0


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_an_exception_of_ipv6_is_reached(place):
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    one = place(address="::1")
    assert fetch(f"http://[::1]:{one.port}/", ("::1",)).rc == "ok"
    assert fetch(f"http://[::1]:{one.port}/").rc == "denied"


def test_v70_t45_of_several_addresses_of_a_name_only_allowed_ones_are_connected_to(place):
    forbidden, one = place(address="127.0.0.2"), place()
    # Nobody listens on the second address on that port: it is tried because the first is refused.
    refused_quietly(fetch(f"http://ci.example:{forbidden.port}/", names=f"ci.example=127.0.0.2,{HERE}"), "refused")
    for order in (f"127.0.0.2,{HERE}", f"{HERE},127.0.0.2", f"8.8.8.8,{HERE}", f"{HERE},::1,127.0.0.2"):
        assert fetch(f"http://ci.example:{one.port}/", names=f"ci.example={order}").rc == "ok"
    everywhere = f"ci.example=127.0.0.2,{HERE},8.8.8.8"
    assert fetch(f"http://ci.example:{forbidden.port}/", (), names=everywhere).rc == "denied"
    assert (forbidden.connections, one.connections) == (0, 4)


def test_v49_v70_t45_redirects_are_not_followed(place):
    other = place()
    for status in ("301 A", "302 A", "303 A", "307 A", "308 A"):
        for target in (f"http://{HERE}:{other.port}/", f"//{HERE}:{other.port}/", "http://169.254.169.254/", "file:///etc/passwd"):
            one = place(answer(b"SECRET", status, [f"Location: {target}", f"Refresh: 0; url={target}"]))
            refused_quietly(fetch(f"http://{HERE}:{one.port}/"), status[:3])
            assert one.connections == 1
    assert other.connections == 0


def test_t45_proxies_of_the_environment_are_not_asked(place):
    proxy, one = place(), place()
    url = f"http://{HERE}:{proxy.port}"
    names = ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environment = dict.fromkeys(names, url)
    assert fetch(f"http://{HERE}:{one.port}/", environment=environment).rc == "ok"
    assert fetch("https://none.example/", environment=environment).rc == "io"
    assert fetch("http://none.example/", environment=environment).rc == "io"
    assert (proxy.connections, one.connections) == (0, 1)


@pytest.mark.parametrize("url", ["http://user@HOST/", "http://user:password@HOST/", "http://HOST@8.8.8.8/", "http://8.8.8.8@HOST/",
                                 "http://HOST/#a", "http://HOST#@8.8.8.8/", "http://HOST/ a", "http://HOST/\r\nA: b",
                                 "http:HOST/", "HOST/", "gopher://HOST/", "ftp://HOST/", "file:///etc/passwd",
                                 "http://HOST\\@8.8.8.8/", "http://HOST/" + "a" * 2048])
def test_t45_urls_of_another_form_are_refused(place, url):
    one = place()
    assert fetch(url.replace("HOST", f"{HERE}:{one.port}")).rc == "invalid"
    assert one.connections == 0


# Whom to believe

class Authority:
    def __init__(self, folder, name):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.folder = folder
        made = self.sign(self.name, self.key, 1, x509.BasicConstraints(True, None))
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def sign(self, subject, key, days, *extensions):
        now = datetime.datetime.utcnow()
        ends = now + datetime.timedelta(days=days)
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key.public_key())
                   .serial_number(x509.random_serial_number()).not_valid_before(min(now, ends) - datetime.timedelta(days=2))
                   .not_valid_after(ends))
        for extension in extensions:
            builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
        return builder.sign(self.key, hashes.SHA256())

    def server(self, *names, days=1):
        """The TLS of a server of these names."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = [x509.IPAddress(ipaddress.ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        made = self.sign(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SECRET")]), key, days,
                         x509.SubjectAlternativeName(alternatives))
        file = self.folder / f"{names[0]}-{made.serial_number}.pem"
        file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


def over_tls(one, name="ci.example", **options):
    return fetch(f"https://{name}:{one.port}/", names=f"{name}={HERE}", **options)


def test_an_unknown_authority_is_refused_and_one_of_the_file_accepted(place, authority):
    one = place(tls=authority.server("ci.example"))
    refused_quietly(over_tls(one), "ci.example", "known authority")
    assert one.requests == []
    assert over_tls(one, ca_file=authority.file) == Result("ok", DOCUMENT.decode())


def test_a_certificate_for_another_name_or_time_is_refused(place, authority):
    for tls, why in ((authority.server("other.example"), "another name"),
                     (authority.server("ci.example.com", "example"), "another name"),
                     (authority.server("127.0.0.1"), "another name"),
                     (authority.server("ci.example", days=-1), "expired")):
        one = place(tls=tls)
        refused_quietly(over_tls(one, ca_file=authority.file), "ci.example", why)
        assert one.requests == []


def test_an_authority_s_file_that_is_none_is_an_error(place, authority, tmp_path):
    one = place(tls=authority.server("ci.example"))
    (tmp_path / "empty").write_text("")
    for file in (tmp_path / "missing", tmp_path / "empty", tmp_path):
        assert over_tls(one, ca_file=file).rc == "io"
    assert one.requests == []


def test_https_to_a_place_without_tls_is_an_error_and_sends_no_request(place):
    one = place()
    assert over_tls(one, timeout_ms=300).rc == "io"
    assert one.requests == []


def test_a_file_of_authorities_adds_to_the_system_s(place, tmp_path):
    """In a mount namespace of its own, where the system knows our first authority and the file has the second."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0:
        pytest.skip("this process may not make a mount namespace")
    system, extra = Authority(tmp_path, "system"), Authority(tmp_path, "extra")
    folder = tmp_path / "certs"
    folder.mkdir()
    before = ["unshare", "-rm", "sh", "-c", f'mount --bind "{folder}" /etc/ssl/certs && exec "$@"', "sh"]
    places = [place(tls=one.server("ci.example")) for one in (system, extra)]

    def asked(**options):
        return [over_tls(one, before=before, **options).rc for one in places]

    (folder / "ca-certificates.crt").write_bytes(b"")
    assert asked(ca_file=extra.file) == ["io", "ok"]
    digest = subprocess.run(["openssl", "x509", "-hash", "-noout", "-in", system.file], capture_output=True, text=True,
                            check=True).stdout.strip()
    (folder / f"{digest}.0").write_bytes(system.file.read_bytes())
    (folder / "ca-certificates.crt").write_bytes(system.file.read_bytes())
    assert asked() == ["ok", "io"]
    assert asked(ca_file=extra.file) == ["ok", "ok"]
