"""The feature table: one row a customer known at `as_of`, one float64 column a feature."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from features.atomic_file import whole_file
from features.definitions import COLUMN_NAMES
from features.engines.numba_engine import many_customers
from features.schema import FIRST_YEAR, LAST_YEAR
from features.store.event_store import EventStore

CHUNK = 100_000
THREADS = min(2, os.cpu_count() or 1)
EPOCH = date(1970, 1, 1)

AsOf = str | date | datetime | pd.Timestamp
Progress = Callable[[int], None]


def moment(as_of: AsOf, timezone: str) -> tuple[int, int]:
    """Return `as_of` as microseconds since the epoch in UTC, and as a day of the business time zone.

    A date is its midnight; a time without an offset is in the business time zone. Raises ValueError when unreadable.
    """
    try:
        # Not pandas' own reading of texts, which takes 10/06/2011 for October and "now" for a date.
        stamp: pd.Timestamp | None = pd.Timestamp(datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of)
    except (ValueError, TypeError):
        stamp = None
    if stamp is None or pd.isna(stamp) or not FIRST_YEAR <= stamp.year <= LAST_YEAR:
        raise ValueError(f"as_of {as_of!r} is no date or time: write it like 2011-06-10 or 2011-06-10T09:30:00+01:00")
    zone = ZoneInfo(timezone)
    local = stamp.to_pydatetime(warn=False)
    local = local.replace(tzinfo=zone) if local.tzinfo is None else local.astimezone(zone)
    since = local - datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
    microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    return microseconds, (local.date() - EPOCH).days


def feature_table(store: EventStore, as_of: AsOf, customers: NDArray[np.int64] | None = None) -> pd.DataFrame:
    """Return the features of every customer with an event known at `as_of`, indexed by `customer_id` (sorted).

    Columns are `definitions.COLUMNS`, all float64; null is NaN, where each column's null rule says so. `customers`:
    ascending positions in the store, to have these alone.
    """
    time, day = moment(as_of, store.timezone)
    known = known_customers(store, time)
    if customers is not None:
        known = np.intersect1d(known, customers, assume_unique=True)
    return _table(store, known, time, day)


def feature_chunks(
    store: EventStore, as_ofs: Sequence[AsOf], chunk: int = CHUNK
) -> Iterator[tuple[AsOf, pd.DataFrame]]:
    """Yield (as_of, feature table) a chunk of customers at a time, each chunk at every date before the next chunk.

    The events of a chunk are read from disk once for all dates, and memory holds one chunk at one date.
    """
    moments = [(as_of, *moment(as_of, store.timezone)) for as_of in as_ofs]
    for first in range(0, store.n_customers, chunk):
        for as_of, time, day in moments:
            yield as_of, _table(store, known_customers(store, time, first, first + chunk), time, day)


def write_feature_table(
    store: EventStore, as_of: AsOf, path: str | Path, chunk: int = CHUNK, progress: Progress | None = None
) -> int:
    """Stream the feature table to a Parquet file, a row group a chunk of customers; return the number of rows.

    `progress` is called with the number of customers done. The file appears when it is whole.
    """
    schema = pa.schema([("customer_id", pa.string()), *((name, pa.float64()) for name in COLUMN_NAMES)])
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


def _table(store: EventStore, customers: NDArray[np.int64], time: int, day: int) -> pd.DataFrame:
    """Return the features of the customers as a frame on one block of memory, the work shared by threads."""
    values = np.empty((len(customers), len(COLUMN_NAMES)))
    many = many_customers(store.recorded)
    columns = store.event_columns()
    bounds = np.linspace(0, len(customers), 4 * THREADS + 1).astype(int)

    def fill(part: int) -> None:
        rows = slice(bounds[part], bounds[part + 1])
        many(*columns, store.offsets, customers[rows], time, day, values[rows])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(fill, range(4 * THREADS)))
    ids = store.customer_ids
    if len(customers) < store.n_customers:
        ids = ids.take(pa.array(customers))
    index = pd.Index(pd.array(ids, dtype="str"), name="customer_id")
    return pd.DataFrame(values, index=index, columns=list(COLUMN_NAMES), copy=False)
