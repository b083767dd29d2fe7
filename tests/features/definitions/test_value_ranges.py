"""Which values definitions can give: ranges hold every value, and signs and divisors are found."""

from itertools import product

import pytest

from features.definitions.expressions import parse
from features.definitions.specs import Aggregate, FeatureColumn
from features.definitions.value_ranges import (
    aggregate_range,
    can_be_negative,
    cases,
    column_limits,
    kind_of_aggregate,
    narrowed,
    range_of,
)
from features.errors import DefinitionError

AGGREGATES = {
    "few": Aggregate("few", "usage", "count", where="age <= 7"),
    "many": Aggregate("many", "usage", "count"),
    "recent": Aggregate("recent", "usage", "count", where="age <= 7 and day > 5"),
    "bought": Aggregate("bought", "purchase", "sum", "cents", "cents >= 0"),
    "middle": Aggregate("middle", "purchase", "median", "cents", "cents >= 0"),
}
RANGES = {"few": (1, 9), "many": (1, 9), "recent": (1, 9), "bought": (0, 900), "middle": (0, 9)}


def column(expression: str, null_when: str = "", unit: str = "uses", **fields: float) -> FeatureColumn:
    """A column of the aggregates above."""
    return FeatureColumn("x", unit, "x", expression, null_when, "", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a + b", "a - b", "a * b", "-a * 3", "a * a", "b * b - a", "(a - b) * (b - 2)", "+a"])
def test_a_range_holds_every_value(text: str) -> None:
    """All values of the expression, over all values of its names, lie in the range."""
    ranges = {"a": (-2, 3), "b": (1, 4)}
    low, high = range_of(parse(text), ranges)
    values = [eval(text, {"a": a, "b": b}) for a, b in product(range(-2, 4), range(1, 5))]
    assert low <= min(values) <= max(values) <= high
    assert range_of(parse("a * a"), ranges) == (0, 9)


def test_conditions_narrow_the_ranges() -> None:
    """Those joined by `and` do; of an either-or neither does."""
    ranges = {"a": (-9, 9), "b": (-9, 9)}
    assert narrowed(ranges, "a >= 0 and b < 5 and a <= 7") == {"a": (0, 7), "b": (-9, 4)}
    assert narrowed(ranges, "a > 0 and b == 3") == {"a": (1, 9), "b": (3, 3)}
    assert narrowed(ranges, "a > 0 or b > 0") == narrowed(ranges, "") == ranges


def test_an_aggregate_of_events_counts_at_least_one() -> None:
    """A count is 1 or more, a sum between its values and a thousand of them, a minimum one of them."""
    ranges = {"cents": (-1, 100)}
    assert aggregate_range(AGGREGATES["many"], ranges)[0] == 1
    assert aggregate_range(AGGREGATES["bought"], ranges) == (0, 100_000)
    assert aggregate_range(Aggregate("x", "purchase", "min", "cents", "cents > 3"), ranges) == (4, 100)


def test_fewer_events_are_none_where_more_are_none() -> None:
    """Aggregates under one condition are empty together, one under a further condition is empty first."""
    found = list(cases(column("few + recent + bought"), AGGREGATES, RANGES))
    assert all(case["few"] > 0 or case["recent"] == 0 for case in found)
    assert any(case["few"] == 0 and case["bought"] > 0 for case in found)
    assert any(case["few"] > 0 and case["recent"] == 0 for case in found)


@pytest.mark.parametrize(
    ("expression", "null_when", "negative"),
    [
        ("few", "", False),
        ("2 * few - many", "", True),
        ("5 - few", "", True),
        ("bought / many", "many == 0", False),
        ("few / many - 1", "many == 0", True),
        ("sqrt(few * many)", "", False),
        ("-many", "many > 0", False),
    ],
)
def test_what_can_be_negative(expression: str, null_when: str, negative: bool) -> None:
    """A difference can; a count, a share and a root cannot; where a column is null it is nothing."""
    assert can_be_negative(column(expression, null_when), AGGREGATES, RANGES) is negative


def test_a_divisor_that_can_be_0_is_named() -> None:
    """The first one, as it is written."""
    with pytest.raises(DefinitionError, match=r"^few \+ bought can be 0 where the column is not null"):
        can_be_negative(column("many / (few + bought)", "many == 0"), AGGREGATES, RANGES)


def test_limits_follow_from_unit_and_expression_unless_the_definition_says_so() -> None:
    """Sign and wholeness are derived; each can be stated."""

    def limits(expression: str, null_when: str = "", unit: str = "uses", **fields: float) -> tuple[float, float, bool]:
        return column_limits(column(expression, null_when, unit, **fields), AGGREGATES, RANGES)

    assert limits("many") == (0.0, 1e9, True)
    assert limits("few - many") == (-1e9, 1e9, True)
    assert limits("few - many", signed=False) == (0.0, 1e9, True)
    assert limits("many", signed=True, maximum=5) == (-5.0, 5.0, True)
    assert limits("many", minimum=1, whole=False) == (1.0, 1e9, False)
    assert limits("middle", unit="days") == (0.0, 110166.0, False)
    assert limits("bought / 100", unit="currency") == (0.0, 1e15, False)
    assert kind_of_aggregate(AGGREGATES["middle"]) == "fraction"
