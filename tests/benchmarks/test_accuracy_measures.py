"""The measures and comparisons of the accuracy benchmark."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy_cache import Case
from benchmarks.accuracy_measures import comparisons, forecast_measures, holm, loss_ratio, mean_gains


def forecast(purchases, factor=1.0, low=0, high=9):
    """Return a forecast of the outcome itself, times a factor."""
    y = purchases.to_numpy(float)
    none = np.where(y == 0, 0.9, 0.1)
    return pd.DataFrame(
        {"expected_purchases": factor * (y + 0.5), "churn_probability": none, "low": low, "high": high},
        purchases.index,
    )


def case(seed=0, size=400, **forecasts):
    purchases = pd.Series(np.random.default_rng(seed).poisson(1.0, size), [f"C{i}" for i in range(size)])
    made = {name: forecast(purchases, factor) for name, factor in forecasts.items()}
    return Case("log", f"2024-0{seed + 1}-01", 90, pd.DataFrame(index=purchases.index), purchases, made)


def test_holm_multiplies_the_least_by_all_and_keeps_the_order():
    """The example of the paper's procedure, worked by hand."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_lies_between_the_value_and_bonferroni(values):
    """No adjusted value is less than its own, nor more than Bonferroni's; the order of the values stays."""
    adjusted, p = holm(values), np.array(values)
    assert (adjusted >= p).all()
    assert (adjusted <= np.minimum(1, len(p) * p) + 1e-12).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()


def test_the_interval_of_a_loss_ratio_holds_the_truth():
    """In 300 draws of two correlated losses the interval of 95 % holds the true ratio 93 to 97 % of the time."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(300):
        shared = rng.exponential(1.0, 1_000)
        own, other = shared + rng.exponential(0.2, 1_000), shared + rng.exponential(0.5, 1_000)
        ratio, error = loss_ratio(own, other)
        held += abs(ratio - 1.2 / 1.5) < 1.96 * error
    assert 0.92 <= held / 300 <= 0.98


def test_a_worse_forecast_is_worse_beyond_doubt_and_an_equal_one_is_not():
    """Ours at twice the outcome is worse than the outcome itself in deviance, not in log loss, which is equal."""
    table = comparisons([case(ours=2.0, bg_nbd=1.0)]).set_index("loss")
    assert table.loc["deviance", "worse"] < 1e-6
    assert table.loc["deviance", "gain"] < 0
    assert not table.loc["log_loss", "worse"] < 0.5
    better = comparisons([case(ours=1.0, bg_nbd=2.0)]).set_index("loss")
    assert better.loc["deviance", "low"] > 0


def test_the_network_has_a_margin():
    """A loss of 1 % more than the network's is within what is demanded, so it is not worse."""
    purchases = pd.Series(np.random.default_rng(0).poisson(1.0, 5_000))
    made = {"ours": forecast(purchases), "recurrent_network": forecast(purchases), "own_rate": forecast(purchases)}
    made["ours"]["churn_probability"] = np.where(purchases == 0, 0.9 - 0.0009, 0.1 + 0.0009 * (purchases % 2 + 0.5))
    table = comparisons([Case("log", "2024-01-01", 90, pd.DataFrame(index=purchases.index), purchases, made)])
    worse = table[table["loss"] == "log_loss"].set_index("other")["worse"]
    assert worse["own_rate"] < 0.001
    assert worse["recurrent_network"] > 0.5


def test_the_mean_gain_is_over_the_best_model_of_each_case():
    """The best of the three is taken case by case, and the interval lies about the gain."""
    first = case(0, ours=1.0, bg_nbd=1.2, mbg_nbd=2.0, pareto_nbd=2.0)
    second = case(1, ours=1.0, bg_nbd=2.0, mbg_nbd=2.0, pareto_nbd=1.2)
    one = mean_gains([first]).loc[("log", "deviance")]
    both = mean_gains([first, second]).loc[("mean", "deviance")]
    assert 0 < one["gain"] < 1
    assert both["low"] < both["gain"] < both["high"]
    assert both["gain"] == pytest.approx((one["gain"] + mean_gains([second]).loc[("log", "deviance"), "gain"]) / 2)


def test_measures_see_what_the_interval_of_the_top_fifth_holds():
    """Coverage counts both ends, and that of the top fifth only the customers with the highest forecasts."""
    purchases = pd.Series([0, 0, 0, 0, 0, 0, 0, 0, 4, 5])
    measured = forecast_measures(purchases, forecast(purchases, low=0, high=4))
    assert measured["coverage"] == 0.9
    assert measured["coverage_top"] == 0.5
    assert measured["bias"] == pytest.approx(14 / 9 - 1)
