"""Many callers at once on connections that stay open, each answer looked at."""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.serving.running import REQUEST

CALLERS = 32


@dataclass
class Outcome:
    """What callers met: statuses, versions, answers cut in the middle, and connections that ended without one."""

    statuses: Counter[int] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    cut: int = 0
    dropped: int = 0
    refused: int = 0

    @property
    def answered(self) -> int:
        return sum(self.statuses.values())


BODY = json.dumps(REQUEST).encode()
HEAD = b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BODY)


async def load(port: int, callers: int, go_on: Callable[[Outcome], bool]) -> Outcome:
    """Have so many callers ask one request after the other while `go_on` says so."""
    outcome = Outcome()
    await asyncio.gather(*(_caller(port, outcome, go_on) for _ in range(callers)))
    return outcome


async def _caller(port: int, outcome: Outcome, go_on: Callable[[Outcome], bool]) -> None:
    while go_on(outcome):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            outcome.refused += 1
            await asyncio.sleep(0.05)
            continue
        try:
            while go_on(outcome):
                writer.write(HEAD + BODY)
                await _answer(reader, outcome)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            if isinstance(error, asyncio.IncompleteReadError) and error.partial:
                outcome.cut += 1
            else:
                outcome.dropped += 1
        finally:
            writer.close()


async def _answer(reader: asyncio.StreamReader, outcome: Outcome) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
    try:
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        outcome.cut += 1
        raise ConnectionError from None
    outcome.statuses[int(head[9:12])] += 1
    if head.startswith(b"HTTP/1.1 200"):
        said = json.loads(body)
        assert [score["customer_id"] for score in said["scores"]] == ["bertha"]
        outcome.versions[said.get("model_version", "none")] += 1


class Load:
    """`CALLERS` callers beside the test, until it says stop."""

    def __init__(self, port: int) -> None:
        self.going = True
        self.outcome = Outcome()
        self._thread = threading.Thread(target=self._run, args=(port,))

    def _run(self, port: int) -> None:
        def go_on(outcome: Outcome) -> bool:
            self.outcome = outcome
            return self.going

        asyncio.run(load(port, CALLERS, go_on))

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.going = False
        self._thread.join()
