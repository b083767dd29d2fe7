"""Rows of a small table from people as text, and checks of their cells."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from features.errors import SourceError
from features.ingestion.casting import RowErrors, cast_timestamps
from features.timezones import business_timezone

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)")
COMMA_NUMBER = re.compile(r"([+-]?\d+),(\d{1,2}|\d{4,})")
"""A number with a decimal comma; with three digits behind it, it may be thousands."""
YES, NO = ("yes", "true", "1", "1.0", "x", "y", "是"), ("no", "false", "0", "0.0", "n", "否")

Row = dict[str, str]


@dataclass(frozen=True)
class TextRow:
    """A row of a file.

    Attributes
    ----------
    source : str
        The file's name.
    number : int
        The row's number in it, from 1.
    cells : dict of str to str
        Its cells that are not blank, by column.
    fault : (str, str), optional
        Of a row of a quarantine file, the column and reason of what was wrong.
    """

    source: str
    number: int
    cells: Row
    fault: tuple[str, str] | None = None


@dataclass
class Faults:
    """Faulty rows with what is wrong with them.

    Attributes
    ----------
    rows : list of (TextRow, column, reason)
    """

    rows: list[tuple[TextRow, str, str]] = field(default_factory=list)

    def add(self, row: TextRow, column: str, reason: str) -> None:
        """Add a row, with the column in which the fault is."""
        self.rows.append((row, column, reason))

    def reasons(self) -> dict[str, int]:
        """Return the number of rows by what is wrong, the most frequent first."""
        counts: dict[str, int] = {}
        for _, column, reason in self.rows:
            text = f"{column} {reason}".strip()
            counts[text] = counts.get(text, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))


def refuse_unknown(source: str | Path, header: Sequence[str], required: str, known: Iterable[str]) -> None:
    """Raise SourceError when a file lacks its one required column."""
    if required not in header:
        expected = ", ".join(known)
        columns = ", ".join(header[:12]) or "nothing"
        raise SourceError(f"{source} has no column {required}: expected {expected}; its columns are {columns}")


def number(text: str) -> float | None:
    """Return a number that is written with a point or a comma, None for any other text.

    Examples
    --------
    >>> [number(text) for text in ("7.5", "7,5", "-3", "1,234", "seven")]
    [7.5, 7.5, -3.0, None, None]
    """
    comma = COMMA_NUMBER.fullmatch(text)
    if comma:
        return float(f"{comma[1]}.{comma[2]}")
    return float(text) if NUMBER.fullmatch(text) else None


def words(text: str) -> list[str]:
    """Return the words of a cell with a list, such as `email;phone` or `['email' 'phone']`, without repetitions.

    Examples
    --------
    >>> words("email; phone;email"), words("['email', 'phone']"), words("[]")
    (['email', 'phone'], ['email', 'phone'], [])
    """
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1].replace("'", "").replace('"', "").replace(",", ";")
    return list(dict.fromkeys(word for part in re.split(r"[;|\n]", text) if (word := part.strip())))


def times(rows: Sequence[TextRow], column: str, timezone: str) -> tuple[list[int | None], Mapping[int, str]]:
    """Return a column of times, and what is wrong with those that cannot be read, by position.

    Parameters
    ----------
    rows : sequence of TextRow
    column : str
    timezone : str
        The zone of times without an offset.

    Returns
    -------
    times : list of int or None
        In microseconds since 1970-01-01 UTC, None where the cell is blank or unreadable.
    reasons : mapping of int to str
    """
    errors = RowErrors()
    texts = pa.array([row.cells.get(column) for row in rows], pa.string())
    if not len(texts):
        return [], {}
    moments = cast_timestamps(column, texts, business_timezone(timezone), errors, ("iso",))
    reasons = {int(row): _with_cure(reason) for _, reason, wrong in reversed(errors.entries) for row in wrong}
    return [None if at in reasons else value for at, value in enumerate(moments.to_pylist())], reasons


def _with_cure(reason: str) -> str:
    """Return what is wrong with a time; options that only `regulars ingest` has are no cure."""
    return f"{reason.split(':')[0]}: write it like 2026-11-24 14:30" if "--" in reason else reason


Check = Callable[[str], str | None]
"""Returns what is wrong with a cell, None for nothing."""


def first_fault(row: TextRow, checks: Mapping[str, Check]) -> tuple[str, str] | None:
    """Return the first column of a row with a fault, and what is wrong with it."""
    for column, check in checks.items():
        if column in row.cells and (reason := check(row.cells[column])):
            return column, reason
    return None


def between(low: float, high: float) -> Check:
    """Return a check for numbers from `low` to `high`."""

    def check(text: str) -> str | None:
        value = number(text)
        if value is None:
            return f"is no number: expected {low:g} to {high:g}, written like 1234.5"
        return None if low <= value <= high else f"is out of range: expected {low:g} to {high:g}"

    return check


def one_of(allowed: Sequence[str]) -> Check:
    """Return a check for words."""

    def check(text: str) -> str | None:
        return None if text in allowed else f"is unknown: expected {', '.join(allowed)}"

    return check


def all_of(allowed: Sequence[str]) -> Check:
    """Return a check for lists of words."""

    def check(text: str) -> str | None:
        unknown = [word for word in words(text) if word not in allowed]
        return f"has {unknown[0]!r}: expected {', '.join(allowed)}" if unknown else None

    return check


def yes_or_no(text: str) -> str | None:
    """Check a cell for yes or no."""
    return None if text.lower() in (*YES, *NO) else "is neither yes nor no"
