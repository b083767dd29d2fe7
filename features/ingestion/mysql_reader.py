"""Runs a query at MySQL or MariaDB; the result comes as text, batch by batch."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from features.errors import MissingExtraError, UnreadableSourceError

BATCH_ROWS = 50_000
OPTIONS = ("unix_socket", "ssl_ca", "read_default_file")


def mysql_batches(url: str, query: str, password: str | None) -> pa.RecordBatchReader:
    """Return the result of a query, every value as text, times of the type TIMESTAMP in UTC.

    Parameters
    ----------
    url : str
        `mysql://user@host:port/database`, with `?unix_socket=`, `ssl_ca=` or `read_default_file=` (an option file of
        MySQL's own programs) where needed.
    query : str
        One SELECT statement; the transaction is read-only.
    password : str or None
        In place of one in the URL.

    Raises
    ------
    MissingExtraError
        When PyMySQL is not installed.
    UnreadableSourceError
        When the server does not answer, now or while the result is read; the message continues a sentence.
    """
    try:
        import pymysql
        from pymysql.constants import FIELD_TYPE
        from pymysql.converters import encoders
        from pymysql.cursors import SSCursor
    except ImportError:
        raise MissingExtraError(
            "needs regulars[mysql], because pymysql is not installed: run pip install 'regulars[mysql]'"
        ) from None
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    if unknown := set(options) - set(OPTIONS):
        raise UnreadableSourceError(f"has the option {min(unknown)}: expected one of {', '.join(OPTIONS)}")
    settings: dict[str, Any] = {
        **options,
        **({"host": parts.hostname} if parts.hostname else {}),
        **({"port": parts.port} if parts.port else {}),
        **({"user": unquote(parts.username)} if parts.username else {}),
        "password": password or unquote(parts.password or ""),
        "database": unquote(parts.path.strip("/")) or None,
    }
    if not settings["password"]:
        del settings["password"]
    try:
        # Without decoders every value comes as the server writes it.
        connection = pymysql.connect(
            charset="utf8mb4", cursorclass=SSCursor, conv=encoders, connect_timeout=30, **settings
        )
        cursor = connection.cursor()
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(query)
    except (pymysql.MySQLError, OSError, RuntimeError) as error:
        raise _unreadable(error) from None
    if cursor.description is None:
        connection.close()
        raise UnreadableSourceError("did not answer the query with rows: give one that selects the events")
    names = [name for name, *_ in cursor.description]
    in_utc = [kind == FIELD_TYPE.TIMESTAMP for _, kind, *_ in cursor.description]
    schema = pa.schema([(name, pa.string()) for name in names])

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            while rows := cursor.fetchmany(BATCH_ROWS):
                columns = [
                    pa.array([_as_text(row[place], utc) for row in rows], pa.string())
                    for place, utc in enumerate(in_utc)
                ]
                yield pa.RecordBatch.from_arrays(columns, schema=schema)
        except (pymysql.MySQLError, OSError) as error:
            raise _unreadable(error) from None
        finally:
            connection.close()

    return pa.RecordBatchReader.from_batches(schema, batches())


def _as_text(value: Any, in_utc: bool) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "backslashreplace")
    return f"{value}+00:00" if in_utc and value is not None else value


def _unreadable(error: Exception) -> UnreadableSourceError:
    text = str(error.args[-1] if error.args else error)
    return UnreadableSourceError(f"did not answer the query: {re.sub(chr(92) + 's+', ' ', text).strip()}")
