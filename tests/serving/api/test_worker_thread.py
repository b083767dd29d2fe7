"""Large requests run in one worker thread with a bounded queue."""

import asyncio
import threading
import time
from typing import Any

from starlette.requests import ClientDisconnect

from serving.api.problem_details import ProblemError
from serving.api.turns import checkpoint
from serving.api.worker_thread import WorkerThread


def test_large_requests_queue_and_then_are_sent_away() -> None:
    """One at a time, some wait, the rest are told to come back (503); the event loop lives meanwhile."""

    async def all_at_once() -> list[Any]:
        worker, go = WorkerThread(queue_size=2), threading.Event()
        running = []

        def work() -> int:
            running.append(threading.active_count())
            assert go.wait(60)
            return len(running)

        tasks = []
        for waiting in (0, 1, 2, 2, 2):  # of threads that start together any may be first
            tasks.append(asyncio.create_task(worker.run(work)))
            await asyncio.sleep(0)
            while not running or len(worker._turns._waiting) < waiting:
                await asyncio.sleep(0.001)
        assert len(running) == 1
        go.set()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        return [*found, await worker.run(work)]

    *found, later = asyncio.run(all_at_once())
    refused = [each for each in found if isinstance(each, ProblemError)]
    assert found[:3] == [1, 2, 3]
    assert [each.kind for each in refused] == ["busy", "busy"]
    assert refused[0].headers == {"Retry-After": "3"}
    assert later == 4


class Left:
    """A request whose client leaves after some time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def receive(self) -> dict[str, Any]:
        await asyncio.sleep(self._seconds)
        return {"type": "http.disconnect"}


def test_work_for_a_client_that_left_is_stopped() -> None:
    """What runs ends at its next checkpoint, what waits never starts; both as Starlette's disconnect."""

    async def leave() -> tuple[list[Any], int]:
        worker, chunks = WorkerThread(queue_size=3), []

        def work() -> None:
            for _ in range(20_000):
                chunks.append(1)
                time.sleep(0.005)
                checkpoint()

        requests: Any = [Left(0.1), Left(0.05)]
        found = await asyncio.gather(*(worker.run(work, each) for each in requests), return_exceptions=True)
        assert await worker.run(lambda: 7) == 7
        return found, len(chunks)

    found, chunks = asyncio.run(leave())
    assert [type(each) for each in found] == [ClientDisconnect] * 2
    assert chunks < 10_000  # most of a hundred seconds are left


def test_one_large_body_is_under_way_at_a_time() -> None:
    """While small ones take their turns between its chunks."""

    async def several() -> list[str]:
        worker, done, small_waits = WorkerThread(queue_size=3), [], threading.Event()

        def work(name: str, chunks: int) -> None:
            for chunk in range(chunks):
                if (name, chunk) == ("first", 1):
                    assert small_waits.wait(60)
                done.append(name)
                time.sleep(0.06)
                checkpoint()

        large = []
        for name in ("first", "second"):
            large.append(asyncio.create_task(worker.run(lambda n=name: work(n, 5), None, 2**21)))
            while not done:  # of two threads that start together either may be first
                await asyncio.sleep(0.001)
        small = asyncio.create_task(worker.run(lambda: work("small", 1), None, 2**15))
        while not worker._turns._waiting:
            await asyncio.sleep(0.001)
        small_waits.set()
        await asyncio.gather(*large, small)
        return done

    done = asyncio.run(several())
    assert done.index("second") > max(position for position, name in enumerate(done) if name == "first")
    assert done.index("small") < 4
