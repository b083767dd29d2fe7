"""What a run ran on: the libraries installed, its process, and whether that process is still there."""

import importlib.metadata
import socket
from collections.abc import Mapping

import psutil  # type: ignore[import-untyped]

from training.models.bundle import LIBRARIES

CLOCK_SLACK = 2.0
"""Seconds by which the start of one and the same process may be told differently: it follows the machine's clock."""


def requirements() -> list[str]:
    """Return `LIBRARIES` as exact requirements, as installed here."""
    return [f"{name}=={importlib.metadata.version(name)}" for name in LIBRARIES]


def environment() -> list[str]:
    """Return everything that is installed here as exact requirements, sorted."""
    found = {(each.metadata["Name"] or "").lower(): each.version for each in importlib.metadata.distributions()}
    return [f"{name}=={version}" for name, version in sorted(found.items()) if name]


def this_process() -> dict[str, str]:
    """Return the tags that tell this process from every other: ids are given anew, so the start is one of them."""
    me = psutil.Process()
    return {"process.host": socket.gethostname(), "process.id": str(me.pid), "process.start": str(me.create_time())}


def is_gone(process: Mapping[str, str]) -> bool:
    """Return whether the process of these tags has ended; False when it ran on another machine, for who knows."""
    if process.get("process.host") != socket.gethostname():
        return False
    try:
        started = psutil.Process(int(process["process.id"])).create_time()
    except psutil.NoSuchProcess:
        return True
    return bool(abs(started - float(process["process.start"])) > CLOCK_SLACK)
