"""Writes packed rows to the store's files: one sorted array per column, offsets of customers, and their ids.

Rows go straight to their customer's place (a counting sort), so the time grows with the rows alone; only the rows of
customers whose events were out of order are sorted by comparison.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit
from numpy.typing import NDArray

from features.errors import StoreError
from features.store.customer_ids import CustomerIdEncoder
from features.store.layout import DTYPES, IDENTITY_DTYPES, TEXT_DTYPES
from features.store.row_packing import (
    NOTHING,
    OPTIONAL_COLUMNS,
    OPTIONAL_WORDS,
    PACKED_COLUMNS,
    WORDS,
    Words,
    contents,
    scatter_rows,
    sort_rows,
    unpack_rows,
)
from features.store.text_files import write_ids
from features.timezones import BusinessTimezone

THREADS = 2
BLOCK_CUSTOMERS = 4096
LARGEST_SUM = 2**62


class PackedBatch(NamedTuple):
    """Rows as `pack_rows` returns them, the code of each row's customer, and which optional columns there are."""

    words: Words
    codes: NDArray[np.int32]
    optional: AbstractSet[str]


def write_sorted_columns(
    folder: Path, batches: list[PackedBatch], encoder: CustomerIdEncoder, timezone: BusinessTimezone
) -> dict[str, Any]:
    """Write the files of a store to a folder.

    Parameters
    ----------
    folder : Path
        An empty folder.
    batches : list of PackedBatch
        All rows, in any order. The list is emptied, to free the memory of each batch once it is copied.
    encoder : CustomerIdEncoder
        The encoder that gave the customer codes.
    timezone : BusinessTimezone
        The zone in which days are counted.

    Returns
    -------
    dict
        What the manifest has about the columns, see `column_facts`.

    Raises
    ------
    StoreError
        When a customer's amounts are too large to be summed.
    OSError
        When the disk is full.
    """
    ids, offsets, free = customers_in_order(encoder, [batch.codes for batch in batches])
    dtypes = column_dtypes(set().union(*(batch.optional for batch in batches)))
    rows = scattered_rows(batches, int(offsets[-1]), free)
    write_array(folder / "offsets.npy", offsets)
    write_ids(folder / "customers.arrow", ids)
    columns = {name: empty_column(folder / f"{name}.npy", dtype, len(rows)) for name, dtype in dtypes.items()}
    fill_columns(columns, rows, offsets, timezone)
    check_sums(columns["cents"], offsets, ids)
    return column_facts(columns, len(ids))


def column_dtypes(optional: AbstractSet[str]) -> dict[str, type[np.generic]]:
    """Return the columns, with their dtypes, of a store that has these optional columns."""
    dtypes = {**DTYPES, **IDENTITY_DTYPES, **TEXT_DTYPES}
    return {name: dtype for name, dtype in dtypes.items() if name not in OPTIONAL_COLUMNS or name in optional}


def column_facts(columns: Mapping[str, NDArray[Any]], customers: int) -> dict[str, Any]:
    """Return what the manifest has about columns.

    Their names, the numbers of events, customers and priced events, and the times of the first and last event.
    """
    times = columns["time"]
    texts = [name for name in columns if name in TEXT_DTYPES]
    return {
        "columns": [name for name in columns if name in DTYPES],
        "identity_columns": [name for name in columns if name in IDENTITY_DTYPES],
        "events": len(times),
        "customers": customers,
        "priced_events": int(np.count_nonzero(columns["cents"] >= 0)),
        "first_time": int(times.min()) if len(times) else None,
        "last_time": int(times.max()) if len(times) else None,
        **({"text_columns": texts} if texts else {}),
    }


def fill_columns(
    columns: Mapping[str, NDArray[Any]], rows: Words, offsets: NDArray[np.int64], timezone: BusinessTimezone
) -> None:
    """Sort the rows of each customer and write them to the columns; threads share the work."""
    bounds = np.searchsorted(offsets, np.linspace(0, len(rows), THREADS + 1).astype(np.int64)).tolist()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda first, last: _fill(columns, rows, offsets, first, last, timezone), bounds, bounds[1:]))


def customers_in_order(
    encoder: CustomerIdEncoder, codes_of_batches: Sequence[NDArray[np.int32]]
) -> tuple[pa.StringArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted ids of customers with rows, where each one's rows start, and the same by customer code."""
    ids = encoder.ids()
    counts = np.zeros(len(ids), np.int64)
    for codes in codes_of_batches:
        _count(codes, counts)
    present = np.flatnonzero(counts)  # an id may be in a batch's dictionary and in none of its rows
    ids = ids if len(present) == len(ids) else ids.take(pa.array(present))
    order = pc.sort_indices(ids)
    by_id = present[order.to_numpy()]
    offsets = np.concatenate([[0], np.cumsum(counts[by_id])])
    free = np.zeros(len(counts), np.int64)
    free[by_id] = offsets[:-1]
    return ids.take(order), offsets, free


@njit(nogil=True, cache=True)
def _count(codes, counts):  # type: ignore[no-untyped-def]
    for code in codes:
        counts[code] += 1


def scattered_rows(batches: list[PackedBatch], size: int, free: NDArray[np.int64]) -> Words:
    """Return all rows, those of a customer side by side; empties `batches`.

    `free` has the first place of each customer's rows, by customer code; it moves on.
    """
    width = max((batch.words.shape[1] for batch in batches), default=WORDS)
    rows = np.empty((size, width), np.int64)
    for name, word in OPTIONAL_WORDS.items():
        if word < width:
            rows[:, word] = NOTHING[name]
    batches.reverse()
    while batches:
        batch = batches.pop()
        scatter_rows(batch.words, batch.codes, free, rows)
    return rows


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Write an array of one dimension to a file; raises OSError when the disk has no room for it."""
    # np.save raises an OSError that does not tell that the disk is full
    empty_column(path, array.dtype.type, len(array))[:] = array


def write_chunks(path: Path, dtype: type[np.generic], rows: int, chunks: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """Write the chunks of a column to a file, and return it mapped; raises OSError when the disk has no room for it.

    For columns that are written from the first row to the last: a mapped file costs a fault of the processor a page.
    """
    kind = np.dtype(dtype)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (rows,)}
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        for chunk in chunks:
            file.write(chunk.data)
    column: NDArray[Any] = np.load(path, mmap_mode="r")
    return column


def empty_column(path: Path, dtype: type[np.generic], rows: int) -> NDArray[Any]:
    """Return a column that is mapped to a new file; raises OSError when the disk has no room for it."""
    if not rows:  # an empty file cannot be mapped
        np.save(path, np.empty(0, dtype))
        return np.empty(0, dtype)
    column = np.lib.format.open_memmap(path, "w+", dtype, (rows,))
    with path.open("r+b") as file:
        # A file that is made by its length alone takes its room when it is written to, and a full disk then kills the
        # process.
        try:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        except OSError as error:
            error.filename = str(path)
            raise
    return column


def _fill(
    columns: Mapping[str, NDArray[Any]],
    rows: Words,
    offsets: NDArray[np.int64],
    first: int,
    last: int,
    timezone: BusinessTimezone,
) -> None:
    """Sort the rows of customers first..last and write them to the columns, a block of customers at a time."""
    for start in range(first, last, BLOCK_CUSTOMERS):
        stop = min(start + BLOCK_CUSTOMERS, last)
        sort_rows(rows, offsets, start, stop)
        of_block = slice(offsets[start], offsets[stop])
        block = {name: column[of_block] for name, column in columns.items()}
        unpack_rows(rows[of_block], *(block[name] for name in PACKED_COLUMNS))
        block["day"][:] = timezone.days(block["time"])
        for name, word in OPTIONAL_WORDS.items():
            if name in block:
                block[name][:] = rows[of_block, word]
        if "content" in block:
            block["content"][:] = contents(rows[of_block])


def check_sums(cents: NDArray[np.int64], offsets: NDArray[np.int64], ids: pa.StringArray) -> None:
    """Raise StoreError when a customer's amounts could sum to more than a 64-bit integer holds."""
    most = int(np.diff(offsets).max(initial=0)) * int(cents.max(initial=0))
    if most < LARGEST_SUM:
        return
    sums = np.add.reduceat(np.maximum(cents, 0).astype(np.float64), offsets[:-1])
    if sums.max() >= LARGEST_SUM:
        raise StoreError(
            f"the amounts of customer {ids[int(sums.argmax())].as_py()!r} sum to {sums.max() / 100:.3g}, more than can "
            f"be counted ({LARGEST_SUM / 100:.3g}): give amounts in thousands, or correct those of this customer"
        )
