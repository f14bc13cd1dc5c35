"""HTTP by the byte, for what client libraries refuse to send."""

import socket
import ssl
import time
from dataclasses import dataclass, field


@dataclass
class RawResponse:
    status: int
    headers: dict = field(default_factory=dict)  # names in lower case; the last one wins
    body: bytes = b""


@dataclass
class Exchange:
    responses: list
    closed: bool  # the server ended the connection
    received: bytes


def connect(address, timeout=10.0):
    connection = socket.create_connection(address, timeout)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def connect_tls(address, timeout=10.0):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connect(address, timeout))


def request(method, target, host, headers=(), body=b"", close=True):
    """The bytes of a request; headers are (name, value) pairs, sent as they are."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def receive(connection, seconds):
    """Everything that comes until the server closes or nothing more comes for that long."""
    received = b""
    connection.settimeout(seconds)
    try:
        while True:
            part = connection.recv(65536)
            if not part:
                return received, True
            received += part
    except socket.timeout:
        return received, False
    except (ConnectionResetError, BrokenPipeError):
        return received, True


def split_chunked(data):
    """(body, rest) of a chunked body."""
    body = b""
    while True:
        line, _, data = data.partition(b"\r\n")
        size = int(line.split(b";")[0], 16)
        if size == 0:
            return body, data.partition(b"\r\n")[2]
        body, data = body + data[:size], data[size + 2:]


def split_responses(received):
    """The responses in what came; answers to HEAD must not be among them."""
    responses = []
    while received.startswith(b"HTTP/1."):
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        status = int(first.split(" ")[1])
        if "chunked" in headers.get("transfer-encoding", ""):
            body, received = split_chunked(received)
        else:
            length = int(headers.get("content-length", "0"))
            body, received = received[:length], received[length:]
        if status >= 200:
            responses.append(RawResponse(status, headers, body))
    return responses


def exchange(address, data, seconds=2.0, pieces=1, pause=0.0):
    """Send data (in so many pieces) and read what comes back."""
    with connect(address) as connection:
        step = max(1, -(-len(data) // pieces))
        try:
            for start in range(0, len(data), step):
                connection.sendall(data[start:start + step])
                time.sleep(pause)
        except (BrokenPipeError, ConnectionResetError):
            pass  # answered before it had read everything
        received, closed = receive(connection, seconds)
    return Exchange(split_responses(received), closed, received)


def get(address, target, host, headers=(), method="GET", body=b""):
    """The one response to a target that is sent exactly as given."""
    result = exchange(address, request(method, target, host, headers, body))
    assert len(result.responses) == 1, f"{target!r}: {result.received[:300]!r}"
    return result.responses[0]
