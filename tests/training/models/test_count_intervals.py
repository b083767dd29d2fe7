"""Intervals of any forecaster: learnt from its own past, and as wide as they say."""

import pickle

import numpy as np
import pytest

from training.evaluation.metrics import coverage
from training.models.baselines import BaseRate, OwnRate
from training.models.count_intervals import CountIntervals, at_cutoff, count_forecast, spread_sample
from training.models.purchases.hurdle_distribution import DISPERSION, HurdleDistribution
from training.models.window_table import to_table


def test_intervals_of_another_model_hold_nine_in_ten(windows) -> None:
    """Of the next quarter, up to how far the model itself is off."""
    model = OwnRate().fit(*to_table(windows.now, windows.earlier, 90))
    intervals = CountIntervals.fit(model, windows.earlier)
    assert intervals.dispersion != DISPERSION
    table = count_forecast(model, windows.now.features, windows.now.day, 90, intervals)
    assert list(table) == ["expected_purchases", "low", "high", "churn_probability"]
    assert (table["low"] <= table["high"]).all()
    assert 0.75 <= coverage(windows.now.purchases[90], table["low"], table["high"]) <= 0.99


def test_an_interval_holds_its_content_for_every_customer(windows, purchase_model) -> None:
    """Under the distribution that gives the count and the churn probability beside it: 0 to 0 only from .9 on."""
    for days in (7, 30, 90, 365, 800):
        table = count_forecast(purchase_model, windows.now.features, windows.now.day, days, purchase_model.intervals_)
        expected, none = table["expected_purchases"].to_numpy(), table["churn_probability"].to_numpy()
        drawn = purchase_model.intervals_.distribution(expected, none, days)
        assert drawn.content(table["low"], table["high"]).min() >= 0.9 - 1e-9
        assert (none[table["high"] == 0] >= 0.9 - 1e-9).all()


def test_intervals_of_earlier_releases_stay_as_they_were() -> None:
    """A pickle without the field has the shorter of two intervals, not the shortest of all."""
    state = {"dispersion": (0.3, 0.4), "contents": CountIntervals().contents}
    earlier = CountIntervals.__new__(CountIntervals)
    earlier.__setstate__(state)
    expected, none = np.array([20.0, 3.0]), np.array([0.001, 0.2])
    drawn = HurdleDistribution(expected, none, (0.3, 0.4), 90)
    np.testing.assert_array_equal(earlier.interval(expected, none, 90), drawn.interval(0.9, shorten=False))
    now = pickle.loads(pickle.dumps(CountIntervals((0.3, 0.4)))).interval(expected, none, 90)
    np.testing.assert_array_equal(now, drawn.interval(0.9))
    assert (
        now[1][0] - now[0][0] < earlier.interval(expected, none, 90)[1][0] - earlier.interval(expected, none, 90)[0][0]
    )


def test_without_a_past_the_dispersion_is_a_usual_one(windows) -> None:
    """And nine tenths are asked for at every horizon."""
    model = BaseRate().fit(*to_table(windows.now, windows.earlier, 90))
    intervals = CountIntervals.fit(model, [])
    assert intervals.dispersion == DISPERSION
    assert set(intervals.contents) == {0.9}


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
