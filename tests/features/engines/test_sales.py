"""Returns are charged to sales: the functions by hand, and what is generated only where a feature needs it."""

from hypothesis import given
from hypothesis import strategies as st

from features.definitions.registry import FeatureSet
from features.definitions.specs import Aggregate, Family, FeatureColumn
from features.engines.codegen import generate_source, scratch_rows
from features.engines.python_engine import customer_features
from features.engines.sales import SALE_ROWS, charge, initial_sales, sale_statements
from tests.features.definitions.histories import AS_OF, event

amounts = st.lists(st.integers(1, 20), max_size=6)


def over_sales(*aggregates: Aggregate) -> FeatureSet:
    """Features that are aggregates over sales as they are."""
    columns = tuple(FeatureColumn(a.name, "x", a.name, a.name) for a in aggregates)
    return FeatureSet((Family("sales", aggregates, columns),))


@given(amounts, st.integers(-1, 150))
def test_the_newest_sales_pay_first(left: list[int], cents: int) -> None:
    """All that is charged is gone from the sales, an older sale pays only when all newer ones are empty."""
    after, sales = list(left), list(range(len(left)))
    unmatched, count = charge(cents, after, sales, len(sales))
    assert sum(left) - sum(after) == cents - unmatched
    assert after[:count] == [*left[: count - 1], after[count - 1]] if count else not any(after)
    assert not any(after[count:])
    assert unmatched == (max(0, cents - sum(left)) if cents >= 0 else cents)


def test_any_aggregate_over_sales_can_be_defined() -> None:
    """The least, the last and the median of what is left, and the ages of sales that were kept."""
    features = over_sales(
        Aggregate("least", "sale", "min", "left", "left >= 0", empty=10**14),
        Aggregate("latest", "sale", "last", "left", "left >= 0"),
        Aggregate("median_left", "sale", "median", "left", "left > 0"),
        Aggregate("kept_ages", "sale", "sum", "age", "new_day_left == 1"),
        Aggregate("late", "sale", "count", where="after_first_day == 1 and age <= 30"),
    )
    log = [event("purchase", days, amount=float(days)) for days in (50, 40, 20, 10)]
    found = customer_features([*log, event("return", 9, amount=12.0)], AS_OF, features=features)
    assert [found[name] for name in ("least", "latest", "median_left", "late")] == [0, 0, 4000, 2]
    assert found["kept_ages"] == 50 + 40 + 20


def test_what_no_feature_needs_is_not_generated() -> None:
    """Without aggregates over sales there is no second loop and no scratch space for it."""
    uses = Aggregate("uses", "usage", "count")
    plain = FeatureSet((Family("uses", (uses,), (FeatureColumn("uses", "x", "x", "uses"),)),))
    assert "sale" not in generate_source(False, plain)
    assert scratch_rows(plain) == 0
    sales = over_sales(Aggregate("sales", "sale", "count"))
    assert "# purchase\n" in generate_source(False, sales)
    assert scratch_rows(sales) == len(SALE_ROWS) == len(initial_sales(0)) - 2
    assert sale_statements("visit", []) == []
