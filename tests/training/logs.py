"""Simulated stores for the tests of training."""

from datetime import date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.ingestion.ingest import ingest
from features.simulate import Truth, simulate
from features.store.event_store import EventStore, open_store

START = date(2023, 1, 1)


def simulated(customers: int, days: int = 540, seed: int = 0, **changes: object) -> pa.Table:
    """Return the log of a small shop: `days` days from `START`, new customers through two thirds of them."""
    truth = Truth.plain("bg", start=START, days=days, acquisition_days=days * 2 // 3, **changes)  # type: ignore[arg-type]
    return simulate(truth, customers, seed, block=customers)[0]


def stored(log: pa.Table, folder: Path, buckets: int = 1) -> EventStore:
    """Return the store of a log."""
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(log, folder / "log.parquet")
    ingest(folder / "log.parquet", folder / "store", buckets=buckets)
    return open_store(folder / "store")


def cut(log: pa.Table, at: date) -> pa.Table:
    """Return the events before a date."""
    return log.filter(pc.less(log["event_time"], pa.scalar(datetime.combine(at, time()), pa.timestamp("us"))))
