"""Computes the feature table of events in a Spark frame: each worker runs the compiled kernel on its customers."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write
from features.definitions.registry import FeatureSet, default_features
from features.engines.feature_table import CHUNK, SCHEMA, feature_table, table_schema
from features.store.event_store import EventStore
from features.store.layout import ABSENT, DTYPES, IDENTITY_DTYPES, SALE_COLUMNS, SORT_ORDER

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ORDER = ("customer_id", *SORT_ORDER)


def export_events(store: EventStore, path: str | Path, chunk: int = CHUNK) -> None:
    """Write the events to a Parquet file, for Spark to read.

    Its columns are `customer_id` and those of the store that features depend on, absent values encoded as there.
    Memory holds the events of `chunk` customers.
    """
    ids = ("customer_id", pa.dictionary(pa.int32(), pa.string()))
    names = (*store.columns, *(SALE_COLUMNS if store.names_sales else ()))
    dtypes = {name: {**DTYPES, **IDENTITY_DTYPES}[name] for name in names}
    schema = pa.schema([ids, *((name, pa.from_numpy_dtype(dtype)) for name, dtype in dtypes.items())])
    with atomic_write(path) as part, pq.ParquetWriter(part, schema) as writer:
        for _, bucket in store.buckets:
            stored = {**bucket.columns, **bucket.identity}
            for first in range(0, bucket.n_customers, chunk):
                offsets = bucket.offsets[first : first + chunk + 1]
                codes = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
                named = pa.DictionaryArray.from_arrays(codes, bucket.customer_ids.slice(first, chunk))
                rows = slice(offsets[0], offsets[-1])
                columns = [
                    stored[name][rows] if name in stored else np.full(len(codes), ABSENT.get(name, 0), dtype)
                    for name, dtype in dtypes.items()
                ]
                writer.write_table(pa.table([named, *columns], schema=schema))


def feature_frame(
    events: "DataFrame", as_of: AsOfLike, timezone: str, features: FeatureSet | None = None
) -> "DataFrame":
    """Compute the feature table of events in a Spark frame.

    Parameters
    ----------
    events : pyspark.sql.DataFrame
        The columns that `export_events` writes, rows in any order. `known_from` and `known_until` are optional, and so
        are `reference` and `sale_reference`, of which each needs the other.
    as_of : AsOf, str, datetime.date or datetime.datetime
    timezone : str
        The business time zone in which the `day` of the events was counted.
    features : FeatureSet, optional
        What to compute; by default what the workers find, which must be the features of this process.

    Returns
    -------
    pyspark.sql.DataFrame
        The feature table, its partitions in order of `customer_id`. Workers on other machines need this package.
    """
    cutoff = AsOf.parse(as_of, timezone)
    columns = ", ".join(f"`{name}` double" for name in (features or default_features()).names)
    # By range of ids, not by hash: the partitions, one after the other, are then the table in order.
    partitioned = events.repartitionByRange("customer_id")
    ordered = partitioned.sortWithinPartitions(*(name for name in ORDER if name in events.columns))
    return ordered.mapInArrow(
        lambda batches: features_from_sorted(batches, cutoff, timezone, features), f"customer_id string, {columns}"
    )


def features_from_sorted(
    batches: Iterable[pa.RecordBatch], as_of: AsOfLike, timezone: str, features: FeatureSet | None = None
) -> Iterator[pa.RecordBatch]:
    """Yield the feature table of events that are sorted by `ORDER`, in batches of any size."""
    for batch in regroup_by_customer(batches):
        runs = pc.run_end_encode(batch["customer_id"])
        offsets = np.concatenate(([0], runs.run_ends.to_numpy())).astype(np.int64)
        columns, identity = (
            {name: batch[name].to_numpy().astype(dtype) for name, dtype in dtypes.items() if name in batch.schema.names}
            for dtypes in (DTYPES, IDENTITY_DTYPES)
        )
        for column in (*columns.values(), *identity.values()):
            column.flags.writeable = False  # as in a mapped store, so that the same machine code serves
        small_store = EventStore(Path(), {"timezone": timezone}, offsets, columns, runs.values, identity)
        table = feature_table(small_store, as_of, features=features).reset_index()
        schema = table_schema(features.names) if features else SCHEMA
        yield pa.RecordBatch.from_pandas(table, schema, preserve_index=False)


def regroup_by_customer(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Regroup batches sorted by `customer_id` so that all events of a customer are in one batch."""
    pending: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        ids = batch["customer_id"]
        last = pc.index(ids, ids[-1]).as_py()
        if last > 0 or (pending and pending[-1]["customer_id"][0] != ids[0]):
            yield pa.concat_batches([*pending, batch.slice(0, last)])
            pending = []
        pending.append(batch.slice(last))
    if pending:
        yield pa.concat_batches(pending)
