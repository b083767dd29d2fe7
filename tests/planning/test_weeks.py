"""ISO weeks: the Monday of a week, the first week from a day on, and texts that are no weeks."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import PlanError
from planning.weeks import (
    check_week,
    days_over,
    far_week_warning,
    monday_of_week,
    past_week_warning,
    week_from,
)


@given(st.dates(date(1900, 1, 1), date(2200, 12, 1)))
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


@pytest.mark.parametrize("text", ["1899-W01", "2201-W01", "9999-W52", "0000-W01"])
def test_a_week_of_no_log_is_refused(text: str) -> None:
    """Years as the event log takes them."""
    with pytest.raises(PlanError, match=r"outside the years 1900 to 2200|is no week"):
        monday_of_week(text)


@given(st.dates(date(1901, 1, 1), date(2199, 12, 1)), st.integers(1, 7))
def test_a_week_is_refused_once_its_working_days_are_over(day: date, working_days: int) -> None:
    """The first week from a day on never is, the week before that one always."""
    check_week(week_from(day), day, working_days)
    assert days_over(week_from(day), day) == 0
    before = week_from(day - timedelta(days=working_days + 6))
    if days_over(before, day) >= working_days:
        with pytest.raises(PlanError, match=f"leave out --week for {week_from(day)}"):
            check_week(before, day, working_days)


def test_distances_from_the_cutoff_and_the_end_of_the_log() -> None:
    """Two weeks are far, in days, and a week beyond the forecasts says so."""
    assert far_week_warning("2026-W02", date(2026, 1, 1), 90) is None
    assert far_week_warning("2026-W03", date(2025, 12, 30), 90) is None
    near = far_week_warning("2026-W03", date(2025, 12, 29), 90)
    assert near is not None
    assert "begins 14 days after" in near[0]
    assert "none of the week" not in near[0]
    beyond = far_week_warning("2026-W48", date(2025, 12, 29), 90)
    assert beyond is not None
    assert "so none of the week" in beyond[0]
    assert past_week_warning("2026-W02", date(2026, 1, 25)) is None
    past = past_week_warning("2026-W02", date(2026, 1, 26))
    assert past is not None
    assert "was over 14 days before" in past[0]
