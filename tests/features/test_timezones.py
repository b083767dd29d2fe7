"""Conversions agree with zoneinfo, to the microsecond, in every zone and at every change of the clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.timezones import business_timezone

EPOCH = datetime(1970, 1, 1)
# Plain ones, half hours, a day left out, double summer time, summer time that is winter's, seconds of old.
ZONES = (
    *("UTC", "Etc/GMT+5", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"),
    *("Pacific/Apia", "Europe/London", "Europe/Dublin", "Africa/Casablanca", "Europe/Amsterdam", "Africa/Monrovia"),
)


def microseconds(wall_clock: datetime) -> int:
    return (wall_clock - EPOCH) // timedelta(microseconds=1)


def near_changes(timezone: str) -> st.SearchStrategy[int]:
    """Wall-clock times about the changes of the clocks, and any others."""
    clock = business_timezone(timezone)
    anywhere = st.integers(microseconds(datetime(1900, 1, 1)), microseconds(datetime(2201, 1, 1)) - 1)
    if not len(clock.changes):
        return anywhere
    edges = np.concatenate([clock.changes + clock.offsets[:-1], clock.changes + clock.offsets[1:]]).tolist()
    distance = st.sampled_from([-1, 0, 1, -1_800_000_000, 1_800_000_000])
    return st.one_of(st.builds(int.__add__, st.sampled_from(edges), distance), anywhere)


@given(st.sampled_from(ZONES).flatmap(lambda zone: st.tuples(st.just(zone), near_changes(zone))))
def test_wall_clock_times_are_the_moments_that_zoneinfo_has(case: tuple[str, int]) -> None:
    """A time that comes twice is its first occurrence; one that never comes is told."""
    timezone, wall_clock = case
    clock, zone = business_timezone(timezone), ZoneInfo(timezone)
    (moment,), (exists,) = clock.to_utc(np.array([wall_clock]))
    local = EPOCH + timedelta(microseconds=wall_clock)
    expected = local.replace(tzinfo=zone).astimezone(UTC)
    assert exists == (expected.astimezone(zone).replace(tzinfo=None) == local)
    if exists:
        assert moment == microseconds(expected.replace(tzinfo=None))
        assert clock.days(np.array([moment])) == [local.toordinal() - EPOCH.toordinal()]


@given(st.sampled_from(ZONES), st.integers(-(2**50), 2**52))
def test_days_are_those_of_the_zone(timezone: str, moment: int) -> None:
    """The day of a moment is that on the zone's calendar."""
    local = (EPOCH.replace(tzinfo=UTC) + timedelta(microseconds=moment)).astimezone(ZoneInfo(timezone))
    assert business_timezone(timezone).days(np.array([moment])) == [local.toordinal() - EPOCH.toordinal()]


@pytest.mark.parametrize("name", ["Europe/Berln", "", "../UTC", "Mars/Olympus", "\0", "Europe"])
def test_an_unknown_zone_is_one_line_with_names_to_try(name: str) -> None:
    """What is no zone is refused, with the nearest names."""
    with pytest.raises(ValueError, match="is not in the IANA database: give a name such as"):
        business_timezone(name)
    if name == "Europe/Berln":
        with pytest.raises(ValueError, match="Europe/Berlin"):
            business_timezone(name)
