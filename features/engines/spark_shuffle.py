"""Brings the rows of an ingest to their buckets by Spark: one exchange, of Arrow streams in the place of rows."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from features.engines.spark_session import freeze_modules, spark_runner, worker_failure
from features.engines.spark_tables import changed_setting, write_table
from features.ingestion.distributed import Workers
from features.ingestion.event_pieces import Pieces

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

Check = Callable[[int], Pieces]
Take = Callable[[int, Iterator[bytes]], None]

BATCH_SIZE = "spark.sql.execution.arrow.maxRecordsPerBatch"
PIECES_AT_A_TIME = "16"
"""A row of these frames is a piece of events, so the default of 10,000 rows would be gigabytes."""


def spark_workers(session: "SparkSession") -> Workers:
    """Return the workers of a session, for `features.ingestion.ingest.ingest`.

    Raises
    ------
    SparkError
        When a share of work fails, with the last line of what the worker printed.
    """
    from pyspark.errors import PySparkException

    def shuffle(check: Check, sources: int, take: Take, buckets: int) -> None:
        with changed_setting(session, BATCH_SIZE, PIECES_AT_A_TIME):
            try:
                shuffled(session, check, sources, take, buckets).collect()
            except PySparkException as error:
                raise worker_failure(error) from None

    return Workers(shuffle, spark_runner(session), partial(write_table, session))


def shuffled(session: "SparkSession", check: Check, sources: int, take: Take, buckets: int) -> "DataFrame":
    """Return a frame whose computation calls `check` for each source, and `take` with the pieces of each bucket.

    Pieces go to the partition of their bucket, which our own hash of the id decides; Spark hashes nothing.
    """

    def pieces(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for number in batch["id"].to_pylist():
                for bucket, piece in check(number):
                    yield pa.RecordBatch.from_pydict({"bucket": pa.array([bucket], pa.int32()), "events": [piece]})
        freeze_modules(len(sys.modules))

    def take_bucket(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        filled = (batch for batch in batches if len(batch))
        if (first := next(filled, None)) is None:
            return
        take(
            first["bucket"][0].as_py(), (piece.as_py() for batch in chain([first], filled) for piece in batch["events"])
        )
        yield first.select(["bucket"]).slice(0, 1)
        freeze_modules(len(sys.modules))

    rows = session.range(0, sources, 1, sources).mapInArrow(pieces, "bucket int, events binary")
    return rows.repartitionById(buckets, "bucket").mapInArrow(take_bucket, "bucket int")
