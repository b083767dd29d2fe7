"""Runs SQL queries at databases and keeps their results in Parquet files, which can be read several times."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa
import pyarrow.parquet as pq

from features.database_passwords import database_message
from features.errors import UnreadableSourceError
from features.ingestion.mysql_reader import mysql_batches
from features.sql_names import quoted

SCHEMES = ("postgresql://", "mysql://", "sqlite:///")
DATABASES = ("postgresql", "postgres", "mysql", "mariadb", "sqlite")


def query_to_parquet(url: str, query: str | None, path: Path, password: str | None = None) -> Path:
    """Write the result of one SELECT statement to a Parquet file, in bounded memory.

    Parameters
    ----------
    url : str
        `postgresql://user@host:port/database`, `mysql://user@host:port/database`, or `sqlite:///relative.db`
        (`sqlite:////absolute.db`). Nothing is changed in the database. SQLite and MySQL give every value as text.
    query : str or None
    path : Path
        The file to write.
    password : str or None
        Of PostgreSQL or MySQL, in place of one in the URL. Without any, PostgreSQL's own variables and files hold.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    UnreadableSourceError
        When there is no query, or the database cannot be read; the message continues a sentence with the URL.
    MissingExtraError
        When PyMySQL is needed and not installed.
    """
    scheme = url.partition("://")[0]
    if scheme not in DATABASES:
        raise UnreadableSourceError(f"begins with {scheme}://: expected one of {', '.join(SCHEMES)}, or a file")
    if not query or not query.strip(" \t\r\n;"):
        raise UnreadableSourceError(
            "is a database without a query: give one that selects the events, such as SELECT * FROM events"
        )
    query = query.strip().rstrip("; \t\r\n")
    import adbc_driver_manager

    try:
        if scheme in ("mysql", "mariadb"):
            write_result(mysql_batches(url, query, password), path)
            return path
        with (
            _sqlite(url) if scheme == "sqlite" else _postgresql(url, password) as connection,
            connection.cursor() as cursor,
        ):
            if scheme == "sqlite":
                query = _all_text(cursor, query)
            cursor.execute(query)
            with cursor.fetch_record_batch() as result:
                write_result(result, path)
    except UnreadableSourceError as error:
        raise UnreadableSourceError(database_message(error, url, password)) from None
    except (adbc_driver_manager.Error, pa.ArrowException, OSError) as error:
        raise UnreadableSourceError(f"did not answer the query: {database_message(error, url, password)}") from None
    return path


def write_result(result: Any, path: Path) -> None:
    """Write the batches of a result to a Parquet file, in types that can be read as log columns, else as text."""
    schema = pa.schema([(field.name, _kept_type(field.type)) for field in result.schema])
    with pq.ParquetWriter(path, schema) as writer:
        for batch in result:
            columns = [_convert(column, type_) for column, type_ in zip(batch.columns, schema.types, strict=True)]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))


def _postgresql(url: str, password: str | None) -> Any:
    import adbc_driver_postgresql.dbapi

    if password:
        url += f"{'&' if '?' in url else '?'}password={quote(password, safe='')}"
    return adbc_driver_postgresql.dbapi.connect(url)


def _sqlite(url: str) -> Any:
    import adbc_driver_sqlite.dbapi

    path = Path(unquote(url.removeprefix("sqlite:///")))
    if not path.is_file():
        raise UnreadableSourceError(f"names no file: expected a database at {path}")
    return adbc_driver_sqlite.dbapi.connect(f"file:{quote(str(path))}?mode=ro")


def _all_text(cursor: Any, query: str) -> str:
    """Return a query for the same rows as text, '' for null: the driver infers a column's type from its first rows."""
    cursor.execute(f"SELECT * FROM (\n{query}\n) LIMIT 0")
    columns = []
    for name, *_ in cursor.description:
        column = quoted(name)
        whole = f"typeof({column}) = 'real' AND abs({column}) < 1e15 AND {column} = CAST({column} AS INTEGER)"
        text = f"ifnull(CAST({column} AS TEXT), '')"
        columns.append(f"CASE WHEN {whole} THEN CAST(CAST({column} AS INTEGER) AS TEXT) ELSE {text} END AS {column}")
    return f"SELECT {', '.join(columns)} FROM (\n{query}\n)"


def _kept_type(type_: pa.DataType) -> pa.DataType:
    """Return the type in which a column of the result is kept: its own if it is a plain one, else text."""
    if isinstance(type_, pa.BaseExtensionType):
        type_ = type_.storage_type
    plain: tuple[Callable[[pa.DataType], bool], ...] = (
        *(pa.types.is_string, pa.types.is_binary, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating),
        *(pa.types.is_decimal, pa.types.is_timestamp, pa.types.is_date),
    )
    return type_ if any(is_type(type_) for is_type in plain) else pa.string()


def _convert(column: pa.Array, type_: pa.DataType) -> pa.Array:
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if column.type == type_:
        return column
    try:
        return column.cast(type_)
    except pa.ArrowException:
        return pa.array([None if value is None else str(value) for value in column.to_pylist()], type_)
