"""A log with plans has one column more."""

from features.simulate.log_schema import LOG_SCHEMA, PLAN_SCHEMA


def test_plan_item_is_the_only_difference() -> None:
    """`plan_item` stands before `recorded_at`; the other columns and their types are the same."""
    assert [field for field in PLAN_SCHEMA if field.name != "plan_item"] == list(LOG_SCHEMA)
    assert PLAN_SCHEMA.names[-2:] == ["plan_item", "recorded_at"]
