"""Packs each event into four 64-bit words, or up to ten, whose order is the store's sort order.

    time | content, kind, loyalty | satisfaction, outcome, goal, channel | cents | reference | sale_reference
        | known_until, known_from | details | plan_item

The code of the content is in bits that are free above the kind and comes last in the order, so that a log with contents
has rows no longer and sorted no differently than one without.

Rows are as long as the last word that any of them has: four without references and times of recording. A row is half a
cache line or one, so sorting 100 million rows by customer costs one cache miss a row, not one a column. The
day is not packed: it follows from the time. Words beyond the fourth only break ties between equal events.
"""

from collections.abc import Set as AbstractSet

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from features.store.customer_ids import text_hashes
from features.store.layout import ABSENT, RECORD_COLUMNS, SALE_COLUMNS, SORT_ORDER, TEXT_DTYPES

Words = NDArray[np.int64]

WORDS = 4
INSERTION_SORT_ROWS = 64
PACKED_COLUMNS = tuple(name for name in SORT_ORDER if name not in {"day", *RECORD_COLUMNS, *SALE_COLUMNS})
OPTIONAL_WORDS = {"reference": 4, "sale_reference": 5, "known_until": 6, "known_from": 7, "details": 8, "plan_item": 9}
"""The words of columns that a log may not have, in rows that are as long."""
OPTIONAL_COLUMNS = (*OPTIONAL_WORDS, "content")
"""The columns that a log may not have."""
CONTENT_WORD, CONTENT_SHIFT = 1, 40
WITHOUT_CONTENT = (1 << CONTENT_SHIFT) - 1
"""The bits of that word which are not the content's."""
MOST_CONTENTS = (1 << 63 - CONTENT_SHIFT) - 2
NOTHING = {name: ABSENT.get(name, 0) for name in OPTIONAL_WORDS}
"""What stands in these words for null."""


def pack_rows(batch: pa.RecordBatch) -> Words:
    """Pack the rows of a batch.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Columns of `layout.DTYPES`, null where absent; `day` is not read, the record columns may be left out. Also
        `reference` and `sale_reference`, as text, the codes of `layout.TEXT_DTYPES`, and `other_columns`, a hash of
        the columns that are not read, if there are any.

    Returns
    -------
    numpy.ndarray of int64, shape (rows, 4 to 10)
    """
    optional = optional_columns(batch)
    last = max([WORDS - 1, *(OPTIONAL_WORDS[name] for name in optional.intersection(OPTIONAL_WORDS))])
    words = np.empty((len(batch), 1 + last), np.int64)
    pack_columns(*(_values(batch, name) for name in PACKED_COLUMNS), words)
    for name, word in OPTIONAL_WORDS.items():
        if word < words.shape[1]:
            words[:, word] = NOTHING[name]
    for name in optional.intersection(SALE_COLUMNS):
        words[:, OPTIONAL_WORDS[name]] = reference_codes(batch[name])
    if "details" in optional:
        details = batch["other_columns"].to_numpy().view(np.int64)
        words[:, OPTIONAL_WORDS["details"]] = np.where(words[:, OPTIONAL_WORDS["reference"]] == 0, 0, details)
    if optional.intersection(RECORD_COLUMNS):
        for name in RECORD_COLUMNS:
            words[:, OPTIONAL_WORDS[name]] = _values(batch, name)
    if "plan_item" in optional:
        words[:, OPTIONAL_WORDS["plan_item"]] = _values(batch, "plan_item")
    if "content" in optional:
        add_contents(words, _values(batch, "content"))
    return words


def widened(words: Words, optional: AbstractSet[str]) -> Words:
    """Return packed rows that are long enough for some of OPTIONAL_COLUMNS."""
    last = max([words.shape[1] - 1, *(word for name, word in OPTIONAL_WORDS.items() if name in optional)])
    if last < words.shape[1]:
        return words
    wide = np.empty((len(words), 1 + last), np.int64)
    wide[:, : words.shape[1]] = words
    for name, word in OPTIONAL_WORDS.items():
        if words.shape[1] <= word <= last:
            wide[:, word] = NOTHING[name]
    return wide


def add_contents(words: Words, codes: NDArray[np.int64]) -> None:
    """Write the codes of the contents, -1 where absent, to packed rows."""
    words[:, CONTENT_WORD] |= (codes.astype(np.int64) + 1) << CONTENT_SHIFT


def contents(words: Words) -> NDArray[np.int64]:
    """Return the codes of the contents of packed rows, -1 where absent."""
    codes: NDArray[np.int64] = (words[:, CONTENT_WORD] >> CONTENT_SHIFT) - 1
    return codes


def optional_columns(batch: pa.RecordBatch) -> set[str]:
    """Return which columns of OPTIONAL_COLUMNS a batch has values of; of the two of recording both or none."""
    there = {name for name in batch.schema.names if batch[name].null_count < len(batch)}
    optional = there.intersection((*SALE_COLUMNS, *TEXT_DTYPES))
    if there.intersection(RECORD_COLUMNS):
        optional.update(RECORD_COLUMNS)
    if "reference" in optional and "other_columns" in there and batch["other_columns"].to_numpy().any():
        optional.add("details")
    return optional


def reference_codes(references: pa.Array) -> NDArray[np.int64]:
    """Return a hash of each reference, 0 for null.

    References are only ever compared within one customer and event type, where two different ones have equal hashes
    with a probability of 1e-19 a pair.
    """
    if pa.types.is_dictionary(references.type):
        references = references.dictionary_decode()
    hashes = text_hashes(references)[:, 0]
    hashes = np.where(references.is_null().to_numpy(zero_copy_only=False), 0, np.maximum(hashes, 1))
    return hashes.astype(np.uint64).view(np.int64)


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
def pack_columns(time, kind, loyalty, satisfaction, outcome, goal, channel, cents, words):  # type: ignore[no-untyped-def]
    """Write the columns, in the order of PACKED_COLUMNS, to the first four words of each row."""
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
        kind[row] = (words[row, 1] >> 32) & 0xFF
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
        if word == CONTENT_WORD:
            own, others = row[word] & WITHOUT_CONTENT, other[word] & WITHOUT_CONTENT
        else:
            own, others = row[word], other[word]
        if own != others:
            return own < others
    return row[CONTENT_WORD] < other[CONTENT_WORD]


@njit(nogil=True, cache=True)
def _sort_customer(rows):  # type: ignore[no-untyped-def]
    if len(rows) > INSERTION_SORT_ROWS:
        order = np.argsort(rows[:, CONTENT_WORD], kind="mergesort")
        for word in range(rows.shape[1] - 1, -1, -1):
            keys = rows[order, word]
            if word == CONTENT_WORD:
                keys &= WITHOUT_CONTENT
            order = order[np.argsort(keys, kind="mergesort")]
        rows[:] = rows[order]
        return
    for row in range(1, len(rows)):
        moving = rows[row].copy()
        place = row
        while place and _is_less(moving, rows[place - 1]):
            rows[place] = rows[place - 1]
            place -= 1
        rows[place] = moving
