"""A rep's workbook: the week's rows by day, and empty columns with drop-downs for what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from features.atomic_file import atomic_write
from planning.files.translations import COLUMN_MEANINGS, EMPTY_ROWS_NOTE, WORDS_ZH
from planning.record_rows import STATUSES

SHEET, HELP_SHEET = "plan", "help"
EXTRA_ROWS = 50
"""Empty rows at the end, for customers met outside the plan."""


@dataclass(frozen=True)
class Choices:
    """The words that the drop-downs offer.

    Attributes
    ----------
    reasons, outcomes, channels : tuple of str
    rating_maximum : float
        The highest rating that may be entered.
    """

    reasons: tuple[str, ...]
    outcomes: tuple[str, ...]
    channels: tuple[str, ...]
    rating_maximum: float


PLANNED = (
    *("plan_item", "day", "time", "customer_id", "channel", "goal", "content", "why", "why_zh"),
    *("gain", "value", "alternative", "minutes_planned"),
)
ENTERED = (*("status", "reason", "done_at", "outcome", "satisfaction", "loyalty", "amount", "minutes", "note"),)
WIDTHS = {"plan_item": 15, "customer_id": 18, "content": 18, "why": 52, "why_zh": 40, "note": 36, "day": 12, "goal": 16}
DATES = {"day": "ddd yyyy-mm-dd", "time": "hh:mm", "done_at": "yyyy-mm-dd hh:mm"}


def write_workbook(path: str | Path, rows: pd.DataFrame, choices: Choices) -> None:
    """Write the rows of one rep as XLSX; texts stay texts, whatever they start with.

    Parameters
    ----------
    path : str or Path
        Replaced in one step.
    rows : DataFrame
        Rows of `planning.files.rep_rows.rows_to_do`.
    choices : Choices
        The words of the drop-downs.
    """
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with atomic_write(path) as part:
        book = xlsxwriter.Workbook(str(part), options)
        # The file's own time of making; without it each run would write another one.
        book.set_properties({"created": datetime(2000, 1, 1)})
        _plan_sheet(book, rows, choices)
        _help_sheet(book)
        book.close()


def _plan_sheet(book: Any, rows: pd.DataFrame, choices: Choices) -> None:
    sheet = book.add_worksheet(SHEET)
    sheet.freeze_panes(1, 4)
    columns = [*PLANNED, *ENTERED]
    last = len(rows) + EXTRA_ROWS
    wrap = {"text_wrap": True, "valign": "top"}
    formats = {
        name: book.add_format({**wrap, "num_format": DATES.get(name, "#,##0.00" if name == "value" else "General")})
        for name in columns
    }
    box = {**wrap, "bg_color": "#FFF8E1", "border": 1, "border_color": "#E3E0D9"}
    entered = {name: book.add_format({**box, "num_format": DATES.get(name, "General")}) for name in ENTERED}
    head = book.add_format({"bold": True, "bottom": 1, "bg_color": "#EFECE5", "valign": "top"})
    for position, name in enumerate(columns):
        sheet.set_column(position, position, WIDTHS.get(name, max(11, len(name) + 3)))
        sheet.write_string(0, position, name, head)
        sheet.write_comment(0, position, " / ".join(COLUMN_MEANINGS[name]), {"x_scale": 2})
    for number, row in enumerate(_cells(rows), 1):
        for position, cell in enumerate(row):
            form = formats[columns[position]]
            if isinstance(cell, str):
                sheet.write_string(number, position, cell, form)
            elif isinstance(cell, datetime):
                sheet.write_datetime(number, position, cell, form)
            elif cell is not None and cell == cell:
                sheet.write_number(number, position, cell, form)
    for number in range(1, last + 1):
        for name in ENTERED:
            sheet.write_blank(number, columns.index(name), None, entered[name])
    _choices(sheet, columns, choices, last, len(rows))
    sheet.autofilter(0, 0, last, len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)


def _cells(rows: pd.DataFrame) -> list[tuple[object, ...]]:
    """Return the planned columns of each row, in order."""
    start = [None if pd.isna(each) else each.to_pydatetime() for each in pd.to_datetime(rows["start"])]
    day = [None if pd.isna(each) else each.to_pydatetime() for each in pd.to_datetime(rows["day"])]
    why, why_zh = (["\n".join(each) for each in rows[name]] for name in ("reasons", "reasons_zh"))
    value = rows["value_expected"].astype(float).round(2)
    columns = (
        *(rows["plan_item"], day, start, rows["customer_id"], rows["channel"], rows["goal"], rows["content"]),
        *(why, why_zh, rows["gain"], value, rows["alternative"], rows["minutes"].astype(float)),
    )
    return list(zip(*columns, strict=True))


def _choices(sheet: Any, columns: Sequence[str], choices: Choices, last: int, planned: int) -> None:
    """Add the drop-downs and the limits of what may be entered."""
    lists = {"status": STATUSES, "reason": choices.reasons, "outcome": choices.outcomes}
    for name, words in lists.items():
        position = columns.index(name)
        sheet.data_validation(
            1,
            position,
            last,
            position,
            {"validate": "list", "source": list(words), "error_title": name, "error_message": "Choose from the list."},
        )
    position = columns.index("channel")  # of a customer met outside the plan
    sheet.data_validation(planned + 1, position, last, position, {"validate": "list", "source": list(choices.channels)})
    for name, most in (("satisfaction", choices.rating_maximum), ("loyalty", choices.rating_maximum), ("amount", 1e12)):
        position = columns.index(name)
        sheet.data_validation(
            1,
            position,
            last,
            position,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": 0,
                "maximum": most,
                "error_title": name,
                "error_message": f"A number from 0 to {most:g}.",
            },
        )


def _help_sheet(book: Any) -> None:
    """Add the meaning of every column and word in English and Chinese."""
    sheet = book.add_worksheet(HELP_SHEET)
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 20)
    sheet.set_column(1, 2, 60, wrap)
    number = 0
    for name in (*PLANNED, *ENTERED):
        sheet.write_string(number, 0, name, bold)
        for position, text in enumerate(COLUMN_MEANINGS[name], 1):
            sheet.write_string(number, position, text, wrap)
        number += 1
    number += 1
    for position, text in enumerate(EMPTY_ROWS_NOTE, 1):
        sheet.write_string(number, position, text, wrap)
    for word, text in WORDS_ZH.items():
        number += 1
        sheet.write_string(number, 0, word, bold)
        sheet.write_string(number, 1, word.replace("_", " "), wrap)
        sheet.write_string(number, 2, text, wrap)
