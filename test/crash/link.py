"""The shortest way to the server: HTTP over one socket, operations over the control socket.

A client library costs more than the server does; a crash test needs many
requests and few of HTTP's freedoms.
"""

import json
import os
import socket

TIMEOUT_S = 600  # the whole test may be stopped for a while; a server that hangs is found by who waits for it
OCTETS = "Content-Type: application/octet-stream\r\n"


class Gone(Exception):
    """The connection broke, or the request was broken off, before there was an answer."""


class Reply:
    """A response; names of headers in lower case."""

    __slots__ = ("status", "headers", "body", "request")

    def __init__(self, status, headers, request):
        self.status = status
        self.headers = headers
        self.body = b""
        self.request = request

    def __str__(self):
        return f"{self.request}: {self.status} {self.body[:300].decode(errors='replace')}"


class Link:
    """One connection with one credential; opens again after it was closed."""

    def __init__(self, port, authorization):
        self.port = port
        self.common = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {authorization}\r\n"
        self.socket = None

    def close(self):
        if self.socket is not None:
            self.socket.close()
            self.socket = None

    def open(self):
        if self.socket is None:
            self.socket = socket.socket()
            self.socket.settimeout(TIMEOUT_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.socket.connect(("127.0.0.1", self.port))

    def head_of(self, method, target, headers, length):
        framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
        return f"{method} {target}{self.common}{headers}{framing}\r\n\r\n".encode()

    def request(self, method, target, body=b"", headers="", chunk=None):
        """Send and wait for the answer; with chunk the body goes in chunked coding, in pieces of that size."""
        sent = True
        try:
            self.open()
            try:
                self.send(method, target, body, headers, chunk)
            except OSError:
                sent = False  # refused before it was all sent: the answer may be there
            return self.receive(method, f"{method} {target}", sent)
        except (OSError, ValueError) as why:
            self.close()
            raise Gone(f"{method} {target}: {why}") from why

    def send(self, method, target, body, headers, chunk):
        if chunk is None:
            self.socket.sendall(self.head_of(method, target, headers, len(body)) + body)
            return
        self.socket.sendall(self.head_of(method, target, headers, None))
        for at in range(0, len(body), chunk):
            piece = body[at:at + chunk]
            self.socket.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.socket.sendall(b"0\r\n\r\n")

    def break_off(self, method, target, body, headers):
        """Send a request that promises more than body, and go away."""
        try:
            self.open()
            self.socket.sendall(self.head_of(method, target, headers, len(body) + 1) + body)
        except OSError as why:
            raise Gone(f"{method} {target}: {why}") from why
        finally:
            self.close()

    def receive(self, method, shown, sent):
        data = bytearray()
        while (end := data.find(b"\r\n\r\n")) < 0:
            self.more(data)
        lines = data[:end].decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        reply = Reply(int(lines[0].split(" ", 2)[1]), headers, shown)
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        del data[:end + 4]
        while len(data) < length:
            self.more(data)
        reply.body = bytes(data)
        if not sent or headers.get("connection", "").lower() == "close":
            self.close()
        return reply

    def more(self, data):
        piece = self.socket.recv(1 << 18)
        if not piece:
            raise ValueError("closed by the server")
        data += piece


class Refused(Exception):
    """The server answered an operation with an error."""


def ask(directory, operation, **arguments):
    """One operation over the control socket; returns its result with the rows as member "rows"."""
    rows = []
    try:
        at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as why:
        raise Gone(f"{operation}: {why}") from why
    try:
        with socket.socket(socket.AF_UNIX) as control:
            control.settimeout(TIMEOUT_S)
            control.connect(f"/proc/self/fd/{at}/control.sock")  # a socket's path has 107 bytes at most
            control.sendall(json.dumps({"op": operation, "args": arguments}).encode() + b"\n")
            for line in control.makefile("rb"):
                message = json.loads(line)
                if "result" in message:
                    return {**message["result"], "rows": rows}
                if "error" in message:
                    raise Refused(f"{operation}: {message['error']}")
                rows.append(message["row"])
    except (OSError, ValueError) as why:
        raise Gone(f"{operation}: {why}") from why
    finally:
        os.close(at)
    raise Gone(f"{operation}: closed by the server")
