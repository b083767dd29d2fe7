"""The workbook: a cover, plain names, dates as dates, figures as numbers, and pages that can be printed."""

from dataclasses import replace
from datetime import datetime

import numpy as np
import openpyxl
import pandas as pd
import pytest

from reporting import workbook
from reporting.cover import report_cover
from reporting.export import sheet_names
from reporting.workbook import Cover, heading, write_workbook

COVER = Cover("A title", [("Cutoff", datetime(2024, 3, 1)), ("Customers", "3")], ["*Use* the model."])


@pytest.fixture(scope="module")
def book(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("workbook") / "report.xlsx"
    write_workbook(path, report.tables, report_cover(report))
    return openpyxl.load_workbook(path)


def heads(sheet) -> list[str]:
    return [cell.value for cell in sheet[1]]


def column(sheet, name: str) -> list:
    at = heads(sheet).index(heading(name)) + 1
    return [row[0].value for row in sheet.iter_rows(min_row=2, min_col=at, max_col=at)]


def test_the_cover_comes_first_and_the_dictionary_last(report, book):
    """Between them charts and a sheet with a plain name for each table that has rows."""
    names = sheet_names(report.tables)
    filled = {names[name] for name, table in report.tables.items() if len(table)}
    assert book.sheetnames[:2] == ["Cover", "Charts"]
    assert book.sheetnames[-1] == "Dictionary"
    assert set(book.sheetnames[2:-1]) == filled
    assert not any("_" in name for name in book.sheetnames)


def test_the_cover_says_what_when_by_which_versions_and_the_verdict(report, book):
    """Cutoff as a date, versions of the rule and the model, the number of customers, and the advice."""
    cells = [cell.value for row in book["Cover"].iter_rows() for cell in row if cell.value is not None]
    assert datetime.fromisoformat(report.comparison.as_of) in cells
    text = "\n".join(str(cell) for cell in cells)
    assert f"version {report.comparison.formula.version} of" in text
    assert f"{len(report.comparison.purchases):,}" in text
    assert len(report.advice) + len(report.warnings) <= len(cells)
    assert "*" not in text
    assert "{" not in text


def test_charts_read_cells_that_hold_their_figures(report, book):
    """Each series of each chart covers numbers of its sheet, as many as there are categories."""
    charts = book["Charts"]._charts
    assert len(charts) == 3
    for chart in charts:
        for series in chart.series:
            sheet, _, cells = series.val.numRef.f.replace("'", "").replace("$", "").partition("!")
            values = [row[0].value for row in book[sheet][cells]]
            assert values
            assert all(value is None or isinstance(value, (int, float)) for value in values)


def test_every_sheet_is_ready_to_print(book):
    """Landscape, one page wide, with the heads on every page and the number of the page; none has a thousand rows."""
    for sheet in book.worksheets[2:]:
        assert sheet.freeze_panes == "B2"
        assert sheet.auto_filter.ref is not None
        assert sheet.page_setup.orientation == "landscape"
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth or 1, int(sheet.page_setup.fitToHeight)) == (1, 0)
        assert sheet.print_title_rows == "$1:$1"
        assert sheet.oddFooter.right.text == "&P / &N"
        assert int(sheet.print_area.rpartition("$")[2]) <= workbook.PRINTED_ROWS + 1


def test_dates_are_dates_and_figures_numbers(report, book):
    """Ids stay texts, whatever they start with; a share is shown in per cent; days that are whole have no decimals."""
    customers = report.tables["customers"]
    sheet = book["Customers"]
    assert column(sheet, "customer_id") == customers["customer_id"].tolist()
    assert column(sheet, "churn_probability") == pytest.approx(customers["churn_probability"].tolist(), rel=1e-12)
    at = heads(sheet).index(heading("churn_probability")) + 1
    assert sheet.cell(2, at).number_format == "0.0%"
    at = heads(sheet).index(heading("days_since_last_purchase")) + 1
    assert sheet.cell(2, at).number_format == "#,##0"
    assert column(book["Indices over time"], "as_of") == [
        datetime.fromisoformat(day) for day in report.tables["base_indices"]["as_of"]
    ]


def test_factors_are_multiples(report, book):
    """What the page shows as a factor is one in the workbook, not its logarithm."""
    assert column(book["Why (factors)"], "history") == pytest.approx(np.exp(report.tables["why"]["history"]).tolist())


def test_nothing_is_minus_zero(tmp_path):
    """A difference that is smaller than a figure's last digit is 0."""
    swap = pd.DataFrame({"outcome": ["spend"] * 2, "difference": [-1e-9, -0.0]})
    customers = pd.Series([7, None], dtype="Int64")
    sizes = pd.DataFrame({"cohort": ["2024-01-01", None], "customers": customers, "bought": [np.nan, 2.0]})
    write_workbook(tmp_path / "some.xlsx", {"base_cohorts": sizes, "swap_set": swap}, COVER)
    book = openpyxl.load_workbook(tmp_path / "some.xlsx")
    assert [str(value) for value in column(book["Where they disagree"], "difference")] == ["0", "0"]
    cells = [[cell.value for cell in row] for row in book["Retention by cohort"].iter_rows(min_row=2)]
    assert cells == [[datetime(2024, 1, 1), 7, None], [None, None, 2]]


def test_a_long_sheet_is_cut_and_noted(report, tmp_path, monkeypatch):
    """It has the first rows, and the dictionary notes how many of how many."""
    monkeypatch.setattr(workbook, "SHEET_ROWS", 10)
    write_workbook(tmp_path / "short.xlsx", {"customers": report.tables["customers"]}, COVER)
    book = openpyxl.load_workbook(tmp_path / "short.xlsx")
    assert book["Customers"].max_row == 11
    assert f"the first 10 of {len(report.tables['customers']):,} rows" in book["Dictionary"]["F2"].value


def test_a_title_with_an_ampersand_stays_one(tmp_path):
    """In a header & begins a code."""
    cover = replace(COVER, title="Rule & model")
    write_workbook(tmp_path / "some.xlsx", {"base_moved": pd.DataFrame({"customer_id": ["=1"]})}, cover)
    sheet = openpyxl.load_workbook(tmp_path / "some.xlsx")["Who moved"]
    assert "Rule && model" in str(sheet.oddHeader.left.text)
    assert sheet["A2"].value == "=1"
    assert sheet["A2"].data_type == "s"
