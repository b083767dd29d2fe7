"""Large requests run in one worker thread with a bounded queue."""

import asyncio
import threading
from typing import Any

from serving.api.problem_details import ProblemError
from serving.api.worker_thread import WorkerThread


def test_large_requests_queue_and_then_are_sent_away() -> None:
    """One at a time, some wait, the rest are told to come back (503); the event loop lives meanwhile."""

    async def all_at_once() -> list[Any]:
        worker, go = WorkerThread(queue_size=2), threading.Event()
        running = []

        def work() -> int:
            running.append(threading.active_count())
            assert go.wait(10)
            return len(running)

        tasks = [asyncio.create_task(worker.run(work)) for _ in range(5)]
        await asyncio.sleep(0.05)
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
