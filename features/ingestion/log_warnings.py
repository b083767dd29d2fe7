"""What may be wrong with a log as a whole, although each of its rows is valid."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from features.ingestion.id_warnings import id_warnings
from features.ingestion.row_counts import RowCounts
from features.plurals import counted
from features.store.event_store import EventStore
from features.store.layout import ABSENT, KIND_CODES
from features.store.mapped_pages import buckets_in_turn
from features.store.merging import Merged

FEW_CUSTOMERS = 30
BUSY_SHARE = 0.2
REPEATED_SHARE = 0.001
GAP_DAYS = 7
USUAL = 0.8
"""The share of weeks in which a weekday has events that makes its days without any worth a warning."""
FAR_DAYS = 365
FAR_SHARE = 0.01
EPOCH = date(1970, 1, 1)


def log_warnings(store: EventStore | None, counts: RowCounts, added: bool = False) -> list[str]:
    """Return the warnings about a log, each one line with its figure and what to do.

    Parameters
    ----------
    store : EventStore or None
        Its store; None for an addition that changes nothing.
    counts : RowCounts
        What was counted of its rows.
    added : bool
        Whether the rows were added to a store. Equal rows are then looked for among them alone.
    """
    warnings = []
    if counts.by_reference.parts:
        warnings.append(
            f"{counts.by_reference.parts:,} rows share customer, type and reference with others and differ from them: "
            "they are kept as events of their own; if they are lines of one order give --one-event-per reference, if "
            "the last of them counts --replace-references"
        )
    purchases = int(counts.kinds[KIND_CODES["purchase"]])
    if purchases and not counts.paid_purchases:
        warnings.append(
            f"none of {purchases:,} purchases has an amount, so what was spent is not known: if the source has a "
            "column for it give --map amount=NAME"
        )
    if store is None or not store.n_events:
        return warnings
    checks = _returning_customers(store), _busy_customer(store), "" if added else _repeated_rows(store)
    first, by_day = _events_by_day(store)
    ids = id_warnings(store.customer_ids)
    return [*warnings, *(text for text in checks if text), *ids, *date_warnings(first, by_day)]


def _events_by_day(store: EventStore) -> tuple[int, NDArray[np.int64]]:
    """Return the first day, and the number of events of each day from it on."""
    parts = []
    for bucket in buckets_in_turn(store):
        if bucket.n_events:
            days = bucket.columns["day"]
            start = int(days.min())
            parts.append((start, np.bincount(days - start)))
    first = min(start for start, _ in parts)
    total = np.zeros(max(start + len(counts) for start, counts in parts) - first, np.int64)
    for start, counts in parts:
        total[start - first :][: len(counts)] += counts
    return first, total


def _returning_customers(store: EventStore) -> str:
    customers, returning, firsts, lasts = store.n_customers, 0, [], []
    for part in buckets_in_turn(store):
        days, offsets = part.columns["day"], part.offsets
        first, last = days[offsets[:-1]], days[offsets[1:] - 1]
        returning += int(np.count_nonzero(first != last))
        firsts.append(first.min(initial=np.iinfo(np.int32).max))
        lasts.append(last.max(initial=np.iinfo(np.int32).min))
    if customers < FEW_CUSTOMERS or int(max(lasts)) - int(min(firsts)) < 30 or returning > 0.01 * customers:
        return ""
    return (
        f"{returning:,} of {customers:,} customers have events on more than one day: hardly anybody comes back; is the "
        "column of customers one of order numbers?"
    )


def _busy_customer(store: EventStore) -> str:
    counts = np.diff(store.offsets)
    busiest, total = int(counts.argmax()), store.n_events
    if len(counts) < 10 or counts[busiest] < max(BUSY_SHARE * total, 50):
        return ""
    return (
        f"customer {store.customer_ids[busiest].as_py()!r} has {counts[busiest] / total:.0%} of all events "
        f"({counts[busiest]:,} of {total:,}): if the id stands for nobody, give it as --nobody"
    )


def _repeated_rows(store: EventStore) -> str:
    repeated, total = sum(_count_repeated(bucket) for bucket in buckets_in_turn(store)), store.n_events
    if not repeated or repeated < REPEATED_SHARE * total:
        return ""
    return (
        f"{repeated:,} of {total:,} events are equal in full to another one and count again: if the source "
        "repeats rows, map its own ids as reference, or take the repeats out"
    )


def _count_repeated(store: EventStore) -> int:
    """Count rows equal in full; the rows of a customer are sorted, so that equal ones are neighbours."""
    times = store.columns["time"]
    rows = np.flatnonzero(times[1:] == times[:-1]) + 1
    starts = np.zeros(store.n_events + 1, bool)
    starts[store.offsets] = True
    rows = rows[~starts[rows]]
    for name in ("kind", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty"):
        column = store.columns[name]
        rows = rows[column[rows] == column[rows - 1]]
    if store.recorded:  # versions of one event may be equal
        until = store.columns["known_until"]
        rows = rows[(until[rows] == ABSENT["known_until"]) & (until[rows - 1] == ABSENT["known_until"])]
    return len(rows)


def date_warnings(first: int, counts: NDArray[np.int64]) -> list[str]:
    """Return the warnings about days far from all others, and about days without any event.

    Parameters
    ----------
    first : int
        The first day, counted from 1970-01-01.
    counts : numpy.ndarray of int64, shape (days,)
        The events of each day from it on; those of the first and of the last are not 0.
    """
    total = int(counts.sum())
    active = np.flatnonzero(counts)
    gaps = np.diff(active)
    warnings = []
    for place in np.flatnonzero(gaps > FAR_DAYS).tolist():
        before, after = int(counts[: active[place] + 1].sum()), int(counts[active[place + 1] :].sum())
        if min(before, after) <= FAR_SHARE * total:
            at_start = before <= after
            edge = _day(first + int(active[place] if at_start else active[place + 1]))
            where = f"up to {edge}" if at_start else f"from {edge} on"
            warnings.append(
                f"{min(before, after):,} of {total:,} events, {where}, are {int(gaps[place]):,} days from all "
                "others: correct their dates, or leave them out"
            )
            active = active[place + 1 :] if at_start else active[: place + 1]
            return [*warnings, *_gap(active, first, counts)]
    return [*warnings, *_gap(active, first, counts)]


def _gap(active: NDArray[np.int64], first: int, counts: NDArray[np.int64]) -> list[str]:
    """Return a warning of the longest time without any event, if days of it usually have some."""
    if len(active) < 2:
        return []
    start, end = int(active[0]), int(active[-1])
    has_events = counts[start : end + 1] > 0
    weekday = (np.arange(start, end + 1) + first) % 7
    weeks = np.bincount(weekday, minlength=7)
    usual = np.bincount(weekday, weights=has_events, minlength=7) / np.maximum(weeks, 1)
    missing = ~has_events & (usual[weekday] >= USUAL)
    gaps = np.diff(active)
    longest = int(gaps.argmax())
    days = int(gaps[longest]) - 1
    begin = int(active[longest]) + 1
    is_dense = missing[begin - start : begin - start + days].sum() >= 3
    if days < GAP_DAYS or not (is_dense or days > max(30, 10 * np.median(gaps))):
        return []
    others = int(missing.sum() - missing[begin - start : begin - start + days].sum())
    more = f", and {counted(others, 'more day')} whose weekday usually has some" if others else ""
    return [
        f"no event for {days:,} days, from {_day(first + begin)} to {_day(first + begin + days - 1)}{more}: is a file "
        "missing?"
    ]


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()


def addition_warnings(merged: Merged) -> list[str]:
    """Return a warning for each reading of rows added to a store that may be wrong."""
    warnings = []
    if merged.differing:
        warnings.append(
            f"{merged.differing:,} rows have references that the store has with other content and no later "
            "recorded_at: they are kept as events of their own; if they are corrections, take them back with regulars "
            "store rollback and append them with recorded_at or --replace-references"
        )
    if merged.repeated:
        warnings.append(
            f"{merged.repeated:,} rows without a reference are equal in full to another row of this addition and "
            "count again: if the source repeats rows, map its own ids as reference, or take the repeats out"
        )
    return warnings
