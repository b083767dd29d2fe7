"""Queries to databases that are really there: SQLite, and a PostgreSQL that the tests start."""

import socket
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow.parquet as pq
import pytest

from features.errors import SourceError
from features.ingestion.sql_reader import query_to_parquet
from tests.features.reading import read
from tests.postgresql import postgresql_server


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[tuple[str, sqlite3.Connection]]:
    """Give a URL, and a connection to put something behind it."""
    connection = sqlite3.connect(tmp_path / "my log.db")
    yield f"sqlite:///{tmp_path}/my log.db", connection
    connection.close()


@pytest.fixture(scope="module")
def postgresql() -> Iterator[str]:
    with postgresql_server() as address:
        yield address


@pytest.mark.needs_postgresql
def test_postgresql_answers_become_events(postgresql: str) -> None:
    """Types of its own included: numeric, timestamps with and without an offset, and what Parquet has no type for."""
    with psycopg.connect(postgresql) as connection:
        connection.execute("""
            CREATE TABLE sales (
                customer integer, at timestamptz, total numeric(12, 2), note interval, kind varchar, said jsonb
            )
        """)
        connection.execute("""
            INSERT INTO sales VALUES (17850, '2024-01-01 10:00+02', 12.5, '1 day', 'purchase', '{"a": 1}'),
                (17850, '2024-01-02 10:00+02', 'NaN', '2 days', 'purchase', NULL), (NULL, NULL, NULL, NULL, NULL, NULL),
                (2, 'infinity', 1, NULL, 'purchase', NULL)
        """)
    options = {"map": {"customer_id": "customer", "event_time": "at", "amount": "total", "event_type": "kind"}}
    result = read(postgresql, query="SELECT * FROM sales;", timezone="Europe/Berlin", **options)
    (event,) = result.events
    assert (event["customer_id"], event["cents"]) == ("17850", 1250)
    assert event["time"] == datetime(2024, 1, 1, 8, tzinfo=UTC).timestamp() * 1e6
    assert result.reasons() == {
        2: "amount is not finite",
        3: "customer_id is empty; event_time is empty; "
        "event_type is empty: expected visit, incentive, usage, purchase, return, feedback",
        4: "event_time is outside the years 1900 to 2200",
    }
    assert result.quarantine[0]["source"] == postgresql.replace("secret", "***")
    assert result.report.assumed[postgresql.replace("secret", "***")] == {"format": "query"}


@pytest.mark.needs_postgresql
def test_many_rows_come_in_bounded_pieces(postgresql: str) -> None:
    """A long answer is whole."""
    query = """
        SELECT i % 100 AS customer_id, timestamp '2024-01-01' + i * interval '1 minute' AS event_time,
            'usage'::text AS event_type, repeat('x', 200) AS content FROM generate_series(1, 200000) i
    """
    result = read(postgresql, query=query)
    assert (result.report.kept, result.report.customers) == (200_000, 100)


@pytest.mark.needs_postgresql
@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "syntax error"),
        ("SELECT * FROM nowhere", 'relation "nowhere" does not exist'),
        ("SELECT 1 / 0 AS customer_id", "division by zero"),
        ("SELECT 1 AS a, 2 AS a", "has the column a more than once"),
        ("SELECT 1 AS a", "has no column customer_id, event_time, event_type"),
        ("SELECT '' AS customer_id, now() AS event_time, '' AS event_type WHERE false", "has no rows"),
        ("CREATE TABLE made (a integer)", "has no column customer_id"),
    ],
)
def test_what_postgresql_refuses_is_one_line(query: str, message: str, postgresql: str) -> None:
    """In its own words, without the password; and nothing is changed there."""
    with pytest.raises(SourceError) as refusal:
        read(postgresql, query=query)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert "secret" not in str(refusal.value)
    with psycopg.connect(postgresql) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'made'").fetchone() == (0,)


def test_a_server_that_does_not_answer_is_one_line() -> None:
    """Connection refused, told without the password."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"postgresql://me:secret@127.0.0.1:{free.getsockname()[1]}/log"
        with pytest.raises(SourceError, match=r"did not answer the query: .*[Cc]onnection refused") as refusal:
            read(url, query="SELECT 1")
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_sqlite_answers_become_events(sqlite: tuple[str, sqlite3.Connection]) -> None:
    """Columns that change their type on the way too: SQLite's have none."""
    url, database = sqlite
    database.execute("CREATE TABLE events (customer_id, event_time, event_type, amount, note)")
    rows = [(None if i % 2 else i, "2024-01-01", "purchase", None, None) for i in range(3_000)]
    rows += [("A", "2024-01-01", "purchase", 1.25, b"\xff\0"), (17850.0, "2024-01-01", "purchase", "2.5", 5)]
    rows += [("B", "2024-01-01", "purchase", float("inf"), "x"), ("B", "2024-01-01", "purchase", 0.1 + 0.2, "x")]
    database.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
    database.commit()
    result = read(url, query="SELECT * FROM events -- all of them")
    assert result.report.rows_in == len(rows)
    assert result.report.quarantined == 1_501
    cents = {event["customer_id"]: event["cents"] for event in result.events}
    assert (cents["A"], cents["17850"], cents["B"], cents["0"]) == (125, 250, 30, None)
    assert result.reasons()[3_003] == "amount is not finite"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELEC 1", "did not answer the query"),
        ("SELECT * FROM nowhere", "no such table: nowhere"),
        ("DELETE FROM events", "syntax error"),
        ("SELECT 1 AS a; SELECT 2 AS a", "syntax error"),
        (" ; ", "is a database without a query"),
        ("SELECT 1 AS a", "has no column customer_id, event_time, event_type"),
        ("SELECT 1 AS customer_id, 1 AS event_time, 1 AS event_type LIMIT 0", "has no rows"),
    ],
)
def test_what_sqlite_refuses_is_one_line(query: str, message: str, sqlite: tuple[str, sqlite3.Connection]) -> None:
    """The same for SQLite, which is opened for reading alone."""
    url, database = sqlite
    database.execute("CREATE TABLE events (a)")
    database.execute("INSERT INTO events VALUES (1)")
    database.commit()
    with pytest.raises(SourceError) as refusal:
        read(url, query=query)
    assert message in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert database.execute("SELECT count(*) FROM events").fetchone() == (1,)


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """An error, and no empty file."""
    with pytest.raises(SourceError, match="names no file: expected a database at"):
        read(f"sqlite:///{tmp_path}/none.db", query="SELECT 1")
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_no_database_is_one_line(tmp_path: Path) -> None:
    """Rubbish by the name of a database."""
    (tmp_path / "log.db").write_text("rubbish, and more of it" * 100)
    with pytest.raises(SourceError, match="file is not a database"):
        read(f"sqlite:///{tmp_path}/log.db", query="SELECT 1")


def test_columns_with_quotes_in_their_names(sqlite: tuple[str, sqlite3.Connection], tmp_path: Path) -> None:
    """Come back under these names."""
    url, database = sqlite
    database.execute('CREATE TABLE t ("a ""b"" c" TEXT, "select" TEXT)')
    database.execute("INSERT INTO t VALUES ('1', '2')")
    database.commit()
    path = query_to_parquet(url, "SELECT * FROM t", tmp_path / "answer.parquet")
    assert pq.read_table(path).to_pylist() == [{'a "b" c': "1", "select": "2"}]


@pytest.mark.needs_postgresql
def test_a_password_comes_from_the_environment(postgresql: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """REGULARS_DB_PASSWORD, or the argument before it; else PGPASSWORD; a wrong one is not shown."""
    with psycopg.connect(postgresql) as connection:
        hba = connection.execute("SHOW hba_file").fetchone()
        connection.execute("CREATE ROLE reader LOGIN PASSWORD 'p@ss:w/rd'")
    assert hba is not None
    before = Path(hba[0]).read_text()
    Path(hba[0]).write_text(f"host all reader 127.0.0.1/32 scram-sha-256\n{before}")
    with psycopg.connect(postgresql) as connection:
        connection.execute("SELECT pg_reload_conf()")
    url = postgresql.replace("postgres:secret@", "reader@")
    query = "SELECT 'A' AS customer_id, now() AS event_time, 'usage' AS event_type"
    for settings, variables in (
        ({}, {"REGULARS_DB_PASSWORD": "p@ss:w/rd"}),
        ({"password": "p@ss:w/rd"}, {"REGULARS_DB_PASSWORD": "wrong"}),
        ({}, {"PGPASSWORD": "p@ss:w/rd"}),
    ):
        with pytest.MonkeyPatch.context() as patch:
            for name, value in variables.items():
                patch.setenv(name, value)
            assert read(url, query=query, **settings).report.sources == [url]
    monkeypatch.setenv("REGULARS_DB_PASSWORD", "wr@ng-one")
    for address in (url, url.replace("reader@", "reader:wr%40ng-one@")):
        with pytest.raises(SourceError, match="password authentication failed") as refusal:
            read(address, query=query)
        assert "ng-one" not in str(refusal.value)
