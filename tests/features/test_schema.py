"""The contract is whole, and says what the design says."""

from features.schema import EVENT_TYPES, LOG_COLUMN_NAMES, LOG_COLUMNS, REQUIRED_LOG_COLUMNS, VISIT_CHANNELS


def test_the_columns_are_those_of_the_log() -> None:
    """Three are required; each says what it means."""
    assert REQUIRED_LOG_COLUMNS == ("customer_id", "event_time", "event_type")
    assert len(set(LOG_COLUMN_NAMES)) == len(LOG_COLUMNS) == 14
    assert all(column.meaning for column in LOG_COLUMNS)


def test_at_one_moment_a_visit_comes_before_what_it_leads_to() -> None:
    """The order of the types is the order of ties."""
    assert sorted(EVENT_TYPES) == sorted(["purchase", "return", "visit", "feedback", "usage", "incentive"])
    assert EVENT_TYPES.index("visit") < EVENT_TYPES.index("incentive") < EVENT_TYPES.index("purchase")
    assert EVENT_TYPES.index("purchase") < EVENT_TYPES.index("return") < EVENT_TYPES.index("feedback")


def test_no_word_is_written_twice() -> None:
    """A contract column's meaning names every word it may hold."""
    channel = next(column for column in LOG_COLUMNS if column.name == "channel")
    assert all(word in channel.meaning for word in VISIT_CHANNELS)
