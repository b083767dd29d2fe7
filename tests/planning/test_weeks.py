"""ISO weeks: the Monday of a week, the first week from a day on, and texts that are no weeks."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import PlanError
from planning.weeks import monday_of_week, week_from


@given(st.dates(date(1900, 1, 1), date(2900, 1, 1)))
def test_the_first_week_from_a_day_on_begins_within_seven_days(day: date) -> None:
    """On a Monday, which is the day itself if that is one."""
    monday = monday_of_week(week_from(day))
    assert monday.weekday() == 0
    assert timedelta(0) <= monday - day < timedelta(7)
    assert week_from(monday) == week_from(day)


@pytest.mark.parametrize("text", ["2026-W54", "2025-W53", "2026-W00", "2026-48", "w48", "2026-W1", "2026-W48-1", ""])
def test_a_text_that_is_no_week_is_refused(text: str) -> None:
    """With the way to write one."""
    with pytest.raises(PlanError, match="is no week: write it like 2026-W48"):
        monday_of_week(text)
