"""Fixtures: one server for tests that only need names of their own, others for those that restart it."""

import contextlib
import itertools
import signal
import uuid

import pytest

from harness import Registry

_serial = itertools.count()

# A shell without job control has what it starts in the background ignore interrupts, and so would all that we start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def registry(tmp_path_factory):
    """The server that most tests share; each uses package names of its own.

    Many tests show wrong passwords to it, all from one address: none of them has to wait.
    """
    server = Registry(tmp_path_factory.mktemp("shared"), {"login.free_attempts": "0"})
    if not server.external:
        server.start()
    yield server
    server.stop()


@pytest.fixture
def fresh(tmp_path):
    """Starts servers for one test alone: fresh({"gc.grace": "1s"}, arguments=[...])."""
    servers = []

    def start(settings=None, **options):
        server = Registry(tmp_path / f"server-{len(servers)}", settings, **options)
        servers.append(server)
        return server.start()

    yield start
    with contextlib.ExitStack() as stack:
        for server in servers:
            stack.callback(server.remove)
            stack.callback(server.stop)


@pytest.fixture(scope="session")
def alice(registry):
    return registry.user("alice")


@pytest.fixture(scope="session")
def bob(registry):
    return registry.user("bob")


@pytest.fixture(scope="session")
def admin(registry):
    return registry.user("root-admin", admin=True)


@pytest.fixture(scope="session")
def owner(registry, alice):
    """alice, who owns every package named alice/..."""
    return registry.client(alice)


@pytest.fixture(scope="session")
def outsider(registry, bob):
    """bob, who has no rights on alice's packages."""
    return registry.client(bob)


@pytest.fixture(scope="session")
def anonymous(registry):
    return registry.client()


@pytest.fixture
def package(alice):
    """A name in alice's namespace that no other test uses."""
    return f"{alice.name}/p{next(_serial)}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def unchanged(registry, owner):
    """A context in which nothing that is stored may change: unchanged("alice/app")."""

    @contextlib.contextmanager
    def guard(*names):
        def state():
            tags = {name: owner.tags(name) for name in names}
            return tags if registry.external else {"tags": tags, **registry.snapshot()}

        before = state()
        yield
        assert state() == before
        assert registry.external or registry.problems() == 0

    return guard
