"""ISO weeks, in which plans are made."""

import re
from datetime import date, timedelta

from features.errors import PlanError
from features.schema import FIRST_YEAR, LAST_YEAR

WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")
FAR_DAYS = 14
"""A week that begins so many days after the cutoff, or was over so many days before the log's end, is far from it."""


def monday_of_week(week: str) -> date:
    """Return the Monday of an ISO week.

    Raises
    ------
    PlanError
        When the text is no week, or of a year that no log can have.

    Examples
    --------
    >>> monday_of_week("2026-W48")
    datetime.date(2026, 11, 23)
    """
    try:
        if WEEK.fullmatch(week):
            monday = date.fromisoformat(week)
            if FIRST_YEAR <= int(week[:4]) <= LAST_YEAR:
                return monday
            raise PlanError(f"{week!r} is outside the years {FIRST_YEAR} to {LAST_YEAR}: give a week within them")
    except ValueError:  # such as week 54
        pass
    raise PlanError(f"{week!r} is no week: write it like 2026-W48")


def week_from(day: date) -> str:
    """Return the first ISO week that begins on a day or later.

    Examples
    --------
    >>> week_from(date(2026, 11, 23)), week_from(date(2026, 11, 24))
    ('2026-W48', '2026-W49')
    """
    year, week, _ = (day + timedelta(days=-day.weekday() % 7)).isocalendar()
    return f"{year}-W{week:02}"


def days_over(week: str, cutoff: date) -> int:
    """Return how many days of a week are over at a cutoff.

    Examples
    --------
    >>> days_over("2026-W48", date(2026, 11, 25)), days_over("2026-W48", date(2026, 11, 20))
    (2, 0)
    """
    return max(0, (cutoff - monday_of_week(week)).days)


def check_week(week: str, cutoff: date, working_days: int) -> None:
    """Refuse a week in which nothing can be planned at a cutoff.

    Parameters
    ----------
    week : str
        Like 2026-W48.
    cutoff : date
    working_days : int
        Days of a week, from its Monday on, on which something is done.

    Raises
    ------
    PlanError
        When the text is no week, or none of its working days is left at the cutoff.
    """
    over = days_over(week, cutoff)
    if over >= working_days:
        state = "is over" if over > 6 else "has no working day left"
        raise PlanError(
            f"week {week} {state} at {cutoff}, the cutoff: leave out --week for {week_from(cutoff)}, name a later "
            "week, or give an earlier --as-of"
        )


def far_week_warning(week: str, cutoff: date, horizon_days: int) -> tuple[str, str] | None:
    """Return a warning, in English and Chinese, of a week that begins long after the cutoff; None for a near one.

    Parameters
    ----------
    week : str
    cutoff : date
    horizon_days : int
        Days from the cutoff on that the forecasts are of.
    """
    days = (monday_of_week(week) - cutoff).days
    if days < FAR_DAYS:
        return None
    beyond = ", so none of the week" if days >= horizon_days else ""
    beyond_zh = "，不含该周" if days >= horizon_days else ""
    return (
        f"Week {week} begins {days:,} days after the cutoff, {cutoff}: what happens in between is not known, and the "
        f"forecasts are of the {horizon_days} days from the cutoff on{beyond}. Append the newer events first, or plan "
        f"{week_from(cutoff)}.",
        f"{week} 周在截止日 {cutoff} 之后 {days:,} 天才开始：其间发生的事未知，预测只覆盖截止日起的 "
        f"{horizon_days} 天{beyond_zh}。请先追加新的事件，或改为计划 {week_from(cutoff)} 周。",
    )


def past_week_warning(week: str, log_end: date) -> tuple[str, str] | None:
    """Return a warning, in English and Chinese, of a week that was over long before the log's end; None for another.

    Parameters
    ----------
    week : str
    log_end : date
        The day after the log's last.
    """
    days = (log_end - monday_of_week(week)).days - 7
    if days < FAR_DAYS:
        return None
    return (
        f"Week {week} was over {days:,} days before the log's end, {log_end}: this is a plan of the past. Leave out "
        "--as-of and --week to plan the next one.",
        f"{week} 周在日志结束（{log_end}）前 {days:,} 天已过：这是过去的计划。省略 --as-of 和 --week 即可计划下一周。",
    )
