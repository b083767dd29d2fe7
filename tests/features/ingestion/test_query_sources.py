"""The result of a query is a source like a file; its name shows no password."""

import sqlite3
from pathlib import Path

import pytest

from features.errors import SourceError
from features.ingestion.query_sources import open_database, open_file_query
from features.ingestion.read_options import ReadOptions
from features.ingestion.sources import source_digest
from tests.features.reading import csv_file

COLUMNS = "customer_id,event_time,event_type"


def test_a_database_is_a_source(tmp_path: Path) -> None:
    """Its columns are mapped as those of a file, by a pattern of its name too."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE sales (client, event_time, event_type)")
        connection.execute("INSERT INTO sales VALUES ('A', '2024-01-01', 'usage')")
    connection.close()
    options = ReadOptions("SELECT * FROM sales", {"shop.db:customer_id": "client"})
    source = open_database(f"sqlite:///{tmp_path}/shop.db", tmp_path / "answer.parquet", options)
    assert (source.columns["customer_id"], source.empty, source.assumed) == ("client", False, {"format": "query"})
    assert [len(batch.numbers) for batch in source.batches()] == [1]


def test_a_query_over_files_is_a_source(tmp_path: Path) -> None:
    """Whose digest is that of the query and the files."""
    path = csv_file(tmp_path, "A,2024-01-01,usage", header=COLUMNS)
    source = open_file_query(f"FROM '{path}'", tmp_path / "answer.parquet", ReadOptions())
    assert (source.name, list(source.header), source.digest) == ("query", COLUMNS.split(","), source_digest(source))
    with pytest.raises(SourceError, match=r"^the query is no SELECT statement"):
        open_file_query("DROP TABLE t", tmp_path / "answer.parquet", ReadOptions())


def test_errors_name_the_database_without_its_password(tmp_path: Path) -> None:
    """Where the URL has one."""
    with pytest.raises(SourceError, match=r"^postgresql://me:\*\*\*@host/db is a database without a query"):
        open_database("postgresql://me:p@ss@host/db", tmp_path / "answer.parquet", ReadOptions())
