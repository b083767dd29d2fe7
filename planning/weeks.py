"""ISO weeks, in which plans are made."""

import re
from datetime import date, timedelta

from features.errors import PlanError

WEEK = re.compile(r"[0-9]{4}-W[0-9]{2}")


def monday_of_week(week: str) -> date:
    """Return the Monday of an ISO week.

    Raises
    ------
    PlanError
        When the text is no week.

    Examples
    --------
    >>> monday_of_week("2026-W48")
    datetime.date(2026, 11, 23)
    """
    try:
        if WEEK.fullmatch(week):
            return date.fromisoformat(week)
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
