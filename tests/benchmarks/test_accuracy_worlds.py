"""The simulated worlds of the accuracy benchmark."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from benchmarks import accuracy_worlds
from benchmarks.accuracy_cache import Case
from benchmarks.accuracy_measures import regrets
from benchmarks.accuracy_worlds import SIMULATED, expectation


@pytest.mark.parametrize("log", SIMULATED, ids=[log.name for log in SIMULATED])
def test_the_truth_of_a_world_has_no_regret_and_all_others_have(log, tmp_path, monkeypatch):
    """The truth's own expectation, written and read, loses nothing beyond itself; half as much again loses some."""
    monkeypatch.setattr(accuracy_worlds, "CUSTOMERS", 200)
    log.write(tmp_path / "events.parquet", tmp_path)
    truth = expectation(log.name, tmp_path, "2024-09-01", 30)
    assert len(truth) > 100
    assert (truth["expected_purchases"] >= 1 - truth["churn_probability"] - 1e-9).all()
    more = truth.assign(expected_purchases=1.5 * truth["expected_purchases"] + 0.01)
    purchases = pd.Series(0, truth.index)
    case = Case(log.name, "2024-09-01", 30, pd.DataFrame(), purchases, {"same": truth, "more": more}, truth)
    table = regrets([case]).loc[log.name]
    assert table.loc["same", "deviance"] == pytest.approx(0, abs=1e-6)
    assert table.loc["more", "deviance"] > 1e-3
    assert np.isfinite(table.to_numpy()).all()


@pytest.mark.parametrize("truth", accuracy_worlds.WORLDS.values(), ids=accuracy_worlds.WORLDS)
def test_every_horizon_is_over_by_the_end_of_the_world(truth):
    """A week is left after the last horizon, so that the log's last purchase is after its end."""
    end = truth.start + timedelta(truth.days - 7)
    for start, horizons in accuracy_worlds.DATES.items():
        assert date.fromisoformat(start) + timedelta(max(horizons)) <= end
