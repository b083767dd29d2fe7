"""A rep's calendar as iCalendar (RFC 5545): an event a visit, and cancellations of those of a replaced plan."""

from collections.abc import Hashable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pandas as pd

from features.atomic_file import atomic_write
from planning.files.translations import in_english

DOMAIN = "regulars"


def write_calendar(
    path: str | Path, rows: pd.DataFrame, timezone: str, made_at: datetime, replaced: Sequence[pd.DataFrame] = ()
) -> None:
    """Write a rep's rows as a calendar.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    rows : DataFrame
        Rows of `planning.files.rep_rows.rows_to_do`; those without a start are left out.
    timezone : str
        The zone of `start`, a name of the IANA database.
    made_at : datetime
        The cutoff of the plan, which stands as the time of every event.
    replaced : sequence of DataFrame
        Rows of this rep in earlier plans of the same week. They are cancelled, so that calendars hold no event twice.
    """
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Regulars//plan//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-timezone", timezone)
    zone = ZoneInfo(timezone)
    items: set[str] = set()
    for number, table in enumerate((rows, *replaced)):
        for row in table[table["start"].notna()].to_dict("records"):
            if row["plan_item"] not in items:
                items.add(str(row["plan_item"]))
                calendar.add_component(_event(row, zone, made_at.astimezone(UTC), cancelled=number > 0))
    calendar.add_missing_timezones()
    with atomic_write(path) as part:
        part.write_bytes(calendar.to_ical())


def _event(row: Mapping[Hashable, Any], zone: ZoneInfo, made_at: datetime, *, cancelled: bool) -> icalendar.Event:
    start = pd.Timestamp(str(row["start"])).to_pydatetime().replace(tzinfo=zone)
    channel = in_english(str(row["channel"]))
    event = icalendar.Event()
    event.add("uid", f"{row['plan_item']}@{DOMAIN}")
    event.add("sequence", int(cancelled))
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    event.add("dtstamp", made_at)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=float(str(row["minutes"]))))
    event.add("summary", f"{channel}: {row['customer_id']}")
    lines = [in_english(str(row["content"])), *map(str, row["reasons"])]
    event.add("description", "\n".join(line for line in lines if line))
    event.add("categories", [in_english(str(row["goal"])) or channel])
    return event
