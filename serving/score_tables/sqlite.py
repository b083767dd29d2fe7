"""Tables of scores in a file of SQLite: the load in one transaction, and look-ups."""

import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from urllib.parse import quote

from features.atomic_file import check_before_replacing
from features.encryption.parquet_files import open_parquet_file
from features.errors import BatchScoresError, ScoresUnreachableError
from features.sql_names import quoted
from serving.score_tables.layout import (
    KEY,
    FactsAndRows,
    ScoreRun,
    column_statements,
    create_statements,
    has_tables,
    insert_run,
    latest_run,
    no_scores,
    read_content,
)
from serving.score_tables.table_address import TableAddress

INSERT_ROWS = 50_000
WRITE_SECONDS = 60.0
"""How long a run waits for another one."""
BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


@contextmanager
def _errors(address: TableAddress, what: str) -> Iterator[None]:
    """Turn errors of the database into ours, in one line."""
    try:
        yield
    except sqlite3.Error as error:
        if re.match("no such (table|column)", str(error)):
            raise no_scores(address) from None
        if error.sqlite_errorcode & 0xFF in BUSY:
            raise ScoresUnreachableError(f"{address} is locked by another program: try again") from None
        raise BatchScoresError(f"{address} {what}: {error}") from None


def _opened(address: TableAddress, mode: str, seconds: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(address.file))}?mode={mode}"
    return sqlite3.connect(uri, uri=True, timeout=seconds, isolation_level=None)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # to close is not enough: a cursor that a traceback holds would keep the file locked
        connection.rollback()
        raise


@contextmanager
def _opened_scores(address: TableAddress, what: str) -> Iterator[sqlite3.Connection]:
    """Open the file of a table that is there; raises BatchScoresError where there is none."""
    if not address.file.is_file():
        raise no_scores(address)
    with _errors(address, what), closing(_opened(address, "rw", WRITE_SECONDS)) as connection:
        if not _has_table(connection, address):
            raise no_scores(address)
        yield connection


def write_runs(address: TableAddress, runs: Sequence[ScoreRun]) -> None:
    """Put runs in place of those of the same cutoffs and horizons, all in one transaction; see `write_score_table`."""
    address.file.parent.mkdir(parents=True, exist_ok=True)
    with _errors(address, "cannot be written"), closing(_opened(address, "rwc", WRITE_SECONDS)) as connection:
        connection.execute("PRAGMA cache_spill = OFF")  # readers wait for the end of the transaction alone
        with _transaction(connection):
            _make_tables(connection, address, runs)
            for run in runs:
                _insert(connection, address, run)
            check_before_replacing()


def check_table(address: TableAddress) -> bool:
    """Refuse a table of something else, and a file that is no database; see `check_score_table`."""
    if not address.file.exists():
        return False
    with _errors(address, "cannot be opened"), closing(_opened(address, "rw", WRITE_SECONDS)) as connection:
        return _has_table(connection, address)


def _has_table(connection: sqlite3.Connection, address: TableAddress) -> bool:
    """Return whether there is the table; raises BatchScoresError for one that something else made.

    To be asked before any other statement: a quoted name that is no column is a text in SQLite, and no error.
    """
    return has_tables(address, _columns(connection, address.table), _columns(connection, f"{address.table}_runs"))


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]


def _make_tables(connection: sqlite3.Connection, address: TableAddress, runs: Sequence[ScoreRun]) -> None:
    _has_table(connection, address)
    for statement in create_statements(address):
        connection.execute(statement)
    for run in runs:
        for statement in column_statements(address, run.schema, _columns(connection, address.table)):
            connection.execute(statement)


def _insert(connection: sqlite3.Connection, address: TableAddress, run: ScoreRun) -> None:
    key = (run.cutoff.isoformat(), run.horizon_days)
    for table in (address.quoted, address.quoted_runs):
        connection.execute(f'DELETE FROM {table} WHERE "as_of" = ? AND "horizon_days" = ?', key)
    names = ", ".join(map(quoted, (*KEY[:2], *run.schema.names)))
    marks = ", ".join("?" * len(run.schema))
    statement = f"INSERT INTO {address.quoted} ({names}) VALUES (?, ?, {marks})"
    for file in run.files:
        for batch in open_parquet_file(file).iter_batches(INSERT_ROWS):
            columns = [column.to_pylist() for column in batch.columns]
            connection.executemany(statement, ((*key, *row) for row in zip(*columns, strict=True)))
    connection.execute(insert_run(address), (*key, run.content))


def read_scores(address: TableAddress, customer_ids: Sequence[str], seconds: float) -> FactsAndRows:
    """Return the metadata of the run written last at the latest cutoff, and its rows of some customers.

    Parameters
    ----------
    address : TableAddress
    customer_ids : sequence of str
    seconds : float
        How long to wait for a writer.

    Raises
    ------
    BatchScoresError
        When there are none, or they cannot be read.
    ScoresUnreachableError
        When a writer does not end in time.
    """
    if not address.file.is_file():
        raise no_scores(address)
    # Not mode=ro: what a killed writer left must be rolled back first, which needs the right to write.
    with (
        _errors(address, "cannot be read as batch scores"),
        closing(_opened(address, "rw", seconds)) as connection,
    ):
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        if not _has_table(connection, address):
            raise no_scores(address)
        latest = connection.execute(latest_run(address)).fetchone()
        if latest is None:
            raise no_scores(address)
        *key, content = latest
        facts, columns = read_content(address, content)
        # A quoted name without a table is a text where there is no such column.
        names = ", ".join(f"scores.{quoted(name)}" for name in columns)
        rows = connection.execute(
            f'SELECT {names} FROM {address.quoted} AS scores WHERE "as_of" = ? AND "horizon_days" = ? '
            'AND "customer_id" IN (SELECT value FROM json_each(?))',
            (*key, json.dumps(list(customer_ids))),
        )
        return facts, [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]


def erase_rows(address: TableAddress, customer_ids: Sequence[str], *, check: bool) -> int:
    """Delete the rows of customers, or count them; see `erase_from_table`."""
    where = f'FROM {address.quoted} WHERE "customer_id" IN (SELECT value FROM json_each(?))'
    ids = (json.dumps(list(customer_ids)),)
    with _opened_scores(address, "cannot be erased from") as connection:
        if check:
            return int(connection.execute(f"SELECT count(*) {where}", ids).fetchone()[0])
        erased = connection.execute(f"DELETE {where}", ids).rowcount
        connection.execute("VACUUM")  # the place of rows that runs replaced has ids too
        return erased


def prune_rows(address: TableAddress, earliest: datetime, *, check: bool) -> int:
    """Delete the rows of earlier cutoffs, or count them; see `prune_table`."""
    key = (earliest.isoformat(),)
    with _opened_scores(address, "cannot be pruned") as connection:
        connection.execute("PRAGMA secure_delete = ON")  # no trace is left when a kill comes before VACUUM
        [count] = connection.execute(f'SELECT count(*) FROM {address.quoted} WHERE "as_of" < ?', key).fetchone()
        if count and not check:
            with _transaction(connection):
                for table in (address.quoted, address.quoted_runs):
                    connection.execute(f'DELETE FROM {table} WHERE "as_of" < ?', key)
            connection.execute("VACUUM")
        return int(count)
