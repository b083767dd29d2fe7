"""The report as a workbook for people: a cover, charts, and a sheet for each table, ready to be read and printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.atomic_file import atomic_write
from reporting.export import data_dictionary, sheet_names

SHEET_ROWS = 100_000
"""The most rows of a sheet: more would take minutes to write and to open."""
PRINTED_ROWS = 300
"""The most rows of a sheet that are printed."""
WIDEST_COLUMN = 60
FIRST = ("headline", "contact_lists")
"""The tables that come first."""
BARS = ("loyalty_score", "expected_purchases", "churn_probability", "share", "retention")
"""Columns with a bar in each cell."""
HEADS = {
    "T": "days since first purchase",
    "said": "predicted",
    "came": "observed",
    "came_true": "observed",
    "stayed_away": "churned",
    "low": "interval from",
    "high": "interval to",
}
FORMATS: dict[str, dict[str, Any]] = {
    "title": {"bold": True, "font_size": 16},
    "label": {"bold": True, "valign": "top"},
    "wrapped": {"text_wrap": True, "valign": "top"},
    "head": {"bold": True, "bottom": 1, "bg_color": "#EFECE5", "text_wrap": True, "valign": "top"},
    "whole": {"num_format": "#,##0"},
    "share": {"num_format": "0.0%"},
    "number": {"num_format": "#,##0.00"},
    "fine": {"num_format": "0.000"},
    "factor": {"num_format": '"× "0.00'},
    "date": {"num_format": "yyyy-mm-dd"},
    "text": {"num_format": "@"},
}
DECIMALS = {"number": 2, "fine": 3}


@dataclass(frozen=True)
class Cover:
    """What the first sheet says.

    Attributes
    ----------
    title : str
    facts : sequence of (str, object)
        Names and values: dates, versions, customers.
    sentences : sequence of str
        The verdicts, in words.
    """

    title: str
    facts: Sequence[tuple[str, object]]
    sentences: Sequence[str] = ()


def write_workbook(path: str | Path, tables: Mapping[str, pd.DataFrame], cover: Cover) -> None:
    """Write the tables to an XLSX file: the cover, charts, a sheet for each table that has rows, the dictionary last.

    Header rows are frozen, repeated in print and have filters; dates are dates; a sheet is printed one page wide, up to
    `PRINTED_ROWS` rows. Texts are stored as texts, whatever they start with. Log factors are written as factors.

    Parameters
    ----------
    path : str or pathlib.Path
        The file to write.
    tables : mapping of str to pandas.DataFrame
        Tables of a report, by name. A sheet holds the first `SHEET_ROWS` rows; the dictionary notes the longer tables.
    cover : Cover
    """
    import xlsxwriter

    order = [name for name in FIRST if name in tables] + [name for name in tables if name not in FIRST]
    filled = {name: tables[name].iloc[:SHEET_ROWS] for name in order if len(tables[name])}
    names = sheet_names(tables)
    dictionary = data_dictionary({name: tables[name] for name in order})
    keys = zip(dictionary["table"], dictionary["column"], strict=True)
    units = dict(zip(keys, dictionary["unit"], strict=True))
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path) as part:
        book = xlsxwriter.Workbook(str(part), {**options, "constant_memory": True})
        book.set_properties({"title": cover.title})
        formats = {name: book.add_format(form) for name, form in FORMATS.items()}
        _write_cover(book, cover, formats)
        _add_charts(book, filled, names)
        for name, table in filled.items():
            table_units = {str(column): str(units[(name, str(column))]) for column in table}
            _write_sheet(book, names[name], table, formats, table_units, cover.title)
        _write_sheet(book, "Dictionary", _described(dictionary, tables, names), formats, {}, cover.title)
        book.close()


def heading(column: str) -> str:
    """Return the heading of a column: plain words."""
    return HEADS.get(column, column.replace("_", " "))


def _described(dictionary: pd.DataFrame, tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> pd.DataFrame:
    """Return the dictionary as a sheet: of each sheet and column the heading, unit and meaning, and the file."""
    notes = [
        "" if column else _note(str(name), len(tables[name]))
        for name, column in zip(dictionary["table"], dictionary["column"], strict=True)
    ]
    return pd.DataFrame(
        {
            "sheet": dictionary["table"].map(names),
            "heading": dictionary["column"].map(heading),
            "unit": dictionary["unit"].replace("log factor", "factor"),
            "meaning": dictionary["meaning"],
            "column_in_files": dictionary["column"],
            "note": notes,
        }
    )


def _note(name: str, rows: int) -> str:
    if rows > SHEET_ROWS:
        return f"the first {SHEET_ROWS:,} of {rows:,} rows; all are in tables/{name}.parquet"
    return f"tables/{name}.csv" if rows else "no rows"


def _write_cover(book: Any, cover: Cover, formats: Mapping[str, Any]) -> None:
    sheet = book.add_worksheet("Cover")
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 24)
    sheet.set_column(1, 1, 90)
    sheet.write_string(0, 0, cover.title, formats["title"])
    row = 2
    for label, value in cover.facts:
        sheet.write_string(row, 0, label, formats["label"])
        if isinstance(value, datetime):
            sheet.write_datetime(row, 1, value, book.add_format({**FORMATS["date"], "align": "left"}))
        else:
            sheet.write_string(row, 1, str(value), formats["wrapped"])
        row += 1
    for sentence in cover.sentences:
        row += 1
        sheet.write_string(row, 1, sentence, formats["wrapped"])
    _set_up_print(sheet, cover.title)


def _add_charts(book: Any, tables: Mapping[str, pd.DataFrame], names: Mapping[str, str]) -> None:
    """Add a sheet with the charts whose tables have rows: gain, tenths, and the indices over time."""
    charts = []
    if "gain" in tables:
        gain = tables["gain"].reset_index(drop=True)
        rows = gain[gain["outcome"] == gain["outcome"].iloc[0]]
        series = [(str(side), part.index, "among", "share") for side, part in rows.groupby("forecast", sort=False)]
        charts.append((f"Cumulative gain: {heading(str(gain['outcome'].iloc[0]))}", "line", "gain", series))
    if "deciles" in tables:
        deciles = tables["deciles"].reset_index(drop=True)
        rows = deciles[deciles["forecast"] == "model"]
        series = [(heading(column), rows.index, "decile", column) for column in ("expected", "came")]
        charts.append(("Tenths by the model: expected and observed purchase days", "column", "deciles", series))
    if "base_indices" in tables:
        indices = tables["base_indices"].reset_index(drop=True)
        known = [name for name in ("satisfaction", "loyalty", "purchases") if indices[name].notna().any()]
        series = [(name, indices.index, "as_of", name) for name in known]
        charts.append(("Indices of the base", "line", "base_indices", series))
    if not charts:
        return
    sheet = book.add_worksheet("Charts")
    sheet.hide_gridlines(2)
    for position, (title, kind, table, series) in enumerate(charts):
        chart = book.add_chart({"type": kind})
        columns = list(tables[table])
        for name, rows, x, y in series:
            x_column = columns.index(x) if x in columns else columns.index("decile") if "decile" in columns else 0
            span = int(rows[0]) + 1, int(rows[-1]) + 1
            chart.add_series(
                {
                    "name": name,
                    "categories": [names[table], span[0], x_column, span[1], x_column],
                    "values": [names[table], span[0], columns.index(y), span[1], columns.index(y)],
                }
            )
        chart.set_title({"name": title, "name_font": {"size": 12}})
        chart.set_size({"width": 760, "height": 360})
        sheet.insert_chart(19 * position, 0, chart)
    sheet.fit_to_pages(1, 0)


def _write_sheet(
    book: Any, name: str, table: pd.DataFrame, formats: Mapping[str, Any], units: Mapping[str, str], title: str
) -> None:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 1)
    columns = []
    for position, column in enumerate(table):
        values, unit, head = table[column], units.get(str(column), ""), heading(str(column))
        kind, cells = _cells(values, unit)
        longest = max((len(str(cell)) for cell in cells[:1000] if cell is not None), default=0)
        width = max(len(word) for word in head.split()) if head else 0
        width = max(width, 12 if kind == "date" else longest if kind == "text" else 10)
        sheet.set_column(position, position, min(WIDEST_COLUMN, width + 3), formats[kind])
        sheet.write_string(0, position, head, formats["head"])
        if str(column) in BARS and kind != "text":
            bar = {"type": "data_bar", "bar_color": "#9CC3D3"}
            sheet.conditional_format(1, position, max(1, len(table)), position, bar)
        columns.append((kind, cells))
    for row in range(len(table)):
        for position, (kind, cells) in enumerate(columns):
            cell = cells[row]
            if cell is None:
                continue
            if kind == "text":
                sheet.write_string(row + 1, position, str(cell), formats[kind])
            elif isinstance(cell, bool):
                sheet.write_boolean(row + 1, position, cell)
            elif kind == "date":
                sheet.write_datetime(row + 1, position, cell, formats[kind])
            else:
                sheet.write_number(row + 1, position, cell, formats[kind])
    last = max(0, len(columns) - 1)
    sheet.autofilter(0, 0, len(table), last)
    sheet.repeat_rows(0)
    sheet.print_area(0, 0, min(len(table), PRINTED_ROWS), last)
    _set_up_print(sheet, f"{title}: {name}", printed=min(len(table), PRINTED_ROWS), rows=len(table))


def _set_up_print(sheet: Any, title: str, printed: int = 0, rows: int = 0) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    part = f"the first {printed:,} of {rows:,} rows" if printed < rows else ""
    sheet.set_header(f"&L{title.replace('&', '&&')[:200]}")
    sheet.set_footer((f"&L{part}" if part else "") + "&R&P / &N")


def _cells(values: pd.Series, unit: str) -> tuple[str, list[Any]]:
    """Return the format of a column, and its cells as the sheet has them; None for a missing value."""
    if unit == "date" and not pd.api.types.is_numeric_dtype(values):
        dates = pd.to_datetime(values, errors="coerce")
        if dates.notna().equals(values.notna()):
            return "date", [None if pd.isna(each) else each.to_pydatetime() for each in dates]
    if not pd.api.types.is_numeric_dtype(values):
        return "text", values.astype("object").where(values.notna(), None).tolist()
    if unit == "log factor":
        return "factor", _plain(np.exp(values))
    whole = pd.api.types.is_integer_dtype(values) or pd.api.types.is_bool_dtype(values) or unit == "customers"
    known = values.dropna()
    if whole or (unit == "days" and bool((known == known.round()).all())):
        return "whole", _plain(values)
    if unit.startswith("share"):
        return "share", _plain(values)
    kind = "fine" if len(known) and known.abs().max() < 1 else "number"
    return kind, _plain(values.round(DECIMALS[kind]) + 0.0)  # + 0.0: no -0.00


def _plain(values: pd.Series) -> list[Any]:
    return values.astype("object").where(values.notna(), None).tolist()
