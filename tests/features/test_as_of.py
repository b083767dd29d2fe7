"""The cutoff: what stands for one, and what does not."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import as_of as moments
from features.as_of import AsOf, utc
from features.errors import AsOfError
from tests.features.logs import day_of, microseconds


@pytest.mark.parametrize(
    ("as_of", "zone", "utc"),
    [
        ("2024-06-10", "UTC", "2024-06-10T00:00+00:00"),
        (date(2024, 6, 10), "Europe/London", "2024-06-09T23:00+00:00"),
        (datetime(2024, 1, 10, 9, 30), "America/New_York", "2024-01-10T14:30+00:00"),
        ("2024-06-10T09:30:00+01:00", "Asia/Shanghai", "2024-06-10T08:30+00:00"),
        (pd.Timestamp("2024-06-10T20:00", tz="UTC"), "Asia/Shanghai", "2024-06-10T20:00+00:00"),
        ("2024-10-27T01:30", "Europe/London", "2024-10-27T00:30+00:00"),
        ("1969-12-31T23:59:59.999999", "UTC", "1969-12-31T23:59:59.999999+00:00"),
    ],
)
def test_a_date_or_time_becomes_a_cutoff(as_of: str | date, zone: str, utc: str) -> None:
    """A date is its midnight in the business zone, an offset is honoured, of two equal clock times the first meant."""
    time = microseconds(datetime.fromisoformat(utc))
    assert AsOf.parse(as_of, zone) == AsOf(time, day_of(time, zone))


NO_DATES = ("", "now", "today", "2024-13-01", "2024-06-31", "10/06/2011", "NaT", pd.NaT, None, "10000-01-01")


@pytest.mark.parametrize("as_of", NO_DATES)
def test_what_is_no_date_is_refused_with_an_example(as_of: str) -> None:
    """What is no date is named, with an example of one."""
    with pytest.raises(AsOfError, match=r"write it like 2011-06-10"):
        AsOf.parse(as_of, "UTC")


def test_a_cutoff_is_passed_on_as_it_is() -> None:
    """Parsing a cutoff again changes nothing, whatever the zone."""
    cutoff = AsOf.parse("2024-06-10", "Asia/Shanghai")
    assert AsOf.parse(cutoff, "UTC") is cutoff


def test_midnights_and_moments_lead_back_to_their_day() -> None:
    """The midnight of a day and the moment it is at give the same cutoff, across changes of the clock."""
    for day in range(19_700, 20_100):
        cutoff = AsOf.at_midnight(day, "Europe/London")
        assert cutoff.day == day
        assert AsOf.at_time(cutoff.time, "Europe/London") == cutoff
        assert AsOf.parse(cutoff.date, "Europe/London") == cutoff


@given(st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_microseconds_and_times_in_utc_are_one_another(time: datetime) -> None:
    """To the last of them, on both sides of 1970."""
    assert utc(0) == datetime(1970, 1, 1, tzinfo=UTC)
    assert utc(moments.microseconds(time)) == time
