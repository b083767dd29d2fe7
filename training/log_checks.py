"""Checks of a log against its own past: events lost since an earlier fit, weekly volume, and shares of null values."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from features.as_of import AsOf
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore
from features.store.layout import ABSENT, CODED_WORDS
from training.net_spend import PURCHASE

WEEK_DAYS = 7
WEEKS_BEFORE = 8
"""The weeks before, whose median is the usual volume and whose events have the usual shares of nulls."""
YEAR_DAYS = 364
FEWEST_EVENTS = 50
"""Fewer events a week, or in the weeks before, say nothing of a share of nulls."""
NULLABLE = {
    "amount": ("cents", ("purchase", "return")),
    **{name: (name, tuple(by_type)) for name, by_type in CODED_WORDS.items()},
    **{rating: (rating, ("visit", "feedback")) for rating in ("satisfaction", "loyalty")},
}
"""Log columns that may be null: the column of the store, and the event types that have it."""


def events_known(store: EventStore, as_of: AsOf, known_at: AsOf | None = None) -> int:
    """Return how many events the log has before a cutoff, those included that were recorded after it.

    With `known_at` events are as known then, here and in the other checks; without it as in the whole log.
    """
    return int(np.count_nonzero(store.known_events(known_at) & (store.columns["time"] < as_of.time)))


def weekly_purchases(store: EventStore, end_day: int, weeks: int, known_at: AsOf | None = None) -> NDArray[np.int64]:
    """Return the purchases of the last weeks before a day, oldest first, int64 of shape (weeks,)."""
    days = store.columns["day"][store.known_events(known_at) & (store.columns["kind"] == PURCHASE)]
    week = (end_day - 1 - days) // WEEK_DAYS
    counts = np.bincount(week[(week >= 0) & (week < weeks)], minlength=weeks)
    return counts[::-1].astype(np.int64)


def volume_ratios(
    store: EventStore, first_day: int, end_day: int, weeks: int, known_at: AsOf | None = None
) -> tuple[float, float]:
    """Return the purchases of the last weeks over their usual number, and the same ratio a year earlier.

    Parameters
    ----------
    store : EventStore
    first_day : int
        The first day of the log, counted from 1970.
    end_day : int
        The day after the last week.
    weeks : int
        How many weeks are new.
    known_at : AsOf, optional
        See `events_known`.

    Returns
    -------
    now, year_ago : float
        The mean of the new weeks over the median of the `WEEKS_BEFORE` weeks before them. NaN where the log has not as
        many weeks before, or nobody bought in them.
    """
    now, year_ago = (_ratio(store, first_day, day, weeks, known_at) for day in (end_day, end_day - YEAR_DAYS))
    return now, year_ago


def null_share_changes(
    store: EventStore, end_day: int, weeks: int, known_at: AsOf | None = None
) -> Iterator[tuple[str, str, float, float]]:
    """Yield event type, log column, and the shares of nulls before and in the last weeks.

    Event types with fewer than `FEWEST_EVENTS` events on either side are left out.
    """
    columns, current = store.columns, store.known_events(known_at)
    start = end_day - WEEK_DAYS * weeks
    new = current & (columns["day"] >= start) & (columns["day"] < end_day)
    before = current & (columns["day"] >= start - WEEK_DAYS * WEEKS_BEFORE) & (columns["day"] < start)
    for name, (column, event_types) in NULLABLE.items():
        for event_type in event_types:
            of_type = columns["kind"] == EVENT_TYPES.index(event_type)
            values = [columns[column][of_type & rows] for rows in (before, new)]
            if min(map(len, values)) >= FEWEST_EVENTS:
                old, recent = (float(np.mean(part == ABSENT[column])) for part in values)
                yield event_type, name, old, recent


def _ratio(store: EventStore, first_day: int, end_day: int, weeks: int, known_at: AsOf | None) -> float:
    if end_day - WEEK_DAYS * (weeks + WEEKS_BEFORE) < first_day:
        return float("nan")
    counts = weekly_purchases(store, end_day, weeks + WEEKS_BEFORE, known_at)
    usual = float(np.median(counts[:WEEKS_BEFORE]))
    return float(counts[WEEKS_BEFORE:].mean()) / usual if usual else float("nan")
