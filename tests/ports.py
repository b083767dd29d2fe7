"""Ports for servers that tests start."""

import os
import socket
from contextlib import suppress
from random import SystemRandom

LOWEST, HIGHEST = 20_000, 32_000
"""Below those that the system gives to connections (Linux: from 32768), so that none of them takes a free one."""
PROCESSES = 8


def free_port() -> int:
    """Return a port of this machine at which nobody listens; each process of a test run has others to choose from."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % PROCESSES
    while True:
        port = SystemRandom().randrange(LOWEST + process, HIGHEST, PROCESSES)
        with socket.socket() as trial, suppress(OSError):  # another server is there
            trial.bind(("127.0.0.1", port))
            return port
