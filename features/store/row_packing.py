"""Packs each event into four 64-bit words (six with record times) whose order is the store's sort order.

    time | kind, loyalty | satisfaction, outcome, goal, channel | cents | known_until, known_from

A row is half a cache line, so sorting 100 million rows by customer costs one cache miss a row, not one a column. The
day is not packed: it follows from the time.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from features.store.layout import ABSENT, RECORD_COLUMNS, SORT_ORDER

Words = NDArray[np.int64]

WORDS = 4
INSERTION_SORT_ROWS = 64
PACKED_COLUMNS = tuple(name for name in SORT_ORDER if name != "day" and name not in RECORD_COLUMNS)
RECORD_WORDS = {name: WORDS + place for place, name in enumerate(name for name in SORT_ORDER if name in RECORD_COLUMNS)}
"""The words of `known_until` and `known_from`, in rows that have them."""


def pack_rows(batch: pa.RecordBatch) -> Words:
    """Pack the rows of a batch.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Columns of `layout.DTYPES`, null where absent; `day` is not read, the record columns may be left out.

    Returns
    -------
    numpy.ndarray of int64, shape (rows, 4 or 6)
        Six words if any row says when it was known.
    """
    recorded = any(name in batch.schema.names and batch[name].null_count < len(batch) for name in RECORD_COLUMNS)
    words = np.empty((len(batch), WORDS + len(RECORD_WORDS) * recorded), np.int64)
    _pack(*(_values(batch, name) for name in PACKED_COLUMNS), words)
    if recorded:
        for name, word in RECORD_WORDS.items():
            words[:, word] = _values(batch, name)
    return words


def _values(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    if name not in batch.schema.names:
        return np.full(len(batch), ABSENT[name])
    column = batch[name]
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(ABSENT[name], column.type))
    values: NDArray[np.int64] = column.to_numpy()
    return values


# The two kernels take the columns in the order of PACKED_COLUMNS: the first one gets the highest bits.
@njit(nogil=True, cache=True)
def _pack(time, kind, loyalty, satisfaction, outcome, goal, channel, cents, words):  # type: ignore[no-untyped-def]
    for row in range(len(time)):
        words[row, 0] = time[row]
        words[row, 1] = (np.int64(kind[row]) << 32) | (np.int64(loyalty[row]) + 1)
        visit = (np.int64(outcome[row]) << 16) | (np.int64(goal[row]) << 8) | np.int64(channel[row])
        words[row, 2] = ((np.int64(satisfaction[row]) + 1) << 24) | visit
        words[row, 3] = cents[row]


@njit(nogil=True, cache=True)
def unpack_rows(words, time, kind, loyalty, satisfaction, outcome, goal, channel, cents):  # type: ignore[no-untyped-def]
    """Write the packed columns, in the order of PACKED_COLUMNS, from the first four words of each row."""
    for row in range(len(words)):
        time[row] = words[row, 0]
        kind[row] = words[row, 1] >> 32
        loyalty[row] = (words[row, 1] & 0xFFFFFFFF) - 1
        visit = words[row, 2]
        channel[row] = visit & 0xFF
        goal[row] = (visit >> 8) & 0xFF
        outcome[row] = (visit >> 16) & 0xFF
        satisfaction[row] = (visit >> 24) - 1
        cents[row] = words[row, 3]


@njit(nogil=True, cache=True)
def scatter_rows(words, codes, free, rows):  # type: ignore[no-untyped-def]
    """Copy each row of `words` to its customer's next free place in `rows`.

    `free[code]` is that place, by customer code; it moves on. Words that a row lacks stay as they are in `rows`.
    """
    for row in range(len(codes)):
        place = free[codes[row]]
        free[codes[row]] = place + 1
        rows[place, 0], rows[place, 1] = words[row, 0], words[row, 1]
        rows[place, 2], rows[place, 3] = words[row, 2], words[row, 3]
        for word in range(WORDS, words.shape[1]):
            rows[place, word] = words[row, word]


@njit(nogil=True, cache=True)
def sort_rows(rows, offsets, first, last):  # type: ignore[no-untyped-def]
    """Sort the rows of each of the customers first..last, unless they are sorted already."""
    for customer in range(first, last):
        begin, end = offsets[customer], offsets[customer + 1]
        for row in range(begin + 1, end):
            if _is_less(rows[row], rows[row - 1]):
                _sort_customer(rows[begin:end])
                break


@njit(nogil=True, cache=True)
def _is_less(row, other):  # type: ignore[no-untyped-def]
    for word in range(len(row)):
        if row[word] != other[word]:
            return row[word] < other[word]
    return False


@njit(nogil=True, cache=True)
def _sort_customer(rows):  # type: ignore[no-untyped-def]
    if len(rows) > INSERTION_SORT_ROWS:
        order = np.arange(len(rows))
        for word in range(rows.shape[1] - 1, -1, -1):
            order = order[np.argsort(rows[order, word], kind="mergesort")]
        rows[:] = rows[order]
        return
    for row in range(1, len(rows)):
        moving = rows[row].copy()
        place = row
        while place and _is_less(moving, rows[place - 1]):
            rows[place] = rows[place - 1]
            place -= 1
        rows[place] = moving
