"""Features by Spark: batches cut anywhere, rows in any order, and the same file as without Spark, to the last bit."""

from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from features.engines.feature_table import SCHEMA, feature_table
from features.engines.spark_engine import (
    ORDER,
    export_events,
    feature_frame,
    features_from_sorted,
    regroup_by_customer,
)
from features.engines.spark_session import spark_session
from features.simulate import Truth, simulate
from features.store.event_store import EventStore
from tests.features.logs import DAY, Log, coded, logs, same_bits, shelved
from tests.needing_spark import with_spark

ZONE = "America/New_York"
EMPTY = Log([], "UTC", date(2024, 6, 10))


def exported(store: EventStore, chunk: int = 2) -> pa.Table:
    """The events as Spark would read them from the exported file."""
    with TemporaryDirectory() as folder:
        export_events(store, Path(folder) / "events.parquet", chunk)
        events = pq.read_table(Path(folder) / "events.parquet")
    return events.set_column(0, "customer_id", events["customer_id"].cast(pa.string()))


def cut(events: pa.Table, places: list[int]) -> list[pa.RecordBatch]:
    """The events as batches cut at the places, empty ones where two are equal."""
    batch = events.combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([], events.schema)]
    bounds = [0, *sorted(min(place, len(events)) for place in places), len(events)]
    return [batch[0].slice(first, last - first) for first, last in pairwise(bounds)]


# Without Spark: what its workers run

places = st.lists(st.integers(0, 40), max_size=8)


@given(st.lists(st.sampled_from(["a", "b", "c", "ü"]), max_size=40).map(sorted), places)
def test_no_batch_ends_within_a_customer(ids: list[str], where: list[int]) -> None:
    """All rows come through in order, each customer's in one batch, however they were cut."""
    events = pa.table({"customer_id": pa.array(ids, pa.string()), "row": pa.array(range(len(ids)), pa.int64())})
    whole = list(regroup_by_customer(cut(events, where)))
    assert [row for batch in whole for row in batch["row"].to_pylist()] == list(range(len(ids)))
    customers = [name for batch in whole for name in dict.fromkeys(batch["customer_id"].to_pylist())]
    assert customers == sorted(set(ids))
    assert all(batch.num_rows for batch in whole)


@settings(max_examples=30)
@given(logs(min_size=1), places, st.integers(0, 4))
def test_batches_cut_anywhere_give_the_table(log: Log, where: list[int], which: int) -> None:
    """At any date, with and without records of when events were known: the feature table, null for NaN."""
    store, as_of = shelved(log), log.as_ofs()[which]
    batches = list(features_from_sorted(cut(exported(store), where), as_of, log.zone))
    found = pa.Table.from_batches(batches, SCHEMA)
    table = feature_table(store, as_of)
    same_bits(found.to_pandas().set_index("customer_id").astype("float64"), table)
    assert [found[name].null_count for name in table.columns] == table.isna().sum().tolist()


@settings(max_examples=30)
@given(st.data(), logs(min_size=2))
def test_events_in_any_order_are_sorted_as_in_the_store(data: st.DataObject, log: Log) -> None:
    """Sorting by `ORDER` puts back the order of the store, ties included."""
    store = shelved(log)
    assume(store.names_sales or not store.identity)  # references alone break ties that make no difference
    events = exported(store, data.draw(st.integers(1, 5)))
    shuffled = events.take(data.draw(st.permutations(range(len(events)))))
    assert shuffled.sort_by([(name, "ascending") for name in ORDER if name in events.column_names]).equals(events)


# With Spark


@pytest.fixture(scope="module")
def running() -> Iterator[None]:
    """One Spark for all tests that ask for it; `spark_session` then finds it."""
    with spark_session():
        yield


def late_and_corrected() -> EventStore:
    """A simulated log whose events came late, a fifth of them once wrong; many tie, and some ids are not ASCII."""
    rows = pa.table(coded(simulate(Truth(recorded_lag_days=10.0), customers=2_000, seed=5)[0], ZONE))
    hour = pa.scalar(3_600_000_000)
    ids, time = rows["customer_id"], pc.multiply(pc.divide(rows["time"], hour), hour)
    for old, new in {"C0000003": "\ufb00", "C0000004": "\U0001f600", "C0000005": "Zoë", "C0000006": "客户"}.items():
        ids = pc.if_else(pc.equal(ids, old), new, ids)
    rows = rows.set_column(0, "customer_id", ids).set_column(1, "time", time)
    rng = np.random.default_rng(5)
    wrong = pa.array(rng.random(len(rows)) < 0.2)
    mended = pc.add(rows["known_from"], pa.array(rng.integers(1, 200 * DAY, len(rows))))
    before = pc.if_else(wrong, mended, pa.scalar(None, pa.int64()))
    known_from, known_until = (rows.schema.get_field_index(name) for name in ("known_from", "known_until"))
    old_version = rows.set_column(known_until, "known_until", before)
    new_version = rows.set_column(known_from, "known_from", mended).filter(wrong)
    cents = pc.add(new_version["cents"], 1234)
    new_version = new_version.set_column(new_version.schema.get_field_index("cents"), "cents", cents)
    both = pa.concat_tables([old_version, new_version]).combine_chunks()
    return shelved(both.to_batches(), zone=ZONE)


def dates(store: EventStore) -> list[str]:
    """A date within the log, when corrections are still to come, and a time of day in another zone near its end."""
    last = pd.Timestamp(store.manifest["last_time"], unit="us")
    return [str((last - pd.Timedelta(days=300)).date()), f"{last.date()}T09:30:00+05:30"]


@with_spark
def test_rows_in_any_order_in_any_batches(running: None, tmp_path: Path) -> None:
    """Shuffled rows, over several partitions, in batches smaller than some customers: the same table, in order."""
    store = late_and_corrected()
    events = exported(store, 10**6)
    shuffled = events.take(np.random.default_rng(6).permutation(len(events)))
    pq.write_table(shuffled, tmp_path / "events.parquet", row_group_size=10_000)
    with spark_session() as session:
        changes = {"adaptive.enabled": "false", "shuffle.partitions": "5", "execution.arrow.maxRecordsPerBatch": "20"}
        for name, value in changes.items():
            session.conf.set(f"spark.sql.{name}", value)
        for as_of in dates(store):
            frame = feature_frame(session.read.parquet(str(tmp_path / "events.parquet")), as_of, ZONE)
            found = frame.toArrow().to_pandas().set_index("customer_id")
            same_bits(found.astype("float64"), feature_table(store, as_of))
            assert frame.rdd.getNumPartitions() == 5
        for name in changes:
            session.conf.unset(f"spark.sql.{name}")
