"""What a plan will be able to show follows from how far purchases lay from forecasts one horizon ago."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.simulate import write_log
from features.store.event_store import EventStore, open_store
from planning.minimum_detectable_lift import Spread, minimum_detectable_lift, spread_of


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A simulated shop, which ends on the last day of 2025."""
    folder: Path = tmp_path_factory.mktemp("shop")
    write_log(folder / "log.parquet", customers=400, seed=3)
    ingest([folder / "log.parquet"], folder / "store")
    return open_store(folder / "store")


def test_measured_one_horizon_ago(store: EventStore) -> None:
    """Purchases spread wider than a Poisson process would, and more for customers who buy more."""
    cutoff = AsOf.parse("2026-01-01", store.timezone)
    few, many = (spread_of(store, cutoff, 90, pd.Series(np.linspace(low, 5, 50))) for low in (0.05, 0.5))
    assert few.measured
    assert many.measured
    assert 0.8 * np.sqrt(few.mean) < few.deviation < 5 * np.sqrt(few.mean)
    assert many.deviation > few.deviation


def test_nothing_after_the_cutoff_is_used(store: EventStore) -> None:
    """At the log's beginning nothing can be measured, and a Poisson process stands in."""
    found = spread_of(store, AsOf.parse("2023-02-01", store.timezone), 90, pd.Series([4.0, 4.0]))
    assert found == Spread(2.0, 4.0, False)


def test_the_smallest_lift() -> None:
    """Worked by hand: 2.8 standard errors over the mean, those of the planned as much wider as they buy more."""
    spread = Spread(deviation=2.0, mean=4.0, measured=True)
    lift = minimum_detectable_lift(spread, 800, 200)
    assert lift is not None
    assert lift == pytest.approx(2.8016 * 2 * np.sqrt((1 + lift) ** 2 / 800 + 1 / 200) / 4, rel=1e-4)
    assert minimum_detectable_lift(spread, 3200, 800) == pytest.approx(lift / 2, rel=0.02)
    assert minimum_detectable_lift(Spread(1.0, 0.0, True), 10, 10) is None
    assert minimum_detectable_lift(spread, 10, 0) is None
