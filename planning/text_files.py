"""Reads small tables from people (CSV, workbook, Parquet, ...) as rows of text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from features.errors import HeaderError, SheetError, SourceError
from features.ingestion.batches import QUARANTINE_COLUMNS, SourceBatch
from features.ingestion.read_options import OWN, ReadOptions
from features.ingestion.source_files import SourceFile, find_files
from features.ingestion.source_formats import Source, open_file
from features.ingestion.source_sample import NOTHING_OPEN
from features.schema import REQUIRED_LOG_COLUMNS
from planning.text_rows import Faults, TextRow

UNREADABLE = "row"
"""The column of a quarantine file with the text of rows that could not be split into cells."""


def read_text_rows(path: str | Path, sheet: str, faults: Faults) -> tuple[list[str], list[TextRow]]:
    """Return the columns and the rows of a file; blank rows are left out.

    Parameters
    ----------
    path : str or Path
        Any file that `regulars ingest` reads. The rows of a quarantine file are those of the files from which they
        came, and have their places.
    sheet : str
        The sheet of a workbook that has one of this name; else its only one.
    faults : Faults
        Receives rows that cannot be split into cells.

    Returns
    -------
    header : list of str
    rows : list of TextRow

    Raises
    ------
    SourceError
        When there is no such file, or it cannot be read.
    """
    rows: list[TextRow] = []
    header: list[str] = []
    for file in find_files(str(path)):
        name = Path(file.name or file.path).name
        for source in _opened(file, sheet):
            header += [column for column in source.header if column not in header]
            for batch in source.batches():
                for row in _rows(batch, source, name):
                    if row.fault and set(row.cells) == {UNREADABLE}:  # its cells were not filled in
                        faults.add(row, *row.fault)
                    else:
                        rows.append(row)
                for broken in batch.unreadable:
                    faults.add(
                        TextRow(name, broken.number, {UNREADABLE: broken.text.strip()}), UNREADABLE, broken.reason
                    )
    return [name.strip() for name in header], rows


def _rows(batch: SourceBatch, source: Source, file: str) -> Iterator[TextRow]:
    table = batch.full_rows(np.arange(len(batch.numbers))).select(list(source.header))
    names = [name.strip() for name in table.column_names]
    about = [batch.log[OWN + name].to_pylist() for name in QUARANTINE_COLUMNS] if source.about_faults else []
    for at, (number, values) in enumerate(zip(batch.numbers.tolist(), _cells(table), strict=True)):
        cells = {name: value for name, value in zip(names, values, strict=True) if value}
        if not cells:
            continue
        fault = {name: column[at] or "" for name, column in zip(QUARANTINE_COLUMNS, about, strict=bool(about))}
        first_number = fault.get("row_number", "").removesuffix(".0")
        name = file
        if first_number.isdecimal() and fault["source"]:
            name, number = fault["source"], int(first_number)
        yield TextRow(name, number, cells, (fault["column"], fault["reason"]) if fault else None)


def _opened(file: SourceFile, sheet: str) -> Sequence[Source]:
    options = ReadOptions(constants=dict.fromkeys(REQUIRED_LOG_COLUMNS, "1"), profiles={"": NOTHING_OPEN})
    try:
        try:
            sources = open_file(file, replace(options, sheet=sheet))
        except SourceError as error:
            if not isinstance(error.__cause__, SheetError):
                raise
            sources = open_file(file, options)
        if about := sources[0].about_faults:
            own = {OWN + name: column for name, column in zip(QUARANTINE_COLUMNS, about, strict=True)}
            sources = open_file(file, replace(options, map=own))
        return sources
    except SourceError as error:
        match error.__cause__:
            case HeaderError(found=found):
                raise SourceError(f"{file.name or file.path} {found}: expected a header line and rows") from None
            case SheetError(sheets=sheets) if sheets:
                listed = ", ".join(map(repr, sheets[:10]))
                raise SourceError(
                    f"{file.name or file.path} has {len(sheets)} sheets ({listed}): name the one to read {sheet}"
                ) from None
        raise


def _cells(table: pa.Table) -> Iterable[tuple[str, ...]]:
    """Return the cells of each row as text without white space around it, "" where null."""
    columns = [[(value or "").strip() for value in column.to_pylist()] for column in table.columns]
    return zip(*columns, strict=True) if columns else []
