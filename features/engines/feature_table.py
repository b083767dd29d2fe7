"""The feature table: one row a customer known at `as_of`, one float64 column a feature."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.atomic_file import whole_file
from features.definitions import FEATURE_NAMES
from features.engines.numba_engine import numba_kernel
from features.store.event_store import EventStore

CHUNK = 100_000
THREADS = min(2, os.cpu_count() or 1)

Progress = Callable[[int], None]


def feature_table(store: EventStore, as_of: AsOfLike, customers: NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Return the features of every customer with an event known at `as_of`, indexed by `customer_id` (sorted).

    Columns are `definitions.FEATURE_COLUMNS`, all float64; null is NaN, where each column's null rule says so.
    `customers`: ascending positions in the store, to have these alone.
    """
    cutoff = AsOf.parse(as_of, store.timezone)
    known = known_customers(store, cutoff.time)
    if customers is not None:
        known = np.intersect1d(known, customers, assume_unique=True)
    return _table(store, known, cutoff)


def feature_chunks(
    store: EventStore, as_ofs: Sequence[AsOfLike], chunk: int = CHUNK
) -> Iterator[tuple[AsOfLike, pd.DataFrame]]:
    """Yield (as_of, feature table) a chunk of customers at a time, each chunk at every date before the next chunk.

    The events of a chunk are read from disk once for all dates, and memory holds one chunk at one date.
    """
    cutoffs = [(as_of, AsOf.parse(as_of, store.timezone)) for as_of in as_ofs]
    for first in range(0, store.n_customers, chunk):
        for as_of, cutoff in cutoffs:
            yield as_of, _table(store, known_customers(store, cutoff.time, first, first + chunk), cutoff)


def write_feature_table(
    store: EventStore, as_of: AsOfLike, path: str | Path, chunk: int = CHUNK, progress: Progress | None = None
) -> int:
    """Stream the feature table to a Parquet file, a row group a chunk of customers; return the number of rows.

    `progress` is called with the number of customers done. The file appears when it is whole.
    """
    schema = pa.schema([("customer_id", pa.string()), *((name, pa.float64()) for name in FEATURE_NAMES)])
    rows = 0
    with whole_file(path) as part, pq.ParquetWriter(part, schema) as writer:
        for _, table in feature_chunks(store, [as_of], chunk):
            writer.write_table(pa.Table.from_pandas(table.reset_index(), schema, preserve_index=False))
            rows += len(table)
            if progress:
                progress(chunk)
    return rows


def known_customers(store: EventStore, time: int, first: int = 0, last: int | None = None) -> NDArray[np.int64]:
    """Return the positions first..last of customers with an event known at `time` (microseconds, UTC)."""
    offsets = store.offsets[first : None if last is None else last + 1]
    if not store.recorded:
        return first + np.flatnonzero(store.columns["time"][offsets[:-1]] < time)
    rows = slice(offsets[0], offsets[-1])
    columns = store.columns
    known = (
        (columns["time"][rows] < time) & (columns["known_from"][rows] < time) & (columns["known_until"][rows] >= time)
    )
    before = np.concatenate(([0], np.cumsum(known)))[offsets - offsets[0]]
    return first + np.flatnonzero(np.diff(before))


def _table(store: EventStore, customers: NDArray[np.int64], cutoff: AsOf) -> pd.DataFrame:
    """Return the features of the customers as a frame on one block of memory, the work shared by threads."""
    values = np.empty((len(customers), len(FEATURE_NAMES)))
    many = numba_kernel(store.recorded)
    columns = store.event_columns()
    bounds = np.linspace(0, len(customers), 4 * THREADS + 1).astype(int)

    def fill(part: int) -> None:
        rows = slice(bounds[part], bounds[part + 1])
        many(*columns, store.offsets, customers[rows], cutoff.time, cutoff.day, values[rows])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(4 * THREADS)))
    ids = store.customer_ids
    if len(customers) < store.n_customers:
        ids = ids.take(pa.array(customers))
    index = pd.Index(pd.array(ids, dtype="str"), name="customer_id")
    return pd.DataFrame(values, index=index, columns=list(FEATURE_NAMES), copy=False)
