"""The first and the last moment of a log, and dates at equal distances in it."""

from features.as_of import AsOf, AsOfLike
from features.errors import InvalidArgumentError
from features.store.event_store import EventStore


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
