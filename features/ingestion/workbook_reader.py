"""Reads the sheets of workbooks (XLSX, XLSB, XLS, ODS) as rows of text."""

import zipfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from features.errors import SheetError, UnreadableSourceError
from features.ingestion.csv_format import TITLE_LINES, Record, find_header
from features.ingestion.csv_reader import CsvRows, UnreadableRow

BATCH_ROWS = 50_000
SIZE_LIMIT = 4 << 30
OLE2 = b"\xd0\xcf\x11\xe0"


class SheetFormat(NamedTuple):
    """A sheet: its name, its header, the row of the sheet where that is (from 1), whether rows follow."""

    sheet: str
    header: tuple[str, ...]
    header_row: int
    empty: bool


def sniff_sheets(
    path: Path, pattern: str | None, wanted: Sequence[str], header_line: int | None = None
) -> list[SheetFormat]:
    """Return the sheets to read: those that match a pattern, else the only one that is not empty or hidden.

    Raises UnreadableSourceError for a damaged or encrypted workbook, for none such sheet, or for several without a
    pattern.
    """
    import python_calamine

    with _open(path) as workbook:
        shown = python_calamine.SheetVisibleEnum.Visible
        visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == shown]
        names = [name for name in workbook.sheet_names if fnmatchcase(name, pattern)] if pattern else visible
        if not names:
            listed = ", ".join(workbook.sheet_names[:10])
            raise SheetError(f"has no sheet {pattern or 'that is visible'}: its sheets are {listed}")
        sheets = [_sniff(workbook, name, wanted, header_line) for name in names]
    filled = [sheet for sheet in sheets if sheet.header]
    if not filled:
        raise UnreadableSourceError(f"has nothing in its sheet {names[0]}: expected a header and rows")
    if len(filled) > 1 and not pattern:
        listed = ", ".join(repr(sheet.sheet) for sheet in filled[:10])
        raise SheetError(
            f"has {len(filled)} sheets ({listed}): name one by --sheet, or all by --sheet '*' (they become one log)",
            tuple(sheet.sheet for sheet in filled),
        )
    return filled


def read_sheet_rows(path: Path, sheet: SheetFormat) -> Iterator[CsvRows]:
    """Yield the rows below the header in order, as text; blank rows are skipped.

    Whole numbers have no decimals, dates and times are in ISO format, booleans are true and false.
    """
    width, row = len(sheet.header), 1
    with _open(path) as workbook:
        cells = ((place, fields) for place, fields in _rows(workbook, sheet.sheet) if place > sheet.header_row)
        filled = ((place, fields) for place, fields in cells if any(fields))
        while batch := list(islice(filled, BATCH_ROWS)):
            numbered = [(row + number, place, fields) for number, (place, fields) in enumerate(batch)]
            good = [entry for entry in numbered if not any(entry[2][width:])]
            columns = [
                pa.array([fields[column] or None for *_, fields in good], pa.string()) for column in range(width)
            ]
            unreadable = [
                UnreadableRow(number, place, ",".join(fields), f"has {len(fields)} cells where the header has {width}")
                for number, place, fields in numbered
                if any(fields[width:])
            ]
            yield CsvRows(
                pa.RecordBatch.from_arrays(columns, list(sheet.header)),
                np.array([number for number, *_ in good], np.int64),
                np.array([place for _, place, _ in good], np.int64),
                unreadable,
            )
            row += len(batch)


def _sniff(workbook: Any, name: str, wanted: Sequence[str], header_line: int | None) -> SheetFormat:
    rows = ((place, fields) for place, fields in _rows(workbook, name) if any(fields))
    if header_line is not None:
        rows = ((place, fields) for place, fields in rows if place >= header_line)
    records = [Record(place, place, [text.strip() for text in fields]) for place, fields in islice(rows, TITLE_LINES)]
    if not records:
        return SheetFormat(name, (), 0, True)
    record = records[0] if header_line else find_header(records, wanted)
    while record.fields and not record.fields[-1]:
        record.fields.pop()
    header = tuple(text or f"column_{place}" for place, text in enumerate(record.fields, 1))
    return SheetFormat(name, header, record.start, record is records[-1])


def _rows(workbook: Any, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a sheet with their numbers in it."""
    import python_calamine

    try:
        sheet = workbook.get_sheet_by_name(name)
    except python_calamine.CalamineError as error:
        raise _unreadable(error) from None
    for place, cells in enumerate(sheet.iter_rows(), 1):
        yield place, [_as_text(cell) for cell in cells]


def _as_text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 2**53 else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return str(cell)


def _open(path: Path) -> Any:
    """Open a workbook, which is read into memory sheet by sheet."""
    import python_calamine

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > SIZE_LIMIT:
            raise UnreadableSourceError(
                f"unpacks to {size >> 20:,} MB, more than {SIZE_LIMIT >> 20:,}: export it as CSV"
            )
    try:
        return python_calamine.load_workbook(str(path))
    except (python_calamine.CalamineError, OSError) as error:
        raise _unreadable(error, path) from None


def _unreadable(error: Exception, path: Path | None = None) -> UnreadableSourceError:
    import python_calamine

    encrypted = isinstance(error, python_calamine.PasswordError)
    if path is not None and not encrypted:
        # An encrypted XLSX is an OLE2 file with a stream of this name, in UTF-16.
        data = path.read_bytes()[: 1 << 20] if path.stat().st_size < 1 << 28 else b""
        encrypted = data.startswith(OLE2) and "EncryptedPackage".encode("utf-16-le") in data
    if encrypted:
        return UnreadableSourceError("is encrypted: save it without a password")
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return UnreadableSourceError(f"is a damaged workbook ({reason}): save it again, or as CSV")
