"""One table in one file from a folder of parts, in the order of the customers' ids."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from features.encryption.parquet_files import open_parquet_file
from features.engines.feature_table import CHUNK
from features.partitions.customer_ranges import CustomerRange, customer_ranges
from features.store.event_store import EventStore
from features.table_files import table_writer

BATCH = 10_000
"""Rows of each bucket in memory beside those of the file."""


def write_joined(
    store: EventStore, folder: Path, path: str | Path, schema: pa.Schema, row_group_size: int | None = None
) -> int:
    """Write the parts of one cutoff to one file; memory holds the rows of `CHUNK` customers.

    Parameters
    ----------
    store : EventStore
        The store that the parts were computed from.
    folder : Path
        The folder of the cutoff.
    path : str or Path
        Its ending is the format, see `table_writer`.
    schema : pyarrow.Schema
        Of the file; its first column is `customer_id`.
    row_group_size : int, optional
        See `table_writer`.

    Returns
    -------
    int
        The number of rows.
    """
    ranges = customer_ranges(store)
    buckets = [
        _RowsInOrder(_batches(folder, [each for each in ranges if each.bucket == bucket]))
        for bucket in range(len(store.buckets))
    ]
    rows = 0
    with table_writer(path, schema, row_group_size) as writer:
        for first in range(0, store.n_customers, CHUNK):
            last_id = store.customer_ids[min(first + CHUNK, store.n_customers) - 1]
            table = pa.concat_tables([schema.empty_table(), *(bucket.up_to(last_id, schema) for bucket in buckets)])
            if len(buckets) > 1:
                table = table.sort_by("customer_id")
            writer.write_table(table)
            rows += len(table)
    return rows


def _batches(folder: Path, ranges: Iterable[CustomerRange]) -> Iterator[pa.RecordBatch]:
    """Yield the rows of ranges, one after another."""
    for customers in ranges:
        with open_parquet_file(folder / f"{customers.name}.parquet") as file:
            yield from file.iter_batches(BATCH)


class _RowsInOrder:
    """Rows in order of their ids, which are taken from the front."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches
        self._rest: pa.RecordBatch | None = None

    def up_to(self, last_id: pa.StringScalar, schema: pa.Schema) -> pa.Table:
        """Return and remove the rows of ids up to `last_id`."""
        taken = []
        while (batch := self._rest or next(self._batches, None)) is not None:
            count = pc.sum(pc.less_equal(batch["customer_id"], last_id)).as_py() or 0
            taken.append(batch.slice(0, count))
            self._rest = batch.slice(count) if count < len(batch) else None
            if self._rest is not None:
                break
        return pa.Table.from_batches(taken, schema if not taken else None).cast(schema)
