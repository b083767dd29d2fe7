"""Files of records: workbooks and tables of reps and systems."""

from pathlib import Path

import pytest
import xlsxwriter

from features.errors import RecordError, StoreError
from features.store.generations import locked
from planning.record_files import record
from planning.records import RECORDS_FILE
from tests.planning.record_plans import ITEMS, NOW, csv_of, plan_folder

DONE = {"plan_item": ITEMS["c1"], "customer_id": "c1", "status": "done", "outcome": "interested", "satisfaction": 7}


def test_a_workbook_of_a_rep_is_read(tmp_path: Path) -> None:
    """Its sheet `plan`, beside the one that explains it."""
    folder = plan_folder(tmp_path / "plan")
    book = xlsxwriter.Workbook(str(tmp_path / "r1.xlsx"))
    for name, rows in (("plan", [list(DONE), list(DONE.values())]), ("help", [["status", "accepted, done"]])):
        sheet = book.add_worksheet(name)
        for number, cells in enumerate(rows):
            sheet.write_row(number, 0, cells)
    book.close()
    found = record(folder, [tmp_path / "r1.xlsx"], NOW)
    assert found.statuses["done"] == 1


def test_another_process_and_another_table_are_one_line(tmp_path: Path) -> None:
    """The plan folder is written by one process at a time; a table of something else is refused."""
    folder = plan_folder(tmp_path / "plan")
    file = csv_of(tmp_path / "r1.csv", DONE)
    lock = locked(folder)
    with pytest.raises(StoreError, match="another process is writing"):
        record(folder, [file], NOW)
    lock.close()
    with pytest.raises(RecordError, match="has no column plan_item or customer_id"):
        record(folder, [csv_of(tmp_path / "x.csv", {"a": 1})], NOW)
    (folder / RECORDS_FILE).write_text("x")
    with pytest.raises(RecordError, match="cannot be read"):
        record(folder, [file], NOW)
