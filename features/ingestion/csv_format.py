"""Detects how a CSV file is written: encoding, delimiter, header."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Self

from features.errors import UnreadableSourceError
from features.ingestion.text_encoding import detect_encoding, utf8_blocks

DELIMITERS = (",", ";", "\t", "|")


class CsvFormat(NamedTuple):
    """How a file is written; `header_lines` counts its lines up to the end of the header, blank ones included."""

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
        source = Utf8Lines(lines, first)
        try:
            names = [name.strip() for name in next(csv.reader(source, delimiter=candidate, strict=True))]
        except csv.Error:
            continue
        header = tuple(name or f"column_{place}" for place, name in enumerate(names, 1))
        if not source.broken and "\0" not in "".join(header):
            formats.append(CsvFormat(encoding, candidate, header, source.at))
    if not formats:
        raise UnreadableSourceError(f"has a first line that is not {encoding} text with closed quotes")
    return max(formats, key=lambda csv_format: (len(set(csv_format.header) & set(wanted)), len(csv_format.header)))


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
