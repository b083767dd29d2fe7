"""The tables as files: a workbook, and Parquet and CSV for Excel, Tableau and Power BI.

Ids come from outside. In CSV a text that a spreadsheet would run as a formula (it begins with = + - @, a tab or a line
end) gets an apostrophe before it; in the workbook texts are texts; Parquet has them as they are.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.atomic_file import atomic_write
from reporting.data_dictionary import dictionary

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
SHEET_ROWS = 100_000
"""A sheet holds at most so many rows, the first ones: more would take a workbook minutes to write and to open."""
WIDEST = 60


def write_tables(folder: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write every table, and the dictionary, to `<folder>/<name>.parquet` and `.csv` (UTF-8 with a byte order mark)."""
    folder = Path(folder)
    for name, table in {**tables, "dictionary": dictionary(tables)}.items():
        with atomic_write(folder / f"{name}.parquet") as part:
            table.to_parquet(part, index=False)
        with atomic_write(folder / f"{name}.csv") as part:
            # Without the mark Excel reads UTF-8 as something else, and Chinese names are lost.
            guarded(table).to_csv(part, index=False, encoding="utf-8-sig", lineterminator="\r\n")


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with an apostrophe before each text that a spreadsheet would run as a formula."""
    out = table.copy()
    for name in out:
        if pd.api.types.is_string_dtype(out[name]) or out[name].dtype == object:
            text = out[name].astype("str")
            risky = out[name].notna() & text.str.startswith(FORMULA_STARTS)
            if risky.any():
                out[name] = text.where(~risky, "'" + text).where(out[name].notna())
    return out


def write_workbook(path: str | Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Write the tables to an XLSX file: the dictionary first, then a sheet a table that has rows.

    Heads are frozen and filtered. Of a table with more than `SHEET_ROWS` rows these alone are in, and the dictionary
    says so. Texts are texts, whatever they begin with.
    """
    import xlsxwriter

    guide = dictionary(tables)
    guide["note"] = [
        f"the first {SHEET_ROWS:,} of {len(tables[table]):,} rows; all are in tables/{table}.parquet"
        if not column and len(tables[table]) > SHEET_ROWS
        else "no rows"
        if not column and tables[table].empty
        else ""
        for table, column in zip(guide["table"], guide["column"], strict=True)
    ]
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path) as part:
        book = xlsxwriter.Workbook(str(part), {**options, "constant_memory": True})
        looks = {
            "head": book.add_format({"bold": True, "bottom": 1, "bg_color": "#EFECE5"}),
            "whole": book.add_format({"num_format": "#,##0"}),
            "share": book.add_format({"num_format": "0.0%"}),
            "number": book.add_format({"num_format": "#,##0.00"}),
            "text": book.add_format({"num_format": "@"}),
            "wrapped": book.add_format({"text_wrap": True, "valign": "top"}),
        }
        units = dict(zip(zip(guide["table"], guide["column"], strict=True), guide["unit"], strict=True))
        _sheet(book, "dictionary", guide, looks, {})
        for name, table in tables.items():
            if not table.empty:
                told = {str(column): str(units[(name, str(column))]) for column in table}
                _sheet(book, name, table.iloc[:SHEET_ROWS], looks, told)
        book.close()


def _sheet(book: Any, name: str, table: pd.DataFrame, looks: Mapping[str, Any], units: Mapping[str, str]) -> None:
    sheet = book.add_worksheet(name[:31])
    sheet.freeze_panes(1, 1)
    columns = []
    for at, column in enumerate(table):
        values = table[column]
        look = _look(values, units.get(str(column), ""))
        width = max(len(str(column)), int(values.iloc[:1000].astype("str").str.len().max()) if look == "text" else 10)
        sheet.set_column(at, at, min(WIDEST, width + 3), looks[look])
        sheet.write_string(0, at, str(column), looks["head"])
        columns.append((look, values.tolist()))
    for row in range(len(table)):
        for at, (look, cells) in enumerate(columns):
            cell = cells[row]
            if cell is None or cell != cell:
                continue
            if look == "text":
                sheet.write_string(row + 1, at, str(cell), looks[look])
            elif isinstance(cell, bool):
                sheet.write_boolean(row + 1, at, cell)
            else:
                sheet.write_number(row + 1, at, cell, looks[look])
    sheet.autofilter(0, 0, len(table), max(0, len(columns) - 1))


def _look(values: pd.Series, unit: str) -> str:
    if not pd.api.types.is_numeric_dtype(values):
        return "text"
    if pd.api.types.is_integer_dtype(values) or pd.api.types.is_bool_dtype(values) or unit in ("customers",):
        return "whole"
    return "share" if unit.startswith("share") else "number"
