"""One timer for the time limits of all requests; a timer for each would cost a tenth of a small request."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class TimeLimit:
    """A time limit for each of many awaitables.

    Parameters
    ----------
    seconds : float
        An awaitable that takes longer is cancelled at the next check: within a second, or a quarter of the limit.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._interval = min(1.0, seconds / 4)
        self._deadlines: dict[asyncio.Timeout, float] = {}
        self._checked_loop: asyncio.AbstractEventLoop | None = None

    async def wait_for(self, awaitable: Awaitable[T]) -> T:
        """Return the result of an awaitable; raises TimeoutError if that takes longer than the limit."""
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(None)
        self._deadlines[timeout] = loop.time() + self.seconds
        if self._checked_loop is not loop:
            self._checked_loop = loop
            loop.call_later(self._interval, self._check, loop)
        try:
            async with timeout:
                return await awaitable
        finally:
            del self._deadlines[timeout]

    def _check(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        for timeout, deadline in self._deadlines.items():
            if deadline <= now:
                timeout.reschedule(now)
        if self._deadlines:
            loop.call_later(self._interval, self._check, loop)
        else:
            self._checked_loop = None
