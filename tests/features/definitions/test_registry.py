"""The registry: what it lists, in which order, and that every name in a definition means something."""

import re

from features.definitions import AGGREGATES, FAMILIES, FEATURE_COLUMNS, FEATURE_NAMES
from features.definitions.specs import CODES
from features.schema import EVENT_TYPES

EVENT_NAMES = {"day", "age", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty"}
CAUSAL_NAMES = {"purchase": {"new_day", "gap", "after_first_day", "followed_visits"}, "return": {"after_first_day"}}


def names_in(text: str) -> set[str]:
    """The names in a condition or expression, without codes and operators."""
    return set(re.findall(r"[A-Za-z_]\w*", text)) - CODES.keys() - {"and", "or", "not", "sqrt"}


def test_the_lists_are_those_of_the_families_in_order() -> None:
    """Families come in the order of docs/columns.md, and the names are those of the columns."""
    assert [family.name for family in FAMILIES] == ["purchases", "visits", "feedback", "usage", "incentives"]
    assert list(AGGREGATES) == [a for family in FAMILIES for a in family.aggregates]
    assert list(FEATURE_COLUMNS) == [c for family in FAMILIES for c in family.columns]
    assert [c.name for c in FEATURE_COLUMNS] == list(FEATURE_NAMES)


def test_names_are_unique_and_null_rules_told() -> None:
    """No two columns or aggregates share a name; a column says when it is null if and only if it can be."""
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES)
    assert len({a.name for a in AGGREGATES}) == len(AGGREGATES)
    for column in FEATURE_COLUMNS:
        assert column.unit, column.name
        assert column.meaning, column.name
        assert bool(column.null_when) == (column.null_rule != "never null"), column.name


def test_aggregates_read_what_an_event_has() -> None:
    """Conditions and values name columns of the event, or causal columns of its type; event types exist."""
    for a in AGGREGATES:
        assert a.event_type in EVENT_TYPES, a.name
        known = EVENT_NAMES | CAUSAL_NAMES.get(a.event_type, set())
        assert names_in(f"{a.value} {a.where}") <= known, a.name


def test_columns_follow_from_aggregates() -> None:
    """Expressions and null conditions name aggregates and the day of as_of; every aggregate is read by a column."""
    known = {a.name for a in AGGREGATES} | {"as_of_day"}
    read = set()
    for c in FEATURE_COLUMNS:
        names = names_in(f"{c.expression} {c.null_when}")
        assert names <= known, c.name
        read |= names
    assert known - read == set()
