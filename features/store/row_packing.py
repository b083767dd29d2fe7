"""Events packed into 64-bit words whose order, word by word, is the order of the store: four a row, six with records.

    time | kind, loyalty | satisfaction, outcome, goal, channel | cents | known_until, known_from

A row is half a cache line, so that putting 100 million rows in order of customers costs one miss each, not one a
column. The day is not packed: it follows from the time.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from features.engines.codegen import EVENT_COLUMNS, RECORD_COLUMNS
from features.store.event_store import ABSENT

Words = NDArray[np.int64]

WORDS = 4
FEW = 64


def pack_rows(batch: pa.RecordBatch) -> Words:
    """Return the rows of a batch (columns of `store.DTYPES`, null where absent) as words, shape (rows, 4 or 6).

    Six where anything is said of when events were known.
    """
    recorded = any(name in batch.schema.names and batch[name].null_count < len(batch) for name in RECORD_COLUMNS)
    words = np.empty((len(batch), WORDS + 2 * recorded), np.int64)
    _pack(*(_values(batch, name) for name in EVENT_COLUMNS if name != "day"), words)
    if recorded:
        for word, name in enumerate(reversed(RECORD_COLUMNS)):
            words[:, WORDS + word] = _values(batch, name)
    return words


def _values(batch: pa.RecordBatch, name: str) -> NDArray[np.int64]:
    if name not in batch.schema.names:
        return np.full(len(batch), ABSENT[name])
    column = batch[name]
    if column.null_count:
        column = pc.fill_null(column, pa.scalar(ABSENT[name], column.type))
    values: NDArray[np.int64] = column.to_numpy()
    return values


@njit(nogil=True, cache=True)
def _pack(time, kind, cents, channel, goal, outcome, satisfaction, loyalty, words):  # type: ignore[no-untyped-def]
    for row in range(len(time)):
        words[row, 0] = time[row]
        words[row, 1] = (np.int64(kind[row]) << 32) | (np.int64(loyalty[row]) + 1)
        visit = (np.int64(outcome[row]) << 16) | (np.int64(goal[row]) << 8) | np.int64(channel[row])
        words[row, 2] = ((np.int64(satisfaction[row]) + 1) << 24) | visit
        words[row, 3] = cents[row]


@njit(nogil=True, cache=True)
def unpack_rows(words, time, kind, cents, channel, goal, outcome, satisfaction, loyalty):  # type: ignore[no-untyped-def]
    """Write the words' columns out."""
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
    """Copy each row to the next free place of its customer's code among all `rows`.

    Words that a row lacks are left as they are in `rows`.
    """
    for row in range(len(codes)):
        at = free[codes[row]]
        free[codes[row]] = at + 1
        rows[at, 0], rows[at, 1] = words[row, 0], words[row, 1]
        rows[at, 2], rows[at, 3] = words[row, 2], words[row, 3]
        for word in range(WORDS, words.shape[1]):
            rows[at, word] = words[row, word]


@njit(nogil=True, cache=True)
def sort_rows(rows, offsets, first, last):  # type: ignore[no-untyped-def]
    """Put the rows of each of the customers first..last in order."""
    for customer in range(first, last):
        begin, end = offsets[customer], offsets[customer + 1]
        for row in range(begin + 1, end):
            if _before(rows[row], rows[row - 1]):
                _order_one(rows[begin:end])
                break


@njit(nogil=True, cache=True)
def _before(one, other):  # type: ignore[no-untyped-def]
    for word in range(len(one)):
        if one[word] != other[word]:
            return one[word] < other[word]
    return False


@njit(nogil=True, cache=True)
def _order_one(rows):  # type: ignore[no-untyped-def]
    if len(rows) > FEW:
        by = np.arange(len(rows))
        for word in range(rows.shape[1] - 1, -1, -1):
            by = by[np.argsort(rows[by, word], kind="mergesort")]
        rows[:] = rows[by]
        return
    for row in range(1, len(rows)):
        moving = rows[row].copy()
        to = row
        while to and _before(moving, rows[to - 1]):
            rows[to] = rows[to - 1]
            to -= 1
        rows[to] = moving
