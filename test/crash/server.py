"""The server of a crash test: started, killed, looked into."""

import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
from pathlib import Path

from harness.ports import ATTEMPTS, TAKEN, some_port
from harness.server import ALL_SCOPES, BINARY, SANITIZER, basic_header, clean_environment, variable
from link import ask
from model import GRACE_S, UPLOAD_TTL_S, Violation

OWNER = "alice"
START_S = 120
STOP_S = 60
SETTINGS = {"gc.grace": f"{GRACE_S}s", "gc.interval": "1s", "gc.upload_ttl": f"{UPLOAD_TTL_S}s", "log.level": "warn",
            "limits.uploads_per_user": "1000000", "trash.keep": "0s"}
LISTENING = re.compile(rb"^listening on http://127\.0\.0\.1:(\d+)$", re.M)


class Server:
    """One server; data is its directory, log the file for its standard error."""

    def __init__(self, data, log, settings=None):
        self.data = Path(data)
        self.log = Path(log)
        self.environment = clean_environment(
            {variable(name): value for name, value in {**SETTINGS, **(settings or {})}.items()})
        # Should this program be killed, the server ends too.
        self.prefix = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        self.process = None
        self.port = 0
        self.authorization = None

    def spawn(self):
        """Start without waiting."""
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.prefix, BINARY, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{some_port()}"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log, env=self.environment)

    def start(self):
        for _ in range(ATTEMPTS):
            if self.started():
                return
        raise Violation("no free port")

    def started(self):
        """False: the port was taken."""
        self.spawn()
        text = b""
        while not (match := LISTENING.search(text)):
            ready, _, _ = select.select([self.process.stdout], [], [], START_S)
            more = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not more and self.log_end().endswith(TAKEN + "\n"):
                self.kill(may_have_ended=True)
                return False
            if not more:
                self.kill()
                raise Violation(f"the server did not start:\n{text.decode()}{self.log_end()}")
            text += more
        self.port = int(match[1])
        return True

    def kill(self, may_have_ended=False):
        """SIGKILL; a server that had ended by itself broke a promise, save one that was starting on a dead disk."""
        if self.process is None:
            return
        process, self.process = self.process, None
        ended = process.poll()
        process.kill()
        process.wait()
        process.stdout.close()
        if ended is not None and not may_have_ended:
            raise Violation(f"the server ended by itself with {ended}:\n{self.log_end()}")

    def ended(self):
        """The status it ended with by itself, or None."""
        return self.process.poll() if self.process else None

    def stop(self):
        """SIGTERM."""
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP_S)
        process.stdout.close()
        if status != 0:
            raise Violation(f"ended with {status} after SIGTERM:\n{self.log_end()}")

    def log_end(self):
        return self.log.read_text(errors="replace")[-3000:]

    def check_log(self):
        if match := SANITIZER.search(self.log.read_bytes()):
            raise Violation(f"{self.log}: {match[0].decode()}")

    def command(self, *arguments, text=None):
        return subprocess.run([BINARY, *arguments, "--data", str(self.data)], input=text, text=True, check=True,
                              capture_output=True, env=self.environment).stdout

    def make_user(self):
        """The user in whose name all is written."""
        self.command("user", "create", OWNER, "--no-password")
        token = self.command("token", "create", "--user", OWNER, "--scopes", ALL_SCOPES).strip()
        self.authorization = basic_header(OWNER, token)

    # Looking inside

    def fsck(self, content=False):
        """The problems that the server's own proof finds."""
        return ask(self.data, "fsck", content=content)["rows"]

    def rows(self, query):
        """Read the database directly, for what has no command."""
        database = sqlite3.connect(f"file:{self.data}/staithe.db?mode=ro", uri=True, timeout=60)
        try:
            return database.execute(query).fetchall()
        finally:
            database.close()

    def stages(self):
        """The names of the files that hold unfinished uploads."""
        return set(os.listdir(self.data / "uploads"))

    def files(self):
        """The files of blobs."""
        return [Path(folder) / name for folder, _, names in os.walk(self.data / "blobs") for name in names]
