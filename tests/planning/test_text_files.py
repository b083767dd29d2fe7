"""Small tables as text from any format."""

from pathlib import Path

import pandas as pd
import pytest

from features.errors import SourceError
from planning.text_files import read_text_rows
from planning.text_rows import Faults


def test_a_table_is_the_same_from_csv_and_parquet(tmp_path: Path) -> None:
    """Blank cells are absent, blank rows left out, white space trimmed."""
    frame = pd.DataFrame({"customer_id": ["c1", "c2", None], "rep": [" R1 ", None, None]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    found = [read_text_rows(tmp_path / name, "plan", Faults()) for name in ("t.csv", "t.parquet")]
    for header, rows in found:
        assert header == ["customer_id", "rep"]
        assert [row.cells for row in rows] == [{"customer_id": "c1", "rep": "R1"}, {"customer_id": "c2"}]
        assert [row.number for row in rows] == [1, 2]


def test_what_cannot_be_read_names_no_option_of_another_verb(tmp_path: Path) -> None:
    """A workbook of several sheets asks for one of the table's name, an empty file for a header."""
    with pd.ExcelWriter(tmp_path / "two.xlsx") as writer:
        for sheet in ("a", "b"):
            pd.DataFrame({"customer_id": ["c1"]}).to_excel(writer, sheet_name=sheet, index=False)
    (tmp_path / "empty.csv").write_text("")
    for name, message in (
        ("two.xlsx", r"has 2 sheets \('a', 'b'\): name the one to read plan$"),
        ("empty.csv", r"is empty: expected a header line and rows$"),
    ):
        with pytest.raises(SourceError, match=message):
            read_text_rows(tmp_path / name, "plan", Faults())
