"""Scores in a table: a run takes the place of the one before, whole, and leaves all other rows alone."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from features.errors import BatchScoresError, ScoresUnreachableError
from serving.batch_lookup import lookup_batch_scores
from serving.score_tables.layout import KEY, RUN_COLUMNS
from serving.score_tables.table_address import TableAddress, read_table_address
from serving.score_tables.table_erasure import erase_from_table
from serving.score_tables.table_lookup import TableLookup
from serving.score_tables.table_retention import prune_table
from serving.score_tables.table_writer import check_score_table, write_score_table
from tests.serving.score_tables.scored import score_file, select

ROOT = Path(__file__).parents[3]


def test_a_rerun_replaces_and_never_doubles(address: TableAddress, tmp_path: Path) -> None:
    """Rows of the same cutoff and horizon; those of others stay, customers who are gone do not."""
    old = score_file(tmp_path / "old.parquet", ["a", "b", "c"], mark=1.0)
    new = score_file(tmp_path / "new.parquet", ["b", "c", "d"], mark=2.0)
    other = score_file(tmp_path / "other.parquet", ["a"], mark=3.0, as_of="2024-04-01")
    longer = score_file(tmp_path / "longer.parquet", ["a"], mark=4.0, horizon_days=90)
    for files in ([old], [other, longer], [new], [new]):
        write_score_table(address, [[file] for file in files])
    rows = select(address, "SELECT loyalty_score, customer_id FROM {table} ORDER BY 1, 2")
    assert rows == [(2.0, "b"), (2.0, "c"), (2.0, "d"), (3.0, "a"), (4.0, "a")]
    assert select(address, "SELECT count(*) FROM {runs}") == [(3,)]


def test_several_files_are_one_run(address: TableAddress, tmp_path: Path) -> None:
    """The parts of a folder."""
    parts = [score_file(tmp_path / f"{name}.parquet", [name]) for name in "abc"]
    write_score_table(address, [parts])
    assert select(address, "SELECT customer_id FROM {table} ORDER BY 1") == [("a",), ("b",), ("c",)]


def test_every_value_comes_back_as_it_was(address: TableAddress, tmp_path: Path) -> None:
    """Nulls, empty texts, quotes, line ends and the last bit of numbers; columns that a later run adds or lacks."""
    ids = ['q"u,o', "new\nline", "客", "'; DROP TABLE x; --", "\\.", "plain"]
    numbers = [0.1, None, 5e-324, 1.7976931348623157e308, -0.1, 1 / 3]
    more = {
        "part_purchases": pa.array(numbers),
        'con"tr': pa.array(numbers[::-1]),
        "segment": pa.array(["", None, "é", 'a"b', "x,y", "z"], pa.large_string()),
        "recency_class": pa.array([1, None, 3, 4, 5, 2**40], pa.int64()),
    }
    wide = score_file(tmp_path / "wide.parquet", ids, more=more, as_of="2024-05-02")
    narrow = score_file(tmp_path / "narrow.parquet", ["a"])
    for file in (narrow, wide, narrow):
        write_score_table(address, [[file]])
    lookup = TableLookup(address)
    found, expected = lookup([*ids, "nobody"]), lookup_batch_scores(wide, ids)
    lookup.close()
    assert sorted(found.rows, key=str) == sorted(expected.rows, key=str)
    assert (found.unknown, found.facts) == (["nobody"], expected.facts)
    assert select(address, "SELECT count(*) FROM {table} WHERE part_purchases IS NULL") == [(2,)]


def test_a_table_of_something_else_is_left_alone(address: TableAddress, tmp_path: Path) -> None:
    """It has the name, and no run wrote it."""
    select(address, "CREATE TABLE {table} (mine integer)")
    for refused in (check_score_table, lambda table: write_score_table(table, [[score_file(tmp_path / "s", ["a"])]])):
        with pytest.raises(BatchScoresError, match="a table that no run of `regulars score` wrote: name another one"):
            refused(address)
    assert select(address, "SELECT * FROM {table}") == []


@pytest.mark.parametrize("column", ["as_of", "horizon_days", "customer_id", "run", "content"])
def test_tables_that_lack_a_column_are_left_alone(address: TableAddress, tmp_path: Path, column: str) -> None:
    """With the names of both tables, and whether one writes, erases, prunes or looks up."""
    for table, names in (("{table}", KEY), ("{runs}", RUN_COLUMNS)):
        columns = ", ".join(f"{name if name != column else 'other'} text" for name in names)
        select(address, f"CREATE TABLE {table} ({columns})")
    select(address, "INSERT INTO {table} VALUES (NULL, NULL, NULL)")
    file, lookup, later = score_file(tmp_path / "s", ["a"]), TableLookup(address), datetime(2100, 1, 1, tzinfo=UTC)
    calls: list[Callable[[], object]] = [
        lambda: check_score_table(address),
        lambda: write_score_table(address, [[file]]),
        lambda: erase_from_table(address, [column, "a"]),
        lambda: erase_from_table(address, ["a"], check=True),
        lambda: prune_table(address, later),
        lambda: prune_table(address, later, check=True),
        lambda: lookup(["a"]),
    ]
    for call in calls:
        with pytest.raises(BatchScoresError, match=r"no run of `regulars score` wrote|no batch scores at"):
            call()
    lookup.close()
    assert select(address, "SELECT * FROM {table}") == [(None, None, None)]


def test_a_check_tells_a_table_that_is_there(address: TableAddress, tmp_path: Path) -> None:
    """Nothing is made by asking; one that holds no row any more is there."""
    assert not check_score_table(address)
    assert not check_score_table(address)
    write_score_table(address, [[score_file(tmp_path / "s.parquet", ["a"])]])
    erase_from_table(address, ["a"])
    assert check_score_table(address)


def test_rows_that_cannot_be_written_leave_the_old_ones(address: TableAddress, tmp_path: Path) -> None:
    """One customer twice breaks the key: the error is a line, and the table is as before."""
    write_score_table(address, [[score_file(tmp_path / "old.parquet", ["a"])]])
    twice = score_file(tmp_path / "twice.parquet", ["b", "c", "b"])
    with pytest.raises(BatchScoresError, match="cannot be written") as caught:
        write_score_table(address, [[twice]])
    assert "\n" not in str(caught.value)
    assert select(address, "SELECT customer_id FROM {table}") == [("a",)]


@pytest.mark.parametrize("host", ["127.0.0.1:1", "nowhere.invalid"])
def test_a_database_that_does_not_answer_is_a_line(tmp_path: Path, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which says where it should be, and no password."""
    monkeypatch.setenv("REGULARS_DB_PASSWORD", "hidden")
    address = read_table_address(f"postgresql://ann:concealed@{host}/shop?table=scores")
    with pytest.raises(ScoresUnreachableError, match="cannot be reached") as caught:
        write_score_table(address, [[score_file(tmp_path / "s.parquet", ["a"])]])
    assert "ann:***@" in str(caught.value)
    assert not {"hidden", "concealed", "\n"} & set(str(caught.value).replace("\n", " \n ").split())


WRITE = """
import sys
from pathlib import Path
from serving.score_tables.table_address import read_table_address
from serving.score_tables.table_writer import write_score_table
while True:
    for name in sys.argv[2:]:
        write_score_table(read_table_address(sys.argv[1]), [[Path(name)]])
        print("written", flush=True)
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_the_old_or_the_new(address: TableAddress, tmp_path: Path) -> None:
    """Each look-up, while a run is killed again and again, finds all customers, all of one run."""
    ids = [f"C{number:05d}" for number in range(3_000)]
    files = [score_file(tmp_path / f"{mark}.parquet", ids, mark=mark) for mark in (1.0, 2.0)]
    write_score_table(address, [[files[0]]])
    text = f"sqlite:///{tmp_path}/of%20scores.db?table=scores" if address.is_sqlite else str(address)
    command = [sys.executable, "-c", WRITE, text.replace("***", "secret"), *map(str, files)]
    lookup, moments, seen = TableLookup(address), random.Random(7), set()
    for number in range(6):
        writer = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert writer.stdout
        for _ in range(1 + number % 2):  # so that both are seen, however long a run takes
            assert writer.stdout.readline() == b"written\n"
        ends = time.monotonic() + moments.uniform(0.2, 0.8)
        while time.monotonic() < ends:
            seen |= marks(lookup, ids)
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        writer.stdout.close()
        seen |= marks(lookup, ids)
    lookup.close()
    assert seen == {1.0, 2.0}
    assert select(address, "SELECT count(*) FROM {table}") == [(3_000,)]


def marks(lookup: TableLookup, ids: list[str]) -> set[float]:
    """The scores that a look-up finds: one for all."""
    rows = lookup(ids).rows
    assert len(rows) == len(ids)
    found = {row["loyalty_score"] for row in rows}
    assert len(found) == 1
    return found
