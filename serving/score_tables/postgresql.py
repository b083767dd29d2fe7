"""Tables of scores in PostgreSQL: connections, the load by COPY, and look-ups."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv

from features.atomic_file import check_before_replacing
from features.database_passwords import database_message, database_password
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

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 5
DEFAULTS = {
    "connect_timeout": CONNECT_SECONDS,
    "application_name": "regulars",
    # A server that vanishes without a word is noticed, also while it is to answer.
    **{"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000},
}
"""What libpq is given where the address does not say it."""
COPY_ROWS = 50_000


def connect(address: TableAddress) -> "psycopg.Connection":
    """Return a connection of which each statement is a transaction of its own.

    Raises
    ------
    ScoresUnreachableError
        When the server does not answer or admits nobody.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    password = database_password(None)
    with _errors(address, "cannot be reached"):
        given = {**DEFAULTS, **conninfo_to_dict(address.url), **({"password": password} if password else {})}
        return psycopg.connect(autocommit=True, **given)  # type: ignore[arg-type]  # libpq reads all by name


@contextmanager
def _errors(address: TableAddress, what: str) -> Iterator[None]:
    """Turn errors of the database into ours, in one line."""
    import psycopg

    try:
        yield
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
        raise no_scores(address) from None
    except psycopg.OperationalError as error:
        raise ScoresUnreachableError(f"{address} cannot be reached: {_reason(error, address)}") from None
    except psycopg.Error as error:
        raise BatchScoresError(f"{address} {what}: {_reason(error, address)}") from None


def _reason(error: "psycopg.Error", address: TableAddress) -> str:
    return database_message(error.diag.message_primary or error, address.url, database_password(None))


def write_runs(address: TableAddress, runs: Sequence[ScoreRun]) -> None:
    """Put runs in place of those of the same cutoffs and horizons, all in one transaction; see `write_score_table`."""
    with _errors(address, "cannot be written"), connect(address) as connection:
        with connection.transaction():
            _lock(connection, address)
            _make_tables(connection, address, runs)
        # Columns are there by now: to add one stops readers until the transaction ends.
        with connection.transaction():
            _lock(connection, address)
            for run in runs:
                key = (run.cutoff, run.horizon_days)
                where = '"as_of" = %s AND "horizon_days" = %s'
                connection.execute(f"DELETE FROM {address.quoted} WHERE {where}", key)
                connection.execute(f"DELETE FROM {address.quoted_runs} WHERE {where}", key)
                _copy(connection, address, run)
                connection.execute(insert_run(address), (*key, run.content))
            check_before_replacing()


def _lock(connection: "psycopg.Connection", address: TableAddress) -> None:
    """Wait for other writers of the table until the transaction ends; readers wait for nothing."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"regulars {address.quoted}",))


def check_table(address: TableAddress) -> bool:
    """Refuse a table of something else, and a database that does not answer; see `check_score_table`."""
    with _errors(address, "cannot be opened"), connect(address) as connection:
        return _has_table(connection, address)


def _has_table(connection: "psycopg.Connection", address: TableAddress) -> bool:
    """Return whether there is the table; raises BatchScoresError for one that something else made."""
    return has_tables(address, _columns(connection, address.quoted), _columns(connection, address.quoted_runs))


def _columns(connection: "psycopg.Connection", table: str) -> list[str]:
    columns = connection.execute(
        "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    return [name for (name,) in columns]


def _make_tables(connection: "psycopg.Connection", address: TableAddress, runs: Sequence[ScoreRun]) -> None:
    if not _has_table(connection, address):
        for statement in create_statements(address):
            connection.execute(statement)
    for run in runs:
        for statement in column_statements(address, run.schema, _columns(connection, address.quoted)):
            connection.execute(statement)


def _copy(connection: "psycopg.Connection", address: TableAddress, run: ScoreRun) -> None:
    names = ", ".join(map(quoted, (*KEY[:2], *run.schema.names)))
    options = pa_csv.WriteOptions(include_header=False, quoting_style="all_valid")  # unquoted and empty is null
    statement = f"COPY {address.quoted} ({names}) FROM STDIN (FORMAT csv, ENCODING 'UTF8')"
    key = (run.cutoff.isoformat(), run.horizon_days)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for file in run.files:
            for batch in open_parquet_file(file).iter_batches(COPY_ROWS):
                keys = [pa.repeat(value, len(batch)) for value in key]
                rows = pa.Table.from_arrays([*keys, *batch.columns], [*KEY[:2], *batch.schema.names])
                sink = pa.BufferOutputStream()
                pa_csv.write_csv(rows, sink, options)
                copy.write(sink.getvalue().to_pybytes())


def read_scores(connection: "psycopg.Connection", address: TableAddress, customer_ids: Sequence[str]) -> FactsAndRows:
    """Return the metadata of the run written last at the latest cutoff, and its rows of some customers.

    Parameters
    ----------
    connection : psycopg.Connection
        Of `connect_reader`.
    address : TableAddress
    customer_ids : sequence of str

    Raises
    ------
    BatchScoresError
        When there are none, or they cannot be read.
    ScoresUnreachableError
        When the server does not answer, or not in time.
    """
    with _errors(address, "cannot be read as batch scores"), connection.transaction():
        latest = connection.execute(latest_run(address)).fetchone()
        if latest is None:
            raise no_scores(address)
        *key, content = latest
        facts, columns = read_content(address, content)
        if not customer_ids:
            return facts, []
        names = ", ".join(map(quoted, columns))
        rows = connection.execute(
            f"SELECT {names} FROM {address.quoted} "
            'WHERE "as_of" = %s AND "horizon_days" = %s AND "customer_id" = ANY(%s)',
            (*key, list(customer_ids)),
            binary=True,
        )
        return facts, [dict(zip(columns, row, strict=True)) for row in rows.fetchall()]


def connect_reader(address: TableAddress, seconds: float) -> "psycopg.Connection":
    """Return a connection to look scores up: it changes nothing, and gives a statement so many seconds."""
    connection = connect(address)
    with _errors(address, "cannot be read as batch scores"):
        # One snapshot for both statements of a look-up: rows and metadata are of one run.
        connection.execute(
            f"SET statement_timeout = {int(1000 * seconds)}; SET default_transaction_read_only = on; "
            "SET default_transaction_isolation = 'repeatable read'"
        )
    return connection


@contextmanager
def _opened_scores(address: TableAddress, what: str) -> "Iterator[psycopg.Connection]":
    """Connect to a table that is there; raises BatchScoresError where there is none."""
    with _errors(address, what), connect(address) as connection:
        if not _has_table(connection, address):
            raise no_scores(address)
        yield connection


def _count(connection: "psycopg.Connection", where: str, values: tuple[object, ...]) -> int:
    [count] = connection.execute(f"SELECT count(*) {where}", values).fetchone() or (0,)
    return int(count)


def erase_rows(address: TableAddress, customer_ids: Sequence[str], *, check: bool) -> int:
    """Delete the rows of customers, or count them; see `erase_from_table`."""
    where, ids = f'FROM {address.quoted} WHERE "customer_id" = ANY(%s)', (list(customer_ids),)
    with _opened_scores(address, "cannot be erased from") as connection:
        if check:
            return _count(connection, where, ids)
        with connection.transaction():
            _lock(connection, address)  # what a run is about to commit would not be seen
            erased = connection.execute(f"DELETE {where}", ids).rowcount
        if erased:
            connection.execute(f"VACUUM {address.quoted}")
        return erased


def prune_rows(address: TableAddress, earliest: datetime, *, check: bool) -> int:
    """Delete the rows of earlier cutoffs, or count them; see `prune_table`."""
    with _opened_scores(address, "cannot be pruned") as connection:
        if check:
            return _count(connection, f'FROM {address.quoted} WHERE "as_of" < %s', (earliest,))
        with connection.transaction():
            _lock(connection, address)
            old = [
                connection.execute(f'DELETE FROM {table} WHERE "as_of" < %s', (earliest,)).rowcount
                for table in (address.quoted, address.quoted_runs)
            ]
        if any(old):
            connection.execute(f"VACUUM {address.quoted}")
        return old[0]
