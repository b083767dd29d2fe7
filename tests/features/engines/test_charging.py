"""Returns are charged to sales, by hand: the newest first, of a name before all others, in linear time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.engines.charging import charge, charge_named

amounts = st.lists(st.integers(1, 20), max_size=6)


@given(amounts, st.integers(-1, 150))
def test_the_newest_sales_pay_first(left: list[int], cents: int) -> None:
    """All that is charged is gone from the sales, an older sale pays only when all newer ones are empty."""
    after, sales = list(left), list(range(len(left)))
    unmatched, count = charge(cents, after, sales, len(sales))
    assert sum(left) - sum(after) == cents - unmatched
    assert after[:count] == [*left[: count - 1], after[count - 1]] if count else not any(after)
    assert not any(after[count:])
    assert unmatched == (max(0, cents - sum(left)) if cents >= 0 else cents)


class CountedReads(list[int]):
    """A list that counts how often one of its values is read."""

    reads = 0

    def __getitem__(self, at: Any) -> Any:
        self.reads += 1
        return super().__getitem__(at)


@pytest.mark.parametrize("names", ["one", "each its own", "of no sale"])
@pytest.mark.parametrize("cents", [1, 3, -1])
def test_the_time_of_a_customer_grows_with_their_events(names: str, cents: int) -> None:
    """Sales and returns however they are named: each sale is passed few times, not once for every return."""
    count = 5_000
    own = list(range(1, count + 1))
    sales = [7] * count if names == "one" else own
    wanted = {"one": sales, "each its own": own, "of no sale": [2 * count * n for n in range(2, count + 2)]}[names]
    left = CountedReads([2] * count)
    newest, older = ([0] * (2 * count) for _ in range(2))
    events = list(range(count))
    unmatched, still_open = 0, count
    for at, name in enumerate(wanted):
        first = count if at else -1
        rest = charge_named(cents, name, left, events, sales, newest, older, first, count, 2 * count)
        rest, still_open = charge(rest, left, events, still_open)
        unmatched += rest != 0
    assert left.reads < 20 * count
    without_amount = {"one": count - 1, "each its own": 0, "of no sale": count}
    assert unmatched == {1: 0, 3: count - 2 * count // 3, -1: without_amount[names]}[cents]
