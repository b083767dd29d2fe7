"""Reads files of records, from reps and systems, into a plan folder."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from features.as_of import AsOfLike
from features.atomic_file import file_digest
from features.errors import RecordError
from planning.plan_folder import read_plan
from planning.quarantine import write_quarantine
from planning.record_summary import RecordSummary
from planning.record_versions import RecordTable
from planning.records import append_tables
from planning.text_files import read_text_rows
from planning.text_rows import Faults

SHEET = "plan"


def record(
    folder: str | Path, files: Iterable[str | Path], recorded_at: AsOfLike, customer_ids: pa.Array | None = None
) -> RecordSummary:
    """Add the rows of files to the records of a plan; a file that was read before changes nothing.

    Parameters
    ----------
    folder : str or Path
        A plan folder.
    files : iterable of str or Path
        Workbooks of reps, or tables with their columns; see `planning.record_rows`.
    recorded_at : AsOf, str, datetime.date or datetime.datetime
        When rows without a `recorded_at` of their own are known.
    customer_ids : pyarrow.Array of str, optional
        Customers who are known beside those of the plan.

    Returns
    -------
    RecordSummary

    Raises
    ------
    PlanError
        When the folder holds no plan.
    RecordError
        When a file lacks the columns of records; the records stay as they were.
    SourceError
        When a file cannot be read; the records stay as they were.
    StoreError
        When another process writes to the folder.
    """
    plan = read_plan(folder)
    faults = Faults()
    tables: list[RecordTable] = []
    unreadable = 0
    for file in files:
        header, rows = read_text_rows(file, SHEET, faults)
        lacking = [] if {"plan_item", "customer_id"} & set(header) else ["plan_item or customer_id"]
        lacking += [] if "status" in header else ["status"]
        if lacking:
            raise RecordError(
                f"{file} has no column {' and none '.join(lacking)}: give a rep's workbook or the crm.csv of the plan, "
                "with the status filled in"
            )
        unreadable = len(faults.rows)
        tables.append(RecordTable(rows, file_digest(file), Path(file).name))
    summary, _ = append_tables(
        *(folder, plan, tables, recorded_at, faults, unreadable),
        customer_ids=customer_ids,
        write_faults=write_quarantine,
    )
    return summary
