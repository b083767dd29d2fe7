"""Lost days, missing values and amounts in another unit are found in the intake; a usual week is not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf
from features.schema import EVENT_TYPES
from features.simulate import simulate
from monitoring.intake import WEEKS, intake
from tests.training.logs import stored

END = pd.Timestamp("2025-06-01", tz="UTC")


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """Two years of 2,000 customers, to the end of May."""
    frame = simulate(customers=2_000, seed=11)[0].to_pandas()
    return frame[pd.to_datetime(frame["event_time"], utc=True) < END]


def looked(frame: pd.DataFrame, folder: Path, budget: float = 0.05):
    store = stored(pa.Table.from_pandas(frame, preserve_index=False), folder)
    return intake(store, AsOf.parse("2025-06-01", store.timezone), budget)


def test_a_usual_week_is_no_news(log: pd.DataFrame, tmp_path: Path) -> None:
    """Every type of event with enough of them is looked at, by week and by day."""
    found = looked(log, tmp_path)
    assert found.alarms.empty
    whats = set(found.table["what"])
    assert {"events", "events on 2025-05-31", "missing channel", "amount"} <= whats
    assert set(found.table["event_type"]) <= {*EVENT_TYPES}


@pytest.mark.parametrize("fault", ["three lost days", "no channel", "cents", "a type is gone"])
def test_a_fault_is_found(log: pd.DataFrame, tmp_path: Path, fault: str) -> None:
    """The row that says it has the smallest p-value of its kind."""
    frame = log.copy()
    time = pd.to_datetime(frame["event_time"], utc=True)
    last = time >= END - pd.Timedelta(days=7)
    rng = np.random.default_rng(1)
    if fault == "three lost days":
        frame, what = frame[time < END - pd.Timedelta(days=3)], "events"
    elif fault == "no channel":
        frame.loc[last & (frame["event_type"] == "visit") & (rng.random(len(frame)) < 0.3), "channel"] = None
        what = "missing channel"
    elif fault == "cents":
        frame.loc[last & (frame["event_type"] == "purchase"), "amount"] *= 100
        what = "amount"
    else:
        frame, what = frame[~last | (frame["event_type"] != "usage")], "events"
    alarms = looked(frame, tmp_path).alarms
    assert any(str(name).startswith(what) for name in alarms["what"])
    assert not ((alarms["usual"] == 0) & (alarms["last"] == 0)).any()  # nothing was missing, and nothing is


def test_a_short_log_has_nothing_to_compare(log: pd.DataFrame, tmp_path: Path) -> None:
    """Of fewer weeks than are needed there are no rows, and no alarm."""
    time = pd.to_datetime(log["event_time"], utc=True)
    found = looked(log[time >= END - pd.Timedelta(days=7 * WEEKS - 3)], tmp_path)
    assert found.table.empty
    assert found.alarms.empty


def test_late_records_are_found(tmp_path: Path) -> None:
    """Where the log says when events were recorded, a week that is recorded later than usual is told."""
    rng = np.random.default_rng(2)
    time = END - pd.to_timedelta(rng.random(6_000) * 7 * 14, unit="D")
    delay = rng.random(6_000) * 0.5 + np.where(time > END - pd.Timedelta(days=6), 1.0, 0.0)
    frame = pd.DataFrame({"customer_id": rng.integers(0, 500, 6_000).astype(str), "event_type": "usage"})
    recorded = np.minimum(time + pd.to_timedelta(delay, unit="D"), END)
    frame["event_time"], frame["recorded_at"] = (
        time.strftime("%Y-%m-%d %H:%M:%S"),
        recorded.strftime("%Y-%m-%d %H:%M:%S"),
    )
    frame["reference"] = np.arange(len(frame)).astype(str)
    assert "days late" in set(looked(frame, tmp_path).alarms["what"])
