"""What is generated for sales, and only where a feature needs it."""

from features.definitions.registry import FeatureSet, default_features
from features.definitions.specs import Aggregate, CausalColumn, Family, FeatureColumn
from features.engines.codegen import generate_source, scratch_rows
from features.engines.python_engine import customer_features
from features.engines.sales import NAME_ROWS, SALE_ROWS, equal_aggregates, sale_statements
from tests.features.definitions.histories import AS_OF, event


def over_sales(*aggregates: Aggregate) -> FeatureSet:
    """Features that are aggregates over sales as they are."""
    columns = tuple(FeatureColumn(a.name, "x", a.name, a.name) for a in aggregates)
    return FeatureSet((Family("sales", aggregates, columns),))


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
    assert scratch_rows(sales) == len(SALE_ROWS)
    assert scratch_rows(sales, names_sales=True) == len(SALE_ROWS + NAME_ROWS)
    assert sale_statements("visit", [], recorded=False, names_sales=False) == []


def test_customers_without_returns_need_no_loop_over_their_sales() -> None:
    """What is left is then what was bought, of which the built-in aggregates of purchases speak."""
    equal = equal_aggregates(default_features())
    assert equal["cents_left_30"] == "spend_cents_30"
    assert equal["days_left_365"] == "purchase_days_365"
    assert "repeat_cents_left" not in equal
    source = generate_source(False)
    assert source.count("for j in range(_sales)") == 1
    assert source.index("if _changes == 1:") < source.index("for j in range(_sales)")


def test_a_free_purchase_is_no_day_with_something_left() -> None:
    """With or without returns, and whatever else was bought on its day."""
    days = FeatureSet(
        (
            Family(
                "days",
                (
                    Aggregate("days", "purchase", "count", where="new_day == 1"),
                    Aggregate("days_left", "sale", "count", where="new_day_left == 1"),
                ),
                tuple(FeatureColumn(name, "days", name, name) for name in ("days", "days_left")),
                (CausalColumn("new_day", "purchase", "new_day"),),
            ),
        )
    )
    assert equal_aggregates(days) == {"days_left": "days"}
    free, paid = (event("purchase", 9, amount=amount) for amount in (0.0, 1.0))
    for more in ([], [event("return", 1, amount=0.0)]):
        for log, expected in (([free], 0), ([free, paid], 1), ([paid], 1), ([event("purchase", 9)], 1)):
            assert customer_features([*log, *more], AS_OF, features=days)["days_left"] == expected
