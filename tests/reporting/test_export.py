"""The files of a report: the same figures in each, no text that a spreadsheet runs, and every column described."""

import re

import numpy as np
import pandas as pd
import pytest

from reporting.export import data_dictionary, write_tables
from reporting.page.html_page import page_customers
from reporting.page.rendering import columns
from tests.reporting.conftest import STRANGE


@pytest.fixture(scope="module")
def folder(report, tmp_path_factory):
    place = tmp_path_factory.mktemp("files")
    write_tables(place / "tables", report.tables)
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
    """Numbers read back to seven digits; only a text that starts like a formula has a leading apostrophe."""
    customers = report.tables["customers"]
    again = pd.read_csv(folder / "tables" / "customers.csv", encoding="utf-8-sig", dtype={"customer_id": "str"})
    assert np.allclose(again["expected_purchases"], customers["expected_purchases"], rtol=5e-7, atol=0)
    ids = dict(zip(customers["customer_id"], again["customer_id"], strict=True))
    assert set(STRANGE) <= set(ids)
    for customer in STRANGE:
        assert ids[customer] == (f"'{customer}" if customer.startswith(tuple("=+-@\t\r\n")) else customer)
    text = (folder / "tables" / "customers.csv").read_bytes()
    assert text.startswith(b"\xef\xbb\xbf")
    assert "王小明".encode() in text


def test_the_customers_have_the_columns_of_the_pages_download(report, folder):
    """The same columns in the same order, to the same digits."""
    names = [name for name in page_customers(report) if not name.startswith(("factor_", "change_"))]
    again = pd.read_csv(folder / "tables" / "customers.csv", encoding="utf-8-sig", dtype={"customer_id": "str"})
    assert list(again) == names
    digits = re.findall(r"\d+", (folder / "tables" / "customers.csv").read_text(encoding="utf-8-sig"))
    assert max(map(len, digits)) <= 17
    shown = columns(report.tables["customers"])["expected_purchases"]
    assert again["expected_purchases"].tolist() == pytest.approx(shown, rel=1e-15)
