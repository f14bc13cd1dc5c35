"""The server that bench/cost counts, alone, under callgrind, or under strace; and one connection to it."""

import base64
import collections
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

START_SECONDS = 60
STOP_SECONDS = 60
# The same on every machine, whatever its cores.
OPTIONS = ("--http-loops", "2", "--workers", "4", "--listen", "127.0.0.1:0")
USER = "dev"

LOG = "write(2)"  # one for all lines of 50 ms
EAGAIN = "EAGAIN"  # a look at what is not there yet
# Calls that wait, or wake who waits: how many there are is a matter of the clock, and of which thread is quicker.
WAITING = frozenset(("clock_nanosleep", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait", "futex", "nanosleep", "poll",
                     "ppoll", "pselect6", "restart_syscall", "sched_yield", "select", LOG, EAGAIN))
SYNCS = frozenset(("fsync", "fdatasync", "sync_file_range", "syncfs"))

_libc = ctypes.CDLL(None)


def die_with_parent():
    """In the child: end when the program that started it ends, however that happens (prctl, PR_SET_PDEATHSIG)."""
    _libc.prctl(1, signal.SIGTERM)


class Connection:
    """One keep-alive connection.  A request is one write, so that the server reads it in the same pieces each time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.got = b""

    def close(self):
        self.socket.close()

    def request(self, method, target, status, headers, body=None, chunked=False):
        """The headers and the body of the answer, which has to have this status."""
        lines = [f"{method} {target} HTTP/1.1", "Host: localhost", "User-Agent: cost",
                 *(f"{name}: {value}" for name, value in headers.items())]
        if chunked:
            lines.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join((*lines, "", "")).encode() + (body or b""))
        while b"\r\n\r\n" not in self.got:
            self.receive()
        head, self.got = self.got.split(b"\r\n\r\n", 1)
        first, *rest = head.decode().split("\r\n")
        answer = {name.lower(): value for name, value in (line.split(": ", 1) for line in rest)}
        length = 0 if method == "HEAD" else int(answer.get("content-length", 0))
        while len(self.got) < length:
            self.receive()
        body, self.got = self.got[:length], self.got[length:]
        if int(first.split()[1]) != status:
            raise SystemExit(f"cost: {method} {target}: {first} {body.decode(errors='replace')}")
        return answer, body

    def receive(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise SystemExit("cost: the server closed the connection")
        self.got += piece


class Server:
    """`staithe serve` on loopback, with a data directory of its own."""

    def __init__(self, program, directory, like=None):
        self.program = str(program)
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700)
        self.data = self.directory / "data"
        self.process = self.connection = None
        if like:
            shutil.copytree(like.data, self.data)
            self.basic = like.basic
            return
        self.data.mkdir(mode=0o700)
        self.say("user", "create", "operator", "--admin", "--no-password")
        self.say("user", "create", USER, "--no-password")
        token = self.say("token", "create", "--user", USER, "--scopes", "read:packages,write:packages").split()[-1]
        self.basic = "Basic " + base64.b64encode(f"{USER}:{token}".encode()).decode()

    def say(self, *arguments):
        done = subprocess.run([self.program, *arguments, "--data", str(self.data)], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"cost: {done.stderr.strip()}")
        return done.stdout

    def wrapper(self):
        """What the program runs under."""
        return ()

    def __enter__(self):
        out, log = self.directory / "out", self.directory / "log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("STAITHE_")}
        with open(out, "wb") as o, open(log, "wb") as e:
            self.process = subprocess.Popen([*self.wrapper(), self.program, "serve", "--data", str(self.data), *OPTIONS],
                                            stdin=subprocess.DEVNULL, stdout=o, stderr=e, preexec_fn=die_with_parent, env=kept)
        end = time.monotonic() + START_SECONDS
        while True:
            found = re.search(r"^listening on http://127\.0\.0\.1:(\d+)$", out.read_text(), re.M)
            if found:
                break
            if self.process.poll() is not None or time.monotonic() > end:
                said = log.read_text()
                self.stop()
                raise SystemExit(f"cost: the server did not start: {said}")
            time.sleep(0.01)
        self.connection = Connection(int(found[1]))
        return self

    def __exit__(self, *_):
        self.connection.close()
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def bearer(self, *scopes):
        """A token of the token service, which names these scopes, as a header."""
        query = "&".join(f"scope=repository:{USER}/{scope}" for scope in scopes)
        answer = self.connection.request("GET", f"/token?service=localhost&{query}", 200, {"Authorization": self.basic})
        return {"Authorization": "Bearer " + json.loads(answer[1])["token"]}


class Instructions(Server):
    """Under callgrind; counts() gives and forgets the instructions since the last time, by library and function."""

    dumps = 0

    def wrapper(self):
        return ("valgrind", "--quiet", "--tool=callgrind", f"--callgrind-out-file={self.directory}/callgrind",
                "--compress-strings=no", "--compress-pos=no", f"--vgdb-prefix={self.directory}/vgdb")

    def counts(self):
        subprocess.run(["vgdb", f"--pid={self.process.pid}", f"--vgdb-prefix={self.directory}/vgdb", "dump"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        self.dumps += 1
        with open(self.directory / f"callgrind.{self.dumps}", encoding="utf-8", errors="replace") as file:
            return read_callgrind(file)


def read_callgrind(lines):
    """(library, function) -> the instructions that it executed itself."""
    counts = collections.Counter()
    library = function = ""
    inclusive = False
    for line in lines:
        if line.startswith("ob="):
            library = os.path.basename(line[3:].strip())
        elif line.startswith("fn="):
            function = line[3:].strip().split("'")[0]  # a recursion has '2 and so on behind its name
        elif line.startswith("calls="):
            inclusive = True  # the next line has what the called function cost
        elif line[:1].isdigit():
            if not inclusive:
                counts[library, function] += int(line.split()[1])
            inclusive = False
    return counts


class Calls(Server):
    """Under strace; counts() gives the system calls since the last time, by name."""

    offset = 0

    def wrapper(self):
        # -D: the server is the child of this program, not strace.
        return ("strace", "-D", "-f", "-qq", "-s", "0", "-o", f"{self.directory}/trace")

    def counts(self):
        with open(self.directory / "trace", "rb") as file:
            file.seek(self.offset)
            text = file.read()
        text = text[:text.rfind(b"\n") + 1]
        self.offset += len(text)
        return read_strace(text.decode(errors="replace").split("\n"))


def read_strace(lines):
    """name -> calls that ended.  LOG and EAGAIN stand for what would have another name."""
    counts = collections.Counter()
    begun = {}  # thread -> the call that it is in
    for line in lines:
        found = re.match(r"(\d+) +(?:<\.\.\. )?(\w+)(\(2, )?", line)
        if not found or line[found.end(2):found.end(2) + 1] not in ("(", " "):
            continue  # a signal, the end of a thread
        thread, name = found[1], found[2]
        name = LOG if name == "write" and found[3] else begun.pop(thread, name)
        if line.endswith("<unfinished ...>"):
            begun[thread] = name
        else:
            counts[EAGAIN if "= -1 EAGAIN " in line else name] += 1
    return counts
