"""Reads small tables from people (CSV, workbook, Parquet, ...) as rows of text."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from features.errors import SourceError
from features.ingestion.read_options import ReadOptions
from features.ingestion.source_files import find_files
from features.ingestion.source_formats import open_file
from features.ingestion.source_sample import NOTHING_OPEN
from features.schema import REQUIRED_LOG_COLUMNS
from planning.text_rows import Faults, TextRow


def read_text_rows(path: str | Path, sheet: str, faults: Faults) -> tuple[list[str], list[TextRow]]:
    """Return the columns and the rows of a file; blank rows are left out.

    Parameters
    ----------
    path : str or Path
        Any file that `regulars ingest` reads.
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
        sources = _opened(file, sheet)
        for source in sources:
            header += [name for name in source.header if name not in header]
            for batch in source.batches():
                table = batch.full_rows(np.arange(len(batch.numbers))).select(list(source.header))
                names = [name.strip() for name in table.column_names]
                for number, values in zip(batch.numbers.tolist(), _cells(table), strict=True):
                    cells = {name: value for name, value in zip(names, values, strict=True) if value}
                    if cells:
                        rows.append(TextRow(Path(source.name).name, number, cells))
                for broken in batch.unreadable:
                    row = TextRow(Path(source.name).name, broken.number, {"row": broken.text.strip()})
                    faults.add(row, "row", broken.reason)
    return [name.strip() for name in header], rows


def _opened(file: Any, sheet: str) -> Sequence[Any]:
    options = ReadOptions(constants=dict.fromkeys(REQUIRED_LOG_COLUMNS, "1"), profiles={"": NOTHING_OPEN})
    try:
        try:
            return open_file(file, replace(options, sheet=sheet))
        except SourceError as error:
            if f"has no sheet {sheet}" not in str(error):
                raise
            return open_file(file, options)
    except SourceError as error:
        text = str(error)
        if "event_time" in text:  # an empty file, which is expected to have the columns of a log
            raise SourceError(f"{text.split(';')[0]}: expected a header line and rows") from None
        if "--sheet" in text:
            raise SourceError(f"{text.split(': name one')[0]}: name the one to read {sheet}") from None
        raise


def _cells(table: pa.Table) -> Iterable[tuple[str, ...]]:
    """Return the cells of each row as text without white space around it, "" where null."""
    columns = [[(value or "").strip() for value in column.to_pylist()] for column in table.columns]
    return zip(*columns, strict=True) if columns else []
