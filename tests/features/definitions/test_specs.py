"""The specs of definitions: values that stand for nothing, defaults, and that a definition cannot be changed."""

from dataclasses import FrozenInstanceError

import pytest

from features.definitions import visits
from features.definitions.specs import NEVER, Aggregate, CausalColumn, Constraint, Family, FeatureColumn


def test_never_is_outside_every_window() -> None:
    """The day of an event that never happened is millennia before any day that a log may have."""
    assert -NEVER > 20 * 365 * 1_000


def test_defaults_are_a_count_of_all_events_that_is_never_null() -> None:
    """An aggregate without a condition takes every event of its type; a column without one is never null."""
    aggregate = Aggregate("usage_count", "usage", "count")
    assert (aggregate.value, aggregate.where, aggregate.empty) == ("1", "", 0)
    column = FeatureColumn("usage_count", "uses", "uses", "usage_count")
    assert (column.null_when, column.null_rule, column.covariate) == ("", "never null", "")
    assert (column.signed, column.whole, column.minimum, column.maximum) == (None, None, None, None)
    family = Family("usage", (aggregate,), (column,))
    assert (family.columns, family.causal, family.constraints, family.origin) == ((column,), (), (), "")
    with pytest.raises(FrozenInstanceError):
        aggregate.name = "other"  # type: ignore[misc]
    assert Constraint("T", "T > 1", "is").column == "T"


def test_a_causal_column_looks_at_events_of_its_own_type_by_default() -> None:
    """`of` names another type."""
    assert CausalColumn("gap", "deposit", "gap").source == "deposit"
    assert CausalColumn("followed", "purchase", "followed", of="visit", days=14).source == "visit"


def test_the_window_after_a_visit_is_in_the_name_of_its_feature() -> None:
    """The column says how many days after a visit a purchase may follow."""
    assert visits.CAUSAL[0].days == visits.FOLLOW_UP_DAYS
    assert visits.FOLLOWED == f"visits_followed_{visits.FOLLOW_UP_DAYS}" == "visits_followed_14"
