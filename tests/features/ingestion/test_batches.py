"""Rows come in batches: the log columns as the source has them, all columns on demand."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from features.ingestion.batches import (
    QUARANTINE_COLUMNS,
    data_columns,
    parquet_batches,
    quarantine_columns,
    text_batches,
)
from features.ingestion.csv_format import CsvFormat
from features.ingestion.csv_reader import read_csv_rows
from tests.features.reading import csv_file, parquet_file, read

GOOD = "A,2024-01-01,usage,,,,,,"


def test_parquet_rows_have_their_number_in_the_file(tmp_path: Path) -> None:
    """Through row groups, with all their columns, those not used too."""
    columns = {
        "note": [[i] for i in range(10)],
        "customer_id": pa.array(["A"] * 10),
        "event_time": pa.array([0] * 10, pa.timestamp("s")),
        "event_type": pa.array(["usage"] * 10).dictionary_encode(),
        "amount": [-1.0 if i in (3, 7, 8) else 1.0 for i in range(10)],
    }
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table(columns), path, row_group_size=4)
    result = read(path)
    assert [(row["row_number"], row["value"], row["note"]) for row in result.quarantine] == [
        ("4", "-1", "[3]"),
        ("8", "-1", "[7]"),
        ("9", "-1", "[8]"),
    ]
    assert result.report.ignored_columns == ["note"]


def test_the_columns_about_quarantine_are_not_data() -> None:
    """A quarantine file begins with five columns of its own; elsewhere columns of these names are the source's."""
    assert data_columns([*QUARANTINE_COLUMNS, "customer_id"]) == ["customer_id"]
    assert data_columns(["customer_id", *QUARANTINE_COLUMNS]) == ["customer_id", *QUARANTINE_COLUMNS]
    for header in (["value"], ["reason", "quarantine_reason", "customer_id"], [*QUARANTINE_COLUMNS, "customer_id"]):
        about = quarantine_columns(header)
        assert len({*about, *header}) == len(about) + len(header)
        assert data_columns([*about, *header]) == header


def test_columns_that_are_null_throughout_are_not_read(tmp_path: Path) -> None:
    """The rows on demand have all columns, as text."""
    columns = {
        "customer_id": ["A", "B"],
        "event_time": ["2024-01-01", "2024-01-02"],
        "event_type": ["usage", "usage"],
        "content": ["needs", "needs"],
        "amount": pa.array([None, None], pa.float64()),
        "shop": [1, 2],
    }
    path = parquet_file(tmp_path, columns)
    names = {name: name for name in columns if name != "shop"}
    (batch,) = parquet_batches(path, list(columns), names)
    assert list(batch.log) == ["customer_id", "event_time", "event_type", "content"]
    assert batch.numbers.tolist() == [1, 2]
    row = {"customer_id": "B", "event_time": "2024-01-02", "event_type": "usage", "content": "needs", "shop": "2"}
    assert batch.full_rows(np.array([1])).to_pylist() == [row | {"amount": None}]


def test_batches_of_a_csv_file_have_lines(tmp_path: Path) -> None:
    """And the rows that could not be split into fields."""
    path = csv_file(tmp_path, "A,1", "B", '"C\nD",2', header="customer_id,amount")
    csv_format = CsvFormat("utf-8", ",", ("customer_id", "amount"), 1)
    (batch,) = text_batches(read_csv_rows(path, csv_format), csv_format.header, {"customer_id": "customer_id"})
    assert batch.log["customer_id"].to_pylist() == ["A", "C\nD"]
    assert batch.numbers.tolist() == [1, 3]
    assert batch.lines is not None
    assert batch.lines.tolist() == [2, 4]
    assert [(row.number, row.line, row.text) for row in batch.unreadable] == [(2, 3, "B")]
