"""A table's format follows the file's name, and what is read back is what was written."""

import csv
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import ipc

from features import table_files
from features.errors import TableFileError
from features.table_files import escape_formulas, escape_texts, table_format, table_writer, write_frame, write_table

RISKY = ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"]
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
ROWS = st.lists(
    st.tuples(TEXTS | st.none(), st.floats(-1e12, 1e12) | st.none(), st.integers(-(2**50), 2**50) | st.none()),
    max_size=20,
)
SCHEMA = pa.schema([("customer_id", pa.string()), ("score", pa.float64()), ("count", pa.int64())])


def table_of(rows: list[tuple[Any, ...]]) -> pa.Table:
    return pa.table([list(column) for column in zip(*rows, strict=True)] or [[], [], []], schema=SCHEMA)


def written(folder: Path, ending: str, pieces: list[pa.Table]) -> Path:
    """A file with the pieces of a table."""
    path = folder / f"table.{ending}"
    with table_writer(path, pieces[0].schema) as writer:
        for piece in pieces:
            writer.write_table(piece)
    assert [each.name for each in folder.glob(f"*{ending}*")] == [path.name]
    return path


@given(rows=ROWS, cut=st.integers(0, 20))
def test_parquet_and_arrow_keep_everything(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], cut: int
) -> None:
    """Values, types, nulls and the schema's metadata, in however many pieces they come."""
    folder, table = tmp_path_factory.mktemp("tables"), table_of(rows)
    table = table.replace_schema_metadata({"regulars": "facts"})
    pieces = [table.slice(0, cut), table.slice(cut)]
    assert pq.read_table(written(folder, "parquet", pieces)).equals(table, check_metadata=True)
    with ipc.open_file(written(folder, "arrow", pieces)) as file:
        assert file.read_all().equals(table, check_metadata=True)


@given(rows=ROWS, cut=st.integers(0, 20))
def test_csv_and_xlsx_have_every_value(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Any, ...]], cut: int
) -> None:
    """Texts that are no formulas as they are, numbers to the last bit of a float, null as an empty cell."""
    folder, table = tmp_path_factory.mktemp("tables"), table_of(rows)
    pieces = [table.slice(0, cut), table.slice(cut)]
    with written(folder, "csv", pieces).open(newline="", encoding="utf-8") as lines:
        head, *cells = csv.reader(lines)
    assert head == SCHEMA.names
    found = [(text, float(score) if score else None, int(count) if count else None) for text, score, count in cells]
    assert found == [(safe(text) or "", score, count) for text, score, count in rows]
    sheet = openpyxl.load_workbook(written(folder, "xlsx", pieces)).active
    head, *cells = sheet.iter_rows(values_only=True)
    assert list(head) == SCHEMA.names
    found = [(text or "", score, count) for text, score, count in cells]
    found += [("", None, None)] * (len(rows) - len(found))  # a row of empty cells has none in the file
    assert found == [(text or "", score and pytest.approx(score), count) for text, score, count in rows]


def safe(text: str | None) -> str | None:
    return f"'{text}" if text and text[0] in "=+-@\t\r\n" else text


@pytest.mark.parametrize("text", RISKY)
def test_a_text_that_would_run_is_escaped_in_csv_alone(tmp_path: Path, text: str) -> None:
    """A workbook stores it as a text, Parquet as it is."""
    table = pa.table({"customer_id": pa.array([text, "C1"]).dictionary_encode()})
    write_table(tmp_path / "t.csv", table)
    with (tmp_path / "t.csv").open(newline="") as lines:
        assert list(csv.reader(lines))[1:] == [[f"'{text}"], ["C1"]]
    write_table(tmp_path / "t.xlsx", table)
    cell = openpyxl.load_workbook(tmp_path / "t.xlsx").active["A2"]
    assert cell.data_type == "s"
    assert cell.value.replace("_x000D_", "\r") == text
    write_table(tmp_path / "t.parquet", table)
    assert pq.read_table(tmp_path / "t.parquet")["customer_id"].to_pylist() == [text, "C1"]


def test_escaped_texts_keep_nulls() -> None:
    """And only those that would run get the apostrophe."""
    texts = pa.chunked_array([["=1", None, "1=", ""]])
    assert escape_texts(texts).to_pylist() == ["'=1", None, "1=", ""]


def test_nan_times_and_booleans_have_cells(tmp_path: Path) -> None:
    """NaN is an empty cell, a time is one, and true is true."""
    time = datetime(2024, 3, 1, 9, 30)
    table = pa.table({"x": [float("nan"), 1.0], "t": pa.array([time, None], pa.timestamp("us")), "b": [True, None]})
    write_table(tmp_path / "t.csv", table)
    assert (tmp_path / "t.csv").read_text().splitlines()[1:] == [",2024-03-01 09:30:00.000000,true", "1,,"]
    write_table(tmp_path / "t.xlsx", table)
    rows = list(openpyxl.load_workbook(tmp_path / "t.xlsx").active.iter_rows(values_only=True))
    assert rows[1:] == [(None, time, True), (1, None, None)]


def test_a_table_too_long_for_a_sheet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the cure, and without a file; one that just fits is written."""
    monkeypatch.setattr(table_files, "SHEET_ROWS", 5)
    write_table(tmp_path / "fits.xlsx", pa.table({"x": range(4)}))
    with pytest.raises(TableFileError, match=r"holds 4 rows and the table has more: end the name with \.parquet"):
        write_table(tmp_path / "t.xlsx", pa.table({"x": range(5)}))
    assert [path.name for path in tmp_path.iterdir()] == ["fits.xlsx"]


def test_the_sheet_of_excel_has_this_many_rows() -> None:
    """2 to the 20th."""
    assert table_files.SHEET_ROWS == 2**20


@pytest.mark.parametrize("name", ["t.txt", "t", "t.csv.gz", "t.parquet.bak", ".csv", "t.xls"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    """The four are named, and nothing is written."""
    with pytest.raises(TableFileError, match=r"end the name with \.parquet, \.csv, \.xlsx, \.arrow"):
        write_table(tmp_path / name, pa.table({"x": [1]}))
    assert list(tmp_path.iterdir()) == []


def test_the_ending_is_read_in_any_case() -> None:
    """As on Windows."""
    assert table_format("T.CSV") == "csv"


def test_a_failure_leaves_the_old_file(tmp_path: Path) -> None:
    """In each format."""
    for ending in table_files.FORMATS:
        path = tmp_path / f"t.{ending}"
        path.write_text("old")
        with pytest.raises(pa.ArrowInvalid), table_writer(path, SCHEMA) as writer:
            writer.write_table(pa.table({"customer_id": ["a"], "score": ["much"], "count": [1]}).cast(SCHEMA))
        assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == len(table_files.FORMATS)


@pytest.mark.parametrize("start", [text[0] for text in RISKY])
def test_all_starts_of_formulas_are_escaped(start: str) -> None:
    """In any text column; null stays null."""
    table = escape_formulas(pd.DataFrame({"reason": [f"{start}1", "plain", None], "n": [-1, 0, 1]}))
    assert table["reason"].tolist()[:2] == [f"'{start}1", "plain"]
    assert table["reason"].isna().tolist() == [False, False, True]
    assert table["n"].tolist() == [-1, 0, 1]


@pytest.mark.parametrize("rows", [0, 3])
def test_a_frame_keeps_its_types(tmp_path: Path, rows: int) -> None:
    """Also without rows; what is missing, in any of pandas' ways, is null."""
    columns = {
        "when": pd.to_datetime(["2024-01-01", None, "2024-01-03"], utc=True),
        "number": pd.array([1, None, 3], "Int64"),
        "why": ["a", None, float("nan")],
    }
    types = {"when": pa.timestamp("us", "UTC"), "number": pa.int64()}
    write_frame(tmp_path / "table.parquet", pd.DataFrame(columns, index=[7, 8, 9]).head(rows), types)
    found = pq.read_table(tmp_path / "table.parquet")
    assert {name: found.schema.field(name).type for name in columns} == {**types, "why": pa.string()}
    assert found["number"].to_pylist() == [1, None, 3][:rows]
    assert found["why"].to_pylist() == ["a", None, None][:rows]
    assert [when is None for when in found["when"].to_pylist()] == [False, True, False][:rows]
