"""Casts source columns to text, timestamps and numbers; values that cannot be cast are reported as row errors.

Columns are text, as in a CSV file, or typed, as in Parquet and SQL. Blank text is null.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.characters import plain_numbers
from features.ingestion.text_encoding import is_utf8
from features.ingestion.time_formats import read_times
from features.ingestion.unreadable_values import unreadable_numbers, unreadable_times
from features.schema import FIRST_YEAR, LAST_YEAR
from features.timezones import DAY, BusinessTimezone

FIRST_TIME = int(np.datetime64(f"{FIRST_YEAR}-01-01", "us").astype(np.int64))
LAST_TIME = int(np.datetime64(f"{LAST_YEAR + 1}-01-01", "us").astype(np.int64)) - 1

CLOCK = r"([01]\d|2[0-3])(:[0-5]\d(:[0-5]\d(\.\d{1,9})?)?)?"
OFFSET = r" ?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
WITHOUT_OFFSET = rf"^\d{{4}}-\d{{2}}-\d{{2}}([ T]{CLOCK})?$"
WITH_OFFSET = rf"^\d{{4}}-\d{{2}}-\d{{2}}[ T]{CLOCK}{OFFSET}$"
NUMBER = r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf(inity)?|nan(\(\w*\))?)$"

Bools = NDArray[np.bool_]


@dataclass
class RowErrors:
    """What is wrong with the rows of a batch.

    Attributes
    ----------
    entries : list of (column, reason, rows)
        In the order in which they were added; `rows` are positions in the batch.
    """

    entries: list[tuple[str, str, NDArray[np.int64]]] = field(default_factory=list)

    def add(self, column: str, reason: str, where: pa.BooleanArray | Bools) -> None:
        """Add the rows where the mask is true; null counts as false. Keeps the first error of a row and column."""
        if isinstance(where, pa.Array):
            where = where.fill_null(False).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(where)
        for earlier_column, _, earlier_rows in self.entries if len(rows) else ():
            if earlier_column == column:
                rows = np.setdiff1d(rows, earlier_rows, assume_unique=True)
        if len(rows):
            self.entries.append((column, reason, rows))

    def only(self, where: Bools) -> "RowErrors":
        """Return what is wrong with the rows where the mask is true."""
        kept = ((column, reason, rows[where[rows]]) for column, reason, rows in self.entries)
        return RowErrors([entry for entry in kept if len(entry[2])])


def cast_text(name: str, column: pa.Array, errors: RowErrors) -> pa.StringArray:
    """Return the column as text, null where its bytes are not UTF-8."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_floating(column.type):
        column = _numbers_as_text(column)
    elif pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
        column = column.cast(pa.binary()).view(pa.string())
    text = column if pa.types.is_string(column.type) else column.cast(pa.string())
    if text_bytes(text).max(initial=0) < 128:
        return text
    try:
        text.validate(full=True)
        return text
    except pa.ArrowInvalid:
        raw = text.view(pa.binary()).to_pylist()
        readable = [None if value is None or not is_utf8(value) else value for value in raw]
        unreadable = np.array([a is not None and b is None for a, b in zip(raw, readable, strict=True)])
        errors.add(name, "holds bytes that are not UTF-8", unreadable)
        return pa.array(readable, pa.binary()).cast(pa.string())


def _numbers_as_text(column: pa.Array) -> pa.StringArray:
    """Return numbers as text, 17850.0 as "17850": whole numbers become floats in tables with gaps. NaN is null."""
    column = column.cast(pa.float64())
    column = pc.if_else(pc.is_nan(column), None, column)
    whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**63))
    integers = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
    return pc.if_else(whole, integers, column.cast(pa.string()))


def text_bytes(text: pa.StringArray) -> NDArray[np.uint8]:
    """Return the bytes of all the texts, without a copy."""
    _, offsets, data = text.buffers()
    if not len(text) or data is None:
        return np.empty(0, np.uint8)
    ends = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
    return np.frombuffer(data, np.uint8)[ends[0] : ends[-1]]


def strip_whitespace(text: pa.StringArray) -> pa.StringArray:
    """Return the texts without leading and trailing white space, null where nothing is left."""
    data = text_bytes(text)
    # White space is a byte up to the space, or beyond ASCII: most columns of ids have neither.
    if data.min(initial=255) <= 32 or data.max(initial=0) >= 128:
        text = pc.utf8_trim_whitespace(text)
    blank = pc.equal(pc.binary_length(text), 0)
    return pc.if_else(blank, None, text) if pc.any(blank).as_py() else text


def cast_timestamps(
    name: str, column: pa.Array, timezone: BusinessTimezone, errors: RowErrors, formats: Sequence[str] = ()
) -> pa.Int64Array:
    """Return the column as microseconds since 1970-01-01 UTC, null where it is null or invalid.

    `formats` are read besides the contract's own, of which there is no need where one of strptime is given.
    """
    aware: bool | Bools
    if pa.types.is_timestamp(column.type):
        microseconds, aware = _of_unit(column, column.type.unit), column.type.tz is not None
    elif pa.types.is_date(column.type):
        in_days = pa.types.is_date32(column.type)
        counts = column.view(pa.int32()).cast(pa.int64()) if in_days else column
        microseconds, aware = _of_unit(counts, "D" if in_days else "ms"), False
    else:
        column, microseconds, aware = _read_times(name, cast_text(name, column, errors), errors, formats)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    if name == "event_time" and column.null_count:
        errors.add(name, "is empty", ~present)
    inside = (microseconds >= FIRST_TIME) & (microseconds <= LAST_TIME)
    if not inside.all():
        errors.add(name, f"is outside the years {FIRST_YEAR} to {LAST_YEAR}", present & ~inside)
        microseconds = np.where(inside, microseconds, 0)
    if aware is not True:
        utc, exists = timezone.to_utc(microseconds)
        if not exists.all():
            skipped = present & ~exists & ~np.broadcast_to(aware, present.shape)
            errors.add(name, f"does not exist in {timezone.timezone}: the clocks were put forward over it", skipped)
        microseconds = np.where(aware, microseconds, utc) if isinstance(aware, np.ndarray) else utc
    return pa.array(microseconds) if present.all() else pa.array(microseconds, mask=~present)


def _of_unit(column: pa.Array, unit: str) -> NDArray[np.int64]:
    """Return counts of a unit as microseconds; what does not fit becomes a time after LAST_TIME."""
    if column.null_count == len(column):
        return np.zeros(len(column), np.int64)
    counts = np.frombuffer(column.buffers()[1], np.int64)[column.offset : column.offset + len(column)]
    if unit in ("us", "ns"):
        return counts if unit == "us" else counts // 1000
    factor = {"ms": 1_000, "s": 1_000_000, "D": DAY}[unit]
    far = (counts < FIRST_TIME // factor) | (counts > LAST_TIME // factor)
    return np.where(far, LAST_TIME + 1, np.where(far, 0, counts) * factor)


def _read_times(
    name: str, text: pa.StringArray, errors: RowErrors, formats: Sequence[str]
) -> tuple[pa.Array, NDArray[np.int64], bool | Bools]:
    """Return texts as microseconds, and whether they have an offset; null where blank or invalid."""
    if not any("%" in each for each in formats):
        for zone in (None, "UTC"):
            try:
                times = text.cast(pa.timestamp("us", zone))
            except pa.ArrowInvalid:
                continue
            return times, _of_unit(times, "us"), zone is not None
    text = strip_whitespace(text)
    if any("%" in each for each in formats):
        return _read_formats(name, text, errors, formats)
    naive = pc.match_substring_regex(text, WITHOUT_OFFSET).fill_null(False)
    aware = pc.match_substring_regex(text, WITH_OFFSET).fill_null(False)
    days = pc.utf8_slice_codeunits(pc.if_else(pc.or_(naive, aware), text, None), 0, 10).dictionary_encode()
    real = pa.array([_is_day(day) for day in days.dictionary.to_pylist()], pa.bool_()).take(days.indices)
    real = real.fill_null(False)
    # The cast takes six digits of a second and no space before the offset.
    plain = pc.replace_substring_regex(pc.if_else(real, text, None), r"(\.\d{6})\d+", r"\1")
    wall_clock = pc.if_else(naive, plain, None).cast(pa.timestamp("us"))
    compact = pc.replace_substring_regex(pc.if_else(aware, plain, None), r" ([Z+-])", r"\1")
    utc = compact.cast(pa.timestamp("us", "UTC"))
    both = pc.coalesce(wall_clock.view(pa.int64()), utc.view(pa.int64()))
    others, times, in_utc = _read_formats(name, pc.if_else(real, None, text), errors, formats)
    both = pc.coalesce(both, others)
    return both, both.fill_null(0).to_numpy(), aware.to_numpy(zero_copy_only=False) | in_utc


def _read_formats(
    name: str, text: pa.StringArray, errors: RowErrors, formats: Sequence[str]
) -> tuple[pa.Array, NDArray[np.int64], Bools]:
    """Return texts as microseconds by the formats, and whether they are in UTC; an error where none fits."""
    times = read_times(text, formats)
    rest = pc.if_else(pa.array(times.readable), None, text)
    for reason, where in unreadable_times(rest, formats):
        errors.add(name, reason, where)
    return pa.array(times.microseconds, mask=~times.readable), times.microseconds, times.aware


def _is_day(text: str | None) -> bool:
    try:
        # Python has no year 0, which is a leap year like 2000; the range of years is checked elsewhere.
        return text is not None and bool(date.fromisoformat(re.sub("^0000", "2000", text)))
    except ValueError:
        return False


def cast_numbers(name: str, column: pa.Array, decimal: str, errors: RowErrors, hints: bool = False) -> pa.DoubleArray:
    """Return the column as float64, null where it is blank or invalid; reasons name options if they give `hints`."""
    if pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type):
        return column.cast(pa.float64(), safe=False)
    text = cast_text(name, column, errors)
    with_point = _with_point(text, decimal)
    try:
        numbers = with_point.cast(pa.float64())
        if with_point.null_count == text.null_count:
            return numbers
    except pa.ArrowInvalid:
        pass
    text = strip_whitespace(text)
    if hints:
        text = plain_numbers(text)
    with_point = _with_point(text, decimal)
    readable = pc.match_substring_regex(with_point, NUMBER).fill_null(False)
    for reason, where in unreadable_numbers(pc.if_else(readable, None, text), decimal, hints):
        errors.add(name, reason, where)
    return pc.if_else(readable, with_point, None).cast(pa.float64())


def _with_point(text: pa.StringArray, decimal: str) -> pa.StringArray:
    """Return numbers with a point as decimal mark, null where they have one already and it is not theirs."""
    if decimal == ".":
        return text
    return pc.replace_substring(pc.if_else(pc.match_substring(text, "."), None, text), decimal, ".")
