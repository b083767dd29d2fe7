"""Runs large requests in one worker thread with a bounded queue; answers 503 when it is full."""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from serving.api.problem_details import ProblemError

T = TypeVar("T")


class WorkerThread:
    """One thread for work that would block the event loop; more threads would only compete for the interpreter."""

    def __init__(self, queue_size: int) -> None:
        self._limiter = CapacityLimiter(1)
        self._maximum = queue_size + 1
        self._pending = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Return the result of `work`; raises a 503 problem when the queue is full."""
        if self._pending >= self._maximum:
            detail = f"{self._pending} large requests are under way or waiting; try again"
            raise ProblemError("busy", detail, headers={"Retry-After": str(self._pending)})
        self._pending += 1
        try:
            return await to_thread.run_sync(work, limiter=self._limiter)
        finally:
            self._pending -= 1
