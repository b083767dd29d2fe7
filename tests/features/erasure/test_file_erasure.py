"""Rows of erased customers leave tables, and nothing else does."""

import json
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import ipc

from features.erasure.file_erasure import erase_from_csv, erase_from_file, without_ids
from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import names_customer
from features.table_files import write_table

ANNA = IdPattern(["anna"])
TABLE = pa.table({"customer_id": ["anna", "ben", "anna", None], "x": [1.5, 2.5, None, 4.0]})


@pytest.mark.parametrize("ending", ["parquet", "arrow", "csv", "xlsx"])
def test_a_table_of_each_format_loses_her_rows(tmp_path: Path, ending: str) -> None:
    """The rows of others stay as they were, with schema and metadata; a second time changes nothing."""
    path = tmp_path / f"scores.{ending}"
    metadata = {b"regulars": b'{"as_of": "2024-01-01"}'}
    write_table(path, TABLE.replace_schema_metadata(metadata))
    write_table(tmp_path / f"expected.{ending}", TABLE.slice(1, 1).replace_schema_metadata(metadata))
    assert names_customer(path, ANNA)
    assert erase_from_file(path, ANNA) == "2 rows removed"
    assert not names_customer(path, ANNA)
    before = path.read_bytes()
    assert erase_from_file(path, ANNA) == ""
    assert path.read_bytes() == before
    if ending == "parquet":
        left = pq.read_table(path)
        assert left.schema.metadata == metadata
        assert left.to_pylist() == [{"customer_id": "ben", "x": 2.5}, {"customer_id": None, "x": 4.0}]
    if ending == "xlsx":
        rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active]
        assert rows == [["customer_id", "x"], [None, None], ["ben", 2.5], [None, None], [None, 4]]


def test_a_quarantine_loses_her_rows_by_the_columns_of_ids(tmp_path: Path) -> None:
    """An amount that reads like her id stays; a row that could not be split goes if it names her; notes are mended."""
    path = tmp_path / "quarantine.csv"
    path.write_text(
        "source,row_number,column,value,reason,client,amount,note\n"
        "log.csv,1,amount,x,no number,12346,5,\n"
        "log.csv,2,amount,y,no number,99999,12346,\n"
        'log.csv,3,,"12346;2024;x",unclosed quote,,,\n'
        "log.csv,4,amount,z,no number,88888,5,sent to 12346\n",
        "utf-8-sig",
    )
    assert erase_from_csv(path, IdPattern(["12346"]), {"client"}) == 2
    assert path.read_text("utf-8-sig").splitlines()[1:] == [
        "log.csv,2,amount,y,no number,99999,12346,",
        "log.csv,4,amount,z,no number,88888,5,sent to (erased)",
    ]


def test_bytes_that_are_not_utf8_stay(tmp_path: Path) -> None:
    """The rows of others are written as they were read."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"customer_id,note\nanna,x\nb\xe9n,\xff\n")
    assert erase_from_csv(path, ANNA) == 1
    assert path.read_bytes() == b"customer_id,note\nb\xe9n,\xff\n"


def test_json_loses_objects_and_mentions(tmp_path: Path) -> None:
    """Numbers, other customers and the order stay."""
    path = tmp_path / "report.json"
    content = {"largest": [{"customer_id": "anna", "amount": 5}, {"customer_id": "ben"}], "n": 2, "ids": ["anna", "b"]}
    path.write_text(json.dumps({**content, "warning": "customer 'anna' has 80 %", "anna": {}}))
    assert erase_from_file(path, ANNA) == "named no more"
    assert json.loads(path.read_text()) == {
        "largest": [{"customer_id": "ben"}],
        "n": 2,
        "ids": ["b"],
        "warning": "customer '(erased)' has 80 %",
    }
    assert without_ids(content, IdPattern(["nobody"])) == content


def test_pages_are_removed_and_models_are_left(tmp_path: Path) -> None:
    """A page is made again by its verb; a file of a kind that is not changed stays, for the search to list."""
    (tmp_path / "page.html").write_text("anna")
    (tmp_path / "model.joblib").write_text("anna")
    assert erase_from_file(tmp_path / "page.html", ANNA) == "removed"
    assert not (tmp_path / "page.html").exists()
    assert erase_from_file(tmp_path / "model.joblib", ANNA) == ""
    assert names_customer(tmp_path / "model.joblib", ANNA)


def test_numbers_and_streams_lose_her_rows(tmp_path: Path) -> None:
    """Whole numbers in customer_id, as integers or with a fraction of 0."""
    pattern = IdPattern(["17850"])
    for ids in (pa.array([1, 17850]), pa.array([1.0, 17850.0])):
        table = pa.table({"customer_id": ids, "n": [17850, 2]})
        pq.write_table(table, tmp_path / "t.parquet")
        with ipc.new_stream(str(tmp_path / "t.stream"), table.schema) as writer:
            writer.write_table(table)
        for name in ("t.parquet", "t.stream"):
            assert erase_from_file(tmp_path / name, pattern) == "1 row removed"
        assert pq.read_table(tmp_path / "t.parquet")["n"].to_pylist() == [17850]
        with ipc.open_stream((tmp_path / "t.stream").read_bytes()) as reader:
            assert reader.read_all()["n"].to_pylist() == [17850]


@pytest.mark.parametrize("name", ["bad.parquet", "bad.arrow", "bad.stream", "bad.json", "bad.xlsx"])
def test_something_else_behind_a_name_is_left(tmp_path: Path, name: str) -> None:
    """It is not changed, and the erasure goes on; the search lists it."""
    (tmp_path / name).write_text("of anna-17")
    assert erase_from_file(tmp_path / name, IdPattern(["anna-17"])) == ""
    assert (tmp_path / name).read_text() == "of anna-17"
