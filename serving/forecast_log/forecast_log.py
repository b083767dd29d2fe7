"""Writes the forecast log beside the event loop: an answer costs the loop one append to a queue.

A thread computes pseudonyms and the 7-day forecast of what was answered, and writes small files. The queue is bounded:
what does not fit is dropped and counted, and so is what a full disk does not take. No answer waits or fails.

A model in shadow has a log of its own in the same folder, with a thread and a shorter queue: it is dropped first, and
when it fails or hangs, what was answered is logged all the same.
"""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.definitions import FEATURE_NAMES
from features.key_files import HASH_BYTES, keyed_hash
from features.timezones import DAY
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.forecast_log.log_files import SCHEMA, keep_within, utc, write_log_file
from serving.forecast_log.pseudonyms import PseudonymKeys, key_id
from serving.state import ServedModel
from training.models.bundle import CHAMPION, OUTPUTS
from training.models.rollout import Role

FILE_ROWS = 2_000
"""A larger file would hold the interpreter for too long."""
QUEUE_ROWS, SHADOW_QUEUE_ROWS = 20_000, 5_000
FLUSH_SECONDS = 10.0
"""The longest that an answer waits for its file: a kill loses so much."""
SHADOW_STOP_SECONDS = 2.0
"""How long the end waits for a shadow that hangs."""
EARLY_DAYS = 7


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
        shadow: bool = False,
    ) -> None:
        self._shadow, self._queue_rows = shadow, SHADOW_QUEUE_ROWS if shadow else QUEUE_ROWS
        self._folder, self._keys, self._days, self._size, self._clock = folder, keys, days, size, clock
        self._queue: deque[AnsweredRequest] = deque()
        self._pending, self._lock = 0, threading.Lock()
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
        self._wake.set()
        self._thread.join(SHADOW_STOP_SECONDS if self._shadow else None)

    def answered(self, route: str, features: Features, context: ScoringContext) -> None:
        """Take what was answered; called by the event loop and by the worker thread."""
        rows = len(features.ids)
        if self._shadow and context.state.shadow is None:
            return
        with self._lock:
            if self._pending + rows > self._queue_rows:
                self.lost += rows
                return
            self._pending += rows
        self._queue.append(AnsweredRequest(route, features, context))
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
                taken.append(self._queue.popleft())
                rows += len(taken[-1].features.ids)
            try:
                now = self._clock()
                write_log_file(self._folder, self._table(taken), now, os.getpid())
                keep_within(self._folder, self._days, self._size, now.date())
                self.trouble = None
            except Exception as error:  # whatever it is, answers go on, and it is counted
                with self._lock:
                    self.lost += rows
                reason = getattr(error, "strerror", None) or type(error).__name__
                self.trouble = f"the forecast log is not written ({reason})"
            with self._lock:
                self._pending -= rows

    def _table(self, taken: Sequence[AnsweredRequest]) -> pa.Table:
        """Return the rows of some answers; those of one model, day and horizon are forecast together."""
        together: dict[tuple[int, str, int, int], list[_Rows]] = {}
        for request in taken:
            for rows in self._rows(request):
                key = (id(rows.model), rows.role, rows.context.as_of.day, rows.context.horizon_days)
                together.setdefault(key, []).append(rows)
        return pa.concat_tables([self._forecast_rows(rows) for rows in together.values()])

    def _rows(self, request: AnsweredRequest) -> Iterator["_Rows"]:
        route, features, context = request
        ids, values, state = features.ids, features.values, context.state
        if isinstance(values, list):
            values = np.array([list(row.values()) for row in values], float)
        if self._shadow:
            yield _Rows(Role.SHADOW, state.shadow, route, ids, values, context)
            return
        canary = state.canary
        theirs = np.array([canary is not None and canary.answers(each) for each in ids])
        for role, model, chosen in (
            (CHAMPION, state.model, ~theirs),
            (Role.CANARY, canary.model if canary else None, theirs),
        ):
            if chosen.any():
                yield _Rows(role, model, route, [ids[row] for row in np.flatnonzero(chosen)], values[chosen], context)

    def _forecast_rows(self, rows: Sequence["_Rows"]) -> pa.Table:
        first, sizes = rows[0], [len(each.ids) for each in rows]
        model, size, context = first.model, sum(sizes), first.context
        forecast, early = np.full((2, size, len(OUTPUTS)), np.nan)
        if model is not None:
            values = np.concatenate([each.values for each in rows])
            forecast = _forecast(model, values, context.as_of.day, context.horizon_days)
            early = _forecast(model, values, context.as_of.day, EARLY_DAYS)
        asked = [each.context.latest - DAY for each in rows]
        names = [key_id(utc(each)) for each in asked]
        keys = {name: self._keys.key(name) for name in set(names)}
        pseudonyms = [
            keyed_hash(customer_id, keys[name])
            for each, name in zip(rows, names, strict=True)
            for customer_id in each.ids
        ]

        def repeated(values: Sequence[object]) -> pa.Array:
            return pa.array([value for value, count in zip(values, sizes, strict=True) for _ in range(count)])

        columns = {
            "pseudonym": pa.array(pseudonyms, pa.binary(HASH_BYTES)),
            "key_id": repeated(names),
            "asked_at": repeated(asked),
            "as_of": repeated([each.context.as_of.time for each in rows]),
            "horizon_days": pa.repeat(pa.scalar(context.horizon_days, pa.int32()), size),
            **{each: pa.array(forecast[:, at], from_pandas=True) for at, each in enumerate(OUTPUTS)},
            "expected_purchases_7": pa.array(early[:, OUTPUTS.index("expected_purchases")], from_pandas=True),
            "churn_probability_7": pa.array(early[:, OUTPUTS.index("churn_probability")], from_pandas=True),
            "model_version": pa.repeat(pa.scalar(model and model.version, pa.string()), size),
            "model_digest": pa.repeat(pa.scalar(model and model.digest, pa.string()), size),
            "formula_version": repeated([each.context.state.formula.version for each in rows]),
            "role": pa.repeat(first.role, size),
            "route": repeated([each.route for each in rows]),
        }
        return pa.table([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


class _Rows(NamedTuple):
    """Customers of an answer for whom one model forecast, or does so in shadow."""

    role: str
    model: ServedModel | None
    route: str
    ids: list[str]
    values: NDArray[np.float64]
    context: ScoringContext


def _forecast(model: ServedModel, values: NDArray[np.float64], day: int, horizon_days: int) -> NDArray[np.float64]:
    """Return the forecasts of some rows, NaN in all of a row where one is not finite, as answers have them."""
    with np.errstate(all="ignore"):
        if model.compiled is not None:
            found = model.compiled.predict_table(values, day, horizon_days)
        else:
            import pandas as pd

            found = model.forecast_table(pd.DataFrame(values, columns=list(FEATURE_NAMES)), day, horizon_days)
    return np.where(np.isfinite(found).all(axis=1, keepdims=True), found, np.nan)
