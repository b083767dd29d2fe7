"""Which of the things that are wrong with a row is its reason in the quarantine, and which rows are totals."""

import re
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.casting import RowErrors
from features.ingestion.id_rules import IS_TOTAL, TOTALS

TELLING = ("customer_id", "event_time", "event_type")
"""What is wrong with these says more than what is wrong with other columns, whatever was looked at first."""
NUMBER = r"^\D{0,4}\d[\d.,' ]*\D{0,4}$"
EMPTY = "is empty"
LIKE_TOTAL = "is empty, and so is event_time: it looks like a total of other rows"

Positions = NDArray[np.int64]


def settle_reasons(errors: RowErrors, full_rows: Callable[[Positions], pa.Table]) -> RowErrors:
    """Return the errors in the order of what they say, and with totals named as such.

    A row without a customer is a total where a cell of it says so, and looks like one where it has a number and no
    time either.

    Parameters
    ----------
    errors : RowErrors
    full_rows : callable
        Takes positions in the batch, returns these rows with all columns of the source, as text.
    """
    entries = []
    for column, reason, rows in errors.entries:
        if (column, reason) != ("customer_id", EMPTY):
            entries.append((column, reason, rows))
            continue
        cells = full_rows(rows)
        total = _cells_match(cells, rf"^({'|'.join(map(re.escape, TOTALS))}):?$")
        timeless = np.isin(rows, _rows_of(errors, "event_time", EMPTY)) & _cells_match(cells, NUMBER) & ~total
        parts = ((IS_TOTAL, total), (LIKE_TOTAL, timeless), (EMPTY, ~total & ~timeless))
        entries += [(column, text, rows[mask]) for text, mask in parts if mask.any()]
    rank = {name: place for place, name in enumerate(TELLING)}
    return RowErrors(sorted(entries, key=lambda entry: rank.get(entry[0], len(rank))))


def first_errors(errors: RowErrors, size: int) -> tuple[Positions, Positions]:
    """Return the rows of a batch of a size that have an error, and for each the place of the first among the errors."""
    first = np.full(size, -1)
    for place, (_, _, invalid) in enumerate(errors.entries):
        first[invalid[first[invalid] < 0]] = place
    rows = np.flatnonzero(first >= 0)
    return rows, first[rows]


def _rows_of(errors: RowErrors, column: str, reason: str) -> Positions:
    wrong = [rows for name, text, rows in errors.entries if (name, text) == (column, reason)]
    return np.concatenate(wrong) if wrong else np.empty(0, np.int64)


def _cells_match(rows: pa.Table, pattern: str) -> NDArray[np.bool_]:
    """Return which rows have a cell that matches a pattern, in small letters and without white space around it."""
    matches = np.zeros(len(rows), bool)
    for column in rows.columns:
        text = pc.utf8_lower(pc.utf8_trim_whitespace(column.cast(pa.string()))).fill_null("")
        matches |= pc.match_substring_regex(text, pattern).to_numpy()
    return matches
