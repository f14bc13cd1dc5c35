"""A server process, and HTTP spoken to it byte by byte."""

import os
import signal
import socket
import ssl
import subprocess
import threading
import time

DEADLINE = 10


class Server:
    """One echo_server with the options given as keywords."""

    def __init__(self, program, file, **options):
        args = [str(program)]
        for name, value in options.items():
            args += ["--" + name.replace("_", "-"), str(value)]
        self.lines = []
        self.changed = threading.Condition()
        self.errors = (file.parent / "errors").open("w+b")
        self.proc = subprocess.Popen(args + [str(file)], stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        host, port = self.wait_line("listening ").split()[1].rsplit(":", 1)
        self.address = (host.strip("[]"), int(port))

    def _read(self):
        for line in self.proc.stdout:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait_line(self, start, count=1, timeout=DEADLINE):
        """The count-th line that starts so."""
        end = time.monotonic() + timeout
        with self.changed:
            while True:
                found = [line for line in self.lines if line.startswith(start)]
                if len(found) >= count:
                    return found[count - 1]
                if not self.changed.wait(max(0, end - time.monotonic())):
                    raise AssertionError(f"no line {start!r} in {self.lines}")

    def wait_stats(self, text):
        end = time.monotonic() + DEADLINE
        while text not in self.get(b"/stats").body:
            assert time.monotonic() < end, f"never {text!r}"

    def connect(self, **options):
        return Client(self.address, **options)

    def ask(self, request, **options):
        """The only response to the request, on a connection of its own."""
        with self.connect(**options) as client:
            client.send(request)
            return client.response(head=request.startswith(b"HEAD "))

    def get(self, target, *fields, method=b"GET"):
        return self.ask(request(method, target, *fields))

    def stop(self):
        """A clean stop is part of every test: a leak or a hang fails it."""
        if self.errors.closed:
            return
        if self.proc.poll() is None:
            self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(timeout=30)
        self.reader.join(DEADLINE)
        self.proc.stdout.close()
        self.errors.seek(0)
        errors = self.errors.read().decode(errors="replace")
        self.errors.close()
        assert status == 0 and not errors, errors


def request(method, target, *fields, body=b""):
    lines = [b"%s %s HTTP/1.1" % (method, target), b"Host: localhost", *fields]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*pieces):
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


class Response:
    def __init__(self, head, body):
        status, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(status.split(" ")[1])
        self.fields = [tuple(line.split(": ", 1)) for line in lines]
        self.body = body

    def __getitem__(self, name):
        values = [value for field, value in self.fields if field.lower() == name.lower()]
        assert len(values) < 2, f"{name} twice: {values}"
        return values[0] if values else None


class Client:
    def __init__(self, address, tls=None, source=None):
        self.sock = socket.create_connection(address, timeout=DEADLINE, source_address=source)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.got = b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def reset(self):
        """Go away without a word."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def _more(self):
        data = self.sock.recv(65536)
        self.got += data
        return bool(data)

    def _until(self, done):
        while not done():
            if not self._more():
                raise EOFError(self.got)

    def head(self):
        self._until(lambda: b"\r\n\r\n" in self.got)
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        return Response(head, b"")

    def response(self, head=False):
        """The next response that is not 100."""
        res = self.head()
        while res.status == 100:
            res = self.head()
        if head or res.status in (204, 304):
            return res
        length = int(res["Content-Length"])
        self._until(lambda: len(self.got) >= length)
        res.body, self.got = self.got[:length], self.got[length:]
        return res

    def closed(self, within=DEADLINE):
        """Does the server end the connection (what it still sends is kept)?"""
        self.sock.settimeout(within)
        try:
            while self._more():
                pass
        except TimeoutError:
            return False
        except (ConnectionResetError, ssl.SSLError):
            pass
        return True


def build_folder():
    root = os.path.dirname(os.path.abspath(__file__))
    for _ in range(3):
        root = os.path.dirname(root)
    return os.environ.get("STAITHE_BUILD_DIR", os.path.join(root, "build"))
