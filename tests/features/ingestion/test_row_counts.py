"""Rows are counted as they pass, and extreme amounts are reported."""

import math

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from features.ingestion.row_counts import RowCounts
from features.schema import EVENT_TYPES

PURCHASE, RETURN, VISIT = (EVENT_TYPES.index(name) for name in ("purchase", "return", "visit"))


def batch(
    cents: list[int | None], kinds: list[int] | None = None, known_until: list[int | None] | None = None
) -> pa.RecordBatch:
    size = len(cents)
    columns = {
        "customer_id": pa.array([f"c{i}" for i in range(size)]),
        "time": pa.array(range(size), pa.int64()),
        "kind": pa.array(kinds or [PURCHASE] * size, pa.uint8()),
        "cents": pa.array([-1 if amount is None else amount for amount in cents], pa.int64()),
    }
    if known_until:
        columns["known_until"] = pa.array(known_until, pa.int64())
    return pa.RecordBatch.from_pydict(columns)


def extremes(*batches: pa.RecordBatch) -> dict[str, object]:
    counts = RowCounts()
    for one in batches:
        counts.add(one)
    return counts.extreme_amounts()


def test_a_huge_amount_among_many_is_named() -> None:
    """With whose it was and when; a visit's is none."""
    found = extremes(batch([1000, 2000, None, 1500, 0, 99_999_900, 88_888_800], [PURCHASE] * 5 + [RETURN, VISIT]))
    assert found["count"] == 1
    assert found["largest"] == [
        {
            "customer_id": "c5",
            "event_type": "return",
            "event_time": "1970-01-01T00:00:00.000005+00:00",
            "amount": 999_999.0,
        }
    ]


def test_equal_amounts_and_none_are_not_extreme() -> None:
    """No spread, nothing paid, no rows."""
    assert extremes(batch([1000] * 50))["count"] == 0
    assert extremes(batch([0, None]))["count"] == 0
    assert extremes()["largest"] == []


def test_lognormal_amounts_are_hardly_ever_extreme() -> None:
    """One in a million or so, whatever their spread: the rule is for mistakes."""
    for spread in (0.1, 1.0, 2.0):
        cents = np.exp(np.random.default_rng(1).normal(8, spread, 100_000)).astype(int) + 1
        assert extremes(batch(cents.tolist()))["count"] <= 3  # type: ignore[operator]


@given(st.lists(st.integers(1, 10**14), min_size=1, max_size=60), st.integers(1, 10))
def test_what_is_flagged_is_above_the_limit(cents: list[int], parts: int) -> None:
    """The count is that of the amounts above the limit, to the rounding stated, however the rows come in batches."""
    found = extremes(*(batch(cents[i::parts]) for i in range(parts) if cents[i::parts]))
    again = extremes(batch(cents[::-1]))
    assert (found["above"], found["count"]) == (again["above"], again["count"])
    limit = found["above"] * 100  # type: ignore[operator]
    assert sum(c > limit * 1.02 for c in cents) <= found["count"] <= sum(c > limit for c in cents)  # type: ignore[operator]
    named = [event["amount"] for event in found["largest"]]  # type: ignore[attr-defined]
    assert named == sorted((c / 100 for c in cents), reverse=True)[: len(named)]
    assert len(named) == min(found["count"], 5)  # type: ignore[type-var]
    low, high = sorted(cents)[math.floor(0.25 * (len(cents) - 1))], sorted(cents)[math.floor(0.75 * (len(cents) - 1))]
    assert limit <= high * max(high / low * 1.02, 2) ** 3 * 1.01


def test_superseded_versions_are_not_counted() -> None:
    """They are in the store, but no rows kept."""
    counts = RowCounts()
    counts.add(batch([1, 2], known_until=[None, 5]))
    assert (counts.kept, counts.kinds[PURCHASE], counts.last_time) == (1, 1, 0)
