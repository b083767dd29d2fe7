"""The environment of a run: the libraries installed, its process, and whether that process still exists."""

import importlib.metadata
import socket
from collections.abc import Mapping
from functools import cache

import psutil

CLOCK_SLACK = 2.0
"""Seconds by which two readings of one process's start may differ: they depend on the machine's clock."""


@cache  # reads a file of each distribution: half a second for every fit of a process
def environment() -> tuple[str, ...]:
    """Return every distribution installed here as an exact requirement, sorted."""
    installed = {(dist.metadata["Name"] or "").lower(): dist.version for dist in importlib.metadata.distributions()}
    return tuple(f"{name}=={version}" for name, version in sorted(installed.items()) if name)


def this_process() -> dict[str, str]:
    """Return tags that identify this process; its start is one of them because process ids are reused."""
    me = psutil.Process()
    return {"process.host": socket.gethostname(), "process.id": str(me.pid), "process.start": str(me.create_time())}


def is_gone(process: Mapping[str, str]) -> bool:
    """Return whether the process of these tags has ended; False for other machines, which cannot be checked."""
    if process.get("process.host") != socket.gethostname():
        return False
    try:
        started = psutil.Process(int(process["process.id"])).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(abs(started - float(process["process.start"])) > CLOCK_SLACK)
