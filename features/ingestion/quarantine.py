"""The quarantine file: faulty rows as they came, with what is wrong with each, to be mended and read again."""

import codecs
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from features.ingestion.batches import QUARANTINE_COLUMNS, SourceBatch
from features.ingestion.casting import RowErrors
from features.ingestion.sources import Source


class Quarantine:
    """Writes faulty rows to a CSV file (UTF-8 with a mark, as spreadsheets want it); no fault, no file.

    Columns: `QUARANTINE_COLUMNS`, then all columns of the sources, as text. A row of several errors stands once, under
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

    def add(self, source: Source, batch: SourceBatch, errors: RowErrors) -> None:
        """Write the faulty rows of a batch, and those of its file that could not be read."""
        if errors.entries:
            self._add_rejected(source, batch, errors)
        if batch.unread:
            self.reasons.update(f"row {row.reason}" for row in batch.unread)
            reasons = pa.array([f"{row.reason} (line {row.line})" for row in batch.unread])
            texts = pa.array([row.text for row in batch.unread])
            numbers = np.array([row.number for row in batch.unread])
            self._write(source, numbers, pa.nulls(len(texts), pa.string()), texts, reasons)

    def _add_rejected(self, source: Source, batch: SourceBatch, errors: RowErrors) -> None:
        columns, reasons, _ = zip(*errors.entries, strict=True)
        first = np.full(len(batch.numbers), -1)
        for fault, (_, _, where) in enumerate(errors.entries):
            first[where[first[where] < 0]] = fault
        rows = np.flatnonzero(first >= 0)
        first = first[rows]
        for fault, count in enumerate(np.bincount(first).tolist()):
            if count:
                self.reasons[f"{columns[fault]} {reasons[fault]}"] += count
        told = pa.array(reasons).take(pa.array(first))
        if others := _others(errors, first, rows):
            told = pa.array(
                [f"{text}; {others[at]}" if at in others else text for at, text in enumerate(told.to_pylist())]
            )
        if batch.lines is not None:
            lines, numbers = batch.lines[rows], batch.numbers[rows]
            with_line = pc.binary_join_element_wise(told, " (line ", pa.array(lines).cast(pa.string()), ")", "")
            told = pc.if_else(pa.array(lines == numbers + 1), told, with_line)
        whole = batch.whole(rows)
        values = pa.nulls(len(rows), pa.string())
        for column in dict.fromkeys(columns):
            theirs = whole[source.taken[column]] if column in source.taken else source.constants[column]
            values = pc.if_else(pa.array(np.array([name == column for name in columns])[first]), theirs, values)
        self._write(source, batch.numbers[rows], pa.array(columns).take(pa.array(first)), values, told, whole)

    def _write(
        self,
        source: Source,
        numbers: NDArray[np.int64],
        columns: pa.Array,
        values: pa.Array,
        reasons: pa.Array,
        whole: pa.Table | None = None,
    ) -> None:
        if self._writer is None:
            self._file = self.path.open("wb")
            self._file.write(codecs.BOM_UTF8)
            self._writer = csv.CSVWriter(self._file, self._schema)
        about = [pa.repeat(source.name, len(numbers)), pa.array(numbers).cast(pa.string()), columns, values, reasons]
        blank = pa.nulls(len(numbers), pa.string())
        own = [whole[name] if whole and name in whole.column_names else blank for name in self._header]
        self._writer.write(pa.Table.from_arrays([*about, *own], schema=self._schema))


def _others(errors: RowErrors, first: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[int, str]:
    """Return what else is wrong, of the faulty rows (by position among them) with more than one fault."""
    others: dict[int, list[str]] = {}
    for fault, (column, reason, where) in enumerate(errors.entries):
        at = np.searchsorted(rows, where)
        for row in at[first[at] != fault].tolist():
            others.setdefault(row, []).append(f"{column} {reason}")
    return {row: "; ".join(told) for row, told in others.items()}
