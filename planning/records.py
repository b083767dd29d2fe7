"""What came back of a plan: appended to its folder, checked row by row, the latest record of a row counts.

    PLAN/records.parquet          every record, in the order of reading; only grows
    PLAN/records-quarantine.csv   the faulty rows of the last reading
    PLAN/events.parquet           the event log of what was done, for `regulars append`

A record never changes the plan itself.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write, file_digest
from features.errors import RecordError
from features.store.generations import locked
from planning.plan_folder import Plan, read_plan
from planning.record_events import contract_events
from planning.record_rows import NUMBERS, TEXTS, Record, RowChecker
from planning.record_summary import RecordSummary, record_summary
from planning.text_rows import Faults, TextRow, read_text_rows

RECORDS_FILE, EVENTS_FILE, QUARANTINE_FILE = "records.parquet", "events.parquet", "records-quarantine.csv"
SHEET = "plan"
TEXT, TIME = pa.string(), pa.timestamp("us", "UTC")
SCHEMA = pa.schema(
    [
        pa.field("record_id", TEXT, nullable=False),
        pa.field("plan_item", TEXT),
        pa.field("customer_id", TEXT, nullable=False),
        pa.field("status", TEXT, nullable=False),
        pa.field("reason", TEXT),
        pa.field("done_at", TIME),
        pa.field("event_type", TEXT),
        pa.field("channel", TEXT),
        *(pa.field(name, TEXT) for name in TEXTS),
        pa.field("outcome", TEXT),
        *(pa.field(name, pa.float64()) for name in NUMBERS),
        pa.field("recorded_at", TIME, nullable=False),
        pa.field("stated", pa.bool_()),
        pa.field("source", TEXT),
        pa.field("row", pa.int64()),
        pa.field("digest", TEXT),
    ]
)
"""`record_id` is the plan item, or an id of what was done outside the plan; `plan_item` is that of a customer who was
held out and met all the same, too. `stated`: whether the source gave `recorded_at`; `digest` is of its file."""
NO_CONTENT = ("recorded_at", "stated", "source", "row", "digest")


def record(folder: str | Path, files: Iterable[str | Path], recorded_at: AsOfLike) -> RecordSummary:
    """Add the rows of files to the records of a plan; a file that was read before changes nothing.

    Parameters
    ----------
    folder : str or Path
        A plan folder.
    files : iterable of str or Path
        Workbooks of reps, or tables with their columns; see `planning.record_rows`.
    recorded_at : AsOf, str, datetime.date or datetime.datetime
        When rows without a `recorded_at` of their own are known.

    Returns
    -------
    RecordSummary

    Raises
    ------
    PlanError
        When the folder holds no plan.
    SourceError
        When a file cannot be read; the records stay as they were.
    StoreError
        When another process writes to the folder.
    """
    plan = read_plan(folder)
    faults = Faults()
    rows: list[tuple[Sequence[TextRow], str]] = []
    unreadable = 0
    for file in files:
        header, found = read_text_rows(file, SHEET, faults)
        if not {"plan_item", "customer_id"} & set(header):
            raise RecordError(
                f"{file} has no column plan_item or customer_id: give a rep's workbook or the crm.csv of the plan"
            )
        unreadable = len(faults.rows)
        rows.append((found, file_digest(file)))
    return _add(Path(folder), plan, rows, faults, unreadable, recorded_at)


def add_records(
    folder: str | Path,
    rows: Sequence[Mapping[str, str]],
    recorded_at: AsOfLike,
    source: str,
) -> tuple[RecordSummary, list[tuple[int, str, str]]]:
    """Add rows to the records of a plan, all of them or, where one is faulty, none.

    Parameters
    ----------
    folder : str or Path
        A plan folder.
    rows : sequence of mapping of str to str
        The columns of a rep's workbook; blank cells are absent.
    recorded_at : AsOf, str, datetime.date or datetime.datetime
        When rows without a `recorded_at` of their own are known.
    source : str
        Where they come from, for the records.

    Returns
    -------
    summary : RecordSummary
    faults : list of (int, str, str)
        Place in `rows`, column and reason of each faulty row.

    Raises
    ------
    PlanError
        When the folder holds no plan.
    StoreError
        When another process writes to the folder.
    """
    plan = read_plan(folder)
    numbered = [TextRow(source, number, dict(cells)) for number, cells in enumerate(rows, 1)]
    faults = Faults()
    checker = _checker(plan, recorded_at)
    checker.records(numbered, faults)
    found = [(row.number - 1, column, reason) for row, column, reason in faults.rows]
    taken = [] if found else [(numbered, "")]
    return _add(Path(folder), plan, taken, Faults(), 0, recorded_at, keep_quarantine=True), found


def _checker(plan: Plan, recorded_at: AsOfLike) -> RowChecker:
    timezone = str(plan.manifest["timezone"])
    return RowChecker(plan, timezone, AsOf.parse(recorded_at, timezone).time)


def _add(
    folder: Path,
    plan: Plan,
    files: Sequence[tuple[Sequence[TextRow], str]],
    faults: Faults,
    unreadable: int,
    recorded_at: AsOfLike,
    *,
    keep_quarantine: bool = False,
) -> RecordSummary:
    checker = _checker(plan, recorded_at)
    counts: Counter[str] = Counter()
    with locked(folder):
        known = read_records(folder).to_pylist()
        before = _current(known)
        digests = {row["digest"] for row in known} - {""}
        added: list[Record] = []
        for rows, digest in files:
            found, blank = checker.records(rows, faults)
            counts["blank"] += blank
            counts["rows_in"] += len(rows)
            if digest in digests:
                found = _unrecorded(found, known, digest, counts)
            digests.add(digest)
            _settle([{**each, "digest": digest} for each in found], known, added, counts)
        after = _current(known)
        if added:
            table = pa.Table.from_pylist([_typed(each) for each in known], SCHEMA)
            with atomic_write(folder / RECORDS_FILE) as part:
                pq.write_table(table, part)
        with atomic_write(folder / EVENTS_FILE) as part:  # each time: an earlier run may have ended before it
            pq.write_table(contract_events(known, after), part)
        if not keep_quarantine:
            faults.write(folder / QUARANTINE_FILE)
    counts["rows_in"] += unreadable
    quarantine = folder / QUARANTINE_FILE
    withdrawn = sum(row["status"] == "done" != after[key]["status"] for key, row in before.items())
    return record_summary(plan, after, counts, faults, withdrawn, quarantine)


def _unrecorded(found: Sequence[Record], known: Sequence[Record], digest: str, counts: Counter[str]) -> list[Record]:
    """Return the rows of a file read before that were faulty then; count those recorded or superseded since."""
    first = next((at for at, row in enumerate(known) if row["digest"] == digest), len(known))
    said: dict[str, list[list[Any]]] = {}
    for row in known:
        said.setdefault(row["record_id"], []).append(_content(row))
    numbers = {row["row"] for row in known if row["digest"] == digest}
    since = {row["record_id"] for row in known[first:]}
    rows = []
    for row in found:
        if row["row"] in numbers or _content(row) in said.get(row["record_id"], ()):
            counts["seen"] += 1
        elif row["record_id"] in since:
            counts["superseded"] += 1
        else:
            rows.append(row)
    return rows


def _settle(found: Sequence[Record], known: list[Record], added: list[Record], counts: Counter[str]) -> None:
    """Add the records that say something new to both lists, and count what became of each."""
    current = _current(known)
    times: dict[str, list[Record]] = {}
    for row in known:
        times.setdefault(row["record_id"], []).append(row)
    taken: dict[str, Record] = {}
    for row in found:
        key = row["record_id"]
        same_time = [each for each in times.get(key, ()) if each["recorded_at"] == row["recorded_at"]]
        rivals = same_time if row["stated"] else [current[key]] if key in current else []
        if any(_content(each) == _content(row) for each in rivals):
            counts["seen"] += 1
            continue
        added.append(row)
        known.append(row)
        times.setdefault(key, []).append(row)
        if key in current and row["recorded_at"] < current[key]["recorded_at"]:
            counts["superseded"] += 1
            continue
        if key in taken:  # of one file, the later row counts
            counts["used"] -= 1
            counts["superseded"] += 1
        counts["used"] += 1
        current[key] = taken[key] = row


def _content(row: Record) -> list[Any]:
    return [value for name, value in sorted(row.items()) if name not in NO_CONTENT]


def _current(records: Iterable[Record]) -> dict[str, Record]:
    """Return the latest record by id: the one recorded last, of these the last one read."""
    latest: dict[str, Record] = {}
    for row in records:
        before = latest.get(row["record_id"])
        if before is None or row["recorded_at"] >= before["recorded_at"]:
            latest[row["record_id"]] = row
    return latest


def _typed(row: Record) -> Record:
    """Return a record with its times as Arrow takes them."""
    return {name: row.get(name) for name in SCHEMA.names}


def read_records(folder: str | Path) -> pa.Table:
    """Return all records of a plan, in the order of reading, with the columns of `SCHEMA`; times are integers.

    Raises
    ------
    RecordError
        When the file cannot be read.
    """
    path = Path(folder) / RECORDS_FILE
    stored = pa.schema([pa.field(f.name, pa.int64() if f.type == TIME else f.type) for f in SCHEMA])
    if not path.is_file():
        return stored.empty_table()
    try:
        return pq.read_table(path).cast(SCHEMA).cast(stored)
    except (pa.ArrowException, ValueError) as error:
        raise RecordError(f"{path} cannot be read ({str(error).splitlines()[0]}): put a copy of it back") from None


def current_records(folder: str | Path, before: int | None = None) -> pd.DataFrame:
    """Return the latest record of each row of a plan, and of each customer met outside it.

    Parameters
    ----------
    folder : str or Path
        A plan folder; without a file of records there are none.
    before : int, optional
        Use only what was recorded before this moment, in microseconds since 1970-01-01 UTC.

    Returns
    -------
    DataFrame
        The columns of `SCHEMA`; `done_at` and `recorded_at` in UTC.

    Raises
    ------
    RecordError
        When the file of records cannot be read.
    """
    rows = read_records(folder).to_pylist()
    latest = _current(row for row in rows if before is None or row["recorded_at"] < before)
    frame: pd.DataFrame = pa.Table.from_pylist([_typed(row) for row in latest.values()], SCHEMA).to_pandas()
    return frame
