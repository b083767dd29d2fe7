"""Reads CSV files block by block without losing a row: Arrow reads clean blocks, Python's reader all others.

A block is clean when it is UTF-8, every quote in it opens, closes or doubles as RFC 4180 says, and Arrow's reader
finds as many rows of the right width as there are line ends outside quotes. In any other block a line that Python's
reader cannot read is reported as it is in the file, and reading goes on with the next line.
"""

import csv
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from features.errors import UnreadableSourceError
from features.ingestion.csv_format import CsvFormat, Utf8Lines
from features.ingestion.packed_files import Openable
from features.ingestion.text_encoding import is_utf8, utf8_blocks

WINDOW = 1 << 16
LINE_LIMIT = 1 << 24


class UnreadableRow(NamedTuple):
    """A row that could not be read: its number, the line it starts on, its text in the file, and why."""

    number: int
    line: int
    text: str
    reason: str


class CsvRows(NamedTuple):
    """Rows of a file as text, their numbers (data rows from 1), the lines they start on; and the unreadable rows."""

    table: pa.RecordBatch
    numbers: NDArray[np.int64]
    lines: NDArray[np.int64]
    unreadable: list[UnreadableRow]


def read_csv_rows(file: Openable, csv_format: CsvFormat) -> Iterator[CsvRows]:
    """Yield the rows below the header in order, one block of the file at a time; blank lines are skipped.

    Raises UnreadableSourceError when a line is longer than LINE_LIMIT bytes or the encoding does not fit.
    """
    row, line, rest = 1, 1, b""
    blocks = utf8_blocks(file, csv_format.encoding)
    block = next(blocks, None)
    while block is not None:
        following = next(blocks, None)
        data = rest + block
        if line == 1:
            body = 0
            for _ in range(csv_format.header_lines):
                body = data.find(b"\n", body) + 1 or len(data)
            data, line = data[body:], csv_format.header_lines + 1
        rows, used = _read(data, csv_format, row, line, last=following is None)
        if len(rows.numbers) or rows.unreadable:
            yield rows
        row += len(rows.numbers) + len(rows.unreadable)
        line += data.count(b"\n", 0, used)
        rest, block = data[used:], following
        if len(rest) > LINE_LIMIT:
            raise UnreadableSourceError(f"has a line of more than {LINE_LIMIT >> 20} MB (line {line})")


def _read(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int]:
    """Read a block, window by window if it is not clean; return its rows and the number of bytes used."""
    if whole := _read_fast(data, csv_format, row, line, last):
        return whole
    parts = [_as_rows([], [], [], csv_format)]
    used, width = 0, WINDOW
    while used < len(data):
        window = data[used : used + width]
        at_end = used + width >= len(data)
        part, part_bytes = _read_fast(window, csv_format, row, line, last and at_end) or _read_carefully(
            window, csv_format, row, line, last and at_end
        )
        if not part_bytes and at_end:
            break
        # A record longer than the window needs a wider one.
        width = WINDOW if part_bytes else 2 * width
        parts.append(part)
        row += len(part.numbers) + len(part.unreadable)
        line += window.count(b"\n", 0, part_bytes)
        used += part_bytes
    tables, numbers, lines, unreadable = zip(*parts, strict=True)
    joined = CsvRows(
        pa.concat_batches(tables),
        np.concatenate(numbers),
        np.concatenate(lines),
        [row for part in unreadable for row in part],
    )
    return joined, used


def _read_fast(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int] | None:
    """Read a clean block; return its rows and the number of bytes used, or None if it is not clean."""
    if data.count(b"\r") != data.count(b"\r\n") or not (data.isascii() or is_utf8(data)):
        return None
    text = np.frombuffer(data, np.uint8)
    all_ends = ends = np.flatnonzero(text == ord("\n"))
    quotes = np.flatnonzero(text == ord('"'))
    if len(quotes):
        if not _well_quoted(text, quotes, csv_format.delimiter) or (last and len(quotes) % 2):
            return None
        ends = ends[np.searchsorted(quotes, ends) % 2 == 0]
    if last and not data.endswith(b"\n"):
        ends = np.append(ends, len(data))
    starts = np.concatenate([[0], ends + 1])[:-1]
    used = min(int(ends[-1]) + 1, len(data)) if len(ends) else 0
    lengths = ends - starts
    if lengths.max(initial=0) > csv.field_size_limit():
        return None
    filled = lengths > 1
    single = np.flatnonzero(lengths == 1)
    filled[single] = text[starts[single]] != ord("\r")
    if not filled.any():
        return _as_rows([], [], [], csv_format), used
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(memoryview(data)[:used]),
            arrow_csv.ReadOptions(column_names=csv_format.header),
            arrow_csv.ParseOptions(delimiter=csv_format.delimiter, newlines_in_values=len(quotes) > 0),
            arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(csv_format.header, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid:
        return None
    if len(table) != filled.sum():
        return None
    lines = line + np.searchsorted(all_ends, starts[filled])
    (batch,) = table.combine_chunks().to_batches()
    return CsvRows(batch, np.arange(row, row + len(table)), lines, []), used


def _well_quoted(text: NDArray[np.uint8], quotes: NDArray[np.int64], delimiter: str) -> bool:
    """Return whether quotes, in turn opening and closing, are all at the edges of fields or doubled."""
    edge = np.zeros(256, bool)
    edge[[ord(delimiter), ord("\r"), ord("\n"), ord('"')]] = True
    opening, closing = quotes[::2], quotes[1::2]
    opens = edge[text[np.maximum(opening - 1, 0)]] | (opening == 0)
    closes = edge[text[np.minimum(closing + 1, len(text) - 1)]] | (closing == len(text) - 1)
    return bool(opens.all() and closes.all())


def _read_carefully(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int]:
    """Read a block line by line; return its rows, the unreadable ones too, and the number of bytes used."""
    lines = data.split(b"\n")
    tail = lines.pop()
    if last and tail:
        lines.append(tail)
    source = Utf8Lines(lines)
    reader = csv.reader(source, delimiter=csv_format.delimiter, strict=True)
    records: list[list[str]] = []
    numbers: list[int] = []
    starts: list[int] = []
    unreadable: list[UnreadableRow] = []
    while source.at < len(lines):
        start, number, source.broken = source.at, row + len(records) + len(unreadable), False
        try:
            record = next(reader)
            reason = ""
            if record and len(record) != len(csv_format.header):
                reason = f"has {len(record)} fields where the header has {len(csv_format.header)}"
            elif source.broken:
                reason = f"holds bytes that are not {csv_format.encoding}"
        except csv.Error as error:
            if source.at == len(lines) and not last and "unexpected end" in str(error):
                source.at = start  # its end is in the next block
                break
            record, reason = [], _syntax_error(str(error))
        if reason:
            # An open quote swallows the lines after it: read them again as rows of their own.
            stop = source.at if record and len(record) == len(csv_format.header) else start + 1
            text = b"\n".join(lines[start:stop]).decode("utf-8", "backslashreplace").removesuffix("\r")
            unreadable.append(UnreadableRow(number, line + start, text, reason))
            source.at = stop
        elif record:
            records.append(record)
            numbers.append(number)
            starts.append(line + start)
    used = sum(map(len, lines[: source.at])) + source.at
    return CsvRows(*_as_rows(records, numbers, starts, csv_format)[:3], unreadable), min(used, len(data))


def _syntax_error(error: str) -> str:
    """Return what is wrong with a line, from the message of Python's reader."""
    if "new-line" in error:
        return "has a carriage return in the middle"
    if "limit" in error:
        return f"has a field of more than {csv.field_size_limit()} characters, or a quote that is never closed"
    return "has a quote out of place, or one that is never closed"


def _as_rows(records: list[list[str]], numbers: list[int], lines: list[int], csv_format: CsvFormat) -> CsvRows:
    columns = zip(*records, strict=True) if records else ((),) * len(csv_format.header)
    table = pa.RecordBatch.from_arrays([pa.array(values, pa.string()) for values in columns], list(csv_format.header))
    return CsvRows(table, np.array(numbers, np.int64), np.array(lines, np.int64), [])
