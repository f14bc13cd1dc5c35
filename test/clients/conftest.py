"""What every client test stands on: a running registry, a folder to work in, and a shell.

A test reads like a terminal session:

    def test_pull(sh):
        sh("podman push hello $REGISTRY/alice/hello:1")          # must succeed
        said = sh.refused("podman pull $REGISTRY/bob/secret:1")  # must fail; returns what the client printed
        assert "denied" in said

Every script runs with `sh -eu` in a folder of its own.  It finds there `hello/` (a Dockerfile and a static program),
and in its environment REGISTRY (ADDRESS:PORT), ALICE and BOB (a token of each user).  HOME is that folder, so that no
client reads or leaves anything elsewhere.
"""
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

BINARY = pathlib.Path(os.environ.get("STAITHE_BINARY", "build/staithe")).resolve()
REQUIRED = os.environ.get("STAITHE_REQUIRE_CLIENTS") == "1"
HERE = pathlib.Path(__file__).parent

collect_ignore = ["extra"]  # needs more than Debian 12 has; extra/run.sh runs it


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*programs, root=False): leave the test out when a program is not installed")


def pytest_runtest_setup(item):
    """A client that is not installed is left out with a reason, or fails where every client is required."""
    for mark in item.iter_markers("needs"):
        missing = [program for program in mark.args if shutil.which(program) is None]
        if mark.kwargs.get("root") and os.geteuid() != 0:
            missing.append("root")
        if missing and REQUIRED:
            pytest.fail("required, but not here: " + ", ".join(missing), pytrace=False)
        if missing:
            pytest.skip("not here: " + ", ".join(missing))


class Registry:
    """One staithe process with a directory of its own, the users alice and bob, and a token for each."""

    def __init__(self, root):
        self.data = root / "data"
        self.log = root / "staithe.log"
        self.address = None
        self.tokens = {}

    def staithe(self, *words, stdin=""):
        """A subcommand of the program; returns what it prints."""
        done = subprocess.run([BINARY, *words, "--data", self.data], input=stdin, text=True, capture_output=True)
        assert done.returncode == 0, f"staithe {' '.join(words)}: {done.stderr}"
        return done.stdout.strip()

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "serve", "--data", self.data, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=self.log.open("wb"), text=True,
        )
        ready = self.process.stdout.readline()
        assert ready.startswith("listening on http://"), self.log.read_text()
        self.address = ready.strip().removeprefix("listening on http://")
        for user in ("alice", "bob"):
            self.staithe("user", "create", user, "--password-stdin", stdin=f"{user} has a long password\n")
            scopes = "read:packages,write:packages,delete:packages"
            self.tokens[user] = self.staithe("token", "create", "--user", user, "--scopes", scopes)

    def stop(self):
        """A clean end is part of every test: a server that crashes or hangs fails it."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=10) == 0, self.log.read_text()[-4000:]


class Shell:
    """Runs scripts as a user would type them."""

    def __init__(self, folder, env):
        self.folder = folder
        self.env = env

    def __call__(self, script):
        """The script must succeed; returns its standard output."""
        done = self.run(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == 0, f"exit status {done.returncode}\n{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout.strip()

    def refused(self, script):
        """The script must fail; returns all that it printed."""
        done = self.run(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode != 0, f"was not refused\n{script}\n{done.stdout}"
        return done.stdout

    def run(self, script, **pipes):
        return subprocess.run(["sh", "-euc", script], cwd=self.folder, env=self.env, text=True, timeout=300, **pipes)


@pytest.fixture(scope="module")
def place(tmp_path_factory, request):
    """A folder for one file of tests; gone afterwards, because image stores are large."""
    folder = tmp_path_factory.mktemp(request.module.__name__.removeprefix("test_"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def registry(place):
    server = Registry(place)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def hello(tmp_path_factory):
    """A build context: `FROM scratch`, one static program, and the labels that link a package to its source."""
    folder = tmp_path_factory.mktemp("image") / "hello"
    shutil.copytree(HERE / "hello", folder)
    subprocess.run(["gcc", "-static", "-Os", "-o", "hello", "hello.c"], cwd=folder, check=True)
    return folder


@pytest.fixture
def sh(registry, hello, place, request):
    """A shell in a fresh folder, which is also the HOME of the client."""
    folder = place / request.node.name.removeprefix("test_")
    folder.mkdir()
    shutil.copytree(hello, folder / "hello")
    env = {
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "TMPDIR": str(folder),
        "REGISTRY": registry.address,
        "ALICE": registry.tokens["alice"],
        "BOB": registry.tokens["bob"],
    }
    return Shell(folder, env)


@pytest.fixture
def containers_conf():
    """Settings for podman, buildah and skopeo: storage inside the test's folder, and plain HTTP for the registry.

    runc and the limits are for machines where the defaults ask for more than root of a small machine may have.
    """
    def write(sh):
        home = sh.folder
        conf = home / ".config" / "containers"
        conf.mkdir(parents=True)
        (conf / "registries.conf").write_text(f'[[registry]]\nlocation = "{sh.env["REGISTRY"]}"\ninsecure = true\n')
        (conf / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/storage"\nrunroot = "{home}/run"\n')
        (conf / "containers.conf").write_text(
            '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
        (home / "runtime").mkdir()
        sh.env |= {
            "CONTAINERS_CONF": str(conf / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(conf / "storage.conf"),
            "XDG_RUNTIME_DIR": str(home / "runtime"),  # holds the logins
        }
    return write


class Daemon:
    """A server that a client brings along; runs until the `with` block ends, and is ended by its process id."""

    def __init__(self, command, log, ready):
        self.command = command
        self.log = log
        self.ready = ready

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while subprocess.run(self.ready, capture_output=True).returncode != 0:
            assert self.process.poll() is None, self.log.read_text()[-4000:]
            assert time.monotonic() < deadline, self.log.read_text()[-4000:]
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def daemon():
    return Daemon
