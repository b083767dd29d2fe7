"""The peer in pandas gives the engine's features, to the bit."""

from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.pandas_features import pandas_features
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import open_store


def test_batch_and_pandas_are_equal(tmp_path: Path) -> None:
    """Every column, of customers with returns of first and later purchases, amounts missing and free purchases."""
    write_log(tmp_path / "log.parquet", customers=400)
    log = pq.read_table(tmp_path / "log.parquet")
    row = pa.array(np.arange(len(log)) % 23)
    amounts = pc.if_else(pc.equal(row, 3), None, pc.if_else(pc.equal(row, 7), 0.0, log["amount"]))
    amounts = pc.if_else(pc.is_null(log["amount"]), None, amounts)
    log = log.set_column(log.column_names.index("amount"), "amount", amounts)
    pq.write_table(log, tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    as_of = datetime(2025, 12, 31)
    batch, peer = feature_table(open_store(tmp_path / "store"), as_of), pandas_features(tmp_path / "log.parquet", as_of)
    assert batch["return_count"].sum() > 50
    assert (batch["unmatched_returns"] > 0).any()
    for name in batch:
        assert np.array_equal(batch[name], peer[name], equal_nan=True), name
