"""The feature table by Spark: events in any order, split by customer over workers that run the same compiled kernel."""

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import whole_file
from features.definitions import FEATURE_NAMES
from features.engines.codegen import EVENT_COLUMNS, RECORD_COLUMNS
from features.engines.feature_table import CHUNK, feature_table
from features.engines.spark_session import local_session
from features.store.event_store import DTYPES, EventStore

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

CONTENT = [name for name in EVENT_COLUMNS if name not in ("time", "kind")]
# As the store is sorted: events of one moment by kind, then by content, and when they were known decides last.
ORDER = ("customer_id", "time", "kind", *reversed(CONTENT), *reversed(RECORD_COLUMNS))
TABLE = pa.schema([("customer_id", pa.string()), *((name, pa.float64()) for name in FEATURE_NAMES)])


def write_feature_table_on_spark(store: EventStore, as_of: AsOfLike, path: str | Path) -> int:
    """Write the file that `write_feature_table` writes, computed by Spark on this machine; return the number of rows.

    The events pass through the system's temporary folder (`TMPDIR`). Raises ValueError for an unreadable `as_of` and
    SparkMissingError as `local_session` does.
    """
    cutoff = AsOf.parse(as_of, store.timezone)
    with tempfile.TemporaryDirectory(prefix="regulars-") as folder, local_session() as session:
        events, parts = Path(folder) / "events.parquet", Path(folder) / "parts"
        export_events(store, events)
        feature_frame(session.read.parquet(str(events)), cutoff, store.timezone).write.parquet(str(parts))
        return _join(sorted(parts.glob("part-*.parquet")), path)


def export_events(store: EventStore, path: str | Path, chunk: int = CHUNK) -> None:
    """Write the events to a Parquet file: `customer_id` and the columns of the store, absent values as it has them.

    A chunk of customers is in memory at a time.
    """
    ids = ("customer_id", pa.dictionary(pa.int32(), pa.string()))
    schema = pa.schema([ids, *((name, pa.from_numpy_dtype(DTYPES[name])) for name in store.columns)])
    with whole_file(path) as part, pq.ParquetWriter(part, schema) as writer:
        for first in range(0, store.n_customers, chunk):
            offsets = store.offsets[first : first + chunk + 1]
            codes = np.repeat(np.arange(len(offsets) - 1, dtype=np.int32), np.diff(offsets))
            named = pa.DictionaryArray.from_arrays(codes, store.customer_ids.slice(first, chunk))
            columns = [column[offsets[0] : offsets[-1]] for column in store.columns.values()]
            writer.write_table(pa.table([named, *columns], schema=schema))


def feature_frame(events: "DataFrame", as_of: AsOfLike, timezone: str) -> "DataFrame":
    """Return the feature table of the events as a Spark frame, its partitions in order of `customer_id`.

    `events` has the columns that `export_events` writes, in any order of rows; `known_from` and `known_until` may be
    left out. `timezone` is the business time zone its days were counted in. Workers elsewhere need this package.
    """
    columns = ", ".join(f"`{name}` double" for name in FEATURE_NAMES)
    # By range of ids, not by hash: the partitions one after the other are then the table in order.
    placed = events.repartitionByRange("customer_id")
    placed = placed.sortWithinPartitions(*(name for name in ORDER if name in events.columns))
    return placed.mapInArrow(
        lambda batches: features_from_sorted(batches, as_of, timezone), f"customer_id string, {columns}"
    )


def features_from_sorted(batches: Iterable[pa.RecordBatch], as_of: AsOfLike, timezone: str) -> Iterator[pa.RecordBatch]:
    """Yield the feature table of events that come in `ORDER`, cut into batches anywhere."""
    for batch in regroup_by_customer(batches):
        runs = pc.run_end_encode(batch["customer_id"])
        offsets = np.concatenate(([0], runs.run_ends.to_numpy())).astype(np.int64)
        columns = {
            name: batch[name].to_numpy().astype(dtype) for name, dtype in DTYPES.items() if name in batch.schema.names
        }
        for column in columns.values():
            column.flags.writeable = False  # as a mapped store's are, so that the same machine code serves
        small_store = EventStore(Path(), {"timezone": timezone}, offsets, columns, runs.values)
        table = feature_table(small_store, as_of).reset_index()
        yield pa.RecordBatch.from_pandas(table, TABLE, preserve_index=False)


def regroup_by_customer(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Regroup batches sorted by `customer_id` so that none ends within a customer: the last one's rows wait."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        if not batch.num_rows:
            continue
        ids = batch["customer_id"]
        last = pc.index(ids, ids[-1]).as_py()
        if last > 0 or (waiting and waiting[-1]["customer_id"][0] != ids[0]):
            yield pa.concat_batches([*waiting, batch.slice(0, last)])
            waiting = []
        waiting.append(batch.slice(last))
    if waiting:
        yield pa.concat_batches(waiting)


def _join(parts: Iterable[Path], path: str | Path) -> int:
    """Stream the rows of the parts into one file; return how many there are."""
    rows = 0
    with whole_file(path) as whole, pq.ParquetWriter(whole, TABLE) as writer:
        for part in parts:
            with pq.ParquetFile(part) as file:
                for batch in file.iter_batches(CHUNK):
                    writer.write_batch(batch)
                    rows += batch.num_rows
    return rows
