import os
import random

import pytest

from wire import Server, build_folder

PROGRAM = os.path.join(build_folder(), "test", "unit", "http", "http_echo_server")


@pytest.fixture(scope="session")
def content():
    return random.Random(1).randbytes(300_000)


@pytest.fixture
def start(tmp_path, content):
    """start(option=value) -> a server that is stopped at the end."""
    file = tmp_path / "file"
    file.write_bytes(content)
    servers = []

    def run(**options):
        servers.append(Server(PROGRAM, file, **options))
        return servers[-1]

    yield run
    for server in servers:
        server.stop()


@pytest.fixture(scope="module")
def server(tmp_path_factory, content):
    """A server with the defaults, for tests that leave it as it was."""
    file = tmp_path_factory.mktemp("server") / "file"
    file.write_bytes(content)
    one = Server(PROGRAM, file)
    yield one
    one.stop()
