"""What is timed, each run alone: `python -m benchmarks.contenders NAME FOLDER AS_OF`.

FOLDER is named by its number of customers and holds `log.parquet` and `store`; a folder of few customers beside it
serves to warm up.
"""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from benchmarks.pandas_features import pandas_features
from benchmarks.stopwatch import tell
from features.engines.feature_table import feature_chunks, feature_table
from features.engines.python_engine import customer_features
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import open_store

Facts = dict[str, Any]

NEEDED = ("customer_id", "event_time", "event_type", "amount", "channel", "goal", "outcome", "satisfaction", "loyalty")
EVENTS = 50
CALLS = 200


def simulate(folder: Path, as_of: datetime) -> Facts:
    folder.mkdir(parents=True, exist_ok=True)
    return {"events": write_log(folder / "log.parquet", customers=int(folder.name))}


def variants(folder: Path, as_of: datetime) -> None:
    """Write the log in order of time over all customers (the simulator writes blocks of them), and with references."""
    log, by_time, referenced = (folder / f"log{name}.parquet" for name in ("", "-by-time", "-referenced"))
    duckdb.sql(f"COPY (FROM '{log}' ORDER BY event_time, customer_id) TO '{by_time}' (FORMAT parquet)")
    rows = f"read_parquet('{log}', file_row_number = true)"
    named = "* EXCLUDE file_row_number REPLACE ('event-' || file_row_number AS reference)"
    duckdb.sql(f"COPY (SELECT {named} FROM {rows}) TO '{referenced}' (FORMAT parquet)")


def scan(folder: Path, as_of: datetime) -> None:
    """Decode every value of the columns needed and keep none: `last`, as statistics answer `max`, and `count` too."""
    columns = ", ".join(f"last({name})" for name in NEEDED)
    with duckdb.connect(config={"threads": min(2, os.cpu_count() or 1)}) as connection:
        connection.sql(f"SELECT {columns} FROM '{folder / 'log.parquet'}'").fetchall()


def read(folder: Path, as_of: datetime) -> None:
    ingest(folder / "log.parquet", folder / "store", existing="replace", generations=1)


def read_by_time(folder: Path, as_of: datetime) -> None:
    """Ingest the same rows in order of time: hardly two in a row are of one customer."""
    ingest(folder / "log-by-time.parquet", folder / "store-by-time", existing="replace", generations=1)


def read_referenced(folder: Path, as_of: datetime) -> None:
    """Ingest the same rows, each with its source's own id: the search for several versions of one event is added."""
    store = folder / "store-referenced"
    ingest(folder / "log-referenced.parquet", store, existing="replace", generations=1)


def one_date(folder: Path, as_of: datetime) -> Facts:
    table = feature_table(open_store(folder / "store"), as_of)
    return {"customers": len(table), "columns": len(table.columns)}


def read_and_one_date(folder: Path, as_of: datetime) -> Facts:
    read(folder, as_of)
    return one_date(folder, as_of)


def many_dates(folder: Path, as_of: datetime) -> Facts:
    """24 month ends, the last of them `as_of`; each table is used once, by a checksum, and let go."""
    checksum = np.uint64(0)
    dates = list(pd.date_range(end=as_of, periods=24, freq="ME"))
    for _, table in feature_chunks(open_store(folder / "store"), dates):
        checksum ^= np.bitwise_xor.reduce(table.to_numpy().view(np.uint64), axis=None)
    return {"checksum": f"{checksum:016x}", "dates": len(dates)}


def read_and_many_dates(folder: Path, as_of: datetime) -> Facts:
    read(folder, as_of)
    return many_dates(folder, as_of)


def in_pandas(folder: Path, as_of: datetime) -> Facts:
    table = pandas_features(folder / "log.parquet", as_of)
    return {"customers": len(table), "columns": len(table.columns)}


def online(folder: Path, as_of: datetime) -> Facts:
    """Median microseconds from JSON of 50 events to features, over customers who have so many and many calls."""
    requests = [json.dumps(events[:EVENTS], default=str) for _, events in _events(folder) if len(events) >= EVENTS]
    times, cpu = [], time.process_time()
    for request in CALLS * requests[:20]:
        begin = time.perf_counter()
        events = json.loads(request)
        for event in events:
            event["event_time"] = datetime.fromisoformat(event["event_time"])
        customer_features(events, as_of)
        times.append(time.perf_counter() - begin)
    cpu = time.process_time() - cpu
    return {"median": 1e6 * statistics.median(times), "least": 1e6 * min(times), "cpu": 1e6 * cpu / len(times)}


def differences(folder: Path, as_of: datetime) -> Facts:
    """Cells where batch and online, batch and pandas differ in any bit, at four dates, and where the peers' do."""
    dates = [as_of, *(as_of - pd.Timedelta(days=days, hours=7) for days in (1, 365, 700))]
    store, log = open_store(folder / "store"), list(_events(folder))
    differing: Facts = {"online": 0, "pandas": 0, "cells": 0}
    for date in dates:
        batch = feature_table(store, date)
        rows = {name: customer_features(events, date) for name, events in log if _known(events, date)}
        differing["online"] += _differing(batch, pd.DataFrame.from_dict(rows, orient="index").sort_index())
        in_pandas = pandas_features(folder / "log.parquet", date)
        differing["pandas"] += _differing(batch, in_pandas[batch.columns])
        differing["cells"] += batch.size
    buyers = feature_table(store, as_of).query("purchase_days > 0")
    for summary in folder.glob("summary-*.parquet"):
        peer = pd.read_parquet(summary)
        differing[summary.stem.removeprefix("summary-")] = _differing(buyers[list(peer.columns)], peer)
    return differing


def _differing(left: pd.DataFrame, right: pd.DataFrame) -> int:
    if list(left.index) != list(right.index) or list(left.columns) != list(right.columns):
        return left.size
    a, b = (np.where(table.isna(), np.nan, table.to_numpy(np.float64)).view(np.uint64) for table in (left, right))
    return int(np.count_nonzero(a != b))


def _events(folder: Path) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield each customer and the events as a request has them: what is absent is left out."""
    log = pd.read_parquet(folder / "log.parquet", columns=list(NEEDED))
    for customer, events in log.groupby("customer_id"):
        rows = events.drop(columns="customer_id").to_dict("records")
        yield str(customer), [{str(name): value for name, value in row.items() if not pd.isna(value)} for row in rows]


def _known(events: list[dict[str, Any]], as_of: datetime) -> bool:
    return any(event["event_time"] < as_of for event in events)


CONTENDERS: dict[str, Callable[[Path, datetime], Facts | None]] = {
    run.__name__: run
    for run in (
        *(simulate, variants, scan, read, read_by_time, read_referenced, one_date, read_and_one_date),
        *(many_dates, read_and_many_dates, in_pandas, online, differences),
    )
}
COLD = ("simulate", "variants", "online", "differences")

if __name__ == "__main__":
    name, given, date = sys.argv[1:]
    folder, as_of = Path(given), datetime.fromisoformat(date)

    def warm_up() -> None:
        if name not in COLD:
            CONTENDERS[name](min(folder.parent.iterdir(), key=lambda path: int(path.name)), as_of)

    bytes_a_customer = 7_000 if name == "in_pandas" else 3_000
    tell(lambda: CONTENDERS[name](folder, as_of), warm_up, bytes_a_customer * int(folder.name))
