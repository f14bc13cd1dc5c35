"""What is done to each server, and the goals (V1 to V10 in docs/PERFORMANCE.md) that its figures are held to."""

import json
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from content import MANIFEST, PACKAGE, digest_of
from servers import SUITE, die_with_parent

ACCEPT = f"Accept: {MANIFEST}"
ONE_MANIFEST = ("--header", ACCEPT, "--path", f"/v2/{PACKAGE}/manifests/v0")
GIB = 1 << 30
MIB = 1 << 20


@dataclass(frozen=True)
class Sizes:
    """How much is done; the quick ones only show that everything works."""

    seconds: int = 2
    requests: int = 0  # no end but that of the time
    large_requests: int = 4  # of 1 GiB on one connection; twice as many on eight
    push: str = "1GiB"
    blob: str = "64MiB"
    blobs: int = 16
    images: int = 200
    idle: int = 5000
    idle_seconds: int = 3
    slow: int = 1000
    slow_seconds: int = 7
    probe_seconds: int = 4
    probe_blobs: int = 96

    def end(self):
        """When a closed loop ends."""
        return ("--seconds", self.seconds, *(("--requests", self.requests) if self.requests else ()))


QUICK = Sizes(seconds=5, requests=300, large_requests=2, push="4MiB", blob="1MiB", blobs=8, images=16, idle=100,
              idle_seconds=1, slow=20,
              slow_seconds=2, probe_seconds=1, probe_blobs=8)


@dataclass
class Context:
    """What a workload works with."""

    load: str  # the load generator
    content: object
    sizes: Sizes
    commands: dict = field(default_factory=dict)  # workload -> the command line as the document shows it

    def settle(self):
        """What earlier work left for the disk is done before this one."""
        if self.sizes is not QUICK:
            os.sync()

    def start(self, server, workload, mode, *arguments):
        """Start the load generator on a server."""
        headers = [f"{name}: {value}" for name, value in server.headers().items()]
        words = [mode, "--address", server.address]
        words += [word for pid in server.pids for word in ("--server-pid", str(pid))]
        words += [word for header in headers for word in ("--header", header)]
        words += ["--tls", "--tls-suite", SUITE] if server.tls else []
        shown = ["load", mode, "--address", "ADDRESS", "--server-pid", "PID"] + (["--tls", "--tls-suite", SUITE] if server.tls else [])
        line = " ".join(f"'{word}'" if " " in word else word for word in (*shown, *map(str, arguments)))
        lines = self.commands.setdefault(workload, [])
        if line not in lines:
            lines.append(line)
        return subprocess.Popen([self.load, *words, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                text=True, preexec_fn=die_with_parent)

    def run(self, server, workload, mode, *arguments):
        """Run it to its end; its report."""
        return finish(self.start(server, workload, mode, *arguments))


def finish(process):
    out, err = process.communicate(timeout=600)
    if process.returncode != 0:
        raise SystemExit(f"bench: {err.strip() or process.args}")
    return json.loads(out)


def figures(report):
    """The columns of the tables from a report of the load generator."""
    requests, gib, server = report["requests"], report["bytes"] / GIB, report["server"]
    cpu = server["cpu_s"]
    known = server["processes"] > 0
    both = cpu + report["own_cpu_s"]
    return {
        "per_s": report["per_s"], "mb_per_s": report["mb_per_s"],
        **{name: report["latency_ms"][name] for name in ("p50", "p99", "p99_9", "max")},
        "cpu_us": cpu / requests * 1e6 if requests and known else None,
        "cpu_s_per_gib": cpu / gib if gib and known else None,
        "rss_mib": server["rss_peak"] / MIB if known else None,
        "own_share": report["own_cpu_s"] / both if both and known else None,
        "errors": report["errors"]["total"],
    }


def small_reads(rate, seconds):
    """The open loop that says how long small reads take."""
    return ("--rate", rate, "--seconds", seconds, "--connections", 16, *ONE_MANIFEST)


def paths(kind, content):
    """The paths of the small manifests, by tag or by digest."""
    names = [tag if kind == "tag" else digest_of(content.manifests[tag]) for tag in content.tags()]
    return [word for name in names for word in ("--path", f"/v2/{PACKAGE}/manifests/{name}")]


def manifests(kind, method, connections):
    def run(c, server, name):
        what = ("--method", method, "--header", ACCEPT, "--connections", connections, *paths(kind, c.content))
        c.run(server, name, "get", *what, "--requests", 200, "--seconds", 5)  # warm, not counted
        c.commands[name] = []
        return figures(c.run(server, name, "get", *what, *c.sizes.end()))

    return run


def blobs(which, connections):
    def run(c, server, name):
        what = ("--path", f"/v2/{PACKAGE}/blobs/{c.content.digests[which]}", "--connections", connections)
        c.run(server, name, "get", *what, "--requests", 1, "--seconds", 60)  # into the page cache
        c.commands[name] = []
        end = c.sizes.end() if which == "64 MiB" else (
            "--requests", c.sizes.large_requests * (2 if connections > 1 else 1), "--seconds", 60)
        return figures(c.run(server, name, "get", *what, *end))

    return run


def push(way, size, count, clients):
    def run(c, server, name):
        c.settle()
        return figures(c.run(server, name, "push", "--repository", PACKAGE, "--upload", way, "--size", getattr(c.sizes, size),
                             "--count", count(c.sizes), "--connections", clients))

    return run


def images(c, server, name):
    c.settle()
    return figures(c.run(server, name, "images", "--repository", PACKAGE, "--count", c.sizes.images,
                         "--connections", 8))


def memory_idle(c, server, name):
    """Right after the start and one request."""
    report = c.run(server, name, "idle", "--connections", 1, "--seconds", 1, *ONE_MANIFEST)
    return {"rss_mib": report["server"]["rss_loaded"] / MIB, "errors": report["errors"]["total"]}


def memory_connections(c, server, name):
    """A few seconds after the last request: what is called idle has been so for longer."""
    report = c.run(server, name, "idle", "--connections", c.sizes.idle, "--seconds", c.sizes.idle_seconds, *ONE_MANIFEST)
    return {"rss_mib": report["server"]["rss_loaded"] / MIB, "errors": report["errors"]["total"]}


def wait_for(process, words):
    """Until the load generator says words on its standard error."""
    line = process.stderr.readline()
    if words not in line:
        raise SystemExit(f"bench: {line.strip() or process.args}")


def slow_uploads(c, server, name):
    """Memory that slow uploads add, and how long small reads take meanwhile."""
    slow = c.start(server, name, "slow", "--repository", PACKAGE, "--connections", c.sizes.slow, "--seconds",
                   c.sizes.slow_seconds)
    wait_for(slow, "uploads are open")
    probe = c.run(server, name, "probe", *small_reads(500, c.sizes.probe_seconds))
    held = slow.poll() is None
    report = finish(slow)
    server_figures = report["server"]
    added = server_figures["rss_loaded"] - server_figures["rss_before"]
    return {"rss_mib": max(added / MIB, 0.1),  # a collector may have given back more than was added
            **{key: probe["latency_ms"][key] for key in ("p50", "p99", "p99_9", "max")},
            "errors": report["errors"]["total"] + probe["errors"]["total"] + (0 if held else 1)}


def start_time(c, server, name):
    return {"ms": server.start_ms, "errors": 0}


def probe_while_pushing(c, server, name):
    """Small reads by an open loop while four clients push large blobs."""
    c.settle()
    seconds = c.sizes.probe_seconds
    pushing = c.start(server, name, "push", "--repository", PACKAGE, "--size", c.sizes.blob, "--count",
                      c.sizes.probe_blobs, "--connections", 4, "--seconds", seconds + 1)
    wait_for(pushing, "clients have begun")
    probe = c.run(server, name, "probe", *small_reads(800, seconds))
    held = pushing.poll() is None
    report = finish(pushing)
    return {**{key: probe["latency_ms"][key] for key in ("p50", "p99", "p99_9", "max")},
            "own_lag_p99": probe.get("own_lag_ms", {}).get("p99"), "pushed_mb_per_s": report["mb_per_s"],
            "covered": held, "errors": report["errors"]["total"] + probe["errors"]["total"]}


@dataclass(frozen=True)
class Workload:
    group: str  # V1
    name: str
    run: object
    columns: tuple  # of the table; the first is what ratios are made of
    store: str = "filled"
    tls: bool = False
    pushes: bool = False  # not for nginx
    fresh: bool = False  # on a server that has done nothing before: its memory is compared with that before


SMALL = ("per_s", "p99", "cpu_us", "own_share")
LARGE = ("mb_per_s", "cpu_s_per_gib", "rss_mib", "own_share")
MEMORY = ("rss_mib",)
PROBE = ("p99", "p50", "p99_9", "max")

WORKLOADS = [
    *(Workload("V1", f"manifest {method} by {kind}, {n} connections", manifests(kind, method, n), SMALL)
      for kind, method, n in (("tag", "GET", 64), ("digest", "GET", 64), ("tag", "HEAD", 64), ("digest", "HEAD", 64),
                              ("tag", "GET", 8), ("tag", "GET", 256))),
    *(Workload("V2", f"blob GET {which}, {n} connection{'s' if n > 1 else ''}", blobs(which, n), LARGE)
      for which in ("64 MiB", "1 GiB") for n in (1, 8)),
    Workload("V3", "push 1 GiB, 1 connection, PATCH in chunks (docker)", push("chunked", "push", lambda s: 1, 1), LARGE,
             "empty", pushes=True),
    Workload("V3", "push 1 GiB, 1 connection, one PUT (containerd)", push("put", "push", lambda s: 1, 1), LARGE, "empty",
             pushes=True),
    Workload("V3", "push 16 x 64 MiB, 8 clients", push("chunked", "blob", lambda s: s.blobs, 8), LARGE, "empty", pushes=True),
    Workload("V4", "push 200 small images, 8 clients", images, ("per_s", "p99", "cpu_us", "own_share"), "empty", pushes=True),
    Workload("V5", "memory after the start", memory_idle, MEMORY, "small"),
    Workload("V5", "memory with 5,000 idle connections", memory_connections, MEMORY, "small"),
    Workload("V5", "memory added by 1,000 slow uploads; small reads meanwhile", slow_uploads, ("rss_mib", "p99", "p50", "max"),
             "small", pushes=True, fresh=True),
    Workload("V6", "start to the first answer, empty store", start_time, ("ms",), "empty"),
    Workload("V9", "TLS: manifest GET by tag, 64 connections", manifests("tag", "GET", 64), SMALL, tls=True),
    Workload("V9", "TLS: blob GET 1 GiB, 1 connection", blobs("1 GiB", 1), LARGE, tls=True),
    Workload("V10", "small reads while 4 clients push 64 MiB blobs", probe_while_pushing, (*PROBE, "pushed_mb_per_s"), "small",
             pushes=True),
]
GROUPS = list(dict.fromkeys(w.group for w in WORKLOADS))


@dataclass(frozen=True)
class Goal:
    """Staithe's figure against factor times that of a peer; the peer "registries" is the best of those, "" is none:
    factor is then the bound itself."""

    group: str
    match: str  # begins the names of the workloads
    figure: str
    peer: str
    factor: float
    at_least: bool = True


GOALS = [
    *(Goal("V1", match, "per_s", peer, factor)
      for match in ("manifest GET by tag, 64", "manifest GET by digest, 64", "manifest HEAD by tag, 64",
                    "manifest HEAD by digest, 64")
      for peer, factor in (("zot", 2.5), ("distribution", 8), ("docker-registry", 25), ("nginx", 0.8))),
    *(Goal("V1", match, "p99", "nginx", 2, False) for match in ("manifest GET by tag, 64", "manifest GET by digest, 64")),
    *(Goal("V2", "blob GET", "mb_per_s", peer, factor) for peer, factor in (("nginx", 0.95), ("registries", 1.5))),
    Goal("V2", "blob GET", "cpu_s_per_gib", "nginx", 1, False),
    *(Goal("V3", "push 1 GiB", "mb_per_s", peer, 2) for peer in ("zot", "distribution")),
    *(Goal("V3", "push 16", "mb_per_s", peer, 1.3) for peer in ("zot", "distribution")),
    Goal("V3", "push", "cpu_s_per_gib", "", 1.1, False),
    Goal("V3", "push 1 GiB", "mb_per_s", "SHA-256 of one core", 0.55),
    *(Goal("V4", "push", "per_s", peer, factor) for peer, factor in (("zot", 5), ("distribution", 8))),
    Goal("V5", "memory after", "rss_mib", "", 15, False),
    Goal("V5", "memory with", "rss_mib", "zot", 0.5, False),
    Goal("V5", "memory added", "rss_mib", "zot", 1, False),
    Goal("V5", "memory added", "p99", "zot", 1, False),
    Goal("V6", "start", "ms", "", 100, False),
    Goal("V9", "TLS: manifest", "per_s", "nginx", 0.8),
    Goal("V9", "TLS: blob", "mb_per_s", "nginx", 0.8),
    Goal("V10", "small reads", "p99", "registries", 0.5, False),
]


def limits(directory, quick=False):
    """What this machine can do at all: hashing on one core, writing to the disk.  MB/s."""
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "-bytes", "262144", "-evp", "sha256"], capture_output=True,
                          text=True, check=True).stdout
    found = {"SHA-256 of one core": float(re.findall(r"^(?:sha256|SHA256)\s+([\d.]+)k", said, re.M)[-1]) * 1000 / 1e6}
    size = 16 if quick else 1024
    with tempfile.TemporaryDirectory(dir=directory) as folder:
        file = Path(folder) / "file"
        for name, flags in (("dd with fsync", ["conv=fsync"]), ("dd with O_DIRECT and fsync", ["oflag=direct", "conv=fsync"])):
            if not quick:
                os.sync()
            began = time.monotonic()
            done = subprocess.run(["dd", "if=/dev/zero", f"of={file}", "bs=1M", f"count={size}", *flags], capture_output=True,
                                  check=False)
            if done.returncode == 0:
                found[name] = size * MIB / (time.monotonic() - began) / 1e6
            file.unlink(missing_ok=True)
    return found
