"""Who is singled out is counted as a loop over all pairs counts them."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InvalidArgumentError
from features.pseudonymisation.uniqueness import FEW, Uniqueness, singled_out_by_one_event, uniqueness
from features.timezones import DAY, business_timezone

VALUES = st.tuples(st.sampled_from([1.0, 2.0, None]), st.sampled_from(["a", None]))


@given(st.lists(VALUES, max_size=20))
def test_groups_are_counted(rows: list[tuple[float | None, str | None]]) -> None:
    """Null is a value like others."""
    columns = list(zip(*rows, strict=True)) if rows else [(), ()]
    table = pa.table({"x": pa.array(columns[0], pa.float64()), "y": pa.array(columns[1], pa.string())})
    sizes = [rows.count(row) for row in rows]
    expected = (len(rows), sizes.count(1), sum(size < FEW for size in sizes), min(sizes, default=0))
    assert uniqueness(table, ["x", "y"]) == Uniqueness(*expected)


EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2), st.sampled_from([1.0, None])), max_size=12)


@given(EVENTS, st.sampled_from(["UTC", "Pacific/Auckland", "America/New_York"]))
def test_one_event_singles_a_customer_out(events: list[tuple[str, int, float | None]], timezone: str) -> None:
    """When nobody else has one of its business day, type and amount; the time of day does not count."""
    midnights, _ = business_timezone(timezone).to_utc(np.array([day * DAY for _, day, _ in events], np.int64))
    table = pa.table(
        {
            "customer_id": pa.array([name for name, _, _ in events], pa.string()),
            "event_time": pa.array(midnights + np.arange(len(events))).cast(pa.timestamp("us", "UTC")),
            "event_type": pa.array(["purchase"] * len(events), pa.string()),
            "amount": pa.array([amount for _, _, amount in events], pa.float64()),
        }
    )
    told = {
        name
        for name, day, amount in events
        if not any(other != name and (day, amount) == (own, paid) for other, own, paid in events)
    }
    assert singled_out_by_one_event(table, timezone) == len(told)


def test_an_unknown_column_is_named() -> None:
    """With the nearest one that there is."""
    with pytest.raises(InvalidArgumentError, match="'frequenzy'"):
        uniqueness(pa.table({"frequency": [1.0]}), ["frequenzy"])
