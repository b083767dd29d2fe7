"""What came back of a plan: appended to its folder, checked row by row, the latest record of a row counts.

    PLAN/records.parquet          every record, in the order of reading; only grows
    PLAN/records-quarantine.csv   the faulty rows that nobody has mended
    PLAN/events.parquet           the event log of what was done, for `regulars append`

A record never changes the plan itself. One process writes at a time; the others wait or are refused.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write
from features.encryption.parquet_files import read_parquet, write_parquet
from features.error_lines import first_line
from features.errors import RecordError
from features.store.generations import locked
from planning.plan_folder import Plan, read_plan, unknown_customers
from planning.record_events import contract_events
from planning.record_rows import NUMBERS, TEXTS, Record, RowChecker
from planning.record_summary import RecordSummary, record_summary
from planning.record_versions import SEEN, RecordTable, file_state, latest_records, settle
from planning.text_rows import Faults, TextRow

if TYPE_CHECKING:
    import pandas as pd

RECORDS_FILE, EVENTS_FILE, QUARANTINE_FILE = "records.parquet", "events.parquet", "records-quarantine.csv"
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
held out and met all the same, too. `stated`: whether the source gave `recorded_at`; `digest` is of its file or
request."""


@dataclass(frozen=True)
class AddedRecords:
    """What became of the rows of a request.

    Attributes
    ----------
    summary : RecordSummary
    faults : list of (int, str, str)
        Place in the rows, column and reason of each faulty row; with any, nothing was added.
    outcomes : list of (int, dict, str)
        Place in the rows, record, and what became of it: a word of `planning.record_versions`. Rows in which nothing
        is filled in have none.
    """

    summary: RecordSummary
    faults: list[tuple[int, str, str]]
    outcomes: list[tuple[int, Record, str]]


def add_records(
    folder: str | Path,
    rows: Sequence[Mapping[str, str]],
    recorded_at: AsOfLike,
    source: str,
    wait_seconds: float = 0.0,
) -> AddedRecords:
    """Add rows to the records of a plan, all of them or, where one is faulty, none; the same rows again add nothing.

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
    wait_seconds : float
        How long to wait for another process that writes to the folder.

    Returns
    -------
    AddedRecords

    Raises
    ------
    PlanError
        When the folder holds no plan.
    RecordError
        When its file of records cannot be read.
    StoreError
        When another process writes to the folder for longer.
    """
    plan, numbered = read_plan(folder), _numbered(rows, source)
    faults = _faults_of(plan, numbered, recorded_at)
    digest = hashlib.sha256(json.dumps([row.cells for row in numbered], sort_keys=True).encode()).hexdigest()
    tables = [] if faults else [RecordTable(numbered, digest)]
    summary, outcomes = append_tables(folder, plan, tables, recorded_at, wait_seconds=wait_seconds)
    return AddedRecords(summary, faults, [(row["row"] - 1, row, outcome) for row, outcome in outcomes])


def record_faults(
    folder: str | Path, rows: Sequence[Mapping[str, str]], recorded_at: AsOfLike
) -> list[tuple[int, str, str]]:
    """Return what `add_records` would find wrong with rows: place, column and reason of each faulty one.

    Parameters
    ----------
    folder : str or Path
        A plan folder.
    rows : sequence of mapping of str to str
    recorded_at : AsOf, str, datetime.date or datetime.datetime

    Raises
    ------
    PlanError
        When the folder holds no plan.
    """
    return _faults_of(read_plan(folder), _numbered(rows, ""), recorded_at)


def _numbered(rows: Sequence[Mapping[str, str]], source: str) -> list[TextRow]:
    return [TextRow(source, number, dict(cells)) for number, cells in enumerate(rows, 1)]


def _faults_of(plan: Plan, rows: Sequence[TextRow], recorded_at: AsOfLike) -> list[tuple[int, str, str]]:
    faults = Faults()
    _checker(plan, recorded_at).records(rows, faults)
    return [(row.number - 1, column, reason) for row, column, reason in faults.rows]


def append_tables(
    folder: str | Path,
    plan: Plan,
    tables: Sequence[RecordTable],
    recorded_at: AsOfLike,
    faults: Faults | None = None,
    unreadable: int = 0,
    wait_seconds: float = 0.0,
    customer_ids: pa.Array | None = None,
    write_faults: Callable[[Path, Faults, Iterable[TextRow]], int] | None = None,
) -> tuple[RecordSummary, list[tuple[Record, str]]]:
    """Add the valid rows of tables to the records of a plan.

    Parameters
    ----------
    folder : str or Path
        The plan folder.
    plan : Plan
    tables : sequence of RecordTable
    recorded_at : AsOf, str, datetime.date or datetime.datetime
        When rows without a `recorded_at` of their own are known.
    faults : Faults, optional
        Receives the faulty rows; it may hold rows of files that cannot be read.
    unreadable : int
        How many of these there are.
    wait_seconds : float
        How long to wait for another process that writes to the folder.
    customer_ids : pyarrow.Array of str, optional
        Customers who are known beside those of the plan.
    write_faults : callable, optional
        Writes the quarantine, as `planning.quarantine.write_quarantine` does; without it that stays as it is.

    Returns
    -------
    summary : RecordSummary
    outcomes : list of (dict, str)
        Each valid record and what became of it, in the order of the rows.

    Raises
    ------
    RecordError
        When the file of records cannot be read.
    StoreError
        When another process writes to the folder for longer.
    """
    folder, found_faults, kept = Path(folder), Faults() if faults is None else faults, 0
    checker = _checker(plan, recorded_at)
    counts: Counter[str] = Counter(rows_in=unreadable)
    outcomes: list[tuple[Record, str]] = []
    files: list[tuple[str, str, int]] = []
    with locked(folder, wait_seconds):
        known = read_records(folder).to_pylist()
        number, before = len(known), latest_records(known)
        for table in tables:
            readable, blank = checker.records(table.rows, found_faults)
            records = [{**each, "digest": table.digest} for each in readable]
            read_before = file_state(table, known)
            settled = settle(records, known)
            outcomes += zip(records, settled, strict=True)
            if read_before:
                files.append((*read_before, sum(outcome != SEEN for outcome in settled)))
            counts.update(blank=blank, rows_in=len(table.rows))
        counts.update(outcome for _, outcome in outcomes)
        after = latest_records(known)
        if len(known) > number:
            table_of_records = pa.Table.from_pylist([_typed(each) for each in known], SCHEMA)
            with atomic_write(folder / RECORDS_FILE) as part:
                write_parquet(part, table_of_records)
        with atomic_write(folder / EVENTS_FILE) as part:  # each time: an earlier run may have ended before it
            write_parquet(part, contract_events(known, after))
        if write_faults is not None:
            read = (row for table in tables for row in table.rows)
            kept = write_faults(folder / QUARANTINE_FILE, found_faults, read)
    withdrawn = sum(row["status"] == "done" != after[key]["status"] for key, row in before.items())
    quarantine = folder / QUARANTINE_FILE if found_faults.rows or kept else None
    summary = record_summary(plan, after, counts, found_faults, withdrawn, quarantine)
    met = [row["customer_id"] for row in after.values() if row["plan_item"] is None]
    unknown = unknown_customers(folder, met, customer_ids)
    return replace(summary, kept=kept, unknown=tuple(unknown), files=tuple(files)), outcomes


def _checker(plan: Plan, recorded_at: AsOfLike) -> RowChecker:
    timezone = str(plan.manifest["timezone"])
    return RowChecker(plan, timezone, AsOf.parse(recorded_at, timezone).time)


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
        return read_parquet(path).cast(SCHEMA).cast(stored)
    except (pa.ArrowException, ValueError) as error:
        raise RecordError(f"{path} cannot be read ({first_line(error)}): put a copy of it back") from None


def current_records(folder: str | Path, before: int | None = None) -> "pd.DataFrame":
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
    latest = latest_records(row for row in rows if before is None or row["recorded_at"] < before)
    frame: pd.DataFrame = pa.Table.from_pylist([_typed(row) for row in latest.values()], SCHEMA).to_pandas()
    return frame
