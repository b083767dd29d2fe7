"""Intervals of any forecaster: learnt from its own past, and as wide as they say."""

import numpy as np
import pytest

from training.evaluation.metrics import coverage
from training.models.baselines import BaseRate, OwnRate
from training.models.count_intervals import CountIntervals, at_cutoff, count_forecast, spread_sample
from training.models.purchases.hurdle_distribution import DISPERSION
from training.models.window_table import to_table


def test_intervals_of_another_model_hold_nine_in_ten(windows) -> None:
    """Of the next quarter, up to how far the model itself is off."""
    model = OwnRate().fit(*to_table(windows.now, windows.earlier, 90))
    intervals = CountIntervals.fit(model, windows.now, windows.earlier)
    assert intervals.dispersion != DISPERSION
    table = count_forecast(model, windows.now.features, windows.now.day, 90, intervals)
    assert list(table) == ["expected_purchases", "low", "high", "churn_probability"]
    assert (table["low"] <= table["high"]).all()
    assert 0.75 <= coverage(windows.now.purchases[90], table["low"], table["high"]) <= 0.99


def test_without_a_past_the_dispersion_is_a_usual_one(windows) -> None:
    """The contents are calibrated all the same: whole counts hold more than they are asked for."""
    model = BaseRate().fit(*to_table(windows.now, windows.earlier, 90))
    intervals = CountIntervals.fit(model, windows.now, [])
    assert intervals.dispersion == DISPERSION
    assert max(intervals.contents) <= 0.9


def test_a_forecast_that_is_not_possible_is_null(windows) -> None:
    """In its whole row, and in no other."""
    X = windows.now.features.iloc[:5].copy()
    model = OwnRate().fit(*to_table(windows.now, windows.earlier, 90))
    X.iloc[2, X.columns.get_loc("purchase_days")] = np.inf
    table = count_forecast(model, X, windows.now.day, 90, CountIntervals())
    assert table.isna().all(axis=1).tolist() == [False, False, True, False, False]
    assert table.isna().any(axis=1).sum() == 1


def test_the_sample_is_spread_over_the_base(windows, monkeypatch: pytest.MonkeyPatch) -> None:
    """First and last customers are in it; a small base is taken whole."""
    X = windows.now.features
    assert len(spread_sample(X)) == len(X)
    monkeypatch.setattr("training.models.count_intervals.CALIBRATION_CUSTOMERS", 10)
    assert spread_sample(X).index[[0, -1]].tolist() == X.index[[0, -1]].tolist()
    assert len(spread_sample(X)) == 10
    assert set(at_cutoff(X, 7)["as_of_day"]) == {7.0}
