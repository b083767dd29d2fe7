"""The calendar is read back by a second reader: zone, ids, cancellations."""

import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import icalendar
import pandas as pd
import pytest

from planning.files.calendar import write_calendar
from planning.files.rep_rows import rows_of, rows_to_do
from planning.plan_folder import Plan

MADE = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.fixture
def rows(plan: Plan) -> pd.DataFrame:
    return rows_of(rows_to_do(plan), "R07")


def unfolded(path: Path) -> list[str]:
    """The content lines of a file, read by RFC 5545's own rules."""
    data = path.read_bytes()
    assert not re.search(rb"[^\r]\n", data)
    assert all(len(line) <= 75 for line in data.split(b"\r\n"))
    return data.replace(b"\r\n ", b"").decode().split("\r\n")


def test_events(tmp_path: Path, rows: pd.DataFrame) -> None:
    """One a row, at its time in the zone, under its plan item, and the time zone is defined in the file."""
    write_calendar(tmp_path / "r.ics", rows, "Europe/Berlin", MADE)
    lines = unfolded(tmp_path / "r.ics")
    assert "BEGIN:VTIMEZONE" in lines
    assert "TZID:Europe/Berlin" in lines
    assert "DTSTART;TZID=Europe/Berlin:20261123T090000" in lines
    calendar = icalendar.Calendar.from_ical((tmp_path / "r.ics").read_bytes())
    events = calendar.walk("VEVENT")
    assert [str(each["uid"]) for each in events] == [f"{item}@regulars" for item in rows["plan_item"]]
    assert events[0].decoded("dtstart") == datetime(2026, 11, 23, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    assert (events[0].decoded("dtend") - events[0].decoded("dtstart")).total_seconds() == 15 * 60
    assert str(events[0]["summary"]) == "phone: <b>&"
    assert "second" in str(events[0]["description"])
    assert {str(each["status"]) for each in events} == {"CONFIRMED"}


def test_a_replaced_plan_is_cancelled(tmp_path: Path, rows: pd.DataFrame) -> None:
    """Its events have the same ids, a higher sequence and are cancelled; what is planned again is not."""
    before = rows.assign(plan_item=["Pold", rows["plan_item"][1]])
    write_calendar(tmp_path / "r.ics", rows, "UTC", MADE, [before])
    events = icalendar.Calendar.from_ical((tmp_path / "r.ics").read_bytes()).walk("VEVENT")
    found = {str(each["uid"]): (str(each["status"]), int(each["sequence"])) for each in events}
    assert found["Pold@regulars"] == ("CANCELLED", 1)
    assert sorted(found.values()) == [("CANCELLED", 1), ("CONFIRMED", 0), ("CONFIRMED", 0)]


def test_equal_to_the_byte(tmp_path: Path, rows: pd.DataFrame) -> None:
    """No clock: the time of every event is the plan's cutoff."""
    for name in ("a", "b"):
        write_calendar(tmp_path / name, rows, "UTC", MADE)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert "DTSTAMP:20261120T000000Z" in unfolded(tmp_path / "a")
