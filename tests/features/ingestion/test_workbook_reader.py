"""Sheets of workbooks are read as rows of text: dates in ISO format, whole numbers without decimals."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from features.errors import UnreadableSourceError
from features.ingestion import workbook_reader
from features.ingestion.workbook_reader import read_sheet_rows, sniff_sheets
from tests.features.reading import read

HEADER = ["customer_id", "event_time", "event_type", "amount"]
WANTED = HEADER


def workbook(folder: Path, **sheets: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    del book[book.sheetnames[0]]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(folder / "log.xlsx")
    return folder / "log.xlsx"


def test_a_sheet_becomes_events(tmp_path: Path) -> None:
    """Times, dates, numbers and texts are what the cells hold; rows are numbered as in the sheet."""
    rows = [
        ["007", datetime(2024, 1, 5, 9, 5), "purchase", 12.5],
        [17850, date(2024, 1, 6), "purchase", 1_234_567],
        [],
        ["B", "2024-01-07 10:00", "purchase", "7.25"],
        ["C", datetime(2024, 1, 8, 10, 30, 7), "buy", 1],
    ]
    result = read(workbook(tmp_path, Orders=[HEADER, *rows]))
    assert [(event["customer_id"], event["cents"]) for event in result.events] == [
        ("007", 1250),
        ("17850", 123_456_700),
        ("B", 725),
    ]
    assert datetime.fromtimestamp(result.events[0]["time"] / 1e6).minute == 5
    (row,) = result.quarantine
    assert (row["row_number"], row["event_time"]) == ("4", "2024-01-08 10:30:07")
    assert row["reason"].endswith("(line 6)")
    name = f"{tmp_path}/log.xlsx/Orders"
    assert result.report.assumed[name] == {"format": "workbook", "sheet": "Orders", "decimal": "."}


def test_a_title_above_the_header_is_left_out(tmp_path: Path) -> None:
    """And the row of the header is in the report; it can be given."""
    rows = [["Sales report"], ["", "", "2024"], HEADER, ["A", "2024-01-01", "purchase", 1]]
    path = workbook(tmp_path, Orders=rows)
    (assumed,) = read(path).report.assumed.values()
    assert assumed["header line"] == "3"
    assert sniff_sheets(path, None, WANTED, 2)[0].header == ("column_1", "column_2", "2024")


def test_several_sheets_are_read_where_a_pattern_names_them(tmp_path: Path) -> None:
    """A year each, as one log; without it none is chosen in silence, but empty and hidden ones do not count."""
    sheets = {f"Year {year}": [HEADER, [f"c{year}", f"{year}-01-01", "purchase", 1]] for year in (2009, 2010)}
    path = workbook(tmp_path, **sheets, Notes=[["read me"]], Empty=[])
    result = read(path, sheet="Year*")
    assert [event["customer_id"] for event in result.events] == ["c2009", "c2010"]
    assert result.report.warnings == []
    with pytest.raises(UnreadableSourceError, match=r"has 3 sheets .*: name one by --sheet"):
        sniff_sheets(path, None, WANTED)
    with pytest.raises(UnreadableSourceError, match="has no sheet 2011: its sheets are Year 2009, Year 2010, Notes"):
        sniff_sheets(path, "2011", WANTED)
    book = openpyxl.load_workbook(path)
    book["Notes"].sheet_state = book["Year 2009"].sheet_state = "hidden"
    book.save(path)
    assert [sheet.sheet for sheet in sniff_sheets(path, None, WANTED)] == ["Year 2010"]


def test_cells_beside_the_table_make_a_row_unreadable(tmp_path: Path) -> None:
    """A note in a column without a name is not lost in silence."""
    rows = [HEADER, ["A", "2024-01-01", "purchase", 1], ["B", "2024-01-01", "purchase", 1, "returned"]]
    result = read(workbook(tmp_path, Orders=rows))
    assert result.report.kept == 1
    assert result.quarantine[0]["reason"] == "has 5 cells where the header has 4 (line 3)"
    assert result.quarantine[0]["value"] == "B,2024-01-01,purchase,1,returned"


def test_cells_as_text(tmp_path: Path) -> None:
    """Every type that a cell can have."""
    cells = [1e-7, 1e20, True, time(3, 4), timedelta(hours=30), None, " x "]
    path = workbook(tmp_path, S=[list("abcdefg"), cells])
    (sheet,) = sniff_sheets(path, None, ["a"])
    (rows,) = read_sheet_rows(path, sheet)
    assert list(rows.table.to_pylist()[0].values()) == [
        "1e-07",
        "1e+20",
        "true",
        "03:04:00",
        "1 day, 6:00:00",
        None,
        " x ",
    ]


def test_a_table_may_begin_anywhere(tmp_path: Path) -> None:
    """Rows above it that were never used count as rows of the sheet."""
    book = openpyxl.Workbook()
    for column, (name, value) in enumerate(zip(HEADER, ["A", "2024-01-01", "buy", 1], strict=True), 1):
        book.active.cell(5, column, name)
        book.active.cell(6, column, value)
    book.save(tmp_path / "log.xlsx")
    (row,) = read(tmp_path / "log.xlsx").quarantine
    assert row["reason"].endswith("(line 6)")


def test_a_workbook_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is read into memory."""
    monkeypatch.setattr(workbook_reader, "SIZE_LIMIT", 1000)
    with pytest.raises(UnreadableSourceError, match=r"unpacks to 0 MB, more than 0: export it as CSV"):
        sniff_sheets(workbook(tmp_path, S=[HEADER]), None, WANTED)
