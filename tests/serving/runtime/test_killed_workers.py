"""Workers that are killed under load, again and again: the others drop nothing, and two are there again."""

import os
import random
import signal
import time
from pathlib import Path
from typing import TextIO

import pytest

from tests.laws.killed import killed_times
from tests.serving.load import CALLERS, Load
from tests.serving.running import READY, eventually, running


class Readiness:
    """Counts the workers that became ready, from the log, which grows by megabytes under load."""

    def __init__(self, lines: TextIO) -> None:
        self._lines, self._rest, self._count = lines, "", 0

    def count(self) -> int:
        """How many were ready so far."""
        whole, _, self._rest = (self._rest + self._lines.read()).rpartition("\n")
        self._count += whole.count(READY)
        return self._count


@pytest.mark.timeout(3600)
@killed_times(3, pytest.mark.alone)
def test_a_killed_worker_comes_back_and_the_other_goes_on(home: Path, kills: int) -> None:
    """No more is lost than the killed worker had in hand; all else is answered, with 200."""
    draw = random.Random(0)
    with running(home, "--workers", "2") as service, service.log.open() as lines:
        ready = Readiness(lines)
        eventually(lambda: ready.count() >= 2, "both workers are ready")
        with Load(service.port) as calls:
            for number in range(kills):
                time.sleep(draw.uniform(0.5, 2))
                killed = draw.choice(service.workers())
                (other,) = set(service.workers()) - {killed}
                os.kill(killed, signal.SIGKILL)
                before = calls.outcome.answered
                eventually(lambda before=before: calls.outcome.answered > before + 500, "the other goes on")
                eventually(lambda least=number + 3: ready.count() >= least, "another one is ready")
                assert other in service.workers()
                assert len(service.workers()) == 2
    outcome = calls.outcome
    assert set(outcome.statuses) == {200}
    assert outcome.cut + outcome.dropped <= CALLERS * kills
    assert outcome.refused == 0
