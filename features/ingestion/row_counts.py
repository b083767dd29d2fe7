"""Counts the rows of a log, and finds extreme amounts among them."""

import heapq
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.event_versions import EventRows
from features.schema import EVENT_TYPES, WORDS
from features.store.layout import KIND_CODES

PAID = np.array([name in WORDS.amounts for name in EVENT_TYPES])
BUCKETS = 12_288
LARGEST = 5
MONEY = [f"{name}s" for name in WORDS.amounts]
EXTREME = (
    f"amounts of {', '.join(MONEY[:-1])} and {MONEY[-1]} further above the upper quartile than three times the "
    "distance between the quartiles, on a logarithmic scale, and above eight times the upper quartile; "
    "quartiles to within 2 %"
)


class RowCounts:
    """Counts rows as they pass, and keeps what the report says about amounts.

    Attributes
    ----------
    rows_in, left_out, suppressed, expired, kept : int
        Rows read; rows that the profile leaves out; rows of erased customers; rows that are too old for the store; rows
        in the store that are the event.
    removed_by_source : collections.Counter of int
        Rows of erased customers and rows that are too old, by the number of their source.
    rows_by_source : collections.Counter of int
        Rows read, by the number of their source.
    stored : collections.Counter of int
        Rows for the store, earlier versions of events too, by the number of their source.
    added : int
        Returns made of what rows say was given back of their amount.
    by_reference : EventRows
        Rows that another row replaced, that were added to another, and that share a reference with others.
    kinds : numpy.ndarray of int64, shape (event types,)
        Kept rows by event type.
    paid_purchases : int
        Kept purchases with an amount.
    first_time, last_time : int or None
        Of the kept rows, microseconds since 1970-01-01 UTC.
    """

    def __init__(self) -> None:
        self.rows_in = 0
        self.rows_by_source: Counter[int] = Counter()
        self.stored: Counter[int] = Counter()
        self.left_out = 0
        self.suppressed = 0
        self.expired = 0
        self.removed_by_source: Counter[int] = Counter()
        self.added = 0
        self.by_reference = EventRows()
        self.kept = 0
        self.kinds = np.zeros(len(EVENT_TYPES), np.int64)
        self.paid_purchases = 0
        self.seen = 0
        self.spans: dict[int, tuple[int, int, int]] = {}
        self.first_time: int | None = None
        self.last_time: int | None = None
        self._amounts = np.zeros(BUCKETS, np.int64)
        self._largest: list[tuple[int, str, int, int]] = []

    def add_source(self, events: pa.RecordBatch) -> None:
        """Count a batch of valid events of one source, with its number in `source`, for that source."""
        times = pc.min_max(events["time"]).as_py()
        self._add_span(events["source"][0].as_py(), (len(events), times["min"], times["max"]))

    def _add_span(self, number: int, span: tuple[int, int, int]) -> None:
        rows, first, last = self.spans.get(number, (0, *span[1:]))
        self.spans[number] = (rows + span[0], min(first, span[1]), max(last, span[2]))

    def add(self, events: pa.RecordBatch) -> None:
        """Count a batch of valid events; replaced versions (those with `known_until`) are not counted as kept."""
        if "source" in events.schema.names:
            numbers, sizes = np.unique(events["source"].to_numpy(), return_counts=True)
            self.stored.update(dict(zip(numbers.tolist(), sizes.tolist(), strict=True)))
        if "known_until" in events.schema.names and events["known_until"].null_count < len(events):
            events = events.filter(events["known_until"].is_null())
        if not len(events):
            return
        self.kept += len(events)
        kinds = events["kind"].to_numpy()
        self.kinds += np.bincount(kinds, minlength=len(EVENT_TYPES))
        times = pc.min_max(events["time"]).as_py()
        self.first_time = times["min"] if self.first_time is None else min(self.first_time, times["min"])
        self.last_time = times["max"] if self.last_time is None else max(self.last_time, times["max"])
        paid = np.flatnonzero(PAID[kinds])
        cents = events["cents"].to_numpy()[paid]
        self.paid_purchases += int(np.count_nonzero(cents[kinds[paid] == KIND_CODES["purchase"]] >= 0))
        self._amounts += np.bincount(_bucket(np.maximum(cents, 0)), minlength=BUCKETS)
        least = self._largest[-1][0] if len(self._largest) == LARGEST else 0
        large = np.flatnonzero(cents > least)
        if len(large) > LARGEST:
            large = large[np.argpartition(cents[large], -LARGEST)[-LARGEST:]]
        if len(large):
            chosen = events.take(pa.array(paid[large]))
            columns = (chosen[name].to_pylist() for name in ("customer_id", "time", "kind"))
            amounts = zip(cents[large].tolist(), *columns, strict=True)
            self._largest = heapq.nlargest(LARGEST, [*self._largest, *amounts])

    def merge(self, other: "RowCounts") -> None:
        """Add what was counted elsewhere, of other rows."""
        for name in ("rows_in", "left_out", "suppressed", "expired", "added", "kept", "paid_purchases", "seen"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.rows_by_source.update(other.rows_by_source)
        self.removed_by_source.update(other.removed_by_source)
        self.stored.update(other.stored)
        for number, span in other.spans.items():
            self._add_span(number, span)
        self.by_reference = EventRows(*map(sum, zip(self.by_reference, other.by_reference, strict=True)))
        self.kinds += other.kinds
        self._amounts += other._amounts
        self.first_time, self.last_time = (
            choose((time for time in times if time is not None), default=None)
            for choose, times in (
                (min, (self.first_time, other.first_time)),
                (max, (self.last_time, other.last_time)),
            )
        )
        self._largest = heapq.nlargest(LARGEST, [*self._largest, *other._largest])

    def extreme_amounts(self) -> dict[str, Any]:
        """Return the rule for extreme amounts, its limit, the number of kept amounts above it, and the largest."""
        counts = self._amounts.copy()
        counts[_bucket(np.zeros(1, np.int64))] = 0  # absent, or nothing paid
        if not counts.sum():
            return {"rule": EXTREME, "above": None, "count": 0, "largest": []}
        below = np.cumsum(counts)
        low, high = (
            _least(int(np.searchsorted(below, int(share * (below[-1] - 1)), "right"))) for share in (0.25, 0.75)
        )
        limit = high * max(high / low, 2.0) ** 3
        extreme = _least(np.arange(BUCKETS)) > limit
        largest = [
            {
                "customer_id": customer,
                "event_type": EVENT_TYPES[kind],
                "event_time": utc_text(time),
                "amount": cents / 100,
            }
            for cents, customer, time, kind in self._largest
            if extreme[_bucket(np.array([cents]))[0]]
        ]
        return {"rule": EXTREME, "above": limit / 100, "count": int(counts[extreme].sum()), "largest": largest}


def utc_text(time: int | None) -> str | None:
    """Return microseconds since 1970 as a time in UTC."""
    return None if time is None else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)).isoformat()


def zone_text(time: int | str | None, timezone: str) -> str:
    """Return microseconds since 1970, or a time in UTC as text, as a time on the clock of a zone; "-" for None.

    Examples
    --------
    >>> zone_text(0, "Europe/Berlin"), zone_text("1970-07-01T00:00:00+00:00", "UTC")
    ('1970-01-01T01:00:00+01:00', '1970-07-01T00:00:00+00:00')
    """
    text = time if isinstance(time, str) else utc_text(time)
    return "-" if text is None else datetime.fromisoformat(text).astimezone(ZoneInfo(timezone)).isoformat()


def _bucket(cents: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return numbers that grow with the logarithm of the cents: the exponent and six bits of a float's fraction."""
    return cents.astype(np.float32).view(np.int32) >> 17


def _least(bucket: Any) -> Any:
    """Return the least number of cents in a bucket."""
    return np.left_shift(bucket, 17).astype(np.int32).view(np.float32).astype(np.float64)
