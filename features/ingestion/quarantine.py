"""Writes the quarantine file: invalid rows as in the source, with the reason, to be corrected and read again."""

import codecs
import io
import shutil
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from features.ingestion.batches import SourceBatch, quarantine_columns
from features.ingestion.casting import RowErrors
from features.ingestion.row_reasons import first_errors
from features.ingestion.source_formats import Source


class Quarantine:
    """Writes invalid rows to a CSV file (UTF-8 with a byte order mark, for spreadsheets); none if all are valid.

    Its columns are those of `quarantine_columns`, then all columns of the sources, as text. A row with several errors
    is
    written once, with the column and value of the first. A row that could not be split into fields has its text in
    `value` and nothing in the sources' columns, so it goes to quarantine again unless it is corrected.

    Parameters
    ----------
    path : Path
        The file.
    sources : list of Source
        The sources whose rows may be added.

    Attributes
    ----------
    reasons : collections.Counter of str
        The number of rows by the first thing wrong with them.
    reasons_by_source : dict of str to collections.Counter of str
        The same for each source that has such rows, by its name.
    """

    def __init__(self, path: Path, sources: list[Source]) -> None:
        self.path = path
        self.reasons: Counter[str] = Counter()
        self.reasons_by_source: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._header = list(dict.fromkeys(name for source in sources for name in source.header))
        self._schema = pa.schema([(name, pa.string()) for name in [*quarantine_columns(self._header), *self._header]])
        self._writer: csv.CSVWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._writer:
            self._writer.close()
            self._file.close()

    @property
    def rows(self) -> int:
        """The number of rows in quarantine."""
        return self.reasons.total()

    def reasons_of(self, source: Source) -> dict[str, int]:
        """Return the rows of a source in quarantine by the first thing wrong with them, the most frequent first."""
        return dict(self.reasons_by_source[source.name].most_common())

    def add(self, source: Source, batch: SourceBatch, errors: RowErrors) -> None:
        """Add the invalid rows of a batch, and the unreadable ones."""
        if errors.entries:
            self._add_invalid(source, batch, errors)
        if batch.unreadable:
            self._count(source, Counter(f"row {row.reason}" for row in batch.unreadable))
            reasons = pa.array([f"{row.reason} (line {row.line})" for row in batch.unreadable])
            texts = pa.array([row.text for row in batch.unreadable])
            numbers = np.array([row.number for row in batch.unreadable])
            self._write(source, numbers, pa.nulls(len(texts), pa.string()), texts, reasons)

    def add_file(self, source: Source, reasons: Mapping[str, int], path: Path) -> None:
        """Add the rows of a source that another quarantine of the same sources has, with its reasons, if it has any."""
        self._count(source, reasons)
        if not reasons:
            return
        head = io.BytesIO()
        csv.CSVWriter(head, self._schema).close()
        with self.path.open("ab") as file, path.open("rb") as rows:
            if file.tell():
                rows.seek(len(codecs.BOM_UTF8) + len(head.getvalue()))
            shutil.copyfileobj(rows, file)

    def _add_invalid(self, source: Source, batch: SourceBatch, errors: RowErrors) -> None:
        columns, reasons, _ = zip(*errors.entries, strict=True)
        rows, first = first_errors(errors, len(batch.numbers))
        for error, count in enumerate(np.bincount(first).tolist()):
            if count:
                self._count(source, {f"{columns[error]} {reasons[error]}": count})
        full_rows = batch.full_rows(rows)
        values = pa.nulls(len(rows), pa.string())
        for column in dict.fromkeys(columns):
            of_column = pa.array(np.array([name == column for name in columns])[first])
            own = full_rows[source.columns[column]] if column in source.columns else source.constants.get(column)
            values = pc.if_else(of_column, own, values)
        texts = _reasons(batch, errors, rows, first)
        self._write(source, batch.numbers[rows], pa.array(columns).take(pa.array(first)), values, texts, full_rows)

    def _count(self, source: Source, reasons: Mapping[str, int]) -> None:
        self.reasons.update(reasons)
        self.reasons_by_source[source.name].update(reasons)

    def _write(
        self,
        source: Source,
        numbers: NDArray[np.int64],
        columns: pa.Array,
        values: pa.Array,
        reasons: pa.Array,
        full_rows: pa.Table | None = None,
    ) -> None:
        if self._writer is None:
            self._file = self.path.open("wb")
            self._file.write(codecs.BOM_UTF8)
            self._writer = csv.CSVWriter(self._file, self._schema)
        own = [pa.repeat(source.name, len(numbers)), pa.array(numbers).cast(pa.string()), columns, values, reasons]
        blank = pa.nulls(len(numbers), pa.string())
        log = [full_rows[name] if full_rows and name in full_rows.column_names else blank for name in self._header]
        self._writer.write(pa.Table.from_arrays([*own, *log], schema=self._schema))


def _reasons(batch: SourceBatch, errors: RowErrors, rows: NDArray[np.int64], first: NDArray[np.int64]) -> pa.Array:
    """Return all that is wrong with each invalid row, and its line where that does not follow from its number."""
    reasons = pa.array([reason for _, reason, _ in errors.entries]).take(pa.array(first))
    if others := _other_errors(errors, first, rows):
        texts = enumerate(reasons.to_pylist())
        reasons = pa.array([f"{text}; {others[row]}" if row in others else text for row, text in texts])
    if batch.lines is not None:
        lines, numbers = batch.lines[rows], batch.numbers[rows]
        with_line = pc.binary_join_element_wise(reasons, " (line ", pa.array(lines).cast(pa.string()), ")", "")
        reasons = pc.if_else(pa.array(lines == numbers + 1), reasons, with_line)
    return reasons


def _other_errors(errors: RowErrors, first: NDArray[np.int64], rows: NDArray[np.int64]) -> dict[int, str]:
    """Return the further errors of the invalid rows that have several, by position among the invalid rows."""
    others: dict[int, list[str]] = {}
    for error, (column, reason, invalid) in enumerate(errors.entries):
        positions = np.searchsorted(rows, invalid)
        for row in positions[first[positions] != error].tolist():
            others.setdefault(row, []).append(f"{column} {reason}")
    return {row: "; ".join(texts) for row, texts in others.items()}
