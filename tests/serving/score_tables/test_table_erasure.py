"""An erased customer is in no row of a table, at any cutoff, nor in the bytes of a file."""

import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from features.atomic_file import checked_before_replacing
from features.errors import BatchScoresError, StoreError
from serving.score_tables.table_address import TableAddress
from serving.score_tables.table_erasure import erase_from_table
from serving.score_tables.table_writer import write_score_table
from tests.serving.score_tables.scored import score_file, select


def test_rows_of_all_cutoffs_are_erased(address: TableAddress, tmp_path: Path) -> None:
    """A check counts them before and after; those of others stay; a second time nothing is left to do."""
    with pytest.raises(BatchScoresError, match="no batch scores at"):
        erase_from_table(address, ["erased-1"])
    for as_of in ("2024-04-01", "2024-05-01", "2024-05-01"):
        file = score_file(tmp_path / "s.parquet", ["erased-1", "erased-2", "kept"], as_of=as_of)
        write_score_table(address, [[file]])
    gone = ["erased-1", "erased-2", "'; DROP TABLE x; --"]
    assert erase_from_table(address, gone, check=True) == 4
    assert erase_from_table(address, gone) == 4
    assert erase_from_table(address, gone, check=True) == erase_from_table(address, gone) == 0
    assert select(address, "SELECT DISTINCT customer_id FROM {table}") == [("kept",)]


def test_a_file_has_no_trace_of_rows_that_were_replaced(in_sqlite: TableAddress, tmp_path: Path) -> None:
    """Bytes of deleted rows stay in free pages, as SQLite was built, until the file is written anew."""
    ids = [f"erased-{number}" for number in range(500)]
    write_score_table(in_sqlite, [[score_file(tmp_path / "s.parquet", ids)]])
    with closing(sqlite3.connect(in_sqlite.file)) as connection, connection:
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("DELETE FROM scores")
    assert b"erased-317" in in_sqlite.file.read_bytes()
    erase_from_table(in_sqlite, ["erased-317"])
    assert b"erased-317" not in in_sqlite.file.read_bytes()


def test_a_run_that_is_about_to_commit_is_waited_for(address: TableAddress, tmp_path: Path) -> None:
    """Its rows would not be seen yet, and be there afterwards."""
    write_score_table(address, [[score_file(tmp_path / "old.parquet", ["kept"])]])
    with ThreadPoolExecutor(1) as threads:
        erasures: list[Future[int]] = []

        def erase() -> None:
            erasures.append(threads.submit(erase_from_table, address, ["erased"]))
            with pytest.raises(TimeoutError):
                erasures[0].result(0.5)

        with checked_before_replacing(erase):
            write_score_table(address, [[score_file(tmp_path / "new.parquet", ["erased", "kept"])]])
        assert erasures[0].result(60) == 1
    assert select(address, "SELECT customer_id FROM {table}") == [("kept",)]


def test_a_run_is_refused_at_the_last_moment(address: TableAddress, tmp_path: Path) -> None:
    """The rows of the run before stay."""
    write_score_table(address, [[score_file(tmp_path / "old.parquet", ["kept"])]])

    def refuse() -> None:
        raise StoreError("start again")

    with pytest.raises(StoreError), checked_before_replacing(refuse):
        write_score_table(address, [[score_file(tmp_path / "new.parquet", ["erased"])]])
    assert select(address, "SELECT customer_id FROM {table}") == [("kept",)]
