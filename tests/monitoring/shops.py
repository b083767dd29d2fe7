"""Stores and models for the tests of the monitor."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store


def stored(log: pa.Table, folder: Path) -> EventStore:
    """Return a store of a log."""
    pq.write_table(log, folder / "log.parquet")
    ingest(folder / "log.parquet", folder / "store")
    return open_store(folder / "store")


class FlatModel:
    """Everybody buys at the same rate a week, a Poisson process."""

    def __init__(self, fitted: str, rate: float) -> None:
        self.card = SimpleNamespace(as_of=fitted, horizons=(90,))
        self.rate = rate
        self.purchases = SimpleNamespace(
            expected_purchases=lambda X, days: np.full(len(X), self.rate * days / 7),
        )

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        """Forecast as `CustomerModel.predict`."""
        expected = self.rate * horizon_days / 7
        return pd.DataFrame({"expected_purchases": expected, "churn_probability": np.exp(-expected)}, features.index)
