"""The specs of definitions: codes of words, values that stand for nothing, and that a definition cannot be changed."""

from dataclasses import FrozenInstanceError

import pytest

from features.definitions.specs import CODES, FOLLOW_UP_DAYS, NEVER, Aggregate, Family, FeatureColumn
from features.schema import GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_CHANNELS, VISIT_OUTCOMES


def test_codes_are_positions_in_the_words_of_the_log() -> None:
    """Each word of visits and incentives, in capitals, is its position in the store."""
    for words in (VISIT_CHANNELS, GOALS, VISIT_OUTCOMES, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES):
        assert [CODES[word.upper()] for word in words] == list(range(len(words)))
    assert CODES["NEVER"] == NEVER


def test_never_is_outside_every_window() -> None:
    """The day of an event that never happened is millennia before any day that a log may have."""
    assert -NEVER > 20 * 365 * 1_000


def test_defaults_are_a_count_of_all_events_that_is_never_null() -> None:
    """An aggregate without a condition takes every event of its type; a column without one is never null."""
    aggregate = Aggregate("usage_count", "usage", "count")
    assert (aggregate.value, aggregate.where, aggregate.empty) == ("1", "", 0)
    column = FeatureColumn("usage_count", "uses", "uses", "usage_count")
    assert (column.null_when, column.null_rule) == ("", "never null")
    assert Family("usage", (aggregate,), (column,)).columns == (column,)
    with pytest.raises(FrozenInstanceError):
        aggregate.name = "other"  # type: ignore[misc]


def test_the_window_after_a_visit_is_in_the_name_of_its_feature() -> None:
    """The column says how many days after a visit a purchase may follow."""
    from features.definitions import visits

    assert visits.FOLLOWED == f"visits_followed_{FOLLOW_UP_DAYS}" == "visits_followed_14"
