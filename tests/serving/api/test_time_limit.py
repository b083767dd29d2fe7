"""One timer ends whatever takes longer than the limit."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

import pytest

from serving.api.time_limit import TimeLimit


class Skipping(selectors.DefaultSelector):
    """Waits for nothing: where nothing is ready, the time of its loop is that of the next timer at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run in a loop whose time is its own, so that a machine that stands still is late for nothing."""
    selector = Skipping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign]
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work)


def test_what_takes_too_long_ends_and_the_rest_goes_on() -> None:
    """Of many at once only the slow ones raise TimeoutError, whenever they began."""

    async def work(seconds: float, began_after: float) -> str:
        await asyncio.sleep(began_after)
        try:
            return await limit.wait_for(asyncio.sleep(seconds, "done"))
        except TimeoutError:
            return "too long"

    async def many() -> list[str]:
        return await asyncio.gather(*(work(seconds, later) for later in (0, 0.1, 0.3) for seconds in (0, 0.01, 60)))

    limit = TimeLimit(0.2)
    assert run(asyncio.wait_for(many(), 10)) == ["done", "done", "too long"] * 3


def test_errors_and_cancellation_pass_through() -> None:
    """An error of the work is raised as it is; who is cancelled from outside is not told of a limit."""

    async def broken() -> None:
        raise ValueError("broken")

    async def cancelled() -> None:
        task = asyncio.create_task(limit.wait_for(asyncio.sleep(60)))
        await asyncio.sleep(0)
        task.cancel()
        await task

    limit = TimeLimit(5)
    with pytest.raises(ValueError, match="broken"):
        asyncio.run(limit.wait_for(broken()))
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())


def test_nothing_is_checked_when_nothing_waits() -> None:
    """The timer ends with the last of the waiting, and starts again with the next."""

    async def twice() -> list[bool]:
        due = []
        for _ in range(2):
            await limit.wait_for(asyncio.sleep(0))
            due.append(limit._checked_loop is not None)
            await asyncio.sleep(0.1)
            due.append(limit._checked_loop is not None)
        return due

    limit = TimeLimit(0.08)
    assert run(twice()) == [True, False, True, False]
