"""Writes packed rows to the store's files: one sorted array per column, offsets of customers, and their ids.

Rows go straight to their customer's place (a counting sort), so the time grows with the rows alone; only the rows of
customers whose events were out of order are sorted by comparison.
"""

from collections.abc import Sequence
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
from features.store.layout import ABSENT, DTYPES, RECORD_COLUMNS
from features.store.row_packing import (
    PACKED_COLUMNS,
    RECORD_WORDS,
    WORDS,
    Words,
    scatter_rows,
    sort_rows,
    unpack_rows,
)
from features.timezones import BusinessTimezone

THREADS = 2
BLOCK_CUSTOMERS = 4096
LARGEST_SUM = 2**62


class PackedBatch(NamedTuple):
    """Rows as `pack_rows` returns them, and the code of each row's customer."""

    words: Words
    codes: NDArray[np.int32]


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
        What the manifest has about the columns: their names, the numbers of events, customers and priced events, and
        the times of the first and last event.

    Raises
    ------
    StoreError
        When a customer's amounts are too large to be summed.
    """
    ids, offsets, free = _customers(encoder, [batch.codes for batch in batches])
    np.save(folder / "offsets.npy", offsets)
    _write_ids(folder / "customers.arrow", ids)
    rows = _scattered(batches, int(offsets[-1]), free)
    columns = {
        name: _empty_column(folder / f"{name}.npy", dtype, len(rows))
        for name, dtype in DTYPES.items()
        if rows.shape[1] > WORDS or name not in RECORD_COLUMNS
    }
    bounds = np.searchsorted(offsets, np.linspace(0, len(rows), THREADS + 1).astype(np.int64)).tolist()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda first, last: _fill(columns, rows, offsets, first, last, timezone), bounds, bounds[1:]))
    check_sums(columns["cents"], offsets, ids)
    return {
        "columns": list(columns),
        "events": len(rows),
        "customers": len(ids),
        "priced_events": int(np.count_nonzero(columns["cents"] >= 0)),
        "first_time": int(columns["time"].min()) if len(rows) else None,
        "last_time": int(columns["time"].max()) if len(rows) else None,
    }


def _customers(
    encoder: CustomerIdEncoder, codes_of_batches: Sequence[NDArray[np.int32]]
) -> tuple[pa.StringArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return the sorted ids of customers with rows, where each one's rows start, and the same by customer code."""
    ids = encoder.ids()
    counts = np.zeros(len(ids), np.int64)
    for codes in codes_of_batches:
        _count(codes, counts)
    by_id = pc.sort_indices(ids).to_numpy()
    by_id = by_id[counts[by_id] > 0]  # an id may be in a batch's dictionary and in none of its rows
    offsets = np.concatenate([[0], np.cumsum(counts[by_id])])
    free = np.zeros(len(ids), np.int64)
    free[by_id] = offsets[:-1]
    return ids.take(pa.array(by_id)), offsets, free


@njit(nogil=True, cache=True)
def _count(codes, counts):  # type: ignore[no-untyped-def]
    for code in codes:
        counts[code] += 1


def _write_ids(path: Path, ids: pa.StringArray) -> None:
    table = pa.table({"customer_id": ids})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _scattered(batches: list[PackedBatch], size: int, free: NDArray[np.int64]) -> Words:
    """Return all rows, those of a customer side by side; empties `batches`."""
    width = max((batch.words.shape[1] for batch in batches), default=WORDS)
    rows = np.empty((size, width), np.int64)
    for name in RECORD_COLUMNS if width > WORDS else ():
        rows[:, RECORD_WORDS[name]] = ABSENT[name]
    batches.reverse()
    while batches:
        scatter_rows(*batches.pop(), free, rows)
    return rows


def _empty_column(path: Path, dtype: type[np.generic], rows: int) -> NDArray[Any]:
    """Return a column that is mapped to a new file."""
    if not rows:  # an empty file cannot be mapped
        np.save(path, np.empty(0, dtype))
        return np.empty(0, dtype)
    return np.lib.format.open_memmap(path, "w+", dtype, (rows,))


def _fill(
    columns: dict[str, NDArray[Any]],
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
        for name in RECORD_COLUMNS if rows.shape[1] > WORDS else ():
            block[name][:] = rows[of_block, RECORD_WORDS[name]]


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
