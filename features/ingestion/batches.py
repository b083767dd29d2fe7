"""The rows of a source in batches: log columns to be checked, and on demand all columns for the quarantine."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.encryption.parquet_files import open_parquet_file
from features.ingestion.csv_reader import CsvRows, UnreadableRow
from features.schema import REQUIRED_LOG_COLUMNS

BATCH_ROWS = 500_000
QUARANTINE_COLUMNS = ("source", "row_number", "column", "value", "reason")

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class SourceBatch:
    """Some rows of a source.

    Attributes
    ----------
    log : mapping of str to pyarrow.Array
        The log columns that the source has, as it has them.
    numbers : numpy.ndarray of int64, shape (rows,)
        The numbers of the rows in the source, from 1.
    full_rows : callable
        Takes positions in the batch, returns these rows with all columns of the source, as text.
    lines : numpy.ndarray of int64, shape (rows,), or None
        The lines on which the rows start, of a text file.
    unreadable : sequence of UnreadableRow
        Rows of the file, between these, that could not be split into fields.
    """

    log: Mapping[str, pa.Array]
    numbers: NDArray[np.int64]
    full_rows: Callable[[Positions], pa.Table]
    lines: NDArray[np.int64] | None = None
    unreadable: Sequence[UnreadableRow] = ()


def text_batches(rows: Iterable[CsvRows], header: Sequence[str], names: Mapping[str, str]) -> Iterator[SourceBatch]:
    """Yield rows of text, `header` their columns; `names` maps log columns to these. Raises UnreadableSourceError."""
    for part in rows:

        def full_rows(positions: Positions, table: pa.RecordBatch = part.table) -> pa.Table:
            return pa.Table.from_batches([table.select(list(header)).take(pa.array(positions))])

        log = {name: part.table[file_name] for name, file_name in names.items()}
        yield SourceBatch(log, part.numbers, full_rows, part.lines, part.unreadable)


def arrow_batches(
    batches: Iterable[pa.RecordBatch], header: Sequence[str], names: Mapping[str, str]
) -> Iterator[SourceBatch]:
    """Yield rows with types; `names` maps log columns to columns of the batches. Raises OSError or ArrowException."""
    number = 1
    for batch in batches:

        def full_rows(positions: Positions, batch: pa.RecordBatch = batch) -> pa.Table:
            taken = batch.take(pa.array(positions))
            return pa.table([_as_text(taken[name]) for name in header], list(header))

        log = {name: batch[file_name] for name, file_name in names.items()}
        yield SourceBatch(log, np.arange(number, number + len(batch)), full_rows)
        number += len(batch)


def add_partition(
    batches: Iterable[SourceBatch], values: Mapping[str, str | None], names: Mapping[str, str]
) -> Iterator[SourceBatch]:
    """Yield the batches with columns of one value each, which the path of the file gives."""
    for batch in batches:
        size = len(batch.numbers)

        def full_rows(positions: Positions, batch: SourceBatch = batch) -> pa.Table:
            rows = batch.full_rows(positions)
            for name, value in values.items():
                rows = rows.append_column(name, pa.array([value] * len(rows), pa.string()))
            return rows

        log = dict(batch.log)
        for name, column in names.items():
            if column in values:
                codes = pa.array(np.zeros(size, np.int32), mask=np.full(size, values[column] is None))
                log[name] = pa.DictionaryArray.from_arrays(codes, pa.array([values[column] or ""]))
        yield replace(batch, log=log, full_rows=full_rows)


def parquet_batches(
    path: Path,
    header: Sequence[str],
    names: Mapping[str, str],
    rows: int = BATCH_ROWS,
    groups: range | None = None,
) -> Iterator[SourceBatch]:
    """Yield a Parquet file's rows, or those of some row groups; `names` maps log columns to the file's.

    Raises OSError or ArrowException.
    """
    with open_parquet_file(path) as file:
        groups = range(file.num_row_groups) if groups is None else groups
        chunks = _chunks(file.metadata, groups)
        number = 1 + sum(file.metadata.row_group(group).num_rows for group in range(groups.start))
    read = {
        name: file_name
        for name, file_name in names.items()
        if name in REQUIRED_LOG_COLUMNS or not _all_null(chunks.get(file_name, []))
    }
    columns = list(dict.fromkeys(read.values()))
    others = [name for name in header if name not in columns]

    @lru_cache(maxsize=1)
    def other_columns(group: int) -> pa.Table:
        with open_parquet_file(path) as reopened:  # the file below is in use by the thread that reads ahead
            return reopened.read_row_group(group, columns=others)

    with open_parquet_file(path, read_dictionary=_dictionary_columns(names, chunks)) as file:
        for group in groups:
            start = 0
            for batch in file.iter_batches(rows, row_groups=[group], columns=columns):

                def full_rows(
                    positions: Positions, batch: pa.RecordBatch = batch, group: int = group, start: int = start
                ) -> pa.Table:
                    own = pa.Table.from_batches([batch]).take(pa.array(positions))
                    rest = other_columns(group).take(pa.array(positions + start))
                    columns = [(own if name in own.column_names else rest)[name] for name in header]
                    return pa.table([_as_text(column.combine_chunks()) for column in columns], list(header))

                log = {name: batch[file_name] for name, file_name in read.items()}
                yield SourceBatch(log, np.arange(number, number + len(batch)), full_rows)
                number += len(batch)
                start += len(batch)


Chunks = Mapping[str, list[pq.ColumnChunkMetaData]]


def _dictionary_columns(names: Mapping[str, str], chunks: Chunks) -> list[str]:
    """Return the columns to read as codes and a few texts: those of repeated words, and ids where that is smaller."""
    columns = [names[name] for name in ("event_type", "channel", "goal", "content", "outcome") if name in names]
    # A plain text takes four bytes for its length alone; ids that take less are stored as codes.
    ids = chunks.get(names.get("customer_id", ""), [])
    if ids and sum(chunk.total_uncompressed_size for chunk in ids) < 4 * sum(chunk.num_values for chunk in ids):
        columns.append(names["customer_id"])
    return columns


def _chunks(metadata: pq.FileMetaData, groups: range) -> Chunks:
    """Return the metadata of the chunks of each plain column, in some row groups."""
    chunks: dict[str, list[pq.ColumnChunkMetaData]] = {}
    for group in groups:
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            chunks.setdefault(chunk.path_in_schema, []).append(chunk)
    return chunks


def _all_null(chunks: list[pq.ColumnChunkMetaData]) -> bool:
    statistics = [chunk.statistics for chunk in chunks]
    return bool(chunks) and all(
        counts is not None and counts.has_null_count and counts.null_count == chunk.num_values
        for chunk, counts in zip(chunks, statistics, strict=True)
    )


def quarantine_columns(header: Sequence[str]) -> list[str]:
    """Return the names of the five columns of a quarantine file, none of which a source with this header has.

    Examples
    --------
    >>> quarantine_columns(["customer_id", "value"])
    ['source', 'row_number', 'column', 'quarantine_value', 'reason']
    """
    names = []
    for name in QUARANTINE_COLUMNS:
        while name in header:
            name = f"quarantine_{name}"
        names.append(name)
    return names


def data_columns(header: Sequence[str]) -> list[str]:
    """Return the columns without the five that a quarantine file has before those of the log."""
    first, others = list(header[: len(QUARANTINE_COLUMNS)]), list(header[len(QUARANTINE_COLUMNS) :])
    return others if first == quarantine_columns(others) else list(header)


def _as_text(column: pa.Array) -> pa.StringArray:
    """Return a column as text that reads back as the same value."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        text = column.cast(pa.string())
        text.validate(full=True)
        return text
    except pa.ArrowException:
        # Nested values, or bytes that are not text: rare, so one value at a time.
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        values = (column.cast(pa.large_binary()) if is_text else column).to_pylist()
        texts = [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value for value in values]
        return pa.array([None if text is None else str(text) for text in texts], pa.string())
