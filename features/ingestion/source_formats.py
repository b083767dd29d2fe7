"""Opens one source of each format: CSV, Parquet, the result of an SQL query."""

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import SourceError, UnreadableSourceError
from features.ingestion.batches import SourceBatch, csv_batches, data_columns, parquet_batches
from features.ingestion.column_mapping import map_columns
from features.ingestion.csv_format import sniff_csv_format
from features.ingestion.csv_reader import read_csv_rows
from features.ingestion.read_options import ReadOptions
from features.ingestion.sql_reader import query_to_parquet, without_password
from features.ingestion.validation import unreadable_type
from features.schema import LOG_COLUMN_NAMES, LOG_COLUMNS, REQUIRED_LOG_COLUMNS

OTHER_FORMATS = {
    b"PK\x03\x04": "a workbook or zip archive: save it as CSV or Parquet",
    b"\x1f\x8b": "compressed (gzip): unpack it",
    b"(\xb5/\xfd": "compressed (zstd): unpack it",
    b"SQLite format 3\0": "an SQLite database: name it as sqlite:///PATH and give a query",
}
DECIMAL_SAMPLE = 10_000


@dataclass(frozen=True)
class Source:
    """One file, or the result of one query.

    Attributes
    ----------
    name : str
        What messages and the quarantine call it; without a password.
    header : sequence of str
        Its own columns.
    columns : mapping of str to str
        Log column to its own name of it.
    constants : mapping of str to str
        Values of log columns that it lacks.
    decimal : str
        The decimal mark of its numbers.
    assumed : mapping of str to str
        What was detected or given, for the report.
    empty : bool
        Whether it has no rows.
    file : Path
        The file, or the file with the result of the query.
    open_batches : callable
        Starts reading; a plain error of the reader stops it.
    """

    name: str
    header: Sequence[str]
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    decimal: str
    assumed: Mapping[str, str]
    empty: bool
    file: Path
    open_batches: Callable[[], Iterator[SourceBatch]]

    def has_column(self, name: str) -> bool:
        """Return whether it gives a log column, as a column or a constant."""
        return name in self.columns or name in self.constants

    def batches(self) -> Iterator[SourceBatch]:
        """Yield its rows in order; raises SourceError when it cannot be read to its end."""
        try:
            yield from self.open_batches()
        except UnreadableSourceError as error:
            raise SourceError(f"{self.name} {error}") from None
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{self.name} cannot be read to its end ({_first_line(error)}): write it again") from None


def open_file(path: Path, options: ReadOptions) -> Source:
    """Open a CSV or Parquet file; raises SourceError when it is neither, or not an event log."""
    name = os.fsencode(path).decode("utf-8", "backslashreplace")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise SourceError(f"{name} cannot be read ({error.strerror}): check its permissions") from None
    for magic, description in OTHER_FORMATS.items():
        if start.startswith(magic):
            raise SourceError(f"{name} is not a CSV or Parquet file but {description}")
    if start.startswith(b"PAR1") or path.suffix.lower() in (".parquet", ".pq"):
        return _open_parquet(path, name, options)
    return _open_csv(path, name, options)


def _open_csv(path: Path, name: str, options: ReadOptions) -> Source:
    try:
        wanted = [*LOG_COLUMN_NAMES, *options.map.values()]
        csv_format = sniff_csv_format(path, wanted, options.delimiter, options.encoding)
        columns = map_columns(name, csv_format.header, options.map, options.constants)
        first = next(read_csv_rows(path, csv_format), None)
    except UnreadableSourceError as error:
        required = ", ".join(REQUIRED_LOG_COLUMNS)
        raise SourceError(f"{name} {error}; expected CSV with a header line naming {required}") from None
    numbers = [columns[column.name] for column in LOG_COLUMNS if column.type == "float" and column.name in columns]
    decimal = options.decimal or (_sniff_decimal([first.table[column] for column in numbers]) if first else ".")
    assumed = {"format": "CSV", "encoding": csv_format.encoding, "delimiter": csv_format.delimiter, "decimal": decimal}
    batches = partial(csv_batches, path, csv_format, columns)
    constants = _used_constants(columns, options)
    header = data_columns(csv_format.header)
    return Source(name, header, columns, constants, decimal, assumed, first is None, path, batches)


def _sniff_decimal(columns: Sequence[pa.StringArray]) -> str:
    """Return a comma if numbers have one, none has a point, and they do not all look like thousands; else a point."""
    texts = [value.strip() for column in columns for value in column.slice(0, DECIMAL_SAMPLE).to_pylist() if value]
    with_comma = [text for text in texts if re.fullmatch(r"[+-]?\d*,\d+", text)]
    thousands = all(re.fullmatch(r"[+-]?\d{1,3},\d{3}", text) for text in with_comma)
    return "," if with_comma and not thousands and not any("." in text for text in texts) else "."


def _open_parquet(path: Path, name: str, options: ReadOptions) -> Source:
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        raise SourceError(f"{name} is not a readable Parquet file ({_first_line(error)}): write it again") from None
    columns = map_columns(name, tuple(schema.names), options.map, options.constants)
    for column, source_column in columns.items() if rows else ():
        type_ = schema.field(source_column).type
        if expected := unreadable_type(column, type_):
            raise SourceError(f"{name} has {type_} in column {source_column!r}: expected {expected}")
    header = data_columns(schema.names)
    batches = partial(parquet_batches, path, header, columns)
    constants = _used_constants(columns, options)
    decimal = options.decimal or "."
    return Source(name, header, columns, constants, decimal, {"format": "Parquet"}, rows == 0, path, batches)


def open_database(url: str, result: Path, options: ReadOptions) -> Source:
    """Run the query, keep its result in the file `result`, and open that; raises SourceError."""
    name = without_password(url)
    try:
        query_to_parquet(url, options.query, result)
    except UnreadableSourceError as error:
        raise SourceError(f"{name} {error}") from None
    return replace(_open_parquet(result, name, options), assumed={"format": "query"})


def _used_constants(columns: Mapping[str, str], options: ReadOptions) -> dict[str, str]:
    return {name: value for name, value in options.constants.items() if name not in columns}


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
