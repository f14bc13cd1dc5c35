"""The program under test, as a process of its own."""

import base64
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

ROOT = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("STAITHE_BINARY", str(ROOT / "build" / "staithe"))
EXTERNAL = os.environ.get("STAITHE_URL", "").rstrip("/")

START_SECONDS = 20
STOP_SECONDS = 10
ALL_SCOPES = "read:packages,write:packages,delete:packages"
SANITIZER = re.compile(rb"ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|Assertion .* failed")


@dataclass(frozen=True)
class Account:
    name: str
    password: str
    token: str  # every scope


def clean_environment(extra=None):
    """This environment without options of the program, plus extra ones."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith("STAITHE_") and not key.lower().endswith("_proxy")}
    return {**kept, **(extra or {})}


class Registry:
    """One server with a data directory of its own.

    env      options for the server, as STAITHE_... variables
    options  further arguments of "serve"
    """

    def __init__(self, directory, env=None, options=()):
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.log = self.directory / "log"
        self.env = clean_environment(env)
        self.options = tuple(options)
        self.process = None
        self.url = EXTERNAL or None

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

    def start(self, port=0):
        """Start and wait for the line that says it listens."""
        if EXTERNAL:
            pytest.skip("needs a server of its own")
        if not os.access(BINARY, os.X_OK):
            pytest.fail(f"{BINARY}: not there; build it or set STAITHE_BINARY", pytrace=False)
        self.directory.mkdir(parents=True, exist_ok=True)
        offset = self.log.stat().st_size if self.log.exists() else 0
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{port}", *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.env)
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            text = self.log.read_bytes()[offset:].decode(errors="replace")
            match = re.search(r"^listening on (https?://\S+)$", text, re.M)
            if match:
                self.url = match[1].rstrip("/")
                return self
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{text}")
            time.sleep(0.01)
        self.kill()
        raise AssertionError(f"not listening after {START_SECONDS} s:\n{text}")

    def stop(self):
        """SIGTERM; the server must end by itself with status 0."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
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

    def log_text(self):
        return self.log.read_text(errors="replace")

    def check_log(self):
        match = SANITIZER.search(self.log.read_bytes())
        assert match is None, f"{self.log}: {match[0]}\n{self.log_text()[-4000:]}"

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def memory(self):
        """Resident bytes of the server."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"^VmRSS:\s+(\d+) kB", status, re.M)[1]) * 1024

    # The command line

    def run(self, *arguments, input=None):
        """The command line with --data; returns the finished process, whatever its status."""
        if EXTERNAL:
            pytest.skip("needs the command line")
        return subprocess.run([BINARY, *arguments, "--data", str(self.data)], input=input, text=True,
                              capture_output=True, timeout=60, env=self.env)

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
        return Account(name, password, self.token(name))

    def token(self, name, scopes=ALL_SCOPES, expires=None):
        """A new personal access token."""
        extra = ["--expires", expires] if expires else []
        return self.cli("token", "create", "--user", name, "--scopes", scopes, *extra).strip()

    def set_visibility(self, package, visibility):
        self.cli("package", "set", package, "--visibility", visibility)

    def packages(self):
        """Every package by its name."""
        listed = self.cli_json("package", "list")
        entries = listed["packages"] if isinstance(listed, dict) else listed
        return {entry["name"]: entry for entry in entries}

    def fsck(self):
        return self.cli_json("fsck")

    def problems(self):
        """Number of broken invariants."""
        found = self.fsck()["problems"]
        return found if isinstance(found, int) else len(found)

    def collect(self):
        """One pass of the collector over everything without references."""
        return self.cli_json("gc", "--now")

    def snapshot(self):
        """What a refused request must leave alone."""
        report = self.fsck()
        counts = {key: report.get(key) for key in ("packages", "manifests", "tags", "blobs", "problems")}
        return {"packages": self.packages(), "counts": counts}

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


def basic_header(user, secret):
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()
