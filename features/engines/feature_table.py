"""The feature table: one row for each customer known at `as_of`, one float64 column for each feature."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.definitions import FEATURE_NAMES
from features.definitions.registry import FeatureSet
from features.engines.numba_engine import numba_kernel
from features.engines.reused_memory import ReusedMemory
from features.store.event_store import EventStore
from features.table_files import table_writer

CHUNK = 100_000
THREADS = min(2, os.cpu_count() or 1)


def table_schema(names: Sequence[str]) -> pa.Schema:
    """Return the schema of a feature table of these columns as a file."""
    return pa.schema([("customer_id", pa.string()), *((name, pa.float64()) for name in names)])


SCHEMA = table_schema(FEATURE_NAMES)
"""Schema of the feature table as a file."""

Progress = Callable[[int], None]


def feature_table(
    store: EventStore,
    as_of: AsOfLike,
    customers: NDArray[np.int64] | None = None,
    features: FeatureSet | None = None,
) -> pd.DataFrame:
    """Compute the features of every customer with an event known at `as_of`.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
        The cutoff: events before it count. A date is its midnight in the store's business time zone.
    customers : ndarray of int64, shape (n,), optional
        Ascending positions in the store, to compute only these customers.
    features : FeatureSet, optional
        What to compute; by default `features.definitions.registry.default_features()`.

    Returns
    -------
    DataFrame, shape (n_customers, n_features)
        Indexed by `customer_id` (str, sorted), with the columns `features.definitions.FEATURE_NAMES`, all float64.
        Null is NaN; docs/columns.md has each column's unit and null rule.

    Raises
    ------
    AsOfError
        When `as_of` is not a date or time.
    """
    cutoff = AsOf.parse(as_of, store.timezone)
    known = known_customers(store, cutoff)
    if customers is not None:
        known = np.intersect1d(known, customers, assume_unique=True)
    return _tables(store, [known], [cutoff], features)[0]


def feature_chunks(
    store: EventStore, as_ofs: Sequence[AsOfLike], chunk: int = CHUNK
) -> Iterator[tuple[AsOf, pd.DataFrame]]:
    """Compute the feature table a chunk of customers at a time, each chunk at every cutoff before the next chunk.

    The events of a chunk are read once for all cutoffs.

    Parameters
    ----------
    store : EventStore
    as_ofs : sequence of AsOf, str, datetime.date or datetime.datetime
    chunk : int
        Rows in memory at a time, of all cutoffs together: `chunk_size` says how many customers those are.

    Yields
    ------
    as_of : AsOf
    table : DataFrame
        The rows of `feature_table` for this chunk at this cutoff.
    """
    cutoffs = [AsOf.parse(as_of, store.timezone) for as_of in as_ofs]
    memory = ReusedMemory()
    size = chunk_size(len(cutoffs), chunk)
    for first in range(0, store.n_customers if cutoffs else 0, size):
        known = [known_customers(store, cutoff, first, first + size) for cutoff in cutoffs]
        yield from zip(cutoffs, _tables(store, known, cutoffs, memory=memory), strict=True)


def chunk_size(cutoffs: int, chunk: int = CHUNK) -> int:
    """Return how many customers of a store a chunk has at a number of cutoffs."""
    return max(1, chunk // max(1, cutoffs))


def feature_rows(
    store: EventStore, as_of: AsOf, first: int, last: int, memory: ReusedMemory | None = None
) -> pd.DataFrame:
    """Return the rows of `feature_table` of the customers at the positions from `first` up to `last`."""
    return _tables(store, [known_customers(store, as_of, first, last)], [as_of], memory=memory)[0]


def write_feature_table(
    store: EventStore, as_of: AsOfLike, path: str | Path, chunk: int = CHUNK, progress: Progress | None = None
) -> int:
    """Write the feature table to a file, a chunk of customers at a time.

    The file appears only when it is complete; memory does not grow with the number of customers.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
    path : str or Path
        Its ending is the format: `.parquet`, `.csv`, `.xlsx` or `.arrow`.
    chunk : int
        Customers of the store per chunk.
    progress : callable, optional
        Called after each chunk with its number of customers.

    Returns
    -------
    int
        The number of rows.

    Raises
    ------
    AsOfError
        When `as_of` is not a date or time.
    TableFileError
        When the name has another ending, or the table is too large for a workbook.
    OSError
        When the file cannot be written.
    """
    rows = 0
    with table_writer(path, SCHEMA) as writer:
        for _, table in feature_chunks(store, [as_of], chunk):
            writer.write_table(pa.Table.from_pandas(table.reset_index(), SCHEMA, preserve_index=False))
            rows += len(table)
            if progress:
                progress(chunk)
    return rows


def known_customers(store: EventStore, as_of: AsOf, first: int = 0, last: int | None = None) -> NDArray[np.int64]:
    """Return the positions, from `first` up to `last`, of the customers with an event known at `as_of`."""
    last = store.n_customers if last is None else last
    known = [
        customers[_known(part, as_of, *np.searchsorted(customers, (first, last)).tolist())]
        for customers, part in store.buckets
    ]
    return known[0] if len(known) == 1 else np.sort(np.concatenate(known))


def _known(store: EventStore, as_of: AsOf, first: int, last: int) -> NDArray[np.int64]:
    offsets = store.offsets[first : last + 1]
    if not store.recorded:
        return first + np.flatnonzero(store.columns["time"][offsets[:-1]] < as_of.time)
    rows = slice(offsets[0], offsets[-1])
    time, known_from, known_until = (store.columns[name][rows] for name in ("time", "known_from", "known_until"))
    known = (time < as_of.time) & (known_from < as_of.time) & (known_until >= as_of.time)
    before = np.concatenate(([0], np.cumsum(known)))[offsets - offsets[0]]
    return first + np.flatnonzero(np.diff(before))


def _tables(
    store: EventStore,
    known: Sequence[NDArray[np.int64]],
    cutoffs: Sequence[AsOf],
    features: FeatureSet | None = None,
    memory: ReusedMemory | None = None,
) -> list[pd.DataFrame]:
    """Return the features of the customers known at each cutoff as frames on one block of memory."""
    names = features.names if features else FEATURE_NAMES
    memory = memory or ReusedMemory()
    bounds = np.cumsum([0, *map(len, known)])
    values = memory.matrix(int(bounds[-1]), len(names))
    if len(store.buckets) == 1:
        _fill(store, known, cutoffs, features, values)
    else:
        for share in zip(*map(store.by_bucket, known), strict=True):
            rows = np.concatenate([start + rows for start, (rows, _) in zip(bounds, share, strict=False)])
            block = memory.matrix(len(rows), len(names))
            _fill(share[0][1].store, [part.customers for _, part in share], cutoffs, features, block)
            values[rows] = block
    tables, columns = [], pd.Index(list(names))
    for customers, start, stop in zip(known, bounds, bounds[1:], strict=False):
        ids = store.customer_ids
        if len(customers) < store.n_customers:
            ids = ids.take(pa.array(customers))
        index = pd.Index(pd.array(ids, dtype="str"), name="customer_id")
        tables.append(pd.DataFrame(values[start:stop], index=index, columns=columns, copy=False))
    return tables


def _fill(
    store: EventStore,
    known: Sequence[NDArray[np.int64]],
    cutoffs: Sequence[AsOf],
    features: FeatureSet | None,
    values: NDArray[np.float64],
) -> None:
    """Write the features of customers to rows of values, a cutoff after the other; threads share the customers."""
    feature_matrix = numba_kernel(store.recorded, features, store.names_sales)
    columns = store.event_columns()
    customers, starts = np.concatenate(known), np.cumsum([0, *map(len, known)])
    most = max(known, key=len)
    cuts = most[np.linspace(0, len(most), 4 * THREADS + 1).astype(int)[1:-1]] if len(most) else most
    rows = [
        start + np.concatenate(([0], np.searchsorted(each, cuts), [len(each)]))
        for each, start in zip(known, starts, strict=False)
    ]
    bounds = np.ascontiguousarray(np.transpose(rows))
    times, days = (np.array([getattr(cutoff, name) for cutoff in cutoffs]) for name in ("time", "day"))

    def fill(part: int) -> None:
        feature_matrix(*columns, store.offsets, customers, bounds[part], bounds[part + 1], times, days, values)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(len(bounds) - 1)))
