"""A base that ages as before is no news; columns that move otherwise are found, within one budget for all of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf
from features.simulate import simulate
from monitoring.column_drift import column_drift
from tests.training.logs import stored

END = pd.Timestamp("2024-09-01", tz="UTC")


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Twenty months of 1,500 customers, to the end of August."""
    frame = simulate(customers=1_500, seed=12)[0].to_pandas()
    return frame[pd.to_datetime(frame["event_time"], utc=True) < END]


def drift(frame: pd.DataFrame, folder: Path):
    store = stored(pa.Table.from_pandas(frame, preserve_index=False), folder)
    return column_drift(store, AsOf.parse("2024-09-01", store.timezone))


def test_ageing_is_no_drift(log: pd.DataFrame, tmp_path: Path) -> None:
    """Every customer is older than 28 days before, and `T` says so; it moved as it always does."""
    found = drift(log, tmp_path)
    assert found is not None
    assert found.alarms.empty
    assert "T" in set(found.table["column"])
    assert len(found.table) > 50


def test_lost_weeks_are_found(log: pd.DataFrame, tmp_path: Path) -> None:
    """Four weeks of lost purchases move the columns of recent purchases more than any usual month."""
    time = pd.to_datetime(log["event_time"], utc=True)
    found = drift(log[(time < END - pd.Timedelta(days=28)) | (log["event_type"] != "purchase")], tmp_path)
    assert found is not None
    assert len(found.alarms)
    assert any("purchase" in name or "spend" in name for name in found.alarms["column"])
    assert (found.alarms["statistic"] > found.threshold).all()
    assert not np.isnan(found.table["moved"]).any()


def test_a_short_log_says_nothing(log: pd.DataFrame, tmp_path: Path) -> None:
    """Without earlier movements there is nothing to compare with."""
    time = pd.to_datetime(log["event_time"], utc=True)
    assert drift(log[time >= END - pd.Timedelta(days=100)], tmp_path) is None
