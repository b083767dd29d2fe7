"""A log's plan items and contents are kept and change no feature, in any engine."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.engines.python_engine import customer_features
from features.engines.spark_engine import export_events
from features.ingestion.ingest import append, ingest
from features.simulate import simulate
from features.store.event_store import EventStore, open_store
from features.store.layout import TEXT_DTYPES
from features.store.text_codes import texts_of
from tests.features.logs import plain_table, same_bits

AS_OF = "2024-10-01"


def planned_log(customers: int = 200) -> pa.Table:
    """A simulated log whose visits and incentives have plan items, some of them visits by two reps at one time."""
    log, _ = simulate(customers=customers, seed=3)
    items = np.array([f"P{at % 97:012x}" for at in range(len(log))], object)
    planned = pc.is_in(log["event_type"], pa.array(["visit", "incentive"]))
    log = log.append_column("plan_item", pc.if_else(planned, pa.array(items, pa.string()), None))
    again = log.filter(pc.equal(log["event_type"], "visit"))[-40:]
    return pa.concat_tables([log, again.set_column(12, "plan_item", pa.array(["P_other"] * len(again)))])


def stored(folder: Path, log: pa.Table, **options: Any) -> EventStore:
    folder.mkdir()
    pq.write_table(log, folder / "log.parquet")
    ingest(folder / "log.parquet", folder / "store", **options)
    return open_store(folder / "store")


@pytest.mark.parametrize("buckets", [1, 3])
def test_no_engine_sees_plan_items_and_contents(buckets: int, tmp_path: Path) -> None:
    """Compiled, in plain Python and as Spark gets the events: with and without them all is equal to the bit."""
    log = planned_log()
    with_texts = stored(tmp_path / "with", log, buckets=buckets)
    without = stored(tmp_path / "without", log.drop_columns(list(TEXT_DTYPES)), buckets=buckets)
    assert list(with_texts.text_codes) == list(TEXT_DTYPES)
    assert not without.text_codes
    same_bits(feature_table(with_texts, AS_OF), feature_table(without, AS_OF))
    cutoff = AsOf.parse(AS_OF, "UTC")
    plain = [plain_table(store, cutoff.time, cutoff.day) for store in (with_texts, without)]
    same_bits(*plain)
    for name, store in (("with", with_texts), ("without", without)):
        export_events(store, tmp_path / f"{name}.parquet")
    assert pq.read_table(tmp_path / "with.parquet").equals(pq.read_table(tmp_path / "without.parquet"))


def test_one_customer_online_is_the_row_of_the_table(tmp_path: Path) -> None:
    """Events with plan items give the features of the table."""
    log = planned_log(30)
    table = feature_table(stored(tmp_path / "log", log), AS_OF)
    name = table.index[3]
    events = log.filter(pc.equal(log["customer_id"], name)).drop_columns("customer_id").to_pylist()
    assert any(event["plan_item"] for event in events)
    found = customer_features(events, AS_OF, "UTC")
    assert np.array(list(found.values())).tobytes() == table.loc[name].to_numpy(float).tobytes()


def test_every_plan_item_is_with_its_event(tmp_path: Path) -> None:
    """Of a store that grew by pieces too: customer, time and plan item of each event of the log, and its content."""
    log = planned_log()
    half = len(log) // 2
    stored(tmp_path / "pieces", log.slice(half))
    pq.write_table(log.slice(0, half), tmp_path / "rest.parquet")
    append(tmp_path / "rest.parquet", tmp_path / "pieces" / "store")
    planned = log.filter(pc.is_valid(log["plan_item"]))
    names = ("customer_id", "event_time", "plan_item", "content")
    times = planned["event_time"].cast(pa.int64()).to_pylist()
    expected = zip(*(times if n == "event_time" else planned[n].to_pylist() for n in names), strict=True)
    store = open_store(tmp_path / "pieces" / "store")
    rows = np.flatnonzero(store.text_codes["plan_item"] >= 0)
    ids = np.repeat(np.array(store.customer_ids.to_pylist(), object), np.diff(store.offsets))
    texts = (texts_of(store, name, rows).to_pylist() for name in ("plan_item", "content"))
    found = zip(ids[rows].tolist(), store.columns["time"][rows].tolist(), *texts, strict=True)

    def key(row: tuple[Any, ...]) -> list[str]:
        return [str(each) for each in row]

    assert sorted(found, key=key) == sorted(expected, key=key)
