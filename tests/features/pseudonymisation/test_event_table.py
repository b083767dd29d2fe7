"""Exported events are those of the store: read again they give its features, and less where less is asked for."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.pseudonymisation.event_table import LEFT_OUT, event_table
from features.store.event_store import open_store
from tests.features.erasure.test_store_erasure import LATER, LOG, write_log

AS_OF = "2024-05-01"


def test_features_of_the_export_are_those_of_the_store(tmp_path: Path) -> None:
    """With exact times, to the last bit; buckets make no difference."""
    rows = [*LOG[:-1], *LATER, "ben,2024-04-03 16:45,feedback,,,,,r7,2024-04-03"]
    for buckets in (1, 3):
        path = tmp_path / f"s{buckets}"
        ingest(write_log(tmp_path / "log.csv", rows), path, timezone="Europe/Berlin", buckets=buckets)
        store = open_store(path)
        pq.write_table(event_table(store, exact_times=True), tmp_path / "events.parquet")
        ingest(tmp_path / "events.parquet", tmp_path / f"again{buckets}", timezone="Europe/Berlin")
        again = open_store(tmp_path / f"again{buckets}")
        pd.testing.assert_frame_equal(feature_table(again, AS_OF), feature_table(store, AS_OF), check_exact=True)


def test_texts_and_references_are_left_out(tmp_path: Path) -> None:
    """Of versions the latest counts; times are the midnight of the business day; amounts are rounded."""
    ingest(write_log(tmp_path / "log.csv", LOG), tmp_path / "store", timezone="Europe/Berlin", accept_quarantine=True)
    table = event_table(open_store(tmp_path / "store"), digits=1)
    assert not set(LEFT_OUT) & set(table.column_names)
    assert not any("garden" in str(row) or "r1" in str(row) for row in table.to_pylist())
    anna = table.filter(pa.compute.equal(table["customer_id"], "anna")).to_pylist()
    assert [(str(row["event_time"]), row["event_type"], row["amount"], row["channel"]) for row in anna] == [
        ("2024-01-04 23:00:00+00:00", "purchase", 20.0, None),
        ("2024-02-05 23:00:00+00:00", "visit", None, "phone"),
    ]


def test_only_what_was_known_at_the_cutoff(tmp_path: Path) -> None:
    """The version that was known then."""
    ingest(write_log(tmp_path / "log.csv", LOG), tmp_path / "store", accept_quarantine=True)
    store = open_store(tmp_path / "store")
    assert event_table(store, AsOf.parse("2024-01-07", "UTC"))["amount"].to_pylist() == [20.0]
    assert event_table(store, AsOf.parse("2024-01-01", "UTC")).num_rows == 0
