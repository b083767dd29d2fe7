"""What a reader has to know of the log before trusting a comparison: it ended long before, or has gaps."""

import numpy as np

from features.as_of import AsOf
from features.errors import TooLittleDataError
from features.store.event_store import EventStore
from features.store.log_dates import first_day, last_day
from reporting.translations import catalogue, plain_text

Notice = tuple[str, dict[str, str]]
"""The key of a text and its arguments."""

QUIET_DAYS = 30
"""So many days in a row without any event, in the year before a cutoff or the horizon after it, are worth a warning."""
YEAR_DAYS = 365
LARGE_BIAS = 0.5
"""A forecast whose total is off by more than this share of the outcome is worth a warning."""


def require_events(store: EventStore, cutoff: AsOf | None) -> None:
    """Raise TooLittleDataError where the log is empty, or begins at or after the cutoff."""
    first = first_day(store)
    if first is None:
        raise TooLittleDataError("the log has no events, so there is nothing to compare: ingest a log that has some")
    if cutoff is not None and cutoff.day <= first:
        begins = AsOf.at_midnight(first, store.timezone).date
        raise TooLittleDataError(
            f"the log begins on {begins}, so nobody in it has bought before {cutoff.date}: give a later --as-of"
        )


def log_warnings(store: EventStore, cutoff: AsOf, horizon_days: int) -> list[Notice]:
    """Return what the log lacks around a cutoff, as texts of the page.

    `warning.stale`: it ends long before the cutoff; `warning.quiet_before`: weeks without any event in the year before
    it; `warning.quiet_after`: the same in the horizon, up to the log's end.
    """
    last = last_day(store)
    if last is None:
        return []
    if cutoff.day - last > QUIET_DAYS:
        values = {"end": _date(store, last), "days": f"{cutoff.day - last:,}", "as_of": str(cutoff.date)}
        return [("warning.stale", values)]
    days = np.unique(store.columns["day"])
    begin = max(int(days[0]), cutoff.day - YEAR_DAYS)
    end = min(cutoff.day + horizon_days, last + 1)
    notices: list[Notice] = []
    for key, start, stop in (("warning.quiet_before", begin, cutoff.day), ("warning.quiet_after", cutoff.day, end)):
        edges = np.concatenate([[start - 1], days[(days >= start) & (days < stop)], [stop]])
        gaps = np.diff(edges) - 1
        if gaps.max() >= QUIET_DAYS:
            first, longest = int(edges[gaps.argmax()]) + 1, int(gaps.max())
            values = {"from": _date(store, first), "to": _date(store, first + longest - 1), "days": f"{longest:,}"}
            notices.append((key, {**values, "as_of": str(cutoff.date)}))
    return notices


def bias_warning(expected: float, observed: float) -> list[Notice]:
    """Return a warning where the total forecast is far from the outcome."""
    if observed > 0 and abs(expected / observed - 1) > LARGE_BIAS:
        bias = f"{100 * (expected / observed - 1):+z.0f}".replace("-", "−")
        return [("warning.bias", {"expected": f"{expected:,.0f}", "observed": f"{observed:,.0f}", "bias": bias})]
    if observed == 0:
        return [("warning.nothing", {"expected": f"{expected:,.0f}"})]
    return []


def english(notice: Notice) -> str:
    """Return a warning in English, for the terminal."""
    return plain_text(catalogue("en"), *notice)


def _date(store: EventStore, day: int) -> str:
    return str(AsOf.at_midnight(day, store.timezone).date)
