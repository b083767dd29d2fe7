"""The types of /plans have the words and columns of plans and records."""

from typing import get_args

from planning.record_rows import ENTERED, SKIP_REASONS, STATUSES, TEXTS
from planning.record_versions import SEEN, SUPERSEDED, USED
from serving.api.plan_bodies import OUTCOMES
from serving.plan_types import PlanItem, PlanRecord, RecordedRow, SkipReason, Status
from serving.plans import ITEM_SCHEMA


def test_the_words_are_those_of_records() -> None:
    """Statuses, reasons, and what becomes of a record."""
    assert get_args(Status) == STATUSES
    assert get_args(SkipReason) == SKIP_REASONS
    assert set(OUTCOMES) == {USED, SEEN, SUPERSEDED}
    assert set(OUTCOMES.values()) == set(get_args(RecordedRow.__annotations__["outcome"]))


def test_the_fields_are_the_columns() -> None:
    """Of the rows of a plan for people, and of the rows of a rep's workbook."""
    assert PlanItem.__struct_fields__ == tuple(ITEM_SCHEMA.names)
    ids = ("plan_item", "customer_id", "event_type", "channel", "recorded_at")
    assert set(PlanRecord.__struct_fields__) == {*ids, *ENTERED, *TEXTS}
