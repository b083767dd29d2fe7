"""What reading a log came to: rows in = kept + quarantined + duplicates, and what is worth a second look."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.schema import EVENT_TYPES

PAID = np.array([name in ("purchase", "return") for name in EVENT_TYPES])
BUCKETS = 12_288
NAMED = 5
EXTREME = (
    "amounts of purchases and returns further above the upper quartile than three times the distance between the "
    "quartiles, on a logarithmic scale, and above eight times the upper quartile; quartiles to within 2 %"
)


@dataclass(frozen=True)
class IngestReport:
    """The report of one reading. Times are UTC; `kinds`, the time span and amounts are those of the rows kept."""

    sources: Sequence[str]
    rows_in: int
    kept: int
    quarantined: int
    quarantined_by_reason: Mapping[str, int]
    duplicates: int
    customers: int
    first_time: str | None
    last_time: str | None
    kinds: Mapping[str, int]
    extreme_amounts: Mapping[str, Any]
    ignored_columns: Sequence[str]
    timezone: str
    assumed: Mapping[str, Mapping[str, str]]
    digest: str

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON takes it."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return the report as people read it."""
        span = f"{self.first_time} to {self.last_time}" if self.kept else "no event and so no time span"
        lines = [
            f"{self.rows_in:,} rows in: {self.kept:,} kept, {self.quarantined:,} quarantined, "
            f"{self.duplicates:,} duplicates",
            f"{self.customers:,} customers, {span}, days counted in {self.timezone}",
        ]
        if self.kept:
            kinds = (f"{count:,} {name}" for name, count in self.kinds.items() if count)
            lines.append("events: " + ", ".join(kinds))
        for source, assumed in self.assumed.items():
            lines.append(f"{source}: " + ", ".join(f"{name} {value!r}" for name, value in assumed.items()))
        if self.ignored_columns:
            lines.append(f"columns not used: {', '.join(self.ignored_columns)}")
        if self.quarantined:
            lines.append("quarantined (quarantine.csv; mend it and read it again beside the log):")
            lines += [f"  {count:,}  {reason}" for reason, count in self.quarantined_by_reason.items()]
        if self.duplicates:
            lines.append(f"{self.duplicates:,} rows are older versions of other rows (duplicates.csv)")
        if self.extreme_amounts["count"]:
            count, limit = self.extreme_amounts["count"], self.extreme_amounts["above"]
            lines.append(f"{count:,} extreme amounts, above {limit:,.2f} (kept); the largest:")
            for event in self.extreme_amounts["largest"]:
                lines.append("  {amount:,.2f}  {event_type} of {customer_id} at {event_time}".format(**event))
        return lines


class RowCounts:
    """Counts the rows as they pass."""

    def __init__(self) -> None:
        self.rows_in = 0
        self.duplicates = 0
        self.kept = 0
        self.kinds = np.zeros(len(EVENT_TYPES), np.int64)
        self.first_time: int | None = None
        self.last_time: int | None = None
        self._amounts = np.zeros(BUCKETS, np.int64)
        self._largest: list[tuple[int, str, int, int]] = []

    def add(self, events: pa.RecordBatch) -> None:
        """Count a batch of checked events; versions that are superseded (with `known_until`) are not kept as rows."""
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
        self._amounts += np.bincount(_bucket(np.maximum(cents, 0)), minlength=BUCKETS)
        least = self._largest[-1][0] if len(self._largest) == NAMED else 0
        large = np.flatnonzero(cents > least)
        if len(large) > NAMED:
            large = large[np.argpartition(cents[large], -NAMED)[-NAMED:]]
        if len(large):
            one = events.take(pa.array(paid[large]))
            named = (one[name].to_pylist() for name in ("customer_id", "time", "kind"))
            found = zip(cents[large].tolist(), *named, strict=True)
            self._largest = heapq.nlargest(NAMED, [*self._largest, *found])

    def extreme_amounts(self) -> dict[str, Any]:
        """Return the rule, the limit it gave, how many kept amounts are above it, and the largest of those."""
        counts = self._amounts.copy()
        counts[_bucket(np.zeros(1, np.int64))] = 0  # none, or nothing paid
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
                "event_time": as_text(time),
                "amount": cents / 100,
            }
            for cents, customer, time, kind in self._largest
            if extreme[_bucket(np.array([cents]))[0]]
        ]
        return {"rule": EXTREME, "above": limit / 100, "count": int(counts[extreme].sum()), "largest": largest}


def as_text(moment: int | None) -> str | None:
    """Return microseconds since 1970 as a time in UTC."""
    return None if moment is None else (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment)).isoformat()


def _bucket(cents: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return numbers that grow with the logarithm of the cents: the exponent and six bits of a float's fraction."""
    return cents.astype(np.float32).view(np.int32) >> 17


def _least(bucket: Any) -> Any:
    """Return the least number of cents in a bucket."""
    return np.left_shift(bucket, 17).astype(np.int32).view(np.float32).astype(np.float64)
