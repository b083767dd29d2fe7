"""Large requests beside the event loop: one at a time, a bounded queue, and a word when it is full."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from serving.api.problem_details import ProblemError

T = TypeVar("T")


class Aside:
    """A thread for work that would hold up everybody else; more than one would only take turns at the interpreter."""

    def __init__(self, waiting: int) -> None:
        self._most = waiting + 1
        self._busy = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="large-requests")

    async def do(self, work: Callable[[], T]) -> T:
        """Return what the work returns; raises the problem busy (503) when as many wait as may."""
        if self._busy >= self._most:
            told = f"{self._busy} large requests are under way or waiting; try again"
            raise ProblemError("busy", told, headers={"Retry-After": str(self._busy)})
        self._busy += 1
        future = self._thread.submit(work)
        future.add_done_callback(self._done)
        return await asyncio.wrap_future(future)

    def _done(self, _: object) -> None:
        # Work whose client has left is done all the same: only then is its place free.
        self._busy -= 1
