"""Merges new rows into an event store: rows that are there already change nothing, versions are resolved anew.

The result is the store that one ingest of all rows would have made. A row without a reference is there already if an
equal one is; of equal rows, the greater number counts, of the store or of the addition. Of a reference that both have,
the rule of `features.ingestion.event_versions` decides, by the codes that the store keeps.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from features.store.column_writer import (
    THREADS,
    PackedBatch,
    check_sums,
    column_dtypes,
    column_facts,
    customers_in_order,
    fill_columns,
    scattered_rows,
    write_array,
    write_chunks,
)
from features.store.customer_ids import CustomerIdEncoder
from features.store.event_store import EventStore
from features.store.known_rows import REFERENCE, RowsOfCustomers, resolve
from features.store.layout import ABSENT
from features.store.row_packing import (
    NOTHING,
    OPTIONAL_COLUMNS,
    OPTIONAL_WORDS,
    PACKED_COLUMNS,
    Words,
    add_contents,
    pack_columns,
    sort_rows,
)
from features.store.text_files import write_ids
from features.timezones import BusinessTimezone

CHUNK_ROWS = 1 << 20
ALL_WORDS = 1 + max(OPTIONAL_WORDS.values())


class Merged(NamedTuple):
    """What the manifest has about the columns (None: nothing changed), and how many rows were there, and differed.

    Attributes
    ----------
    facts : dict or None
    seen : int
        New rows that the store had already.
    differing : int
        New rows that are kept beside stored ones of the same reference and time of recording.
    repeated : int
        New rows without a reference that are kept though another new row is equal to them.
    same_day : int
        Those of `differing` that are of the same day too.
    """

    facts: dict[str, Any] | None
    seen: int = 0
    differing: int = 0
    repeated: int = 0
    same_day: int = 0


def joint_outcome(of_buckets: Iterable[Merged], facts: dict[str, Any] | None) -> Merged:
    """Return what became of the rows of all buckets together; `facts` are those of the whole store."""
    return Merged(facts, *np.sum([each[1:] for each in of_buckets], axis=0).tolist())


class Places(NamedTuple):
    """All customers, and where the rows of each are: in the store, in the block of touched customers (-1: nowhere)."""

    ids: pa.StringArray
    of_store: NDArray[np.int64]
    of_block: NDArray[np.int64]


def write_merged_columns(
    folder: Path,
    store: EventStore,
    batches: list[PackedBatch],
    encoder: CustomerIdEncoder,
    timezone: BusinessTimezone,
    *,
    replace_references: bool = False,
    even_unchanged: bool = False,
) -> Merged:
    """Write the files of a store with more rows to a folder; the rows of customers without new ones are copied.

    Parameters
    ----------
    folder : Path
        An empty folder; it stays empty when nothing changes, unless `even_unchanged`.
    store : EventStore
        The store to add to.
    batches : list of PackedBatch
        The new rows, in any order, without copies of rows with a reference; emptied.
    encoder : CustomerIdEncoder
        The encoder that gave the customer codes.
    timezone : BusinessTimezone
        The zone in which days are counted.
    replace_references : bool
        Whether a new row replaces stored rows of its reference, instead of standing beside those that differ.

    Returns
    -------
    Merged

    Raises
    ------
    StoreError
        When a customer's amounts are too large to be summed.
    OSError
        When the disk is full.
    """
    stored = {**store.columns, **store.identity, **store.text_codes}
    optional = stored.keys() & OPTIONAL_COLUMNS
    dtypes = column_dtypes(optional.union(*(batch.optional for batch in batches)))
    ids, offsets, free = customers_in_order(encoder, [batch.codes for batch in batches])
    new = RowsOfCustomers(_widened(scattered_rows(batches, int(offsets[-1]), free)), offsets)
    sort_rows(new.words, new.offsets, 0, len(ids))  # so that equal rows are neighbours
    places = _places(store.customer_ids, ids)
    touched = np.flatnonzero(places.of_block >= 0)
    old = _stored_rows(store, places.of_store[touched])
    resolved = resolve(old, new, replace_references, timezone)
    if not (resolved.changed or even_unchanged):
        return Merged(None, resolved.seen)
    rows, block_offsets = _joined(*old, resolved.old, *new, resolved.new)
    block = {name: np.empty(len(rows), dtype) for name, dtype in dtypes.items()}
    fill_columns(block, rows, block_offsets, timezone)
    counts = np.zeros(len(places.of_store), np.int64)
    untouched = places.of_block < 0
    counts[untouched] = np.diff(store.offsets)[places.of_store[untouched]]
    counts[touched] = np.diff(block_offsets)
    all_offsets = np.concatenate(([0], np.cumsum(counts)))
    write_array(folder / "offsets.npy", all_offsets)
    write_ids(folder / "customers.arrow", places.ids)
    bounds = np.append(np.searchsorted(all_offsets, np.arange(0, int(all_offsets[-1]), CHUNK_ROWS)), len(places.ids))
    longest = int(np.diff(all_offsets[bounds]).max(initial=0))

    def chunks(name: str) -> Iterator[NDArray[Any]]:
        source = stored.get(name, np.empty(0, dtypes[name]))
        buffer = np.empty(longest, dtypes[name])
        for first, last in pairwise(bounds.tolist()):
            out = buffer[: all_offsets[last] - all_offsets[first]]
            if name not in stored:
                out[:] = ABSENT.get(name, 0)
            of_store, of_block = places.of_store[first:last], places.of_block[first:last]
            offsets = all_offsets[first : last + 1] - all_offsets[first]
            _copy(out, offsets, source, store.offsets, of_store, block[name], block_offsets, of_block)
            yield out

    def write(name: str) -> NDArray[Any]:
        return write_chunks(folder / f"{name}.npy", dtypes[name], int(all_offsets[-1]), chunks(name))

    with ThreadPoolExecutor(THREADS) as pool:
        columns = dict(zip(dtypes, pool.map(write, dtypes), strict=True))
    check_sums(columns["cents"], all_offsets, places.ids)
    repeated = _count_repeated(*new, resolved.new)
    return Merged(
        column_facts(columns, len(places.ids)), resolved.seen, resolved.differing, repeated, resolved.same_day
    )


def _places(stored: pa.StringArray, new: pa.StringArray) -> Places:
    """Return the union of two sorted lists of ids, and the place of each in both."""
    old_ids, new_ids = (ids.to_numpy(zero_copy_only=False).astype(object) for ids in (stored, new))
    at = np.searchsorted(old_ids, new_ids) if len(old_ids) else np.zeros(len(new_ids), np.int64)
    known = at < len(old_ids)
    known[known] = old_ids[at[known]] == new_ids[known]
    inserted = at[~known]
    order = np.insert(np.arange(len(old_ids)), inserted, len(old_ids) + np.flatnonzero(~known))
    ids = pa.concat_arrays([stored, new]).take(pa.array(order))
    of_store = np.insert(np.arange(len(old_ids)), inserted, -1)
    of_block = np.full(len(ids), -1)
    of_block[at + np.cumsum(~known) - ~known] = np.arange(len(new_ids))
    return Places(ids, of_store, of_block)


def _widened(rows: Words) -> Words:
    """Return rows with all optional words."""
    wide = np.empty((len(rows), ALL_WORDS), np.int64)
    for name, word in OPTIONAL_WORDS.items():
        wide[:, word] = NOTHING[name]
    wide[:, : rows.shape[1]] = rows
    return wide


def _stored_rows(store: EventStore, customers: NDArray[np.int64]) -> RowsOfCustomers:
    """Return the packed rows of customers of the store; -1 is a customer without any."""
    starts = np.where(customers < 0, 0, store.offsets[customers])
    sizes = np.where(customers < 0, 0, store.offsets[customers + 1] - starts)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    rows = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], sizes)
    words = np.empty((len(rows), ALL_WORDS), np.int64)
    pack_columns(*(store.columns[name][rows] for name in PACKED_COLUMNS), words)
    stored = {**store.columns, **store.identity, **store.text_codes}
    for name, word in OPTIONAL_WORDS.items():
        words[:, word] = stored[name][rows] if name in stored else NOTHING[name]
    if "content" in stored:
        add_contents(words, stored["content"][rows])
    return RowsOfCustomers(words, offsets)


@njit(nogil=True, cache=True)
def _count_repeated(rows, offsets, kept):  # type: ignore[no-untyped-def]
    """Return how many kept rows without a reference are equal to the row of the same customer before them."""
    repeated = 0
    for customer in range(len(offsets) - 1):
        for row in range(offsets[customer] + 1, offsets[customer + 1]):
            if kept[row] and rows[row, REFERENCE] == 0:
                equal = True
                for word in range(rows.shape[1]):
                    equal = equal and rows[row, word] == rows[row - 1, word]
                repeated += equal
    return repeated


@njit(nogil=True, cache=True)
def _joined(old, old_offsets, kept_old, new, new_offsets, kept_new):  # type: ignore[no-untyped-def]
    """Return the rows that stay, those of a customer side by side, and their offsets."""
    rows = np.empty((kept_old.sum() + kept_new.sum(), old.shape[1]), np.int64)
    offsets = np.zeros(len(old_offsets), np.int64)
    place = 0
    for customer in range(len(old_offsets) - 1):
        for row in range(old_offsets[customer], old_offsets[customer + 1]):
            if kept_old[row]:
                rows[place] = old[row]
                place += 1
        for row in range(new_offsets[customer], new_offsets[customer + 1]):
            if kept_new[row]:
                rows[place] = new[row]
                place += 1
        offsets[customer + 1] = place
    return rows, offsets


@njit(nogil=True, cache=True)
def _copy(out, offsets, stored, stored_offsets, of_store, block, block_offsets, of_block):  # type: ignore[no-untyped-def]
    """Fill a column with the rows of each customer: those of the block, or else those of the store."""
    for customer in range(len(offsets) - 1):
        place = offsets[customer]
        if of_block[customer] >= 0:
            at = of_block[customer]
            for row in range(block_offsets[at], block_offsets[at + 1]):
                out[place] = block[row]
                place += 1
        elif len(stored):
            at = of_store[customer]
            for row in range(stored_offsets[at], stored_offsets[at + 1]):
                out[place] = stored[row]
                place += 1
