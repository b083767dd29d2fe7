"""Sources are opened in their formats; one that cannot be read is refused in one line that says what to do."""

import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_formats import Source
from features.ingestion.sources import open_sources
from tests.features.reading import HEADER, csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"


def opened(*sources: Path | str, **options: object) -> list[Source]:
    return open_sources(sources, ReadOptions(**options), Path("unused"))  # type: ignore[arg-type]


def said(*sources: Path | str, **options: object) -> str:
    """Return the one line with which sources are refused."""
    with pytest.raises(SourceError) as refusal:
        opened(*sources, **options)
    message = str(refusal.value)
    assert "\n" not in message
    assert ": " in message or ";" in message
    return message


def empty_file(folder: Path) -> Path:
    (folder / "log.csv").write_bytes(b"")
    return folder / "log.csv"


def truncated_parquet(folder: Path) -> Path:
    path = parquet_file(folder, {"customer_id": ["A"], "event_time": ["2024-01-01"], "event_type": ["usage"]})
    path.write_bytes(path.read_bytes()[:-20])
    return path


def parquet_of_rubbish(folder: Path) -> Path:
    (folder / "log.parquet").write_bytes(b"rubbish")
    return folder / "log.parquet"


def folder_of_csv(folder: Path) -> Path:
    csv_file(folder, GOOD)
    return folder


def compressed(folder: Path) -> Path:
    (folder / "log.csv.gz").write_bytes(gzip.compress(b"a,b\n"))
    return folder / "log.csv.gz"


def workbook(folder: Path) -> Path:
    (folder / "log.xlsx").write_bytes(b"PK\x03\x04 and so on")
    return folder / "log.xlsx"


def database_file(folder: Path) -> Path:
    with sqlite3.connect(folder / "log.db") as connection:
        connection.execute("CREATE TABLE events (a)")
    connection.close()
    return folder / "log.db"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (empty_file, "is empty; expected CSV with a header line naming customer_id, event_time, event_type"),
        (lambda folder: csv_file(folder), "has no rows: expected at least one event below the header"),
        (lambda folder: folder / "lg.csv", "there is no file"),
        (
            lambda folder: csv_file(folder, "A,B,C", header="a,b,c"),
            "has no column customer_id, event_time, event_type: map",
        ),
        (
            lambda folder: csv_file(folder, "A,B,C", header="CustomerID,Event Time,event_type"),
            "did you mean --map customer_id=CustomerID --map event_time=Event Time? "
            "Its columns are CustomerID, Event Time, event_type",
        ),
        (
            lambda folder: csv_file(folder, GOOD, header=HEADER + ",amount"),
            "has the column amount more than once: rename",
        ),
        (
            lambda folder: csv_file(folder, GOOD, encoding="utf-8").rename(folder / "log.parquet"),
            "is not a readable Parquet",
        ),
        (truncated_parquet, "is not a readable Parquet file"),
        (parquet_of_rubbish, "is not a readable Parquet file"),
        (folder_of_csv, "is a folder without .parquet files: name a file, or a glob like"),
        (lambda folder: folder / "*.csv", "no file matches"),
        (compressed, "is not a CSV or Parquet file but compressed (gzip): unpack it"),
        (workbook, "is not a CSV or Parquet file but a workbook or zip archive: save it as CSV or Parquet"),
        (database_file, "an SQLite database: name it as sqlite:///PATH and give a query"),
        (
            lambda folder: "s3://bucket/log.parquet",
            "begins with s3://: expected one of postgresql://, sqlite:///, or a file",
        ),
        (
            lambda folder: f"sqlite:///{folder}/none.db",
            "is a database without a query: give one that selects the events",
        ),
        (
            lambda folder: parquet_file(folder, {"customer_id": ["A"], "event_time": [1], "event_type": ["usage"]}),
            "has int64 in column 'event_time': expected timestamps, dates or text",
        ),
        (
            lambda folder: parquet_file(
                folder, {"customer_id": pa.array([], "str"), "event_time": [], "event_type": []}
            ),
            "has no rows: expected at least one event",
        ),
    ],
)
def test_what_cannot_be_read_is_one_line(make: Callable[[Path], Path | str], message: str, tmp_path: Path) -> None:
    """What was found, what was expected, what to do."""
    assert message in said(make(tmp_path))


def test_no_source_at_all_is_an_error() -> None:
    """Nothing is read from nowhere."""
    assert "no source given" in said()
    assert "a source without a name" in said("")


def test_numbers_may_be_constants_and_faulty_ones_are_refused(tmp_path: Path) -> None:
    """A constant is a number whatever the decimal mark of the file; one that breaks the contract is no constant."""
    path = csv_file(tmp_path, "A;2024-01-01;1,5", header="customer_id;event_time;satisfaction")
    result = read(path, constants={"event_type": "purchase", "amount": "2.25"})
    assert [(event["cents"], event["satisfaction"]) for event in result.events] == [(225, 1500)]
    for constants in ({"event_type": "buy"}, {"event_type": "purchase", "amount": "2,25"}, {"event_type": ""}):
        with pytest.raises(SourceError, match="the constant"):
            read(path, constants=constants)
