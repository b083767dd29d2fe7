"""Runs requests beside the event loop, in turn and with a bounded queue; answers 503 when it is full."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request

from serving.api.problem_details import ProblemError
from serving.api.turns import AbandonedError, Turns, Work, working

T = TypeVar("T")
Until = Callable[[], Coroutine[Any, Any, None]]
LARGE_BYTES = 2**20
"""Of bodies above this size one is under way at a time, so that their tables do not fill the memory together."""


class WorkerThread:
    """Threads for work that would block the event loop.

    One runs at a time, as more would only compete for the interpreter. It gives way to those that wait after each chunk
    (`serving.api.turns.checkpoint`), so that a small request does not wait for the end of a large one, and stops when
    its client leaves.
    """

    def __init__(self, queue_size: int) -> None:
        self._maximum = queue_size + 1
        self._threads, self._background = CapacityLimiter(self._maximum), CapacityLimiter(1)
        self._turns, self._large = Turns(), Turns()
        self._pending = 0

    async def run(self, work: Callable[[], T], request: Request | None = None, body_bytes: int = 0) -> T:
        """Return the result of `work`.

        Parameters
        ----------
        work : callable
            Called without arguments in a thread.
        request : Request, optional
            Its body has been read; when its client leaves the work stops at the next checkpoint. Without it the work
            is done whatever happens.
        body_bytes : int
            Size of the body.

        Raises
        ------
        ProblemError
            503 when the queue is full.
        ClientDisconnect
            When the client has left.
        """
        if self._pending >= self._maximum:
            detail = f"{self._pending} large requests are under way or waiting; try again"
            raise ProblemError("busy", detail, headers={"Retry-After": str(self._pending)})
        self._pending += 1
        try:
            left = None if request is None else partial(_disconnected, request)
            return await self._in_turn(work, left, body_bytes, self._threads)
        except AbandonedError:
            raise ClientDisconnect from None
        finally:
            self._pending -= 1

    async def run_job(self, work: Callable[[], T], until: Until, body_bytes: int) -> T:
        """Return the result of `work`, which nobody waits for: it takes turns with requests, and is never refused.

        Raises AbandonedError at its next checkpoint after `until` has returned.
        """
        return await self._in_turn(work, until, body_bytes, self._background)

    async def _in_turn(
        self, work: Callable[[], T], until: Until | None, body_bytes: int, threads: CapacityLimiter
    ) -> T:
        one = Work()

        def run() -> T:
            with self._large.turn(one) if body_bytes > LARGE_BYTES else nullcontext(), working(self._turns, one):
                return work()

        async def abandon(until: Until) -> None:
            await until()
            one.abandon()

        watch = asyncio.ensure_future(abandon(until)) if until is not None else None
        try:
            return await to_thread.run_sync(run, limiter=threads)
        finally:
            if watch is not None:
                watch.cancel()


async def _disconnected(request: Request) -> None:
    """Return when the client of a request, whose body has been read, has left."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
