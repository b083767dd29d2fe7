"""Erases customers from single files: rows of tables are taken out, pages are removed, each file in one step."""

import json
import zipfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from features.atomic_file import atomic_write
from features.csv_rows import read_csv_rows, replace_csv_rows
from features.encryption.parquet_files import open_parquet_file, write_parquet
from features.erasure.id_patterns import IdPattern
from features.plurals import counted

ID_COLUMN = "customer_id"
PAGES = (".html", ".htm", ".svg", ".ics", ".ipynb")
"""Files that a verb makes again: one that names a customer is removed."""


def erase_from_file(path: Path, pattern: IdPattern) -> str:
    """Erase customers from a file that names them.

    Parameters
    ----------
    path : Path
    pattern : IdPattern

    Returns
    -------
    str
        What became of it: `N rows removed`, `removed`, or `` where this kind of file is not changed, or is damaged.
    """
    ending = path.suffix.lower()
    if ending in PAGES:
        path.unlink()
        return "removed"
    try:
        return _erase_by_ending(path, ending, pattern)
    except (pa.ArrowException, ValueError, KeyError, zipfile.BadZipFile):
        return ""  # something else behind such a name: the search after the erasure lists it


def _erase_by_ending(path: Path, ending: str, pattern: IdPattern) -> str:
    rows = 0
    if ending == ".csv":
        rows = erase_from_csv(path, pattern)
    elif ending == ".parquet":
        rows = _erase_from_parquet(path, pattern)
    elif ending in (".arrow", ".stream"):
        rows = _erase_from_arrow(path, pattern)
    elif ending == ".xlsx" and zipfile.is_zipfile(path):
        rows = _erase_from_workbook(path, pattern)
    elif ending == ".json":
        return _erase_from_json(path, pattern)
    return f"{counted(rows, 'row')} removed" if rows else ""


def without_ids(value: Any, pattern: IdPattern) -> Any:
    """Return what JSON holds without customers.

    Members of lists that are an id, or objects with one as their `customer_id`, are left out, and so are the values of
    objects under an id; in longer texts `(erased)` stands for it.

    Examples
    --------
    >>> without_ids({"largest": [{"customer_id": "C1"}, {"customer_id": "C2"}], "C2": 1}, IdPattern(["C2"]))
    {'largest': [{'customer_id': 'C1'}]}
    """
    if isinstance(value, dict):
        return {name: without_ids(each, pattern) for name, each in value.items() if not pattern.is_id(name)}
    if isinstance(value, list):
        return [without_ids(each, pattern) for each in value if not _is_of_customer(each, pattern)]
    if isinstance(value, str):
        return pattern.replaced(value)
    return value


def _is_of_customer(value: Any, pattern: IdPattern) -> bool:
    return pattern.is_id(value.get(ID_COLUMN)) if isinstance(value, dict) else pattern.is_id(value)


def erase_from_csv(path: Path, pattern: IdPattern, id_columns: Collection[str] = (ID_COLUMN,)) -> int:
    """Take the rows of customers out of a CSV file; return how many.

    Parameters
    ----------
    path : Path
        UTF-8, with or without a byte order mark.
    pattern : IdPattern
    id_columns : collection of str
        Columns with ids. Of a row without any id there, and of a file without such columns, every cell is looked at.
    """
    rows = read_csv_rows(path)
    if not rows:
        return 0
    header, body = rows[0], rows[1:]
    places = [at for at, name in enumerate(header) if name in id_columns]

    def names_customer(row: list[str]) -> bool:
        own = [row[at] for at in places if at < len(row) and row[at].strip()]
        return any(map(pattern.is_id, own or row)) or (not own and any(map(pattern.in_text, row)))

    kept = [row for row in body if not names_customer(row)]
    mended = [[cell if is_number(cell) else pattern.replaced(cell) for cell in row] for row in kept]
    if mended != body:
        replace_csv_rows(path, [header, *mended])
    return len(body) - len(kept)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, which outside columns of ids names nobody."""
    return cell.strip().lstrip("-").replace(".", "", 1).replace(",", "").isdecimal()


def rows_of_customers(table: pa.Table, pattern: IdPattern) -> pa.ChunkedArray:
    """Return which rows of a table are of customers: by `customer_id`, or without it by any column of texts."""
    names = [ID_COLUMN] if ID_COLUMN in table.column_names else table.column_names
    mask = pa.chunked_array([pa.repeat(False, len(table))])
    for name in names:
        column = table[name]
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        if name == ID_COLUMN:
            column = ids_as_text(column)
        if is_text(column.type):
            mask = pc.or_(mask, pc.is_in(column.cast(pa.string()), pattern.array))
    return mask


def ids_as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of ids as text where it has whole numbers: 17850 and 17850.0 as 17850; others as they are."""
    if pa.types.is_floating(column.type):
        whole = pc.if_else(pc.equal(pc.floor(column), column), column, None)
        return whole.cast(pa.int64(), safe=False).cast(pa.string())
    return column.cast(pa.string()) if pa.types.is_integer(column.type) else column


def is_text(kind: pa.DataType) -> bool:
    """Return whether a type is one of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _erase_from_parquet(path: Path, pattern: IdPattern) -> int:
    with open_parquet_file(path) as file:
        groups = [file.metadata.row_group(at).num_rows for at in range(file.metadata.num_row_groups)]
        table = file.read()
    kept = table.filter(pc.invert(rows_of_customers(table, pattern)))
    if len(kept) < len(table):
        with atomic_write(path) as part:
            write_parquet(part, kept, row_group_size=max(groups, default=None))
    return len(table) - len(kept)


def _erase_from_arrow(path: Path, pattern: IdPattern) -> int:
    content = pa.BufferReader(path.read_bytes())
    is_file = content.read(6) == b"ARROW1"
    content.seek(0)
    with (ipc.open_file if is_file else ipc.open_stream)(content) as reader:
        table = reader.read_all()
    kept = table.filter(pc.invert(rows_of_customers(table, pattern)))
    if len(kept) < len(table):
        new = ipc.new_file if is_file else ipc.new_stream
        with atomic_write(path) as part, new(str(part), kept.schema) as writer:
            writer.write_table(kept)
    return len(table) - len(kept)


def _erase_from_workbook(path: Path, pattern: IdPattern) -> int:
    """Empty the rows of a workbook that name a customer; the other rows keep their places and what was filled in."""
    import openpyxl  # of the extra `plan`

    book = openpyxl.load_workbook(path)
    emptied = 0
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            if any(pattern.is_id(cell.value) or _mentions(cell.value, pattern) for cell in row):
                emptied += 1
                for cell in row:
                    cell.value, cell.comment, cell.hyperlink = None, None, None
    if emptied:
        with atomic_write(path) as part:
            book.save(part)
    return emptied


def _mentions(value: object, pattern: IdPattern) -> bool:
    return isinstance(value, str) and pattern.in_text(value)


def _erase_from_json(path: Path, pattern: IdPattern) -> str:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return ""
    after = without_ids(content, pattern)
    if after == content:
        return ""
    with atomic_write(path) as part:
        part.write_text(json.dumps(after, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return "named no more"
