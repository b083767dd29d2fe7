"""Opens one source of each format: CSV, JSON, Parquet, Arrow, sheets of workbooks."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from features.encryption.parquet_files import open_parquet_file
from features.error_lines import first_line
from features.errors import HeaderError, SourceError, UnreadableSourceError
from features.ingestion.arrow_reader import arrow_schema, read_arrow_batches
from features.ingestion.batches import (
    BATCH_ROWS,
    SourceBatch,
    add_partition,
    arrow_batches,
    data_columns,
    parquet_batches,
    text_batches,
)
from features.ingestion.column_mapping import map_columns
from features.ingestion.csv_format import sniff_csv_format
from features.ingestion.csv_reader import CsvRows, read_csv_rows
from features.ingestion.file_types import file_type
from features.ingestion.json_reader import read_json_rows, sniff_json_format
from features.ingestion.packed_files import Openable, PackedFile, read_start
from features.ingestion.profile import SourceProfile
from features.ingestion.profile_detection import SAMPLE_ROWS, detect_profile
from features.ingestion.read_options import OWN, ReadOptions
from features.ingestion.source_files import SourceFile
from features.ingestion.validation import unreadable_type
from features.ingestion.workbook_reader import read_sheet_rows, sniff_sheets
from features.schema import LOG_COLUMN_NAMES, REQUIRED_LOG_COLUMNS

REQUIRED = ", ".join(REQUIRED_LOG_COLUMNS)


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
    profile : SourceProfile
        What its columns mean, with the formats and marks that were detected.
    assumed : mapping of str to str
        What was detected or given, for the report.
    empty : bool
        Whether it has no rows.
    file : Path
        The file, or the file with the result of the query.
    part : str
        What of the file it is, where that is not the whole: a sheet, a member of an archive, the values in its path.
    digest : str
        Of what a query over files read, where the order of its rows is not fixed; empty otherwise.
    open_batches : callable
        Starts reading; a plain error of the reader stops it.
    about_faults : sequence of str
        Of a quarantine file, the five columns before its own, which say what was wrong.
    row_groups : sequence of int
        The rows of each row group of a Parquet file, which can be read by themselves; empty for other formats.
    """

    name: str
    header: Sequence[str]
    columns: Mapping[str, str]
    constants: Mapping[str, str]
    profile: SourceProfile
    assumed: Mapping[str, str]
    empty: bool
    file: Path
    open_batches: Callable[..., Iterator[SourceBatch]]
    part: str = ""
    digest: str = ""
    about_faults: Sequence[str] = ()
    row_groups: Sequence[int] = ()

    def has_column(self, name: str) -> bool:
        """Return whether it gives a log column, as a column or a constant."""
        return name in self.columns or name in self.constants

    def batches(self, groups: range | None = None) -> Iterator[SourceBatch]:
        """Yield its rows, or those of some row groups, in order; raises SourceError when they cannot be read."""
        try:
            yield from self.open_batches() if groups is None else self.open_batches(groups=groups)
        except UnreadableSourceError as error:
            raise SourceError(f"{self.name} {error}") from None
        except (OSError, pa.ArrowException) as error:
            raise SourceError(f"{self.name} cannot be read to its end ({first_line(error)}): write it again") from None


def open_file(file: SourceFile, options: ReadOptions) -> list[Source]:
    """Open a file, as one source or, of a workbook, as one for each sheet to read.

    Raises
    ------
    SourceError
        When it is of no known format, damaged, or not an event log; its cause says which of these.
    """
    name = file.name or os.fsencode(file.path).decode("utf-8", "backslashreplace")
    options = options.of_source(name)
    try:
        opened = file.open_packed()
        kind = file_type(read_start(opened), file.path.suffix)
        if isinstance(opened, PackedFile) and kind not in ("CSV", "JSON"):
            raise UnreadableSourceError(f"is {kind} in {opened.compression}: unpack it")
        sources = OPENERS[kind](opened, name, file.partition, options)
    except UnreadableSourceError as error:
        raise SourceError(f"{name} {error}") from error
    except OSError as error:
        reason = error.strerror or first_line(error)
        raise SourceError(f"{name} cannot be read ({reason}): check its permissions") from None
    if isinstance(opened, PackedFile):
        packed = {"packed": opened.compression}
        sources = [replace(source, assumed={**source.assumed, **packed}) for source in sources]
    part = "|".join([file.member, *(f"{key}={value}" for key, value in file.partition.items())])
    return [replace(source, file=file.path, part=f"{source.part}{part}") for source in sources]


Partition = Mapping[str, str | None]


def _open_csv(file: Openable, name: str, partition: Partition, options: ReadOptions) -> list[Source]:
    wanted = [*LOG_COLUMN_NAMES, *options.map.values()]
    try:
        layout = sniff_csv_format(file, wanted, options.delimiter, options.encoding, options.header_line)
    except UnreadableSourceError as error:
        raise HeaderError(str(error), f"CSV with a header line naming {REQUIRED}") from None
    rows = partial(read_csv_rows, file, layout)
    return [_of_text(name, {"format": "CSV", **layout.assumed()}, layout.header, rows, partition, options)]


def _open_json(file: Openable, name: str, partition: Partition, options: ReadOptions) -> list[Source]:
    layout = sniff_json_format(file, options.encoding)
    assumed = {"format": "JSON" if layout.is_array else "JSON lines", "encoding": layout.encoding}
    rows = partial(read_json_rows, file, layout)
    return [_of_text(name, assumed, layout.header, rows, partition, options)]


def _open_workbook(path: Path, name: str, partition: Partition, options: ReadOptions) -> list[Source]:
    sources = []
    wanted = [*LOG_COLUMN_NAMES, *options.map.values()]
    for sheet in sniff_sheets(path, options.sheet, wanted, options.header_line):
        assumed = {"format": "workbook", "sheet": sheet.sheet}
        if sheet.header_row > 1:
            assumed["header line"] = str(sheet.header_row)
        rows = partial(read_sheet_rows, path, sheet)
        source = _of_text(f"{name}/{sheet.sheet}", assumed, sheet.header, rows, partition, options)
        sources.append(replace(source, part=f"{sheet.sheet}|"))
    return sources


def _of_text(
    name: str,
    assumed: Mapping[str, str],
    header: Sequence[str],
    read_rows: Callable[[], Iterator[CsvRows]],
    partition: Partition,
    options: ReadOptions,
) -> Source:
    """Return a source of rows of text, whose decimal mark is detected."""
    own = data_columns(header)
    columns = _map_columns(name, header, partition, options)
    first = next((rows for rows in islice(read_rows(), 1)), None)
    in_file = {column: source_column for column, source_column in columns.items() if source_column in header}
    sample = {column: first.table[source_column] for column, source_column in in_file.items()} if first else {}
    settings = {**assumed, **(stray_values(header, first.table) if first else {}), "decimal": "."}

    def batches() -> Iterator[SourceBatch]:
        return text_batches(read_rows(), own, in_file)

    source = _source(name, own, columns, sample, settings, first is None, batches, partition, options)
    return replace(source, about_faults=header[: len(header) - len(own)])


def stray_values(header: Sequence[str], rows: pa.RecordBatch) -> dict[str, str]:
    """Return a note for each column without a name in which few rows have a value: a delimiter may have split them."""
    notes = {}
    for place, name in enumerate(header, 1):
        filled = len(rows) - rows[name].null_count
        if name == f"column_{place}" and 0 < filled <= len(rows) / 2:
            notes[name] = f"without a name, a value in {filled:,} of {len(rows):,} rows: is a delimiter within a field?"
    return notes


def _map_columns(name: str, header: Sequence[str], partition: Partition, options: ReadOptions) -> dict[str, str]:
    return map_columns(name, [*header, *_path_columns(header, partition)], options.map, options.constants)


def _path_columns(header: Sequence[str], partition: Partition) -> list[str]:
    """Return the columns that the path gives and the file has not."""
    return [column for column in partition if column not in header]


def _source(
    name: str,
    header: Sequence[str],
    columns: Mapping[str, str],
    sample: Mapping[str, pa.Array],
    assumed: Mapping[str, str],
    empty: bool,
    batches: Callable[..., Iterator[SourceBatch]],
    partition: Partition,
    options: ReadOptions,
) -> Source:
    """Return a source, with the columns that its path gives, and what a sample says of the others."""
    values = {column: partition[column] for column in _path_columns(header, partition)}
    constants = {column: value for column, value in options.constants.items() if column not in columns}

    profile, detected = detect_profile(name, options.profile, sample)
    if "decimal" not in assumed:
        detected.pop("decimal", None)

    def all_columns(**groups: range) -> Iterator[SourceBatch]:
        return add_partition(batches(**groups), values, columns)

    return Source(
        *(name, [*header, *values], columns, constants, profile, {**assumed, **detected}, empty, Path()),
        open_batches=all_columns if values else batches,
    )


def open_parquet(path: Path, name: str, partition: Partition, options: ReadOptions) -> list[Source]:
    """Open a Parquet file as one source; raises UnreadableSourceError, or SourceError for missing columns."""
    try:
        with open_parquet_file(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
    except (OSError, pa.ArrowException) as error:
        raise UnreadableSourceError(f"is not a readable Parquet file ({first_line(error)}): write it again") from None
    batches, empty = partial(parquet_batches, path), metadata.num_rows == 0
    source = _of_types(name, {"format": "Parquet"}, schema, empty, batches, partition, options)
    groups = tuple(metadata.row_group(number).num_rows for number in range(metadata.num_row_groups))
    return [replace(source, row_groups=groups)]


def _open_arrow(path: Path, name: str, partition: Partition, options: ReadOptions) -> list[Source]:
    try:
        schema, empty = arrow_schema(path)
    except (OSError, pa.ArrowException) as error:
        raise UnreadableSourceError(f"is not a readable Arrow file ({first_line(error)}): write it again") from None

    def batches(header: Sequence[str], columns: Mapping[str, str], rows: int = BATCH_ROWS) -> Iterator[SourceBatch]:
        return arrow_batches(read_arrow_batches(path), header, columns)

    return [_of_types(name, {"format": "Arrow"}, schema, empty, batches, partition, options)]


def _of_types(
    name: str,
    assumed: Mapping[str, str],
    schema: pa.Schema,
    empty: bool,
    read_batches: Callable[..., Iterator[SourceBatch]],
    partition: Partition,
    options: ReadOptions,
) -> Source:
    """Return a source of columns with types, each of which must be one that its log column can be read from."""
    columns = _map_columns(name, schema.names, partition, options)
    in_file = {column: source_column for column, source_column in columns.items() if source_column in schema.names}
    for column, source_column in () if empty else in_file.items():
        type_ = schema.field(source_column).type
        if not column.startswith(OWN) and (expected := unreadable_type(column, type_, numbers_as_times=True)):
            raise UnreadableSourceError(f"has {type_} in column {source_column!r}: expected {expected}")
    header = data_columns(schema.names)
    batches = partial(read_batches, header, in_file)
    try:
        sample = {} if empty else next(batches(SAMPLE_ROWS)).log
    except (OSError, pa.ArrowException) as error:
        raise UnreadableSourceError(f"cannot be read to its end ({first_line(error)}): write it again") from None
    source = _source(name, header, columns, sample, assumed, empty, batches, partition, options)
    pa.default_memory_pool().release_unused()  # what pages of a row group took, which Arrow's pool would keep
    return replace(source, about_faults=schema.names[: len(schema.names) - len(header)])


OPENERS: Mapping[str, Callable[..., list[Source]]] = {
    "CSV": _open_csv,
    "JSON": _open_json,
    "Parquet": open_parquet,
    "Arrow": _open_arrow,
    "Arrow stream": _open_arrow,
    "workbook": _open_workbook,
}
