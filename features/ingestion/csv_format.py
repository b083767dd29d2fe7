"""Detects how a CSV file is written: encoding, delimiter, the line of the header."""

import csv
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from features.errors import UnreadableSourceError
from features.ingestion.packed_files import Openable
from features.ingestion.text_encoding import detect_encoding, utf8_blocks

DELIMITERS = (",", ";", "\t", "|")
TITLE_LINES = 30
"""How many lines a title above the header may have."""


class CsvFormat(NamedTuple):
    """How a file is written; `header_lines` counts its lines up to the end of the header, blank ones included."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_lines: int
    header_line: int = 1

    def assumed(self) -> dict[str, str]:
        """Return what was detected, for the report; the line of the header where it is not the first."""
        line = {"header line": str(self.header_line)} if self.header_line > 1 else {}
        return {"encoding": self.encoding, "delimiter": self.delimiter, **line}


def sniff_csv_format(
    file: Openable,
    wanted: Sequence[str],
    delimiter: str | None = None,
    encoding: str | None = None,
    header_line: int | None = None,
) -> CsvFormat:
    """Return how the file is written: its delimiter is the one under which the header names most `wanted` columns.

    The header is the first line that is not blank. Where that names no `wanted` column, it is a later one that does,
    else the first with as many fields as most lines below it: the lines above are a title. A first line such as
    `sep=;` names the delimiter.

    Raises UnreadableSourceError for a file without a header, or with another encoding than the one named.
    """
    encoding = encoding or detect_encoding(file)
    lines = next(utf8_blocks(file, encoding), b"").split(b"\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        raise UnreadableSourceError("is empty")
    if separator := re.fullmatch(rb"(?i)\s*\"?sep=([^\r\n\"])\"?\s*", lines[first]):
        delimiter, first = delimiter or separator[1].decode("latin-1"), first + 1
    if header_line is not None:
        if header_line > len(lines):
            raise UnreadableSourceError(f"has no line {header_line}: expected the header there")
        first = header_line - 1
    formats = []
    for candidate in (delimiter,) if delimiter else DELIMITERS:
        read = _records(lines, first, candidate, 1 if header_line else TITLE_LINES)
        if records := [record for record in read if any(record.fields)]:
            header = records[0] if header_line else find_header(records, wanted)
            names = tuple(name or f"column_{place}" for place, name in enumerate(header.fields, 1))
            formats.append(CsvFormat(encoding, candidate, names, header.end, header.start + 1))
    if not formats:
        raise UnreadableSourceError(f"has a first line that is not {encoding} text with closed quotes")
    best = max(formats, key=lambda found: (len(set(found.header) & set(wanted)), len(found.header)))
    return best if best.header_line > first + 1 or header_line else best._replace(header_line=1)


class Record(NamedTuple):
    """The fields of a line without white space around them; the lines at which it starts and after which it ends."""

    start: int
    end: int
    fields: list[str]


def _records(lines: list[bytes], first: int, delimiter: str, count: int) -> Iterator[Record]:
    """Yield the lines from `first` on until one cannot be read."""
    source = Utf8Lines(lines, first)
    reader = csv.reader(source, delimiter=delimiter, strict=True)
    for _ in range(count):
        start = source.at
        try:
            fields = [field.strip() for field in next(reader)]
        except (csv.Error, StopIteration):
            return
        if source.broken or "\0" in "".join(fields):
            return
        yield Record(start, source.at, fields)


def find_header(records: Sequence[Record], wanted: Sequence[str]) -> Record:
    """Return the record that is the header: the first, unless it is a title."""
    named = [len(set(record.fields) & set(wanted)) for record in records]
    if named[0] == 0 and max(named) > 1:
        return records[named.index(max(named))]
    filled = [sum(map(bool, record.fields)) for record in records]
    usual = sorted(filled)[len(filled) // 2]
    if named[0] == 0 and filled[0] == 1 < usual:
        return records[next(place for place, count in enumerate(filled) if count >= usual)]
    return records[0]


class Utf8Lines:
    """Lines for `csv.reader`, which can go back to an earlier one: `at` is the next line.

    `broken` turns true when a line is not UTF-8.
    """

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
