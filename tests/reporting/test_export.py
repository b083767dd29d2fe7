"""The files of a report: the same figures in each, no text that a spreadsheet runs, and every column described."""

import numpy as np
import openpyxl
import pandas as pd
import pytest

from reporting import export
from reporting.export import data_dictionary, write_tables, write_workbook
from tests.reporting.conftest import STRANGE


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    write_tables(place / "tables", report.tables)
    write_workbook(place / "report.xlsx", report.tables)
    return place


def test_every_column_is_described(report):
    """Each column of each table has a meaning, and no other column is described."""
    dictionary = data_dictionary(report.tables)
    columns = {(name, str(column)) for name, table in report.tables.items() for column in table}
    assert {(row.table, row.column) for row in dictionary.itertuples() if row.column} == columns
    assert dictionary["meaning"].str.len().gt(3).all()


def test_parquet_has_the_tables_as_they_are(report, folder):
    """Ids and figures to the last bit."""
    for name, table in report.tables.items():
        again = pd.read_parquet(folder / "tables" / f"{name}.parquet")
        pd.testing.assert_frame_equal(again, table.reset_index(drop=True), check_dtype=False)


def test_csv_has_the_same_figures_and_no_formula(report, folder):
    """Numbers read back equal; a text that starts like a formula has a leading apostrophe, and no other has."""
    customers = report.tables["customers"]
    again = pd.read_csv(folder / "tables" / "customers.csv", encoding="utf-8-sig", dtype={"customer_id": "str"})
    assert np.allclose(again["expected_purchases"], customers["expected_purchases"], rtol=0, atol=0)
    ids = dict(zip(customers["customer_id"], again["customer_id"], strict=True))
    assert set(STRANGE) <= set(ids)
    for customer in STRANGE:
        assert ids[customer] == (f"'{customer}" if customer.startswith(tuple("=+-@\t\r\n")) else customer)
    text = (folder / "tables" / "customers.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert "王小明".encode() in text


def test_the_workbook_has_a_sheet_a_table(report, folder):
    """The dictionary first; headers frozen and filtered; ids are unchanged texts; figures are numbers."""
    book = openpyxl.load_workbook(folder / "report.xlsx")
    filled = [name for name, table in report.tables.items() if len(table)]
    assert book.sheetnames == ["dictionary", *(name[:31] for name in filled)]
    for sheet in book:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref is not None
    customers = report.tables["customers"]
    sheet = book["customers"]
    head = [cell.value for cell in sheet[1]]
    assert head == list(customers)
    cells = [row[0] for row in sheet.iter_rows(min_row=2, max_col=1)]
    assert [cell.value for cell in cells] == customers["customer_id"].tolist()
    assert {cell.data_type for cell in cells} == {"s"}
    expected = [row[0].value for row in sheet.iter_rows(min_row=2, min_col=head.index("expected_purchases") + 1)]
    assert expected == pytest.approx(customers["expected_purchases"].tolist(), rel=1e-14)
    share = sheet.cell(2, head.index("churn_probability") + 1)
    assert share.number_format == "0.0%"


def test_a_long_sheet_is_cut_and_noted(report, tmp_path, monkeypatch):
    """It has the first rows, and the dictionary notes how many of how many."""
    monkeypatch.setattr(export, "SHEET_ROWS", 10)
    write_workbook(tmp_path / "short.xlsx", {"customers": report.tables["customers"]})
    book = openpyxl.load_workbook(tmp_path / "short.xlsx")
    assert book["customers"].max_row == 11
    assert f"the first 10 of {len(report.tables['customers']):,} rows" in book["dictionary"]["E2"].value


def test_cells_without_a_value_are_empty_whatever_their_type(tmp_path):
    """A whole number that may be missing, a float, a text and a truth value."""
    trials = pd.DataFrame(
        {
            "date": ["2024-01-01", None],
            "model_version": pd.Series([7, None], dtype="Int64"),
            "deviance": [float("nan"), 1.5],
        }
    )
    write_workbook(tmp_path / "some.xlsx", {"trials": trials})
    sheet = openpyxl.load_workbook(tmp_path / "some.xlsx")["trials"]
    cells = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert cells == [["2024-01-01", 7, None], [None, None, 1.5]]
