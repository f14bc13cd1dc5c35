"""Ports for servers under test, away from those that connections get.

Many tests leave thousands of connections behind them, which keep their ports for a minute; "any free port" is one of the same
range, and there may be none.
"""

import contextlib
import random
import socket
from pathlib import Path

TAKEN = "Address already in use"
ATTEMPTS = 20
_LOWEST = 10_240


def some_port():
    """One that is free, unless another takes it in the next moment."""
    first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(_LOWEST, max(first, 2 * _LOWEST))))
            return probe.getsockname()[1]
