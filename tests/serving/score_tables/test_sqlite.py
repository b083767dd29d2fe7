"""What SQLite alone has: files, and what a killed writer leaves in them."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from features.errors import BatchScoresError
from serving.score_tables.layout import ScoreRun
from serving.score_tables.sqlite import read_scores, write_runs
from serving.score_tables.table_address import TableAddress, read_table_address
from tests.serving.score_tables.scored import score_file


def test_other_tables_of_the_file_stay(in_sqlite: TableAddress, tmp_path: Path) -> None:
    """The file may be that of the shop."""
    with closing(sqlite3.connect(in_sqlite.file)) as connection, connection:
        connection.execute("CREATE TABLE mine (a)")
        connection.execute("INSERT INTO mine VALUES (1)")
    write_runs(in_sqlite, [ScoreRun.of_files([score_file(tmp_path / "s.parquet", ["a"])])])
    with closing(sqlite3.connect(in_sqlite.file)) as connection:
        assert connection.execute("SELECT * FROM mine").fetchall() == [(1,)]


def test_a_file_that_is_missing_has_no_scores_and_is_not_made(tmp_path: Path) -> None:
    """A mistyped name makes no empty database; a writer makes the folders that are missing."""
    address = read_table_address(f"sqlite:///{tmp_path}/a/b.db?table=x")
    with pytest.raises(BatchScoresError, match="no batch scores at"):
        read_scores(address, ["a"], 1.0)
    assert not address.file.exists()
    write_runs(address, [ScoreRun.of_files([score_file(tmp_path / "s.parquet", ["a"])])])
    assert len(read_scores(address, ["a"], 1.0)[1]) == 1


def test_a_folder_in_the_place_of_the_file_is_a_line(tmp_path: Path) -> None:
    """And so is a name that cannot be opened."""
    (tmp_path / "x.db").mkdir()
    address = read_table_address(f"sqlite:///{tmp_path}/x.db?table=x")
    with pytest.raises(BatchScoresError, match="cannot be written: unable to open database file"):
        write_runs(address, [ScoreRun.of_files([score_file(tmp_path / "s.parquet", ["a"])])])
