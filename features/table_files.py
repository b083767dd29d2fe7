"""Tables as files whose format follows the file's name: `.parquet`, `.csv`, `.xlsx` or `.arrow`.

In CSV a text that a spreadsheet would run as a formula (it starts with = + - @, a tab or a line end) gets a leading
apostrophe, for customer ids come from outside; in a workbook texts are stored as texts.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, ipc

from features.atomic_file import atomic_write
from features.encryption.parquet_files import parquet_writer
from features.errors import TableFileError

if TYPE_CHECKING:
    import pandas as pd

FORMULA_START = r"^[=+\-@\t\r\n]"
SHEET_ROWS = 1_048_576
"""Rows of a sheet of a workbook, the head included."""
SHEET_NAME = "table"
SHEET_PIECE = 10_000
"""Rows that are Python objects at a time."""


class TableWriter(Protocol):
    """Writes a table in pieces."""

    def write_table(self, table: pa.Table) -> None:
        """Write rows of the schema that the file was opened with; null is an empty cell."""


def table_format(path: str | Path) -> str:
    """Return the format that a file's name stands for: `parquet`, `csv`, `xlsx` or `arrow`.

    Raises
    ------
    TableFileError
        For another ending.
    """
    ending = Path(path).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        found = f"ends in .{ending}" if ending else "has no ending"
        raise TableFileError(f"{path} {found}: end the name with .{', .'.join(FORMATS)} for the format of the table")
    return ending


@contextmanager
def table_writer(path: str | Path, schema: pa.Schema, row_group_size: int | None = None) -> Iterator[TableWriter]:
    """Write a table to a file, which appears when the block ends and is whole or absent.

    Parameters
    ----------
    path : str or Path
        Its ending is the format. Parquet and Arrow keep the types and the schema's metadata.
    schema : pyarrow.Schema
    row_group_size : int, optional
        The most rows of a row group of Parquet; without it each piece is one.

    Yields
    ------
    TableWriter

    Raises
    ------
    TableFileError
        For another ending, or when a workbook would have more rows than a sheet holds.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> table = pa.table({"customer_id": ["=1+1", "C1"], "score": [0.5, None]})
    >>> with TemporaryDirectory() as folder:
    ...     with table_writer(f"{folder}/scores.csv", table.schema) as writer:
    ...         writer.write_table(table)
    ...     print(Path(folder, "scores.csv").read_text())
    "customer_id","score"
    "'=1+1",0.5
    "C1",
    <BLANKLINE>
    """
    kind = FORMATS[table_format(path)]
    with atomic_write(path) as part, kind(part, schema, row_group_size) as writer:
        yield writer


def write_table(path: str | Path, table: pa.Table) -> None:
    """Write a whole table, see `table_writer`."""
    with table_writer(path, table.schema) as writer:
        writer.write_table(table)


def write_frame(path: str | Path, frame: "pd.DataFrame", types: Mapping[str, pa.DataType]) -> None:
    """Write a frame of texts and some other columns; what is missing is null.

    Parameters
    ----------
    path : str or Path
        Its ending is the format, see `table_writer`.
    frame : pandas.DataFrame
        Its index is not written.
    types : mapping of str to pyarrow.DataType
        The types of the columns that are not texts, so that a frame without rows has them too.
    """
    # Each value by itself: `pa.Table.from_pandas` warns of times with a zone.
    columns = {
        str(name): pa.array(
            column.astype("object").where(column.notna(), None).to_list(),
            types.get(str(name), pa.string()),
        )
        for name, column in frame.items()
    }
    write_table(path, pa.table(columns))


def escape_texts(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return texts with an apostrophe before each that a spreadsheet would run as a formula."""
    return pc.if_else(
        pc.match_substring_regex(texts, FORMULA_START), pc.binary_join_element_wise("'", texts, ""), texts
    )


def escape_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before each text that a spreadsheet would run as a formula.

    Examples
    --------
    >>> escape_formulas(pd.DataFrame({"customer_id": ["=1+1", "C1"]}))["customer_id"].tolist()
    ["'=1+1", 'C1']
    """
    out = table.copy()
    for name in out:
        if pd.api.types.is_string_dtype(out[name]) or out[name].dtype == object:
            values = [None if pd.isna(value) else str(value) for value in out[name]]
            texts = pa.chunked_array([pa.array(values, pa.string())])
            escaped = escape_texts(texts)
            if not escaped.equals(texts):
                out[name] = escaped.to_pandas().set_axis(out.index)
    return out


@contextmanager
def _parquet(path: Path, schema: pa.Schema, row_group_size: int | None) -> Iterator[TableWriter]:
    class Writer:
        def write_table(self, table: pa.Table) -> None:
            file.write_table(table, row_group_size)

    with parquet_writer(path, schema) as file:
        yield Writer()


@contextmanager
def _arrow(path: Path, schema: pa.Schema, row_group_size: int | None) -> Iterator[TableWriter]:
    with ipc.new_file(path, schema) as file:
        yield file


@contextmanager
def _csv(path: Path, schema: pa.Schema, row_group_size: int | None) -> Iterator[TableWriter]:
    class Writer:
        def write_table(self, table: pa.Table) -> None:
            columns = [_as_cells(column, kind) for column, kind in zip(table.columns, plain.types, strict=True)]
            file.write_table(pa.table(columns, schema=plain))

    plain = pa.schema([pa.field(field.name, _plain_type(field.type)) for field in schema])
    with csv.CSVWriter(path, plain) as file:
        yield Writer()


@contextmanager
def _xlsx(path: Path, schema: pa.Schema, row_group_size: int | None) -> Iterator[TableWriter]:
    import xlsxwriter  # of the extras `train` and `plan`

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(str(path), {**options, "constant_memory": True, "remove_timezone": True})
    sheet = book.add_worksheet(SHEET_NAME)
    sheet.freeze_panes(1, 0)
    time_format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for position, name in enumerate(schema.names):
        sheet.write_string(0, position, name, book.add_format({"bold": True}))

    class Writer:
        rows = 1

        def write_table(self, table: pa.Table) -> None:
            if self.rows + len(table) > SHEET_ROWS:
                most = f"a workbook holds {SHEET_ROWS - 1:,} rows and the table has more"
                raise TableFileError(f"{most}: end the name with .parquet, .csv or .arrow")
            for piece in table.to_batches(SHEET_PIECE):
                for row in zip(*(column.to_pylist() for column in piece.columns), strict=True):
                    for position, cell in enumerate(row):
                        _write_cell(sheet, self.rows, position, cell, time_format)
                    self.rows += 1

    try:
        yield Writer()
    finally:
        book.close()  # removes its temporary files too


def _write_cell(sheet: Any, row: int, position: int, cell: object, time_format: object) -> None:
    if isinstance(cell, str):
        sheet.write_string(row, position, cell)
    elif isinstance(cell, bool):
        sheet.write_boolean(row, position, cell)
    elif isinstance(cell, int | float) and cell == cell:
        sheet.write_number(row, position, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(row, position, cell, time_format)


def _as_cells(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Return a column as CSV has it: texts that are no formulas, and NaN as an empty cell."""
    column = column.cast(kind)
    if pa.types.is_string(kind):
        return escape_texts(column)
    return pc.if_else(pc.is_nan(column), None, column) if pa.types.is_floating(kind) else column


def _plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a CSV column: a dictionary's own, and one kind of text."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.string() if pa.types.is_large_string(kind) or pa.types.is_string_view(kind) else kind


FORMATS = {"parquet": _parquet, "csv": _csv, "xlsx": _xlsx, "arrow": _arrow}
