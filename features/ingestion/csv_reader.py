"""CSV files read block by block: fast where a block is beyond doubt, line by line where it is not, never losing a row.

A block is beyond doubt when it is UTF-8, every quote in it opens, closes or doubles as RFC 4180 says, and Arrow's
reader finds as many rows of the right width as there are line ends outside quotes. Any other block goes through
Python's reader; a line of which that makes no sense is handed on as it stands, and reading goes on with the next line.
"""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from features.errors import UnreadableSourceError
from features.ingestion.text_encoding import detect_encoding, is_utf8, utf8_blocks

DELIMITERS = (",", ";", "\t", "|")
WINDOW = 1 << 16
LINE_LIMIT = 1 << 24


class UnreadableRow(NamedTuple):
    """A row that could not be read: its number, the line it starts on, its text as it stands in the file, and why."""

    number: int
    line: int
    text: str
    reason: str


class CsvRows(NamedTuple):
    """Rows of a file as text, their numbers (data rows from 1) and the lines they start on; and the rows not read."""

    table: pa.RecordBatch
    numbers: NDArray[np.int64]
    lines: NDArray[np.int64]
    unread: list[UnreadableRow]


class CsvFormat(NamedTuple):
    """How a file is written. `header_lines`: its lines up to the end of the header, blank ones included."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_lines: int


def sniff_csv_format(
    path: Path, wanted: Sequence[str], delimiter: str | None = None, encoding: str | None = None
) -> CsvFormat:
    """Return how the file is written: its delimiter is the one under which the header names most `wanted` columns.

    Raises UnreadableSourceError for a file without a header, or with another encoding than the one named.
    """
    encoding = encoding or detect_encoding(path)
    lines = next(utf8_blocks(path, encoding), b"").split(b"\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise UnreadableSourceError("is empty")
    formats = []
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        source = _Lines(lines, first)
        try:
            names = [name.strip() for name in next(csv.reader(source, delimiter=candidate, strict=True))]
        except csv.Error:
            continue
        header = tuple(name or f"column_{place}" for place, name in enumerate(names, 1))
        if not source.broken and "\0" not in "".join(header):
            formats.append(CsvFormat(encoding, candidate, header, source.at))
    if not formats:
        raise UnreadableSourceError(f"has a first line that is no {encoding} text with closed quotes")
    return max(formats, key=lambda csv_format: (len(set(csv_format.header) & set(wanted)), len(csv_format.header)))


def read_csv_rows(path: Path, csv_format: CsvFormat) -> Iterator[CsvRows]:
    """Yield the rows below the header in order, a block of the file at a time, as text; blank lines are no rows.

    Raises UnreadableSourceError where a line is longer than LINE_LIMIT bytes or the encoding does not fit.
    """
    row, line, rest = 1, 1, b""
    blocks = utf8_blocks(path, csv_format.encoding)
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
        if len(rows.numbers) or rows.unread:
            yield rows
        row += len(rows.numbers) + len(rows.unread)
        line += data.count(b"\n", 0, used)
        rest, block = data[used:], following
        if len(rest) > LINE_LIMIT:
            raise UnreadableSourceError(f"has a line of more than {LINE_LIMIT >> 20} MB (line {line})")


def _read(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int]:
    """Read a block whole, or window by window where something is wrong with it; return its rows and the bytes used."""
    if whole := _fast(data, csv_format, row, line, last):
        return whole
    parts = [_rows([], [], [], csv_format)]
    used, width = 0, WINDOW
    while used < len(data):
        window = data[used : used + width]
        at_end = used + width >= len(data)
        part, taken = _fast(window, csv_format, row, line, last and at_end) or _careful(
            window, csv_format, row, line, last and at_end
        )
        if not taken and at_end:
            break
        # A record longer than the window needs a wider one.
        width = WINDOW if taken else 2 * width
        parts.append(part)
        row += len(part.numbers) + len(part.unread)
        line += window.count(b"\n", 0, taken)
        used += taken
    tables, numbers, lines, unread = zip(*parts, strict=True)
    joined = CsvRows(
        pa.concat_batches(tables),
        np.concatenate(numbers),
        np.concatenate(lines),
        [one for part in unread for one in part],
    )
    return joined, used


def _fast(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int] | None:
    """Read a block that is beyond doubt; return its rows and how many bytes they took, or None."""
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
        return _rows([], [], [], csv_format), used
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
    """Return whether quotes, in turn opening and closing, all stand at the edges of fields or double each other."""
    edge = np.zeros(256, bool)
    edge[[ord(delimiter), ord("\r"), ord("\n"), ord('"')]] = True
    opening, closing = quotes[::2], quotes[1::2]
    opens = edge[text[np.maximum(opening - 1, 0)]] | (opening == 0)
    closes = edge[text[np.minimum(closing + 1, len(text) - 1)]] | (closing == len(text) - 1)
    return bool(opens.all() and closes.all())


class _Lines:
    """Lines for Python's reader that can be sent back to one; `broken` tells that one since was not UTF-8."""

    def __init__(self, lines: list[bytes], at: int = 0) -> None:
        self.lines, self.at, self.broken = lines, at, False

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        if self.at == len(self.lines):
            raise StopIteration
        line = self.lines[self.at]
        self.at += 1
        try:
            return line.decode() + "\n"
        except UnicodeDecodeError:
            self.broken = True
            return line.decode("utf-8", "replace") + "\n"


def _careful(data: bytes, csv_format: CsvFormat, row: int, line: int, last: bool) -> tuple[CsvRows, int]:
    """Read a block line by line; return its rows, those it could not read among them, and how many bytes they took."""
    lines = data.split(b"\n")
    tail = lines.pop()
    if last and tail:
        lines.append(tail)
    source = _Lines(lines)
    reader = csv.reader(source, delimiter=csv_format.delimiter, strict=True)
    records: list[list[str]] = []
    numbers: list[int] = []
    starts: list[int] = []
    unread: list[UnreadableRow] = []
    while source.at < len(lines):
        start, number, source.broken = source.at, row + len(records) + len(unread), False
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
            record, reason = [], _misformed(str(error))
        if reason:
            # A quote left open takes the lines after it for its own: they get another chance.
            stop = source.at if record and len(record) == len(csv_format.header) else start + 1
            text = b"\n".join(lines[start:stop]).decode("utf-8", "backslashreplace").removesuffix("\r")
            unread.append(UnreadableRow(number, line + start, text, reason))
            source.at = stop
        elif record:
            records.append(record)
            numbers.append(number)
            starts.append(line + start)
    used = sum(map(len, lines[: source.at])) + source.at
    return CsvRows(*_rows(records, numbers, starts, csv_format)[:3], unread), min(used, len(data))


def _misformed(error: str) -> str:
    """Say of a line what Python's reader says, in words for those who mend it."""
    if "new-line" in error:
        return "has a carriage return in the middle"
    if "limit" in error:
        return f"has a field of more than {csv.field_size_limit()} characters, or a quote that is never closed"
    return "has a quote out of place, or one that is never closed"


def _rows(records: list[list[str]], numbers: list[int], lines: list[int], csv_format: CsvFormat) -> CsvRows:
    columns = zip(*records, strict=True) if records else ((),) * len(csv_format.header)
    table = pa.RecordBatch.from_arrays([pa.array(values, pa.string()) for values in columns], list(csv_format.header))
    return CsvRows(table, np.array(numbers, np.int64), np.array(lines, np.int64), [])
