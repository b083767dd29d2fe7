"""What may be wrong with a log as a whole, although each of its rows is valid."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.ingestion.event_versions import EventRows
from features.store.layout import ABSENT

FEW_CUSTOMERS = 30
BUSY_SHARE = 0.2
REPEATED_SHARE = 0.001
GAP_DAYS = 7
USUAL = 0.8
"""The share of weeks in which a weekday has events that makes its days without any worth a warning."""
FAR_DAYS = 365
FAR_SHARE = 0.01
EPOCH = date(1970, 1, 1)


def log_warnings(folder: Path, by_reference: EventRows) -> list[str]:
    """Return the warnings about a log, each one line with its figure and what to do.

    Parameters
    ----------
    folder : Path
        The data folder of its store.
    by_reference : EventRows
        How many rows were versions, line items and parts.
    """
    warnings = []
    if by_reference.parts:
        warnings.append(
            f"{by_reference.parts:,} rows share customer, type and reference with others and differ from them: "
            "they are kept as events of their own; if they are lines of one order give --one-event-per reference, if "
            "the last of them counts --replace-references"
        )
    if not (folder / "day.npy").exists():  # an addition that changes nothing writes nothing
        return warnings
    days, offsets = np.load(folder / "day.npy", mmap_mode="r"), np.load(folder / "offsets.npy")
    if not len(days):
        return warnings
    checks = _returning_customers(days, offsets), _busy_customer(folder, offsets), _repeated_rows(folder, offsets)
    return [*warnings, *(text for text in checks if text), *date_warnings(days)]


def _returning_customers(days: NDArray[np.int32], offsets: NDArray[np.int64]) -> str:
    customers = len(offsets) - 1
    first, last = days[offsets[:-1]], days[offsets[1:] - 1]
    returning = int(np.count_nonzero(first != last))
    if customers < FEW_CUSTOMERS or int(last.max()) - int(first.min()) < 30 or returning > 0.01 * customers:
        return ""
    return (
        f"{returning:,} of {customers:,} customers have events on more than one day: hardly anybody comes back; is the "
        "column of customers one of order numbers?"
    )


def _busy_customer(folder: Path, offsets: NDArray[np.int64]) -> str:
    counts = np.diff(offsets)
    busiest, total = int(counts.argmax()), int(counts.sum())
    if len(counts) < 10 or counts[busiest] < max(BUSY_SHARE * total, 50):
        return ""
    with pa.ipc.open_file(folder / "customers.arrow") as file:
        customer = file.read_all()["customer_id"][busiest].as_py()
    return (
        f"customer {customer!r} has {counts[busiest] / total:.0%} of all events ({counts[busiest]:,} of {total:,}): if "
        "the id stands for nobody, give it as --nobody"
    )


def _repeated_rows(folder: Path, offsets: NDArray[np.int64]) -> str:
    """Look for rows equal in full; the rows of a customer are sorted, so that equal ones are neighbours."""
    times = np.load(folder / "time.npy", mmap_mode="r")
    rows = np.flatnonzero(times[1:] == times[:-1]) + 1
    rows = rows[~np.isin(rows, offsets)]
    for name in ("kind", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty"):
        column = np.load(folder / f"{name}.npy", mmap_mode="r")
        rows = rows[column[rows] == column[rows - 1]]
    if (folder / "known_until.npy").exists():  # versions of one event may be equal
        until = np.load(folder / "known_until.npy", mmap_mode="r")
        rows = rows[(until[rows] == ABSENT["known_until"]) & (until[rows - 1] == ABSENT["known_until"])]
    if not len(rows) or len(rows) < REPEATED_SHARE * len(times):
        return ""
    return (
        f"{len(rows):,} of {len(times):,} events are equal in full to another one and count again: if the source "
        "repeats rows, map its own ids as reference, or take the repeats out"
    )


def date_warnings(days: NDArray[np.int32]) -> list[str]:
    """Return the warnings about days far from all others, and about days without any event."""
    first = int(days.min())
    counts = np.bincount(days - first)
    active = np.flatnonzero(counts)
    gaps = np.diff(active)
    warnings = []
    for place in np.flatnonzero(gaps > FAR_DAYS).tolist():
        before, after = int(counts[: active[place] + 1].sum()), int(counts[active[place + 1] :].sum())
        if min(before, after) <= FAR_SHARE * len(days):
            at_start = before <= after
            edge = _day(first + int(active[place] if at_start else active[place + 1]))
            where = f"up to {edge}" if at_start else f"from {edge} on"
            warnings.append(
                f"{min(before, after):,} of {len(days):,} events, {where}, are {int(gaps[place]):,} days from all "
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
    more = f", and {others:,} more days whose weekday usually has some" if others else ""
    return [
        f"no event for {days:,} days, from {_day(first + begin)} to {_day(first + begin + days - 1)}{more}: is a file "
        "missing?"
    ]


def _day(number: int) -> str:
    return (EPOCH + timedelta(days=number)).isoformat()
