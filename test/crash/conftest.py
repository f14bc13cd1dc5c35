"""The crash tests use the harness of the integration tests."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))


@pytest.fixture
def world(tmp_path):
    """A server with the library of interpose.c, which ends in order whatever the test did to it."""
    from interpose import require_library
    from interpose_operations import World

    require_library()
    made = World(tmp_path / "server")
    yield made
    made.registry.stop()


def pytest_terminal_summary(terminalreporter):
    """What a test counted: record_property("summary", text)."""
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(value)
