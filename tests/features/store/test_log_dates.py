"""The span of a log, and dates at equal distances in it."""

from datetime import date

import pytest

from features.errors import InvalidArgumentError
from features.store.log_dates import dates_every, days_without_purchases, first_day, last_day
from tests.features.logs import DAY, KIND, Event, Log, shelved

NOON = 1_718_020_800_000_000  # 2024-06-10 12:00 UTC


def store_of(*days_ago: int, timezone: str = "UTC"):  # type: ignore[no-untyped-def]
    events = [Event("a", NOON - each * DAY, KIND["purchase"]) for each in days_ago]
    return shelved(Log(events, timezone, date(2024, 6, 10)))


def iso(store, *arguments: object, **named: object) -> list[str]:  # type: ignore[no-untyped-def]
    return [str(each.date) for each in dates_every(store, *arguments, **named)]


def test_dates_are_counted_back_from_the_day_after_the_log() -> None:
    """The last one knows every event, and the first at least one."""
    store = store_of(0, 30, 65)
    assert iso(store, 30) == ["2024-04-12", "2024-05-12", "2024-06-11"]
    assert iso(store, 65) == ["2024-04-07", "2024-06-11"]
    assert iso(store, 66) == ["2024-06-11"]


def test_dates_may_begin_and_end_elsewhere() -> None:
    """Also after the log."""
    store = store_of(0, 30, 65)
    assert iso(store, 30, since="2024-05-01") == ["2024-05-12", "2024-06-11"]
    assert iso(store, 30, since="2024-06-01", until="2024-07-01") == ["2024-06-01", "2024-07-01"]


def test_days_are_those_of_the_business() -> None:
    """Noon in UTC is the next day in Kiritimati."""
    assert first_day(store_of(0, 3)) == last_day(store_of(0, 3)) - 3
    assert last_day(store_of(0, timezone="Pacific/Kiritimati")) == last_day(store_of(0)) + 1


def test_without_a_date_it_is_an_error() -> None:
    """An empty log, an end before the beginning, no day between."""
    assert first_day(store_of()) is last_day(store_of()) is None
    with pytest.raises(InvalidArgumentError, match="the log has no events"):
        dates_every(store_of(), 30)
    with pytest.raises(InvalidArgumentError, match="no date from 2024-06-10 to 2024-06-01: give an earlier beginning"):
        dates_every(store_of(0, 1), 30, until="2024-06-01")
    with pytest.raises(InvalidArgumentError, match="dates are 0 days apart: give at least 1"):
        dates_every(store_of(0), 0)


def test_purchases_are_missing_where_visits_go_on_for_longer_than_any_gap() -> None:
    """A gap as long as one of the year before is usual; so is any gap of a log with few days of purchases."""
    weekly = [Event("a", NOON - ago * DAY, KIND["purchase"]) for ago in range(8, 100, 7)]

    def missing(purchases: list[Event], visits: int = 1) -> int:
        visited = [Event("b", NOON, KIND["visit"])] * visits
        return days_without_purchases(shelved(Log(purchases + visited, "UTC", date(2024, 6, 10))))

    assert missing(weekly) == 8
    assert missing(weekly, visits=0) == 0
    assert missing(weekly[:5] + weekly[6:]) == 0
    assert missing(weekly[:9]) == 0
    assert missing([]) == missing([], visits=0) == 0
