"""Ranges of customers: each customer in one, none larger than asked for."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from features.partitions.customer_ranges import customer_ranges
from features.store.event_store import Bucket, EventStore


def store_of(*counts: list[int]) -> EventStore:
    """A store of buckets whose customers have so many events."""
    stores = [
        EventStore(None, {}, np.concatenate(([0], np.cumsum(each))).astype(np.int64), {}, None) for each in counts
    ]  # type: ignore[arg-type]
    parts = tuple(Bucket(np.arange(len(each)), store) for each, store in zip(counts, stores, strict=True))
    return EventStore(None, {}, np.zeros(1, np.int64), {}, None, parts=parts)  # type: ignore[arg-type]


@given(
    st.lists(st.lists(st.integers(1, 30), max_size=12), min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 40)
)
def test_every_customer_is_in_one_range(counts: list[list[int]], customers: int, events: int) -> None:
    """In order, without gaps; a range has at most as many customers and events as asked for, or one customer."""
    ranges = customer_ranges(store_of(*counts), customers, events)
    for bucket, of_bucket in enumerate(counts):
        own = [each for each in ranges if each.bucket == bucket]
        assert [each.number for each in own] == list(range(len(own)))
        positions = [position for each in own for position in range(each.first, each.last)]
        assert positions == list(range(len(of_bucket)))
        for each in own:
            assert each.last - each.first <= customers
            assert sum(of_bucket[each.first : each.last]) <= events or each.last - each.first == 1


def test_a_customer_of_many_events_is_a_range_of_its_own() -> None:
    """It does not hold up others; an empty bucket has one range, so that its part is written."""
    ranges = customer_ranges(store_of([1, 100, 1, 1], []), customers=10, events=10)
    assert [(each.bucket, each.first, each.last) for each in ranges] == [(0, 0, 1), (0, 1, 2), (0, 2, 4), (1, 0, 0)]
