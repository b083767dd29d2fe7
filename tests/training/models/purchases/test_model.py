"""The count model: its laws for every customer and horizon, and its figures on a simulated shop."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.training_sets import fitted, table
from training.evaluation.metrics import coverage
from training.models.purchases.level_calibration import YEAR_AGO_DAYS
from training.models.purchases.training_set import TrainingSet

HORIZONS = st.lists(st.integers(1, 4000), min_size=2, max_size=4).map(sorted)
LATER = st.sampled_from([0, 0, 1, 45, 400, 30_000])


@settings(max_examples=25)
@given(horizons=HORIZONS, later=LATER)
def test_counts_grow_and_chances_of_none_fall_with_the_horizon(purchase_model, windows, horizons, later):
    """For every customer, at the date of the fit and long after; finite, in range, and coherent with each other."""
    customers = windows.now.features.iloc[::10]
    forecasts = [table(purchase_model, customers, windows.now.day + later, days) for days in horizons]
    for forecast in forecasts:
        assert np.isfinite(forecast.to_numpy()).all()
        expected, none = forecast["expected_purchases"], forecast["churn_probability"]
        assert (none > 0).all()
        assert (none <= 1).all()
        assert (expected >= 1 - none).all()
        low, high = forecast["low"], forecast["high"]
        assert (low >= 0).all()
        assert (low <= high).all()
        assert (high == np.round(high)).all()
    for sooner, longer in itertools.pairwise(forecasts):
        assert (longer["expected_purchases"] >= sooner["expected_purchases"]).all()
        assert (longer["churn_probability"] <= sooner["churn_probability"]).all()


@pytest.mark.parametrize("days", [7, 90, 400])
def test_a_customer_alone_gets_what_they_get_among_all(purchase_model, windows, days):
    """A service scores one row at a time, and must not tell another story than the batch."""
    customers = windows.now.features
    among_all = table(purchase_model, customers, windows.now.day, days)
    for row in range(0, len(customers), 40):
        alone = table(purchase_model, customers.iloc[[row]], windows.now.day, days)
        np.testing.assert_allclose(alone.to_numpy(), among_all.iloc[[row]].to_numpy(), rtol=1e-12, atol=1e-12)


def test_the_order_of_customers_changes_nothing(purchase_model, windows):
    """Forecasts go with the customer."""
    customers = windows.now.features.iloc[:50]
    backwards = table(purchase_model, customers.iloc[::-1], windows.now.day, 90).iloc[::-1]
    np.testing.assert_allclose(backwards, table(purchase_model, customers, windows.now.day, 90), rtol=1e-12)


def test_without_earlier_windows_it_is_the_model_of_the_base_alone(windows):
    """Nothing is adjusted where no outcome is known."""
    model = fitted(windows, [])
    histories = model.seasonality_.adjusted_rfm(windows.now.features, windows.now.day)
    reach = model.seasonality_.adjusted_days(windows.now.day, 90)
    expected = model.expected_purchases(windows.now.features, 90)
    none = table(model, windows.now.features, windows.now.day, 90)["churn_probability"]
    assert model.level_ == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(expected, model.bg_nbd_.expected_purchases(histories, reach), rtol=1e-9)
    np.testing.assert_allclose(none, model.bg_nbd_.no_purchase_probability(histories, reach), rtol=1e-9)


def test_corrections_move_customers_and_not_their_total(windows):
    """Over a quarter the base buys as the model of the base says at the level of past windows."""
    earlier = [window for window in windows.earlier if window.day != windows.now.day - YEAR_AGO_DAYS]
    model = fitted(windows, earlier, ridge=100.0)
    training_set = TrainingSet.of(windows.now, earlier, windows.past)
    plain = training_set.current.expected_purchases(90) * np.exp(training_set.past_level)
    corrected = model.expected_purchases(windows.now.features, 90)
    assert np.abs(corrected / plain - 1).max() > 0.1
    assert corrected.sum() == pytest.approx(plain.sum(), rel=0.01)


def test_intervals_hold_what_they_say(purchase_model, windows):
    """As many customers of the next quarter fall within theirs as their distributions say; and the total is near."""
    forecast = table(purchase_model, windows.now.features, windows.now.day, 90)
    came = windows.now.purchases[90]
    counts, none = forecast["expected_purchases"].to_numpy(), forecast["churn_probability"].to_numpy()
    drawn = purchase_model.intervals_.distribution(counts, none, 90)
    content = drawn.content(forecast["low"], forecast["high"]).mean()
    assert content >= 0.9
    assert coverage(came, forecast["low"], forecast["high"]) == pytest.approx(content, abs=0.03)
    assert forecast["expected_purchases"].sum() == pytest.approx(came.sum(), rel=0.2)


def test_a_horizon_that_is_a_step_of_the_level_is_learnt_from_too(windows):
    """Windows of 28 days teach corrections as those of 30 do; only the window a year ago is for the level."""
    month = [w for w in windows.earlier if set(w.purchases) == {30}]
    same = [type(w)(w.day, w.features, {28: w.purchases[30]}, {28: w.spend[30]}) for w in month]
    learnt = fitted(windows, same, ridge=100.0)
    assert np.abs(learnt.adjustments_.count_slopes).max() > 0


@pytest.mark.parametrize("customers", [1, 30])
def test_a_base_that_has_fallen_silent_is_not_forecast_dead(windows, customers):
    """53 purchases in 137 days, 136 days of silence."""
    features = windows.now.features.iloc[[0] * customers].copy()
    features[["frequency", "recency", "T", "purchase_days"]] = [53.0, 137.0, 273.0, 54.0]
    model = fitted(windows._replace(now=replace(windows.now, features=features)), [])
    expected, none = model.forecast(features, 90)
    assert np.isfinite(model.level_)
    assert (expected > 0.03).all()
    assert (none < 0.995).all()


def test_a_base_that_came_every_day_and_never_again_has_a_finite_level(windows):
    """BG/NBD would expect exactly nothing of it."""
    features = windows.now.features.iloc[[0] * 3].copy()
    features[["frequency", "recency", "T", "purchase_days"]] = [700.0, 730.0, 5000.0, 701.0]
    model = fitted(windows._replace(now=replace(windows.now, features=features)), [])
    assert np.isfinite(model.level_)
    assert np.isfinite(model.forecast(features, 90)).all()
