"""Times in requests mean what ingest makes of the same text."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from features.as_of import AsOf
from features.errors import TimestampError
from features.ingestion.casting import RowErrors, cast_timestamps
from features.timezones import business_timezone
from serving.timestamps import TIME, local_time, read_timestamp

ZONES = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"])
NEVER = 2**62
DAYS = st.sampled_from(
    ["2011-03-27", "2011-10-30", "2011-03-13", "2011-11-06", "2012-02-29", "2011-02-29", "1900-01-01", "2200-12-31"]
) | st.dates().map(str)
CLOCKS = st.sampled_from(["", "T00:00", " 01:30:00", "T02:00:00.5", "T23:59:59.999999999", " 09", "T24:00"])
OFFSETS = st.sampled_from(["", "Z", "+01:00", "-0530", " +14", "+23:59"])


@given(day=DAYS, clock=CLOCKS, offset=OFFSETS, zone=ZONES)
@example(day="2011-03-27", clock=" 01:00:00", offset="", zone="Europe/London")
@example(day="2011-03-27", clock=" 01:30:00", offset="", zone="Europe/London")
@example(day="2011-10-30", clock=" 01:30:00", offset="", zone="Europe/London")
@example(day="1900-01-01", clock="T00:00", offset="+01:00", zone="UTC")
@example(day="2200-12-31", clock="T23:59:59.999999999", offset="-0530", zone="UTC")
def test_a_text_is_the_moment_that_ingest_reads(day: str, clock: str, offset: str, zone: str) -> None:
    """Same moment and business day as ingest, and refused where ingest finds a fault; near clock changes too."""
    text = day + clock + (offset if clock else "")
    faults = RowErrors()
    (theirs,) = cast_timestamps("event_time", pa.array([text]), business_timezone(zone), faults).to_pylist()
    if not re.search(TIME, text):
        assert theirs is None or faults.entries
        return
    try:
        ours, day = read_timestamp(text, zone, NEVER)
    except TimestampError:
        assert faults.entries
        return
    assert not faults.entries
    assert ours == theirs
    assert day == business_timezone(zone).days(pa.array([theirs]).to_numpy())[0]


@given(time=st.datetimes(datetime(1901, 1, 1), datetime(2199, 1, 1), timezones=ZONES.map(ZoneInfo)), zone=ZONES)
def test_a_time_with_its_zone_is_a_moment_and_back(time: datetime, zone: str) -> None:
    """The moment of a time is the distance from 1970 in UTC, its day the one on the zone's wall."""
    found = AsOf.parse(time, zone)
    there = time.astimezone(UTC)
    assert found.time == (there - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert found.day == (there.astimezone(ZoneInfo(zone)).date() - datetime(1970, 1, 1).date()).days
    assert local_time(found.time, zone).astimezone(UTC) == there


def test_what_is_too_late_is_refused() -> None:
    """A moment after the latest is refused, the latest itself is not."""
    latest = read_timestamp("2011-06-10", "UTC", NEVER)[0]
    assert read_timestamp("2011-06-10", "UTC", latest)[0] == latest
    with pytest.raises(TimestampError, match="ahead of the clock"):
        read_timestamp("2011-06-10T00:00:00.000001", "UTC", latest)
