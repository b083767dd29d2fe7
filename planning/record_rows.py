"""Checks what reps and systems say was done of a plan, a row a customer."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from features.as_of import microseconds
from features.schema import AMOUNT_MAXIMUM, RATING_MAXIMUM, WORDS
from features.timezones import DAY
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of
from planning.text_rows import Check, Faults, TextRow, between, first_fault, number, one_of, times

STATUSES = ("accepted", "done", "skipped", "moved", "unanswered")
SKIP_REASONS = (
    *("already_in_contact", "not_there", "wrong_person", "bad_moment", "not_worth_it", "complaint_open", "opted_out"),
    "other",
)
NUMBERS = ("satisfaction", "loyalty", "amount", "minutes", "cost")
ENTERED = ("status", "reason", "done_at", "outcome", *NUMBERS, "note")
"""The columns that are filled in; a row that has none of them was not filled in."""
RESULTS = ("outcome", "satisfaction", "loyalty", "amount")
TEXTS = ("content", "goal", "rep", "note", "reference")
KINDS = ("visit", "incentive")
DEFAULT_OUTCOME = {"incentive": "sent"}

Record = dict[str, Any]


class RowChecker:
    """Turns rows into records of a plan.

    Parameters
    ----------
    plan : Plan
    timezone : str
        The zone of times without an offset.
    recorded_at : int
        When rows without a `recorded_at` are known, in microseconds since 1970-01-01 UTC.
    """

    def __init__(self, plan: Plan, timezone: str, recorded_at: int) -> None:
        self._plan, self._timezone, self._recorded_at = plan.plan_id, timezone, recorded_at
        self._cutoff = cutoff_of(plan, timezone)
        rows: list[Any] = plan.items.to_dict("records")
        self._items: dict[str, Mapping[str, Any]] = {row["plan_item"]: row for row in rows}
        self._control = {row["customer_id"]: row for row in self._items.values() if row["arm"] == "leave"}
        rating_maximum = float(plan.manifest.get("rating_maximum", RATING_MAXIMUM))
        rating, amount = between(0, rating_maximum), between(0, AMOUNT_MAXIMUM)
        self._checks: dict[str, Check] = {
            "status": one_of(STATUSES),
            "reason": one_of(SKIP_REASONS),
            **dict.fromkeys(("satisfaction", "loyalty"), rating),
            **dict.fromkeys(("amount", "minutes", "cost"), amount),
        }

    def records(self, rows: Sequence[TextRow], faults: Faults) -> tuple[list[Record], int]:
        """Return the records of valid rows, in order, and the number of rows in which nothing is filled in.

        Parameters
        ----------
        rows : sequence of TextRow
        faults : Faults
            Receives the rows that are faulty.
        """
        moments = {name: times(rows, name, self._timezone) for name in ("done_at", "recorded_at")}
        records, blank = [], 0
        for at, row in enumerate(rows):
            cells = dict(row.cells)
            if "customer_id" in cells:  # crm.csv has ids that a spreadsheet would run behind an apostrophe
                cells["customer_id"] = cells["customer_id"].removeprefix("'")
            if not any(name in cells for name in ENTERED):
                blank += 1
                continue
            wrong = next(((name, reasons[at]) for name, (_, reasons) in moments.items() if at in reasons), None)
            done_at, recorded_at = (found[at] for found, _ in moments.values())
            wrong = wrong or self._fault(row, cells, done_at, recorded_at)
            if wrong:
                faults.add(row, *wrong)
            else:
                records.append(self._record(row, cells, done_at, recorded_at))
        return records, blank

    def _fault(
        self, row: TextRow, cells: Mapping[str, str], done_at: int | None, recorded_at: int | None
    ) -> tuple[str, str] | None:
        """Return the column in which a row is faulty, and how."""
        item = self._items.get(cells.get("plan_item", ""))
        if "plan_item" in cells and item is None:
            return "plan_item", f"is none of the plan {self._plan}: leave it empty for who was met outside the plan"
        if item is None and "customer_id" not in cells:
            return "customer_id", "is empty: expected a plan_item, or the customer who was met outside the plan"
        if item is not None and cells.get("customer_id", item["customer_id"]) != item["customer_id"]:
            return "customer_id", "is not the customer of this plan_item"
        if fault := first_fault(row, self._checks):
            return fault
        if "status" not in cells:
            return "status", f"is empty: expected {', '.join(STATUSES)}"
        if item is None and cells["status"] != "done":
            return "status", "is for planned rows: expected done of who was met outside the plan"
        if cells["status"] == "skipped" and "reason" not in cells:
            return "reason", f"is empty: expected {', '.join(SKIP_REASONS)}"
        if cells["status"] != "done":
            filled_in = next((name for name in (*RESULTS, "done_at") if name in cells), None)
            if filled_in and not (
                cells["status"] == "unanswered" and cells.get("outcome", "no_contact") == "no_contact"
            ):
                return filled_in, f"is given, but the status is {cells['status']}: expected done"
        kind = _kind(cells, item)
        if kind not in KINDS:
            return "event_type", f"is unknown: expected {', '.join(KINDS)}"
        if item is None and "channel" not in cells:
            return "channel", "is empty: expected how the customer was reached outside the plan"
        if item is None and done_at is None:
            return "done_at", "is empty: expected when the customer was met outside the plan"
        known = self._recorded_at if recorded_at is None else recorded_at
        if cells["status"] == "done" and done_at is None and (reason := self._undated(item, known)):
            return "done_at", reason
        words: dict[str, Check] = {
            name: one_of(lists[kind])
            for name, lists in (("channel", WORDS.channels), ("goal", WORDS.goals), ("outcome", WORDS.outcomes))
            if kind in lists
        }
        if fault := first_fault(TextRow(row.source, row.number, dict(cells)), words):
            return fault
        if known > self._recorded_at + DAY:
            return "recorded_at", "is in the future: expected when it was recorded"
        if done_at is not None and done_at > known and not _of_day(recorded_at, done_at):
            moment = "its recorded_at" if recorded_at is not None else "this reading, when the row counts as recorded"
            return "done_at", f"is after {moment}: expected when it was done"
        if done_at is not None and done_at < self._cutoff.time:
            return "done_at", f"is before {self._cutoff.date}, when the plan was made: expected when it was done since"
        return None

    def _undated(self, item: Mapping[str, Any] | None, known: int) -> str | None:
        """Return why a row without `done_at` cannot take the planned time."""
        planned = self._planned_time(item)
        if planned is None:
            return "is empty, and no day was planned: expected when it was done"
        if planned > known and _local_day(planned, self._timezone) > _local_day(known, self._timezone):
            day = _local_day(planned, self._timezone)
            return f"is empty, and the planned day, {day}, is after it was recorded: expected when it was done"
        return None

    def _record(self, row: TextRow, cells: Mapping[str, str], done_at: int | None, recorded_at: int | None) -> Record:
        item = self._items.get(cells.get("plan_item", ""))
        customer_id = cells["customer_id"] if item is None else item["customer_id"]
        planned = item or self._control.get(customer_id)
        kind, status = _kind(cells, item), cells["status"]
        known = self._recorded_at if recorded_at is None else recorded_at
        if status == "done" and done_at is None:
            done_at = min(known, self._planned_time(item) or known)  # on the planned day; `_fault` refuses others
        channel = cells.get("channel") or (item or {}).get("channel")
        return {
            "record_id": _record_id(cells, customer_id, kind, channel, done_at) if item is None else item["plan_item"],
            "plan_item": None if planned is None else planned["plan_item"],
            "customer_id": customer_id,
            "status": status,
            "reason": cells.get("reason"),
            "done_at": done_at,
            "event_type": kind,
            "channel": channel,
            **{name: cells.get(name) or _text(item, name) for name in TEXTS},
            "outcome": cells.get("outcome") or (DEFAULT_OUTCOME.get(kind) if status == "done" else None),
            **{name: number(cells[name]) if name in cells else None for name in NUMBERS},
            "recorded_at": known,
            "stated": recorded_at is not None,
            "source": row.source,
            "row": row.number,
        }

    def _planned_time(self, item: Mapping[str, Any] | None) -> int | None:
        """Return when a row was planned to be done, in microseconds since 1970-01-01 UTC."""
        import pandas as pd

        for name in ("start", "day"):
            value = (item or {}).get(name)
            if value is not None and not pd.isna(value):
                local = pd.Timestamp(value).tz_localize(self._timezone, nonexistent="shift_forward", ambiguous=True)
                return microseconds(local.to_pydatetime())
        return None


def _local_day(time: int, timezone: str) -> date:
    import pandas as pd

    return pd.Timestamp(time, unit="us", tz="UTC").tz_convert(timezone).date()


def _kind(cells: Mapping[str, str], item: Mapping[str, Any] | None) -> str:
    """Return the event type of a row: that of the plan, the one it names, or the one that has its channel."""
    if item is not None:
        return str(item["event_type"])
    named = cells.get("event_type")
    incentive = cells.get("channel") in WORDS.channels.get("incentive", ())
    return named or ("incentive" if incentive else "visit")


def _of_day(recorded_at: int | None, done_at: int) -> bool:
    """Return whether a record has a date alone, and what was done is of that day."""
    return recorded_at is not None and recorded_at % (DAY // 24) == 0 and done_at < recorded_at + DAY


def _text(item: Mapping[str, Any] | None, name: str) -> str | None:
    value = (item or {}).get(name)
    return value if isinstance(value, str) and value else None


def _record_id(cells: Mapping[str, str], customer_id: str, kind: str, channel: str | None, done_at: int | None) -> str:
    """Return the id of what was done outside the plan: by the source's own reference, or by customer, way and day."""
    own = cells.get("reference") or f"{channel}\0{(done_at or 0) // DAY}"
    return f"O{hashlib.blake2b(chr(0).join((customer_id, kind, own)).encode(), digest_size=6).hexdigest()}"
