"""What every client test stands on: a running registry, a folder to work in, and a shell.

A test reads like a terminal session:

    def test_push(sh):
        sh("podman push hello $REGISTRY/alice/hello:1")          # must succeed
        said = sh.refused("podman pull $REGISTRY/bob/secret:1")  # must fail; returns what the client printed
        assert "denied" in said

Every script runs with `sh -eu` in a folder of its own.  It finds there `hello/` (a Dockerfile and a static program),
and in its environment REGISTRY (ADDRESS:PORT), ALICE and BOB (a token of each user), and JOB (what a workflow of the
repository alice/code shows).  HOME is that folder, so that no client reads or leaves anything elsewhere.

A client that is not installed is left out, with one line that says so; with STAITHE_ALL_CLIENTS=1 its tests fail.
What comes from npm is installed by script/bootstrap --clients, in a folder of the user, as package-lock.json here says.
"""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import pytest

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "integration"))
from harness import Registry  # noqa: E402
from harness.issuer import AUDIENCE, Issuer  # noqa: E402

ALL_CLIENTS = os.environ.get("STAITHE_ALL_CLIENTS") == "1"
NODE_MODULES = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "staithe-clients"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:" + os.environ["PATH"]  # the distribution's clients before any other

collect_ignore = ["extra"]  # needs more than Debian 12 has; extra/run.sh runs it


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*programs, modules=None, root=True): leave the test out when a program, "
                            "or what a folder here wants from npm, is not installed")


def not_installed(modules):
    """What the folder's package-lock.json says is not there, or not as it says."""
    wanted, got = HERE / modules / "package-lock.json", NODE_MODULES / modules / "package-lock.json"
    return not got.exists() or got.read_bytes() != wanted.read_bytes()


def pytest_runtest_setup(item):
    for mark in item.iter_markers("needs"):
        missing = [program for program in mark.args if shutil.which(program, path=PATH) is None]
        modules = mark.kwargs.get("modules")
        if modules and not_installed(modules):
            missing.append(f"{modules} from npm")
        if os.geteuid() != 0 and mark.kwargs.get("root", True):
            missing.append("root")
        if missing and ALL_CLIENTS:
            pytest.fail("required, but not here: " + ", ".join(missing), pytrace=False)
        if missing:
            pytest.skip("not here: " + ", ".join(missing))


def pytest_terminal_summary(terminalreporter):
    """One line for each file that was left out."""
    skipped = terminalreporter.stats.get("skipped", [])
    for file, reason in sorted({(report.nodeid.split("::")[0], report.longrepr[2]) for report in skipped}):
        terminalreporter.write_line(f"left out: {file}: {reason.removeprefix('Skipped: ')}")


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


class Daemon:
    """A server that a client brings along; runs until the `with` block ends, and is ended by its process id."""

    def __init__(self, command, log, ready):
        self.command = command
        self.log = log
        self.ready = ready

    def __enter__(self):
        env = {**os.environ, "PATH": PATH}
        self.process = subprocess.Popen(self.command, env=env, stdout=self.log.open("wb"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 30
        while subprocess.run(self.ready, env=env, capture_output=True).returncode != 0:
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                raise AssertionError(f"{self.command[0]} does not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)


@pytest.fixture(scope="session")
def daemon():
    return Daemon


@pytest.fixture(scope="module")
def place(tmp_path_factory, request):
    """A folder for one file of tests; gone afterwards, because image stores are large."""
    folder = tmp_path_factory.mktemp(request.module.__name__.removeprefix("test_"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def registry(place):
    """A server for one file of tests, with the users alice and bob."""
    server = Registry(place / "registry").start()
    server.tokens = {name.upper(): server.user(name).token for name in ("alice", "bob")}
    server.tokens["JOB"] = job(server, place)
    yield server
    server.stop()


def job(server, place):
    """The token of a workflow's job, signed by an issuer that the server trusts."""
    issuer = Issuer(["RS256"])
    issuer.close()  # the server has its keys
    (place / "keys.json").write_text(json.dumps(issuer.key_set()))
    server.cli("issuer", "add", "ci", "--url", "https://ci.example.com", "--audience", AUDIENCE,
               "--claims", "repository=repository", "--keys", str(place / "keys.json"))
    server.cli("issuer", "allow", "ci", "--when", "repository=alice/code", "--role", "write")
    return issuer.token(iss="https://ci.example.com", repository="alice/code", exp=int(time.time()) + 3600)


@pytest.fixture(scope="session")
def hello(tmp_path_factory):
    """A build context: `FROM scratch`, one static program, and the labels that link a package to its source."""
    folder = tmp_path_factory.mktemp("image") / "hello"
    shutil.copytree(HERE / "hello", folder)
    subprocess.run(["cc", "-static", "-Os", "-o", "hello", "hello.c"], cwd=folder, check=True)
    return folder


@pytest.fixture
def sh(registry, hello, place, request):
    """A shell in a fresh folder, which is also the HOME of the client."""
    folder = place / request.node.name.removeprefix("test_")
    folder.mkdir()
    shutil.copytree(hello, folder / "hello")
    env = {"HOME": str(folder), "TMPDIR": str(folder), "PATH": PATH, "REGISTRY": registry.host, **registry.tokens}
    return Shell(folder, env)


@pytest.fixture
def containers_sh(sh):
    """A shell for podman, buildah and skopeo: storage inside the test's folder, and plain HTTP for the registry.

    runc and the limits are for machines where the defaults ask for more than root of a small machine may have.
    """
    home = sh.folder
    conf = home / ".config" / "containers"
    conf.mkdir(parents=True)
    (conf / "registries.conf").write_text(f'[[registry]]\nlocation = "{sh.env["REGISTRY"]}"\ninsecure = true\n')
    (conf / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    (conf / "storage.conf").write_text(
        f'[storage]\ndriver = "vfs"\ngraphroot = "{home}/storage"\nrunroot = "{home}/run"\n')
    (conf / "containers.conf").write_text(
        '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'lock_type = "file"\ntmp_dir = "{home}/libpod"\n'
        '[containers]\ndefault_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]\n')
    (home / "runtime").mkdir()
    sh.env |= {
        "CONTAINERS_CONF": str(conf / "containers.conf"),
        "CONTAINERS_STORAGE_CONF": str(conf / "storage.conf"),
        "CONTAINERS_REGISTRIES_CONF": str(conf / "registries.conf"),
        "XDG_RUNTIME_DIR": str(home / "runtime"),  # holds the logins
    }
    return sh
