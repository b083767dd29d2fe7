"""Writes the forecast log beside the event loop: an answer costs the loop one append to a queue.

A thread computes pseudonyms and the 7-day forecast of what was answered, and writes small files. The queue is bounded:
what does not fit is dropped and counted, and so is what a full disk does not take. No answer waits or fails.

A model in shadow has a log of its own in the same folder, with a thread and a shorter queue: it is dropped first, and
when it fails or hangs, what was answered is logged all the same.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa

from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.forecast_log.log_files import keep_within, write_log_file
from serving.forecast_log.log_tables import ForecastRows, LookedUp, forecast_table, looked_up_table
from serving.forecast_log.merging import merge_small
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.response_types import LastScoresAnswer
from training.models.bundle import CHAMPION
from training.models.rollout import Role

FILE_ROWS = 2_000
"""Rows of a file, and of the pieces of a large answer: more at once would hold the interpreter for too long."""
QUEUE_ROWS, SHADOW_QUEUE_ROWS = 20_000, 5_000
FLUSH_SECONDS = 10.0
"""The longest that an answer waits for its file: a kill loses so much."""
SHADOW_STOP_SECONDS = 2.0
"""How long the end waits for a shadow that hangs."""
ROOM_SECONDS = 30.0
"""How long a job waits for room in the queue, as for a disk that hangs."""
TIDYING_SECONDS = 600.0
"""How often the log is kept within its bounds: what a worker writes meanwhile may exceed them."""


class AnsweredRequest(NamedTuple):
    """What was answered: route, customers and context of a request."""

    route: str
    features: Features
    context: ScoringContext


class ForecastLog:
    """The forecast log of one worker; rows are written while the context is open, the rest at its end.

    Parameters
    ----------
    folder : Path
    keys : PseudonymKeys
    days : int
        How long files stay.
    size : int
        Bytes that the log may have.
    clock : callable
        Returns the present time in UTC.
    sample : float
        The share of customers whose features are logged.
    shadow : bool
        Whether it is that of the model in shadow, instead of that of the answers.

    Attributes
    ----------
    lost : int
        Rows that were dropped or could not be written.
    trouble : str or None
        Why the last file was not written.
    """

    def __init__(
        self,
        folder: Path,
        keys: PseudonymKeys,
        days: int,
        size: int,
        clock: Callable[[], datetime],
        *,
        sample: float = 0.0,
        shadow: bool = False,
    ) -> None:
        self._shadow, self._queue_rows = shadow, SHADOW_QUEUE_ROWS if shadow else QUEUE_ROWS
        self._folder, self._keys, self._days, self._size, self._clock = folder, keys, days, size, clock
        self._sample, self._next_tidying, self._never_merged = sample, 0.0, set[Path]()
        self._queue: deque[tuple[AnsweredRequest | LookedUp, int]] = deque()
        self._pending, self._room = 0, threading.Condition()
        self.lost = 0
        self.trouble: str | None = None
        self._wake, self._ended = threading.Event(), False
        name = "shadow" if shadow else "forecast-log"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended = True
        with self._room:
            self._room.notify_all()
        self._wake.set()
        self._thread.join(SHADOW_STOP_SECONDS if self._shadow else None)

    def answered(self, route: str, features: Features, context: ScoringContext, *, wait: bool = False) -> None:
        """Take what was answered; called by the event loop, and by threads, which may `wait` for room in the queue."""
        if self._shadow and context.state.shadow is None:
            return
        size = len(features.ids)
        if size <= FILE_ROWS:
            self._take(AnsweredRequest(route, features, context), size, wait)
            return
        for first in range(0, size, FILE_ROWS):
            piece = slice(first, first + FILE_ROWS)
            part = Features(features.ids[piece], features.values[piece])
            self._take(AnsweredRequest(route, part, context), len(part.ids), wait)

    def looked_up(self, route: str, answer: LastScoresAnswer, asked_at: datetime) -> None:
        """Take batch scores that were looked up; called by threads."""
        if not self._shadow and answer.scores:
            self._take(LookedUp(route, answer, asked_at), len(answer.scores), False)

    def _take(self, request: AnsweredRequest | LookedUp, rows: int, wait: bool) -> None:
        with self._room:
            if wait and not self._shadow:
                self._room.wait_for(lambda: self._ended or self._pending + rows <= self._queue_rows, ROOM_SECONDS)
            if self._pending + rows > self._queue_rows:
                self.lost += rows
                return
            self._pending += rows
        self._queue.append((request, rows))
        if self._pending >= FILE_ROWS:
            self._wake.set()

    def _run(self) -> None:
        while not self._ended:
            self._wake.wait(FLUSH_SECONDS)
            self._wake.clear()
            self.flush()
        self.flush()

    def flush(self) -> None:
        """Write what waits, in small files."""
        while self._queue:
            taken, rows = [], 0
            while self._queue and rows < FILE_ROWS:
                request, size = self._queue.popleft()
                taken.append(request)
                rows += size
            lost = rows
            try:
                now = self._clock()
                write_log_file(self._folder, self._table(taken), now, os.getpid())
                lost = 0
                self._tidy(now)
                self.trouble = None
            except Exception as error:  # whatever it is, answers go on, and it is counted
                with self._room:
                    self.lost += lost
                reason = getattr(error, "strerror", None) or type(error).__name__
                self.trouble = f"the forecast log is not {'written' if lost else 'kept within its bounds'} ({reason})"
            with self._room:
                self._pending -= rows
                self._room.notify_all()

    def _tidy(self, now: datetime) -> None:
        """Keep the log within its bounds, and merge small files, now and then: that looks at every file of it."""
        if time.monotonic() >= self._next_tidying:
            self._next_tidying = time.monotonic() + TIDYING_SECONDS
            keep_within(self._folder, self._days, self._size, now.date())
            if not self._shadow:
                merge_small(self._folder, now.date(), self._never_merged)

    def _table(self, taken: Sequence[AnsweredRequest | LookedUp]) -> pa.Table:
        """Return the rows of some answers; those of one model, day and horizon are forecast together."""
        together: dict[tuple[int, str, int, int], list[ForecastRows]] = {}
        tables = []
        for request in taken:
            if isinstance(request, LookedUp):
                tables.append(looked_up_table(request, self._keys))
                continue
            for rows in self._rows(request):
                key = (id(rows.model), rows.role, rows.context.as_of.day, rows.context.horizon_days)
                together.setdefault(key, []).append(rows)
        sample = 0.0 if self._shadow else self._sample  # those in shadow are those of the answers
        tables += [forecast_table(rows, self._keys, sample) for rows in together.values()]
        return pa.concat_tables(tables)

    def _rows(self, request: AnsweredRequest) -> Iterator[ForecastRows]:
        route, features, context = request
        ids, values, state = features.ids, features.array(), context.state
        canary = state.canary
        if self._shadow:
            yield ForecastRows(Role.SHADOW, state.shadow, route, ids, values, context)
        elif canary is None:
            yield ForecastRows(CHAMPION, state.model, route, ids, values, context)
        else:
            theirs = np.array([canary.answers(each) for each in ids], bool)
            for role, model, chosen in ((CHAMPION, state.model, ~theirs), (Role.CANARY, canary.model, theirs)):
                if chosen.any():
                    own = [ids[row] for row in np.flatnonzero(chosen)]
                    yield ForecastRows(role, model, route, own, values[chosen], context)
