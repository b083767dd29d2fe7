"""The first and the last moment of a log, and dates at equal distances in it."""

import numpy as np

from features.as_of import AsOf, AsOfLike
from features.errors import InvalidArgumentError
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore

PURCHASE = EVENT_TYPES.index("purchase")
COMPARED_DAYS = 365
"""Gaps between days with purchases are compared over this time before the log's end."""
FEWEST_DAYS = 10
"""With purchases on fewer days nobody knows what gap is usual."""


def first_day(store: EventStore) -> int | None:
    """Return the business day of the first event, counted from 1970-01-01; None for a log without events."""
    if not store.n_events:
        return None
    times = [bucket.store.columns["time"] for bucket in store.buckets]
    return AsOf.at_time(min(int(each.min()) for each in times if len(each)), store.timezone).day


def last_day(store: EventStore) -> int | None:
    """Return the business day of the last event, counted from 1970-01-01; None for a log without events."""
    last = store.manifest["last_time"]
    return None if last is None else AsOf.at_time(last, store.timezone).day


def days_without_purchases(store: EventStore) -> int:
    r"""Return the days after the last purchase up to the log's last day, where no gap of the year before is as long.

    So many purchases are probably missing: visits or ratings were added, and the purchases of the same time were not.

    Returns
    -------
    int
        0 where the gap is usual, or where fewer than `FEWEST_DAYS` days have purchases.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from features.ingestion.ingest import ingest
    >>> from features.store.event_store import open_store
    >>> bought = [f"A,2024-01-{day:02},purchase,9.00" for day in range(1, 31)]
    >>> rows = ["customer_id,event_time,event_type,amount", *bought, "A,2024-02-13,visit,"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log, store = Path(folder) / "log.csv", Path(folder) / "store"
    ...     _, _ = log.write_text("\n".join(rows)), ingest(log, store)
    ...     days_without_purchases(open_store(store))
    14
    """
    last = last_day(store)
    if last is None:
        return 0
    bought = np.zeros(COMPARED_DAYS + 1, bool)
    for _, bucket in store.buckets:
        ago = last - bucket.columns["day"][bucket.columns["kind"] == PURCHASE]
        bought[ago[ago <= COMPARED_DAYS]] = True
    days_ago = np.flatnonzero(bought)
    if len(days_ago) < FEWEST_DAYS or days_ago[0] <= np.diff(days_ago).max():
        return 0
    return int(days_ago[0])


def dates_every(
    store: EventStore, days: int, since: AsOfLike | None = None, until: AsOfLike | None = None
) -> list[AsOf]:
    """Return midnights that are some days apart, ascending, counted back from the last.

    Parameters
    ----------
    store : EventStore
    days : int
        Days between two dates, at least 1.
    since : AsOf, str, datetime.date or datetime.datetime, optional
        None before it; without it none before the log's first event.
    until : AsOf, str, datetime.date or datetime.datetime, optional
        The last date; without it the day after the log's last event.

    Raises
    ------
    InvalidArgumentError
        For less than a day between dates, or when there is no date.

    """
    if days < 1:
        raise InvalidArgumentError(f"dates are {days} days apart: give at least 1")
    first, last = first_day(store), last_day(store)
    if first is None or last is None:
        raise InvalidArgumentError("the log has no events, so there are no dates")
    end = last + 1 if until is None else AsOf.parse(until, store.timezone).day
    begin = first + 1 if since is None else AsOf.parse(since, store.timezone).day
    if begin > end:
        raise InvalidArgumentError(
            f"there is no date from {AsOf.at_midnight(begin, store.timezone).date} "
            f"to {AsOf.at_midnight(end, store.timezone).date}: give an earlier beginning or a later end"
        )
    return [AsOf.at_midnight(day, store.timezone) for day in range(end, begin - 1, -days)][::-1]
