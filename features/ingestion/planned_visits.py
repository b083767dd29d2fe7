"""Finds visits that were planned and not made: they would count as made once their day has passed."""

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.ingestion.casting import RowErrors
from features.store.layout import ABSENT, KIND_CODES
from features.timezones import BusinessTimezone

VISIT = KIND_CODES["visit"]
PLANNED_OUTCOMES = ("planned", "scheduled")
PLANNED = "planned, not made: plans do not go into the log"
IN_FUTURE, AFTER_RECORD = (
    f"{what} and the visit has no outcome: {PLANNED}" for what in ("is in the future", "is after its recorded_at")
)
PROOF = ("outcome", "satisfaction", "loyalty")
"""The columns of which any shows that a visit was made."""

Times = NDArray[np.int64]
Mask = NDArray[np.bool_]


def planned_visits(
    columns: Mapping[str, pa.Array], errors: RowErrors, timezone: BusinessTimezone, known_at: int | None = None
) -> Iterator[tuple[str, Mask]]:
    """Yield what is wrong with the time of visits that were planned, and which rows these are.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array, shape (rows,)
        Columns of the store: `time`, `kind`, those of `PROOF`, and perhaps `known_from`.
    errors : RowErrors
        What was found wrong with these rows; those without a readable time are passed over.
    timezone : BusinessTimezone
    known_at : int, optional
        When the log is read, in microseconds since 1970-01-01 UTC.

    Yields
    ------
    reason : str
    rows : numpy.ndarray of bool, shape (rows,)
    """
    if "known_from" not in columns and known_at is None:
        return
    open_ = columns["kind"].to_numpy() == VISIT
    for name, _, wrong in errors.entries:
        if name in ("event_time", "recorded_at"):
            open_[wrong] = False
    for name in PROOF:
        open_ &= columns[name].to_numpy() == ABSENT[name]
    rows = np.flatnonzero(open_)
    if not len(rows):
        return
    times = columns["time"].take(pa.array(rows)).to_numpy()
    reasons = []
    if known_at is not None:
        reasons.append((IN_FUTURE, times > known_at))
    if "known_from" in columns:
        recorded = columns["known_from"].take(pa.array(rows))
        known = recorded.is_valid().to_numpy(zero_copy_only=False)
        later = is_after(times, recorded.fill_null(0).to_numpy(), timezone)
        reasons.append((AFTER_RECORD, known & later))
    for reason, planned in reasons:
        of_rows = np.zeros(len(open_), bool)
        of_rows[rows[planned]] = True
        yield reason, of_rows


def is_after(times: Times, recorded: Times, timezone: BusinessTimezone) -> Mask:
    """Return which times lie after their record; a record at midnight stands for its whole day.

    Parameters
    ----------
    times, recorded : numpy.ndarray of int64, shape (n,)
        In microseconds since 1970-01-01 UTC.
    timezone : BusinessTimezone

    Returns
    -------
    numpy.ndarray of bool, shape (n,)
    """
    day = timezone.days(recorded)
    of_that_day = (timezone.days(recorded - 1) < day) & (timezone.days(times) == day)
    after: Mask = (times > recorded) & ~of_that_day
    return after
