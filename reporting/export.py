"""The tables of a report as files: a workbook, and Parquet and CSV for Excel, Tableau and Power BI.

Customer ids come from outside. In CSV, a text that a spreadsheet would run as a formula (it starts with = + - @, a tab
or a line end) gets a leading apostrophe; in the workbook texts are stored as texts; Parquet has them unchanged.
"""

import tomllib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pandas as pd

from features.atomic_file import atomic_write
from features.table_files import escape_formulas
from training.evaluation.catalog import BUILT_IN, METRICS

SHEET_ROWS = 100_000
"""The most rows of a sheet: more would take minutes to write and to open."""
WIDEST_COLUMN = 60
TABLE_KEY = "_"


def data_dictionary(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the description of the tables and of each of their columns.

    Parameters
    ----------
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name.

    Returns
    -------
    pandas.DataFrame
        `table`, `column`, `unit`, `meaning`. The first row of a table describes the table and has no column.

    Raises
    ------
    KeyError
        When dictionary.toml does not describe a column that is no metric from a plugin.
    """
    text = resources.files("reporting").joinpath("dictionary.toml").read_text(encoding="utf-8")
    descriptions = tomllib.loads(text)
    rows: list[tuple[str, ...]] = []
    for name, table in tables.items():
        description = descriptions[name]
        rows.append((name, "", "", description[TABLE_KEY]))
        rows += [(name, str(column), *_column_entry(description, str(column))) for column in table]
    return pd.DataFrame(rows, columns=["table", "column", "unit", "meaning"])


def _column_entry(description: Mapping[str, list[str]], column: str) -> list[str]:
    if column in METRICS and column not in BUILT_IN:
        return ["", f"a metric from a plugin; {METRICS[column].direction}"]
    return description[column] if column in description else description[f"{column.partition('_')[0]}_*"]


def write_tables(folder: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table and the data dictionary as `<name>.parquet` and `<name>.csv`.

    Parameters
    ----------
    folder : str or pathlib.Path
        Where to write; created if it is missing.
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name.
    """
    folder = Path(folder)
    for name, table in {**tables, "dictionary": data_dictionary(tables)}.items():
        with atomic_write(folder / f"{name}.parquet") as part:
            table.to_parquet(part, index=False)
        with atomic_write(folder / f"{name}.csv") as part:
            # Excel reads UTF-8 as such only with a byte order mark; without it Chinese names are garbled.
            escape_formulas(table).to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def write_workbook(path: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables to an XLSX file: the data dictionary first, then one sheet per table that has rows.

    The header row is frozen and has filters. Texts are stored as texts, whatever they start with.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to write.
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name. A sheet holds the first `SHEET_ROWS` rows; the dictionary notes the longer tables.
    """
    import xlsxwriter

    dictionary = data_dictionary(tables)
    dictionary["note"] = [
        "" if column else _sheet_note(str(name), len(tables[name]))
        for name, column in zip(dictionary["table"], dictionary["column"], strict=True)
    ]
    keys = zip(dictionary["table"], dictionary["column"], strict=True)
    units = dict(zip(keys, dictionary["unit"], strict=True))
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path) as part:
        book = xlsxwriter.Workbook(str(part), {**options, "constant_memory": True})
        formats = {
            "head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#EFECE5"}),
            "whole": book.add_format({"num_format": "#,##0"}),
            "share": book.add_format({"num_format": "0.0%"}),
            "number": book.add_format({"num_format": "#,##0.00"}),
            "text": book.add_format({"num_format": "@"}),
        }
        _write_sheet(book, "dictionary", dictionary, formats, {})
        for name, table in tables.items():
            if not table.empty:
                table_units = {str(column): str(units[(name, str(column))]) for column in table}
                _write_sheet(book, name, table.iloc[:SHEET_ROWS], formats, table_units)
        book.close()


def _sheet_note(name: str, rows: int) -> str:
    if rows > SHEET_ROWS:
        return f"the first {SHEET_ROWS:,} of {rows:,} rows; all are in tables/{name}.parquet"
    return "" if rows else "no rows"


def _write_sheet(
    book: Any, name: str, table: pd.DataFrame, formats: Mapping[str, Any], units: Mapping[str, str]
) -> None:
    sheet = book.add_worksheet(name[:31])
    sheet.freeze_panes(1, 1)
    columns = []
    for position, column in enumerate(table):
        values = table[column]
        kind = _format_name(values, units.get(str(column), ""))
        width = max(len(str(column)), int(values.iloc[:1000].astype("str").str.len().max()) if kind == "text" else 10)
        sheet.set_column(position, position, min(WIDEST_COLUMN, width + 3), formats[kind])
        sheet.write_string(0, position, str(column), formats["head"])
        columns.append((kind, values.astype("object").where(values.notna(), None).tolist()))
    for row in range(len(table)):
        for position, (kind, cells) in enumerate(columns):
            cell = cells[row]
            if cell is None:
                continue
            if kind == "text":
                sheet.write_string(row + 1, position, str(cell), formats[kind])
            elif isinstance(cell, bool):
                sheet.write_boolean(row + 1, position, cell)
            else:
                sheet.write_number(row + 1, position, cell, formats[kind])
    sheet.autofilter(0, 0, len(table), max(0, len(columns) - 1))


def _format_name(values: pd.Series, unit: str) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        return "text"
    if pd.api.types.is_integer_dtype(values) or pd.api.types.is_bool_dtype(values) or unit == "customers":
        return "whole"
    return "share" if unit.startswith("share") else "number"
