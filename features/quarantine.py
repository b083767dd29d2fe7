"""The quarantine file: faulty rows as they came, with what is wrong with each, to be mended and read again."""

from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from features.pieces import QUARANTINE_COLUMNS, Piece
from features.sources import Source
from features.values import Faults


class Quarantine:
    """Writes faulty rows to a CSV file (UTF-8 with a mark, as spreadsheets want it); no fault, no file.

    Columns: `QUARANTINE_COLUMNS`, then all columns of the sources, as text. A row of several faults stands once, under
    the first of them. A row that could not be taken apart has its text in `value` and nothing in the sources' columns,
    so that it is quarantined again unless someone mends it.
    """

    def __init__(self, path: Path, sources: list[Source]) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self._header = list(dict.fromkeys(name for source in sources for name in source.header))
        clash = set(self._header) & set(QUARANTINE_COLUMNS)
        about = [f"quarantine_{name}" if name in clash else name for name in QUARANTINE_COLUMNS]
        self._schema = pa.schema([(name, pa.string()) for name in [*about, *self._header]])
        self._writer: csv.CSVWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer:
            self._writer.close()
            self._file.close()

    @property
    def rows(self) -> int:
        """How many rows are in quarantine."""
        return self.reasons.total()

    def add(self, source: Source, piece: Piece, faults: Faults) -> None:
        """Write the faulty rows of a piece, and those of its file that could not be read."""
        if faults.found:
            self._add_faulty(source, piece, faults)
        if piece.unread:
            self.reasons.update(f"row {row.reason}" for row in piece.unread)
            numbers, lines, texts, reasons = zip(*piece.unread, strict=True)
            told = [f"{reason} (line {line})" for reason, line in zip(reasons, lines, strict=True)]
            self._write(
                source, pa.array(numbers), pa.nulls(len(told), pa.string()), pa.array(texts), pa.array(told), {}
            )

    def _add_faulty(self, source: Source, piece: Piece, faults: Faults) -> None:
        first = np.full(len(piece.numbers), -1)
        for fault, (_, _, where) in enumerate(faults.found):
            first[where[first[where] < 0]] = fault
        rows = np.flatnonzero(first >= 0)
        first = first[rows]
        columns, reasons, _ = zip(*faults.found, strict=True)
        self.reasons.update(
            {
                f"{columns[fault]} {reasons[fault]}": int(count)
                for fault, count in enumerate(np.bincount(first))
                if count
            }
        )
        whole = piece.whole(rows)
        values = pa.nulls(len(rows), pa.string())
        for column in dict.fromkeys(columns):
            in_column = pa.array(np.array([name == column for name in columns])[first])
            own = source.taken.get(column)
            values = pc.if_else(in_column, whole[own] if own else source.constants[column], values)
        told = pa.array(reasons).take(pa.array(first))
        others = _others(faults, first, rows)
        if others:
            told = pa.array(
                [f"{text}; {others[row]}" if row in others else text for row, text in enumerate(told.to_pylist())]
            )
        if piece.lines is not None:
            lines, numbers = piece.lines[rows], piece.numbers[rows]
            with_line = pc.binary_join_element_wise(told, " (line ", pa.array(lines).cast(pa.string()), ")", "")
            told = pc.if_else(pa.array(lines == numbers + 1), told, with_line)
        self._write(source, pa.array(piece.numbers[rows]), pa.array(columns).take(pa.array(first)), values, told, whole)

    def _write(self, source, numbers, column, value, reason, whole) -> None:  # type: ignore[no-untyped-def]
        if self._writer is None:
            self._file = self.path.open("wb")
            self._file.write(b"\xef\xbb\xbf")
            self._writer = csv.CSVWriter(self._file, self._schema)
        about = [pa.repeat(source.name, len(numbers)), numbers.cast(pa.string()), column, value, reason]
        names = whole.column_names if isinstance(whole, pa.Table) else ()
        own = [whole[name] if name in names else pa.nulls(len(numbers), pa.string()) for name in self._header]
        self._writer.write(pa.Table.from_arrays([*about, *own], schema=self._schema))


def _others(faults: Faults, first: np.ndarray, rows: np.ndarray) -> dict[int, str]:
    """Return what else is wrong, of the faulty rows (by position among them) with more than one fault."""
    others: dict[int, list[str]] = {}
    for fault, (column, reason, where) in enumerate(faults.found):
        at = np.searchsorted(rows, where)
        for row in at[first[at] != fault].tolist():
            others.setdefault(row, []).append(f"{column} {reason}")
    return {row: "; ".join(told) for row, told in others.items()}
