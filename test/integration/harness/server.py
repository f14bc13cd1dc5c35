"""The program under test, as a process of its own."""

import base64
import functools
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from .client import Client
from .ports import ATTEMPTS, TAKEN, some_port

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("STAITHE_BINARY", str(ROOT / "build" / "staithe"))
EXTERNAL = os.environ.get("STAITHE_URL", "").rstrip("/")

START_SECONDS = 20
STOP_SECONDS = 10
ALL_SCOPES = "read:packages,write:packages,delete:packages"
SANITIZER = re.compile(rb"ERROR: (Address|Leak|Memory)Sanitizer|WARNING: ThreadSanitizer|runtime error:|Assertion .* failed")


@functools.cache
def shadows():
    """How many times the program's memory the process takes, at most: a sanitizer keeps notes of every byte touched."""
    program = b"" if EXTERNAL else Path(BINARY).read_bytes()
    return 10 if b"__tsan_init" in program else 4 if b"__asan_init" in program else 1


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    token: str  # every scope


# The options that tests change, by the names of the configuration file.
LAYER_MAX = "limits.layer"
UPLOAD_TTL = "gc.upload_ttl"
GC_GRACE = "gc.grace"
TRASH = "trash.keep"
TOKEN_TTL = "token.ttl"


def variable(option):
    """The environment variable of an option: "gc.grace" -> STAITHE_GC_GRACE."""
    return "STAITHE_" + option.upper().replace(".", "_")


def clean_environment(extra=None):
    """This environment without options of the program, plus extra ones."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith("STAITHE_") and not key.lower().endswith("_proxy")}
    return {**kept, **(extra or {})}


class Registry:
    """One server with a data directory of its own.

    settings   options for the server by name: {"gc.grace": "1s"}
    arguments  further arguments of "serve"
    env        further environment variables
    """

    def __init__(self, directory, settings=None, arguments=(), env=None):
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.out = self.directory / "out"  # standard output
        self.log = self.directory / "log"  # standard error
        self.env = clean_environment({variable(name): value for name, value in (settings or {}).items()} | (env or {}))
        self.arguments = tuple(arguments)
        self.process = None
        self.url = EXTERNAL or None
        self.secrets = []  # what must never be found in the log

    @property
    def external(self):
        return bool(EXTERNAL)

    @property
    def host(self):
        return urlsplit(self.url).netloc

    @property
    def address(self):
        parts = urlsplit(self.url)
        return parts.hostname, parts.port

    @property
    def pid(self):
        return self.process.pid

    # The process

    def start(self, port=None):
        """Start and wait for the line that says it listens."""
        for _ in range(ATTEMPTS):
            if self.started(some_port() if port is None else port):
                return self
        raise AssertionError(f"no free port in {ATTEMPTS} attempts")

    def started(self, port):
        """False: the port is taken."""
        if EXTERNAL:
            pytest.skip("needs a server of its own")
        if not os.access(BINARY, os.X_OK):
            pytest.fail(f"{BINARY}: not there; build it or set STAITHE_BINARY", pytrace=False)
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.out, "wb") as out, open(self.log, "ab") as log:
            self.process = self.spawn(out, log, port)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            text = self.out_text()
            match = re.search(r"^listening on (https?://\S+)$", text, re.M)
            if match:
                self.url = match[1].rstrip("/")
                self.secrets += self.first_password()
                return True
            if ended and self.log_text().endswith(TAKEN + "\n"):
                return False
            if ended:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{text}{self.log_text()}")
            time.sleep(0.005)
        self.kill()
        raise AssertionError(f"not listening after {START_SECONDS} s:\n{text}{self.log_text()}")

    def spawn(self, out, log, port=0):
        """The bare process, not waited for."""
        return subprocess.Popen(
            [BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{port}", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=out, stderr=log, env=self.env)

    def stop(self):
        """SIGTERM; the server must end by itself with status 0."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        self.wait_stopped()

    def wait_stopped(self):
        """After SIGTERM; a second one would end the process at once."""
        process, self.process = self.process, None
        try:
            status = process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"still running {STOP_SECONDS} s after SIGTERM") from None
        assert status == 0, f"ended with {status} after SIGTERM:\n{self.log_text()[-2000:]}"
        self.check_log()

    def kill(self):
        """SIGKILL: as a crash."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def restart(self):
        """Start again on the same port, after stop() or kill(); stops a running one first."""
        self.stop()
        return self.start(port=self.address[1])

    def out_text(self):
        return self.out.read_text(errors="replace")

    def log_text(self):
        return self.log.read_text(errors="replace")

    def log_lines(self):
        """The log's lines that are JSON objects."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def first_password(self):
        """The password of the first administrator, in a list; none after the first start."""
        return re.findall(r"^password: (\S+)$", self.out_text(), re.M)

    def check_log(self):
        """No report of a sanitizer, and no secret in any form."""
        text = self.log.read_bytes()
        match = SANITIZER.search(text)
        assert match is None, f"{self.log}: {match[0]}\n{self.log_text()[-4000:]}"
        for secret in self.secrets:
            for form in (secret, base64.b64encode(secret.encode()).decode().rstrip("=")):
                assert form.encode() not in text, f"{self.log} holds a secret: {secret[:8]}..."

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def memory(self):
        """Resident bytes of the server."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) * 1024

    def grown(self, before):
        """Bytes that the server has taken since memory() was before, without what a sanitizer adds to each."""
        return (self.memory() - before) // shadows()

    # The command line

    def plain(self, *arguments, input=None, env=None):
        """The command line as given; returns the finished process, whatever its status."""
        if EXTERNAL:
            pytest.skip("needs the command line")
        return subprocess.run([BINARY, *arguments], input=input, text=True, capture_output=True, timeout=60,
                              env={**self.env, **(env or {})})

    def run(self, command, *arguments, input=None):
        """The command line with --data."""
        words = [command]
        while arguments and not arguments[0].startswith("-") and len(words) < 2:
            words.append(arguments[0])
            arguments = arguments[1:]
        return self.plain(*words, "--data", str(self.data), *arguments, input=input)

    def cli(self, *arguments, input=None):
        """The command line; must succeed.  Returns standard output."""
        done = self.run(*arguments, input=input)
        assert done.returncode == 0, f"staithe {' '.join(arguments)}: {done.returncode}\n{done.stderr}"
        return done.stdout

    def cli_json(self, *arguments):
        return json.loads(self.cli(*arguments, "--json"))

    def user(self, name, admin=False):
        """A new user with a password and a token of every scope."""
        if EXTERNAL:
            return Account(name, "", "")
        password = f"Pass-{secrets.token_hex(12)}"
        self.cli("user", "create", name, *(["--admin"] if admin else []), "--password-stdin", input=password + "\n")
        self.secrets.append(password)
        return Account(name, password, self.token(name))

    def token(self, user, scopes=ALL_SCOPES, expires=None, name=None, packages=None, addresses=None):
        """A new personal access token."""
        flags = {"expires": expires, "name": name, "packages": packages, "addresses": addresses}
        extra = [f"--{flag}={value}" for flag, value in flags.items() if value]
        secret = self.cli("token", "create", user, "--scopes", scopes, *extra).strip()
        self.secrets.append(secret)
        return secret

    def tokens(self, user):
        """The user's tokens, oldest first."""
        return sorted(listed(self.cli_json("token", "list", user), "tokens"), key=lambda token: token["id"])

    def set_visibility(self, package, visibility):
        self.cli("package", "set", package, "--visibility", visibility, "--confirm", package)

    def packages(self):
        """Every package by its name."""
        return {entry["name"]: entry for entry in listed(self.cli_json("package", "list"), "packages")}

    def users(self):
        """Every user by the name."""
        return {entry["name"]: entry for entry in listed(self.cli_json("user", "list"), "users")}

    def stored_file(self, digest):
        """The file of a blob above 64 KiB, or None."""
        algorithm, value = digest.split(":")
        return next((path for path in self.data.rglob(value) if algorithm in path.parts), None)

    def staged_files(self):
        """The files of unfinished uploads."""
        return [path for path in self.data.rglob("uploads/*") if path.is_file()]

    def fsck(self, *arguments):
        """The report, whatever the exit status."""
        done = self.run("fsck", "--json", *arguments)
        assert done.stdout, f"fsck: {done.returncode} {done.stderr}"
        return json.loads(done.stdout)

    def problems(self, *arguments):
        """Number of broken invariants."""
        found = self.fsck(*arguments)["problems"]
        return found if isinstance(found, int) else len(found)

    def collect(self):
        """One pass of the collector over everything without references."""
        return self.cli_json("gc", "--now")

    def snapshot(self):
        """What a refused request must leave alone."""
        report = self.fsck()
        counts = {key: report.get(key) for key in ("packages", "manifests", "tags", "blobs", "problems")}
        packages = {name: {key: value for key, value in entry.items() if key not in ("updated", "pulls")}
                    for name, entry in self.packages().items()}
        return {"packages": packages, "counts": counts}

    # Callers

    def client(self, account=None, secret=None):
        """Follows challenges, as account (its token unless secret is given) or anonymously."""
        return Client(self, account and (account.name, secret or account.token))

    def basic(self, user, secret):
        """Basic authentication on every request."""
        return Client(self, authorization=basic_header(user, secret))

    def bearer(self, token):
        return Client(self, authorization=f"Bearer {token}")

    def bare(self):
        """No credentials, and no challenge is followed."""
        return Client(self, follow=False)


def listed(answer, member):
    """The entries of a list command: an array, or an object with the array as member."""
    return answer[member] if isinstance(answer, dict) else answer


def basic_header(user, secret):
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
