"""Verdicts by the interval of a difference."""

import math

from hypothesis import given
from hypothesis import strategies as st

from reporting.verdicts import verdict

ENDS = st.floats(-1e9, 1e9)


@given(ENDS, ENDS)
def test_a_side_is_ahead_where_the_whole_interval_is(one: float, other: float) -> None:
    """Swapping the sides swaps the verdict; an interval that holds 0 decides nothing."""
    low, high = sorted((one, other))
    swapped = {"model": "rule", "rule": "model", "open": "open"}
    assert verdict(-high, -low) == swapped[verdict(low, high)]
    assert (verdict(low, high) == "open") == (low <= 0 <= high)


def test_no_interval_is_open() -> None:
    """A group of one customer has none."""
    assert verdict(math.nan, math.nan) == "open"
