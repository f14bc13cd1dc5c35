"""The servers that are measured: how each is started, with which configuration, and filled."""

import base64
import contextlib
import ctypes
import http.client
import json
import os
import re
import secrets
import shutil
import random
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from content import MANIFEST, PACKAGE

START_SECONDS = 30
START_ATTEMPTS = 3  # between our look and its start, another process may take the port
LOG_END = 2000  # characters
STOP_SECONDS = 40
SUITE = "TLS_AES_128_GCM_SHA256"
_libc = ctypes.CDLL(None)


def die_with_parent():
    """In the child: end when the runner ends, however that happens (prctl, PR_SET_PDEATHSIG)."""
    _libc.prctl(1, signal.SIGTERM)


def free_port():
    """Below those that connections get, which may all be taken for a minute after many of them."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", random.randrange(10_240, max(first, 20_480))))
            return s.getsockname()[1]


def no_check():
    """TLS without a look at the certificate: it is made for the run."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Server:
    """One server on loopback; at most one instance of it runs at a time.

    name        as in the tables
    registry    it takes pushes
    durability  what it has done before it answers a push
    config      the text of its configuration, with DATA, PORT, CERT and KEY in it
    """

    name = ""
    registry = True
    durability = ""
    config = ""

    def __init__(self, program, directory):
        self.program = program
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.key = None
        self.process = None
        self.port = None
        self.tls = False
        self.start_ms = None

    # What each kind of server says of itself

    def version(self):
        return self.output("--version").split("\n")[0]

    def command(self, data):
        raise NotImplementedError

    def environment(self):
        return {}

    def prepare(self, data):
        """Before the first start on an empty directory."""

    def headers(self):
        """What a client sends with each request."""
        return {}

    def shown_config(self):
        return self.config

    # The process

    def output(self, *arguments):
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip()

    def config_file(self, data, name):
        """The configuration for this instance, written to a file."""
        text = self.config.replace("DATA", str(data)).replace("PORT", str(self.port))
        text = text.replace("CERT", str(self.certificate)).replace("KEY", str(self.key))
        path = self.directory / name
        path.write_text(text)
        return path

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pids(self):
        return [self.process.pid] if self.process else []

    def start(self, data, tls=False):
        """Starts an instance, on another port when someone took the port that was free a moment ago."""
        self.tls = tls
        data.mkdir(parents=True, exist_ok=True)
        if not any(self.started(data) for _ in range(START_ATTEMPTS)):
            said = (self.directory / "log").read_text(errors="replace")[-LOG_END:]
            raise SystemExit(f"bench: {self.name} did not start; see {self.directory / 'log'}\n{said}")

    def started(self, data):
        """Whether an instance answers on a port that was free before."""
        self.port = free_port()
        command = self.command(data)
        log = open(self.directory / "log", "ab")
        began = time.monotonic()
        with log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,
                env={**os.environ, **self.environment()})
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > began + START_SECONDS:
                self.stop()
                return False
            time.sleep(0.001)
        self.start_ms = (time.monotonic() - began) * 1000
        return True

    def answers(self):
        """Whether a request gets any answer."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 5) as plain:
                s = no_check().wrap_socket(plain) if self.tls else plain
                s.sendall(f"GET /v2/ HTTP/1.1\r\nHost: {self.address}\r\nConnection: close\r\n\r\n".encode())
                return s.recv(1) == b"H"
        except OSError:
            return False

    def stop(self):
        """End the instance; by force if it does not end."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @contextlib.contextmanager
    def running(self, store, content, tls=False):
        """An instance on one of its stores:

        empty   nothing in it; removed afterwards
        small   the small images; removed afterwards
        filled  these and the large blobs; kept
        """
        data = self.directory / store
        marker = self.directory / "filled.ok"
        if store != "filled" or not marker.exists():
            self.clear(data)
            marker.unlink(missing_ok=True) if store == "filled" else None
            data.mkdir(parents=True)
            self.prepare(data)
            if store == "filled":
                self.fill(data, content, large=True)
                marker.touch()
            elif store == "small":
                self.fill(data, content, large=False)
        try:
            self.start(data, tls)
            yield self
        finally:
            self.stop()
            if store != "filled":
                self.clear(data)

    def clear(self, data):
        shutil.rmtree(data, ignore_errors=True)

    # Filling it, as any client would

    def fill(self, data, content, large):
        try:
            self.start(data)
            client = Client(self)
            for digest, blob in content.blobs.items():
                client.push(digest, blob, len(blob))
            for digest, path in content.files.items() if large else ():
                with open(path, "rb") as file:
                    client.push(digest, file, path.stat().st_size)
            for tag, manifest in content.manifests.items():
                if large or tag != "large":
                    client.put_manifest(tag, manifest)
        finally:
            self.stop()


class Client:
    """Pushes to one server."""

    def __init__(self, server):
        kind, options = (http.client.HTTPSConnection, {"context": no_check()}) if server.tls else (http.client.HTTPConnection, {})
        self.connection = kind("127.0.0.1", server.port, timeout=120, blocksize=1 << 20, **options)
        self.headers = server.headers()
        self.name = server.name

    def ask(self, method, url, expected, body=None, **headers):
        self.connection.request(method, url, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status != expected:
            raise SystemExit(f"bench: {self.name}: {method} {url}: {answer.status} {text[:300]!r}")
        return answer

    def push(self, digest, body, size):
        answer = self.ask("POST", f"/v2/{PACKAGE}/blobs/uploads/", 202, **{"Content-Length": "0"})
        to = urlsplit(urljoin("/", answer.headers["Location"]))
        url = f"{to.path}?{to.query}{'&' if to.query else ''}digest={digest}"
        self.ask("PUT", url, 201, body, **{"Content-Length": str(size), "Content-Type": "application/octet-stream"})

    def put_manifest(self, tag, manifest):
        self.ask("PUT", f"/v2/{PACKAGE}/manifests/{tag}", 201, manifest, **{"Content-Type": MANIFEST})


class Staithe(Server):
    name = "Staithe"
    durability = "file, directory and database synced; bearer token of 5 minutes checked on each request"
    config = "staithe serve --data DATA --listen 127.0.0.1:PORT --log-level warn"

    def version(self):
        return self.output("version")

    def command(self, data):
        tls = ["--tls-certificate", str(self.certificate), "--tls-key", str(self.key)] if self.tls else []
        return [self.program, "serve", "--data", str(data), "--listen", self.address, "--log-level", "warn", *tls]

    def prepare(self, data):
        self.password = secrets.token_hex(12)
        (self.directory / f"{data.name}.password").write_text(self.password)
        subprocess.run([self.program, "user", "create", "bench", "--admin", "--password-stdin", "--data", str(data)],
                       input=self.password + "\n", text=True, check=True, stdout=subprocess.DEVNULL)

    def start(self, data, tls=False):
        self.password = (self.directory / f"{data.name}.password").read_text()
        super().start(data, tls)

    def headers(self):
        kind = http.client.HTTPSConnection if self.tls else http.client.HTTPConnection
        options = {"context": no_check()} if self.tls else {}
        connection = kind("127.0.0.1", self.port, timeout=30, **options)
        basic = base64.b64encode(f"bench:{self.password}".encode()).decode()
        connection.request("GET", f"/token?service={self.address}&scope=repository:{PACKAGE}:pull,push",
                           headers={"Authorization": "Basic " + basic})
        token = json.load(connection.getresponse())["token"]
        connection.close()
        return {"Authorization": "Bearer " + token}


class DockerRegistry(Server):
    name = "docker-registry"
    durability = "file synced; no login"
    config = """\
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: DATA}
  delete: {enabled: true}
  cache: {blobdescriptor: inmemory}
  maintenance: {uploadpurging: {enabled: false}}
http:
  addr: 127.0.0.1:PORT
"""

    def command(self, data):
        path = self.config_file(data, "config.yml")
        if self.tls:
            path.write_text(path.read_text() + f"  tls: {{certificate: {self.certificate}, key: {self.key}}}\n")
        return [self.program, "serve", str(path)]

    def environment(self):
        return {"OTEL_TRACES_EXPORTER": "none"}

    def version(self):
        return super().version().split()[-1]


class Distribution(DockerRegistry):
    name = "distribution"
    durability = "file and its link's directory synced; no login"


class Zot(Server):
    name = "zot"
    durability = "`commit: true`: files synced; no login"
    config = """\
{"storage": {"rootDirectory": "DATA", "commit": true, "gc": false},
 "http": {"address": "127.0.0.1", "port": "PORT"},
 "log": {"level": "error"}}
"""

    def command(self, data):
        path = self.config_file(data, "config.json")
        if self.tls:
            config = json.loads(path.read_text())
            config["http"]["tls"] = {"cert": str(self.certificate), "key": str(self.key)}
            path.write_text(json.dumps(config))
        return [self.program, "serve", str(path)]

    def version(self):
        said = self.output("--version")
        found = re.search(r'"commit":"([^"]*)"', said)
        return found[1] if found and found[1] else "of unknown version"


class Nginx(Server):
    name = "nginx"
    registry = False
    durability = "serves the same bytes as static files; no login"
    config = """\
daemon off;
worker_processes auto;
worker_rlimit_nofile 20000;
pid DATA/nginx.pid;
error_log DATA/error.log error;
events { worker_connections 9000; }
http {
  access_log off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 1000000000;
  keepalive_timeout 300s;
  default_type application/octet-stream;
  client_body_temp_path DATA/tmp1; proxy_temp_path DATA/tmp2; fastcgi_temp_path DATA/tmp3;
  uwsgi_temp_path DATA/tmp4; scgi_temp_path DATA/tmp5;
  server {
    listen 127.0.0.1:PORT TLS;
    root DATA/root;
    SSL
  }
}
"""

    def command(self, data):
        path = self.config_file(data, "nginx.conf")
        tls = f"ssl_certificate {self.certificate}; ssl_certificate_key {self.key}; ssl_protocols TLSv1.3;"
        text = path.read_text().replace(" TLS;", " ssl;" if self.tls else ";").replace("SSL", tls if self.tls else "")
        path.write_text(text)
        return [self.program, "-c", str(path), "-e", str(data / "error.log")]

    def shown_config(self):
        return "\n".join(line for line in self.config.replace(" TLS;", ";").splitlines() if line.strip() != "SSL")

    def version(self):
        return self.output("-v").rpartition("/")[2]

    def fill(self, data, content, large):
        content.static(data / "root")


class Running(Server):
    """A registry without login that runs already: --peer NAME=URL.  Filled once; it keeps what is pushed."""

    durability = "as its owner configured it"

    def __init__(self, name, url, directory):
        super().__init__(url, directory)
        parts = urlsplit(url)
        self.name = name
        self.port = parts.port
        self.tls = parts.scheme == "https"
        if parts.hostname != "127.0.0.1" or not parts.port:
            raise SystemExit(f"bench: --peer {name}={url}: a registry on 127.0.0.1 with its port")

    def version(self):
        return "as it runs"

    def start(self, data, tls=False):
        if not self.answers():
            raise SystemExit(f"bench: {self.name} does not answer on {self.address}")


def known(arguments, directory):
    """The servers that are there, Staithe first."""
    kinds = [(Staithe, arguments.staithe), (DockerRegistry, find("docker-registry")),
             (Distribution, arguments.distribution or find("registry")), (Zot, arguments.zot or find("zot")),
             (Nginx, find("nginx"))]
    found = [kind(program, directory / kind.name) for kind, program in kinds if program]
    for word in arguments.peer or ():
        name, _, url = word.partition("=")
        found.append(Running(name, url, directory / name))
    return found


def find(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def make_certificate(directory):
    """A certificate with a P-256 key, for all."""
    certificate, key = directory / "tls.crt", directory / "tls.key"
    if not certificate.exists():
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "30", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                        "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    return certificate, key
