"""Says of texts that are no times or numbers what they look like, and which option reads them."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from features.ingestion.characters import plain_characters

NO_TIME = "is no time: expected one like 2011-06-10 09:30:00"
CLOCK = r"(\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)? ?([AaPp]\.?[Mm]\.?)?)?"
NUMERIC_DATE = rf"^\d{{1,2}} ?[-/.] ?\d{{1,2}} ?[-/.] ?(\d{{4}}|\d{{2}})[ T,]*{CLOCK}$"
TIMES = (
    (r"^\d{5}([.,]\d+)?$", "looks like the day of a spreadsheet: give --time-format excel"),
    (r"^-?\d{9,10}([.,]\d+)?$", "looks like seconds since 1970: give --time-format epoch_s"),
    (r"^-?\d{12,13}([.,]\d+)?$", "looks like milliseconds since 1970: give --time-format epoch_ms"),
    (r"^-?\d{15,16}$", "looks like microseconds since 1970: give --time-format epoch_us"),
    (r"^-?\d{18,19}$", "looks like nanoseconds since 1970: give --time-format epoch_ns"),
    (r"(?i)^\d([.,]\d+)?e\+\d+$", "is a number that a spreadsheet has shortened: export the column as text"),
    (r"^(19|20|21)\d{6}$", "looks like a date without marks: give --time-format '%Y%m%d'"),
    (r"^(19|20|21)\d{2}-[0-3]\d{2}$", "looks like the day of a year: give --time-format '%Y-%j'"),
    (
        r"(?i)^\d{4}[-/.]\d{1,2}$|^\d{1,2}[-/.]\d{4}$|^(19|20|21)\d\d$|\bQ[1-4]\b|^\pL{3,10}\.?[ -]?\d{2,4}$",
        "is a month, a quarter or a year without a day: add the day",
    ),
    (r"^\d{4}-?W\d{1,2}", "is a week: give the day"),
    (r"^0000-", "is no day: leave the row out, or fill in its time"),
    (
        r"^\d{4}[-/.](0?[2469]|11)[-/.]31(\D|$)|^\d{4}[-/.]0?2[-/.](29|30)(\D|$)"
        r"|^\d{4}[-/.](00?|1[3-9]|[2-9]\d)[-/.]\d\d?(\D|$)|^\d{4}[-/.]\d\d?[-/.](00?|3[2-9]|[4-9]\d)(\D|$)",
        "is a day that does not exist: give the day that is meant",
    ),
    (r"\d[ T]24:|:60", "has a clock that does not exist: times go from 00:00:00 to 23:59:59"),
    (
        r"[A-Za-z]+/[A-Za-z_]+\]?$|\d ?[A-Z]{3,4}$",
        "names a time zone: put the zone into a column of its own, times.zone_column in a profile, or cut it off and "
        "give --timezone",
    ),
)
"""What times look like that are in none of the formats in use, and what to do; the first that fits counts."""
EITHER_FIRST = (
    NUMERIC_DATE,
    "may have the day or the month first: give --time-format day_first or --time-format month_first",
)
OWN_FORMAT = f"{NO_TIME}, or give its own format, such as --time-format '%d.%m.%Y %H:%M'"

MARKS = (
    (r"\d,\d{3}(\D|$)", ","),
    (r"\d\.\d{3}(\D|$)", "."),
    (r"\d'\d{3}(\D|$)", "'"),
    (r"\d \d{3}(\D|$)", " "),
)
CURRENCY = r"^[-+(]?\s*(\p{Sc}|\pL{1,3}\$?|\pL{2,7}\.?)\s*[-+]?[\d.,]|[\d.,)-]\s*(\p{Sc}|\pL{2,7}\.?|\p{Han})$"
NUMBERS = (
    (r"^\(.*\d.*\)$", "is negative, in brackets: give --negative return if it is money given back"),
    (r"\d-$", "is negative, with the sign behind it: give --negative return if it is money given back"),
    (
        r"(?i)\d ?[CD][RB]?\.?$|\d ?[SH]$",
        "says credit or debit: put that into a column of its own, map it to event_type, and give --kinds CR=return",
    ),
    (r"%", "is a percentage, no amount of money: map another column to amount"),
    (r"(?i)^[-+]?[\d.,]+ ?(k|m|mn|mio\.?|mill?\.?|tsd\.?|bn)$", "is in thousands or millions: write it out"),
    (r"(?i)^(-+|n/?a|#n/a|null|none|nil|\(null\)|<na>|#\w+[!?/]?\w*)$", "is a word for no amount: leave it blank"),
)
OTHER_NUMBERS = (
    (CURRENCY, "has a currency sign or code: give --currency-sign with it"),
    (r"[^\x00-\x7F]", "has characters other than the digits 0 to 9: write it with these"),
)


def unreadable_times(text: pa.StringArray, formats: Sequence[str]) -> Iterator[tuple[str, pa.BooleanArray]]:
    """Yield a reason and the rows for which it holds, hints about options too if any is in use; null rows have none."""
    strict = [name for name in formats if "%" in name]
    if strict:
        expected = " or ".join(map(repr, strict))
        yield f"is not in the format {expected}: correct it, or give its format too", text.is_valid()
    elif not formats:
        yield NO_TIME, text.is_valid()
    else:
        ordered = {"day_first", "month_first", "year_first"} & {*formats}
        either = (NUMERIC_DATE, f"is no day, read as {' or '.join(sorted(ordered))}") if ordered else EITHER_FIRST
        yield from _first_reasons(plain_characters(text), (either, *TIMES, ("", OWN_FORMAT)))


def unreadable_numbers(text: pa.StringArray, decimal: str, hints: bool) -> Iterator[tuple[str, pa.BooleanArray]]:
    """Yield a reason and the rows for which it holds, `hints` about options too; null rows have none."""
    no_number = f"is no number (decimal mark {decimal!r})"
    if not hints:
        yield no_number, text.is_valid()
        return
    marks = [
        (pattern, f"{no_number}: has what looks like a thousands mark {mark!r}: give {thousands_option(mark)}")
        for pattern, mark in MARKS
        if mark != decimal
    ]
    other = "," if decimal == "." else "."
    decimals = (
        rf"[\d']?\{other}\d+$",
        f"{no_number}: has what looks like a decimal mark {other!r}: give --decimal {other!r}",
    )
    general = ("", f"{no_number}: write it with digits and that mark alone")
    yield from _first_reasons(text, (*NUMBERS, *marks, decimals, *OTHER_NUMBERS, general))


def thousands_option(mark: str) -> str:
    """Return the option that names a thousands mark, as a shell takes it."""
    return f'--thousands "{mark}"' if mark == "'" else f"--thousands '{mark}'"


def _first_reasons(text: pa.StringArray, reasons: Sequence[tuple[str, str]]) -> Iterator[tuple[str, pa.BooleanArray]]:
    for pattern, reason in reasons:
        if text.null_count == len(text):
            return
        where = pc.match_substring_regex(text, pattern).fill_null(False)
        if pc.any(where).as_py():
            yield reason, where
            text = pc.if_else(where, None, text)
