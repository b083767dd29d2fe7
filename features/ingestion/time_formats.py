"""Reads times in the formats of other programs, whole columns at a time.

A format is one of strptime, which DuckDB reads, or a word. The words `day_first`, `month_first` and `year_first` stand
for dates of any mark with or without a time of day (`1/3/2024`, `01.03.24 9:05`, `2024-3-1 3:05 PM`); dates that name
the month or begin with a year of four digits have one meaning under each of them, and `iso` reads only these. The other
words are numbers: seconds, or thousandths, millionths or billionths of them, since 1970 in UTC, and the days of
spreadsheets.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import ProfileError
from features.ingestion.characters import plain_characters
from features.ingestion.time_spellings import normal_form

ORDERS = {
    "iso": ((), ("%d-%b-%y",)),
    "day_first": (("%d-%m-%Y",), ("%d-%m-%y", "%d-%b-%y")),
    "month_first": (("%m-%d-%Y",), ("%m-%d-%y", "%d-%b-%y")),
    "year_first": ((), ("%y-%m-%d", "%y-%b-%d")),
}
"""The dates of each order: with a year of four digits that is not first, and with one of two digits."""
PLAIN_DATES = ("%Y-%m-%d", "%d-%b-%Y", "%Y-%b-%d", "%G-W%V-%u")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p", " %I:%M:%S.%f %p", " %I %p")
EPOCHS = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}
EXCEL = "excel"
WORDS = (*ORDERS, *EPOCHS, EXCEL)
EXCEL_DAY_ZERO = -25_569  # 1899-12-30, in days from 1970-01-01
EXCEL_FIRST = 61  # 1900-03-01; the days before it are wrong, because sheets have a 1900-02-29
NUMBER = r"^-?\d+([.,]\d*)?$"


class Times(NamedTuple):
    """Times that were read.

    Attributes
    ----------
    microseconds : numpy.ndarray of int64, shape (rows,)
        Since 1970-01-01 00:00, in UTC or on the clock of some zone; 0 where not readable.
    readable : numpy.ndarray of bool, shape (rows,)
    aware : numpy.ndarray of bool, shape (rows,)
        Whether they are in UTC, because the format says so or the text has an offset.
    """

    microseconds: NDArray[np.int64]
    readable: NDArray[np.bool_]
    aware: NDArray[np.bool_]


def check_format(text: str) -> None:
    """Raise ProfileError when a text is neither a word nor a format of strptime."""
    if text in WORDS:
        return
    if "%" in text:
        import duckdb

        try:
            with duckdb.connect() as database:
                database.execute("SELECT try_strptime('2024-03-01', ?)", [text]).fetchall()
            return
        except duckdb.Error:
            pass
    raise ProfileError(
        f"{text!r} is not a format of times: expected one like '%d/%m/%Y %H:%M', or one of {', '.join(WORDS)}"
    )


def read_times(text: pa.StringArray, formats: Sequence[str]) -> Times:
    """Return texts as times, by the first format that fits each.

    Parameters
    ----------
    text : pyarrow.StringArray, shape (rows,)
        Without white space around the texts.
    formats : sequence of str
        Of strptime, or of `WORDS`.

    Examples
    --------
    >>> read_times(pa.array(["1/3/2024 9:05", "2024-03-01T09:05Z", "soon"]), ["day_first"]).microseconds.tolist()
    [1709283900000000, 1709283900000000, 0]
    """
    times = Times(np.zeros(len(text), np.int64), np.zeros(len(text), bool), np.zeros(len(text), bool))
    text = plain_characters(text)
    for name in formats:
        rest = np.flatnonzero(~times.readable & text.is_valid().to_numpy(zero_copy_only=False))
        if len(rest):
            values = text.take(pa.array(rest))
            if name in EPOCHS or name == EXCEL:
                part = _read_numbers(values, name)
            elif name in ORDERS:
                part = _read_dates(values, name)
            else:
                part = _strptime(values, [name])
            for whole, of_rest in zip(times, part, strict=True):
                whole[rest] = of_rest
    return times


def _read_numbers(text: pa.StringArray, name: str) -> Times:
    numbers = pc.match_substring_regex(text, NUMBER)
    values = (
        pc.replace_substring(pc.if_else(numbers, text, None), ",", ".").cast(pa.float64()).fill_null(0.0).to_numpy()
    )
    factor = 86_400e6 if name == EXCEL else EPOCHS[name]
    readable = numbers.fill_null(False).to_numpy(zero_copy_only=False) & (np.abs(values) < 9e18 / factor)
    values = np.where(readable, values, 0.0)
    if name == EXCEL:
        # Days as floats keep about a microsecond; nobody types fractions of a second into a sheet.
        readable &= values >= EXCEL_FIRST
        microseconds = (np.round(values * 86_400).astype(np.int64) + EXCEL_DAY_ZERO * 86_400) * 1_000_000
        return Times(np.where(readable, microseconds, 0), readable, np.zeros(len(text), bool))
    return Times(np.round(values * factor).astype(np.int64), readable, readable)


def _read_dates(text: pa.StringArray, order: str) -> Times:
    text = normal_form(text)
    long, short = ORDERS[order]
    # `%Y` would take a year of two digits too, so the two lengths go apart.
    has_year = pc.match_substring_regex(text, r"^(?:\d{4}-|\d{1,2}-\w{1,3}-\d{4})").fill_null(False)
    plain = _clocked(pc.if_else(has_year, text, None), [*PLAIN_DATES, *long])
    shortened = _clocked(pc.if_else(has_year, None, text), short)
    return Times(*(np.where(plain.readable, a, b) for a, b in zip(plain, shortened, strict=True)))


def _clocked(text: pa.StringArray, dates: Sequence[str]) -> Times:
    """Return what `dates` read, with each clock, with an offset and without."""
    aware = pc.match_substring_regex(text, r":\d{2}(?:\.\d+)?[+-]\d{2}").fill_null(False)
    formats = [date + clock for date in dates for clock in CLOCKS]
    naive_times = _strptime(pc.if_else(aware, None, text), formats)
    aware_times = _strptime(pc.if_else(aware, text, None), [f"{name}%z" for name in formats if "%H" in name])
    return Times(*(np.where(aware_times.readable, a, b) for a, b in zip(aware_times, naive_times, strict=True)))


def _strptime(text: pa.StringArray, formats: Sequence[str]) -> Times:
    """Return what DuckDB reads; with `%z` the times are in UTC."""
    import duckdb  # the service, which checks times by `casting` alone, has no need of it

    none = Times(np.zeros(len(text), np.int64), np.zeros(len(text), bool), np.zeros(len(text), bool))
    if text.null_count == len(text) or not formats:
        return none
    aware = any(re.search("%z", name) for name in formats)
    type_ = "TIMESTAMPTZ" if aware else "TIMESTAMP"
    with duckdb.connect(config={"threads": 1}) as database:
        database.register("texts", pa.table({"text": text, "place": np.arange(len(text))}))
        lists = ", ".join("'" + name.replace("'", "''") + "'" for name in formats)
        read = database.sql(
            f"SELECT epoch_us(try_strptime(text, [{lists}])::{type_}) AS time FROM texts ORDER BY place"
        ).to_arrow_table()["time"]
    readable = read.is_valid().to_numpy()
    return Times(read.fill_null(0).to_numpy(), readable, readable & aware)
