"""Readiness falls before the server stops."""

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from serving.runtime.draining import drain_first
from serving.state import CurrentState, ServiceState


@pytest.fixture
def stopped() -> Iterator[list[float]]:
    """When the server's own handler of SIGTERM was called."""
    times: list[float] = []
    before = signal.signal(signal.SIGTERM, lambda *_: times.append(time.monotonic()))
    yield times
    signal.signal(signal.SIGTERM, before)


async def terminate(current: CurrentState, stopped: list[float], seconds: float, signals: int) -> float:
    """Send SIGTERM; return after how many seconds the server's handler was called."""
    with drain_first(current, seconds):
        began = time.monotonic()
        for _ in range(signals):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.01)
        assert current.draining == bool(seconds)
        while not stopped:
            assert time.monotonic() < began + 20
            await asyncio.sleep(0.01)
    return stopped[0] - began


@pytest.mark.parametrize(("seconds", "signals", "least", "most"), [(0.3, 1, 0.3, 20), (0, 1, 0, 20), (60, 2, 0, 20)])
def test_the_server_stops_some_time_after_readiness_fell(
    rule_state: ServiceState, stopped: list[float], seconds: float, signals: int, least: float, most: float
) -> None:
    """After the seconds, at once without any, and at once at the second signal; the handler is put back."""
    handler: Any = signal.getsignal(signal.SIGTERM)
    assert least <= asyncio.run(terminate(CurrentState(rule_state), stopped, seconds, signals)) < most
    assert signal.getsignal(signal.SIGTERM) is handler
