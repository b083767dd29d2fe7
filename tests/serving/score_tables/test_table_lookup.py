"""Looking scores up in a table: the latest run, over few connections, and quickly refused when the database is away."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from features.errors import BatchScoresError, ScoresUnreachableError
from serving.score_tables import table_lookup
from serving.score_tables.table_address import TableAddress, read_table_address
from serving.score_tables.table_lookup import UNREACHABLE, TableLookup
from serving.score_tables.table_writer import write_score_table
from tests.serving.running import eventually
from tests.serving.score_tables.scored import score_file, select


def test_the_latest_cutoff_answers_and_of_its_runs_the_last(address: TableAddress, tmp_path: Path) -> None:
    """Not the cutoff written last, nor the longest horizon."""
    lookup = TableLookup(address)
    with pytest.raises(BatchScoresError, match=r"no batch scores at .*: write them with `regulars score`"):
        lookup(["a"])
    for mark, (as_of, horizon) in enumerate(
        [("2024-05-01T00:00:00+00:00", 90), ("2024-05-01", 30), ("2024-05-01T00:00:00+00:00", 30), ("2024-04-01", 7)]
    ):
        file = score_file(tmp_path / "s.parquet", ["a"], mark=mark, as_of=as_of, horizon_days=horizon)
        write_score_table(address, [[file]])
    found = lookup(["x", "a", "a"])
    assert [(row["customer_id"], row["loyalty_score"]) for row in found.rows] == [("a", 2.0)]
    assert (found.unknown, found.facts["horizon_days"]) == (["x"], 30)
    assert lookup([]).rows == []
    assert lookup.trouble is None
    lookup.close()


def test_a_swap_is_seen_without_a_new_look_up(address: TableAddress, tmp_path: Path) -> None:
    """And so is a table that disappears."""
    lookup = TableLookup(address)
    for mark in (1.0, 2.0):
        write_score_table(address, [[score_file(tmp_path / "s.parquet", ["a"], mark=mark)]])
        assert [row["loyalty_score"] for row in lookup(["a"]).rows] == [mark]
    select(address, "DROP TABLE {table}")
    with pytest.raises(BatchScoresError, match="no batch scores at"):
        lookup(["a"])
    assert lookup.trouble is None
    lookup.close()


def test_a_column_that_somebody_dropped_is_a_line(address: TableAddress, tmp_path: Path) -> None:
    """It is no batch of scores any more, whatever the database says of it."""
    write_score_table(address, [[score_file(tmp_path / "s.parquet", ["a"])]])
    select(address, "ALTER TABLE {table} DROP COLUMN band")
    lookup = TableLookup(address)
    with pytest.raises(BatchScoresError) as caught:
        lookup(["a"])
    assert "\n" not in str(caught.value)
    lookup.close()


@pytest.mark.needs_postgresql
def test_a_restarted_server_is_found_again(in_postgresql: TableAddress, tmp_path: Path, server: str) -> None:
    """Connections that the server has closed are replaced, within the same look-up."""
    write_score_table(in_postgresql, [[score_file(tmp_path / "s.parquet", ["a"])]])
    lookup = TableLookup(in_postgresql)
    lookup(["a"])
    with psycopg.connect(server) as connection:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'regulars'"
        connection.execute(query)
    assert len(lookup(["a"]).rows) == 1
    lookup.close()


@pytest.mark.needs_postgresql
def test_a_look_up_uses_the_key(in_postgresql: TableAddress, tmp_path: Path) -> None:
    """However many rows there are, those asked for are found by the index."""
    ids = [f"C{number:05d}" for number in range(20_000)]
    write_score_table(in_postgresql, [[score_file(tmp_path / "s.parquet", ids)]])
    select(in_postgresql, "ANALYZE {table}")
    [*plan] = select(
        in_postgresql,
        "EXPLAIN SELECT * FROM {table} WHERE as_of = '2024-04-30T23:00Z' AND horizon_days = 0 "
        "AND customer_id = ANY('{{C00001,C00002}}')",
    )
    assert "Index" in str(plan)


@pytest.mark.needs_postgresql
def test_a_slow_database_is_given_up_and_the_connections_are_few(
    in_postgresql: TableAddress, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A look-up ends at the time limit; while all connections wait, another one waits a moment only."""
    write_score_table(in_postgresql, [[score_file(tmp_path / "s.parquet", ["a"])]])
    monkeypatch.setattr(table_lookup, "STATEMENT_SECONDS", 3.0)
    monkeypatch.setattr(table_lookup, "WAIT_SECONDS", 0.1)
    reasons: list[str | None] = []
    lookup, failures = TableLookup(in_postgresql, reasons.append), []

    def fail() -> None:
        with pytest.raises(ScoresUnreachableError) as caught:
            lookup(["a"])
        failures.append(str(caught.value))

    with psycopg.connect(server) as locking:
        locking.execute(f"LOCK TABLE {in_postgresql.quoted}")
        threads = [threading.Thread(target=fail) for _ in range(table_lookup.CONNECTIONS + 3)]
        for thread in threads[:-3]:
            thread.start()
        eventually(lambda: lookup._places._value == 0, "all connections are in use")
        for thread in threads[-3:]:
            thread.start()
        for thread in threads:
            thread.join(60)
        query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'regulars'"
        assert locking.execute(query).fetchone() == (table_lookup.CONNECTIONS,)
    assert sum("statement timeout" in each for each in failures) == table_lookup.CONNECTIONS
    assert sum("connections are in use" in each for each in failures) == 3
    assert lookup.trouble == UNREACHABLE
    assert len(lookup(["a"]).rows) == 1
    assert lookup.trouble is None
    assert [reason is None for reason in reasons] == [False, True]
    lookup.close()


def test_a_server_that_is_away_rests_before_it_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look-ups in between fail at once."""
    calls: list[float] = []
    connect = table_lookup.postgresql.connect_reader

    def counted(address: TableAddress, seconds: float) -> psycopg.Connection:
        calls.append(time.monotonic())
        return connect(address, seconds)

    monkeypatch.setattr(table_lookup.postgresql, "connect_reader", counted)
    monkeypatch.setattr(table_lookup, "REST_SECONDS", 60.0)
    lookup = TableLookup(read_table_address("postgresql://ann:hidden@127.0.0.1:1/shop?table=scores"))
    for _ in range(5):
        with pytest.raises(ScoresUnreachableError) as caught:
            lookup(["a"])
        assert "hidden" not in str(caught.value)
    assert len(calls) == 1
    monkeypatch.setattr(table_lookup, "REST_SECONDS", 0.0)
    with pytest.raises(ScoresUnreachableError):
        lookup(["a"])
    assert len(calls) == 2


def test_readiness_learns_of_a_database_that_nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A check asks it when no look-up has for a while."""
    lookup = TableLookup(read_table_address("postgresql://ann@127.0.0.1:1/shop?table=scores"))
    monkeypatch.setattr(table_lookup, "CHECK_SECONDS", 0.0)
    lookup.check()
    assert lookup.trouble == UNREACHABLE


def test_a_locked_file_is_busy_and_a_foreign_one_a_line(
    in_sqlite: TableAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first may be read later, the second never."""
    monkeypatch.setattr(table_lookup, "STATEMENT_SECONDS", 0.1)
    write_score_table(in_sqlite, [[score_file(tmp_path / "s.parquet", ["a"])]])
    lookup = TableLookup(in_sqlite)
    with closing(sqlite3.connect(in_sqlite.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ScoresUnreachableError, match="is locked by another program"):
            lookup(["a"])
    assert len(lookup(["a"]).rows) == 1
    in_sqlite.file.write_text("no database at all, but long enough to be read as the head of one" * 20)
    with pytest.raises(BatchScoresError, match="cannot be read as batch scores: file is not a database"):
        lookup(["a"])


@pytest.mark.needs_postgresql
def test_look_ups_beside_each_other_answer_as_one(
    in_postgresql: TableAddress, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From several threads, over connections that go from one to the next."""
    monkeypatch.setattr(table_lookup, "WAIT_SECONDS", 60.0)
    monkeypatch.setattr(table_lookup, "STATEMENT_SECONDS", 60.0)
    ids = [f"C{number}" for number in range(200)]
    write_score_table(in_postgresql, [[score_file(tmp_path / "s.parquet", ids)]])
    lookup, found = TableLookup(in_postgresql), []

    def look_up() -> None:
        for at in range(20):
            found.append(len(lookup(ids[at : at + 50]).rows))

    threads = [threading.Thread(target=look_up) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert found == [50] * 160
    lookup.close()
