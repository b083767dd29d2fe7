"""The rows of a source, some at a time: its contract columns for the checks, all of its columns for the quarantine."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.ingestion.csv_reader import CsvFormat, UnreadableRow, read_csv_rows
from features.schema import REQUIRED_LOG_COLUMNS

BATCH_ROWS = 500_000
QUARANTINE_COLUMNS = ("source", "row_number", "column", "value", "reason")

Positions = NDArray[np.int64]


@dataclass(frozen=True)
class SourceBatch:
    """Some rows of a source. `log`: its contract columns; `numbers`: of the rows, from 1; `lines`: theirs in a file.

    `whole(positions)` gives all the source's columns as text, for the rows at these positions.
    """

    log: Mapping[str, pa.Array]
    numbers: NDArray[np.int64]
    whole: Callable[[Positions], pa.Table]
    lines: NDArray[np.int64] | None = None
    unread: Sequence[UnreadableRow] = ()


def csv_batches(path: Path, csv_format: CsvFormat, taken: Mapping[str, str]) -> Iterator[SourceBatch]:
    """Yield a CSV file's rows; `taken`: contract column to the file's. Raises UnreadableSourceError."""
    header = data_columns(csv_format.header)
    for rows in read_csv_rows(path, csv_format):

        def whole(positions: Positions, table: pa.RecordBatch = rows.table) -> pa.Table:
            return pa.Table.from_batches([table.select(header).take(pa.array(positions))])

        log = {ours: rows.table[theirs] for ours, theirs in taken.items()}
        yield SourceBatch(log, rows.numbers, whole, rows.lines, rows.unread)


def parquet_batches(path: Path, header: Sequence[str], taken: Mapping[str, str]) -> Iterator[SourceBatch]:
    """Yield a Parquet file's rows; `taken`: contract column to the file's. Raises OSError or ArrowException."""
    with pq.ParquetFile(path) as file:
        chunks = _chunks(file.metadata)
    # What is not checked (`content`), or null throughout, is not read.
    read = {
        ours: theirs
        for ours, theirs in taken.items()
        if ours in REQUIRED_LOG_COLUMNS or (ours != "content" and not _all_null(chunks.get(theirs, [])))
    }
    columns = list(dict.fromkeys(read.values()))
    others = [name for name in header if name not in columns]
    # Words that repeat are read as codes and a few texts. So are ids, if they take less than the four bytes that tell
    # the length of a plain text.
    coded = [taken[name] for name in ("event_type", "channel", "goal", "outcome") if name in taken]
    ids = chunks.get(taken["customer_id"], [])
    if sum(chunk.total_uncompressed_size for chunk in ids) < 4 * sum(chunk.num_values for chunk in ids):
        coded.append(taken["customer_id"])
    number = 1

    @lru_cache(maxsize=1)
    def rest(group: int) -> pa.Table:
        with pq.ParquetFile(path) as again:  # the file below is read ahead, in another thread
            return again.read_row_group(group, columns=others)

    with pq.ParquetFile(path, read_dictionary=coded) as file:
        for group in range(file.num_row_groups):
            start = 0
            for batch in file.iter_batches(BATCH_ROWS, row_groups=[group], columns=columns):

                def whole(
                    positions: Positions, batch: pa.RecordBatch = batch, group: int = group, start: int = start
                ) -> pa.Table:
                    own = pa.Table.from_batches([batch]).take(pa.array(positions))
                    more = rest(group).take(pa.array(positions + start))
                    columns = [(own if name in own.column_names else more)[name] for name in header]
                    return pa.table([_as_text(column.combine_chunks()) for column in columns], list(header))

                log = {ours: batch[theirs] for ours, theirs in read.items()}
                yield SourceBatch(log, np.arange(number, number + len(batch)), whole)
                number += len(batch)
                start += len(batch)


def _chunks(metadata: pq.FileMetaData) -> dict[str, list[pq.ColumnChunkMetaData]]:
    """Return what a file says of the chunks of each of its plain columns."""
    chunks: dict[str, list[pq.ColumnChunkMetaData]] = {}
    for group in range(metadata.num_row_groups):
        for column in range(metadata.num_columns):
            chunk = metadata.row_group(group).column(column)
            chunks.setdefault(chunk.path_in_schema, []).append(chunk)
    return chunks


def _all_null(chunks: list[pq.ColumnChunkMetaData]) -> bool:
    known = [chunk.statistics for chunk in chunks]
    return bool(chunks) and all(
        of_chunk is not None and of_chunk.has_null_count and of_chunk.null_count == chunk.num_values
        for chunk, of_chunk in zip(chunks, known, strict=True)
    )


def data_columns(header: Sequence[str]) -> list[str]:
    """Return the columns of the log itself: a quarantine file begins with five that are about it."""
    about = tuple(header[: len(QUARANTINE_COLUMNS)]) == QUARANTINE_COLUMNS
    return list(header[len(QUARANTINE_COLUMNS) :] if about else header)


def _as_text(column: pa.Array) -> pa.StringArray:
    """Return a column as text that reads back as the same value."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    try:
        text = column.cast(pa.string())
        text.validate(full=True)
        return text
    except pa.ArrowException:
        # Nested values, or bytes that are no text: rare, and a value at a time.
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        values = (column.cast(pa.large_binary()) if is_text else column).to_pylist()
        told = [value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else value for value in values]
        return pa.array([None if value is None else str(value) for value in told], pa.string())
