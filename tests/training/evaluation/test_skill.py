"""Tidy measures: the values of `measures`, intervals that hold the truth, and skill against a reference."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.catalog import METRICS
from training.evaluation.evaluation import customer_losses, measures
from training.evaluation.intervals import bootstrap
from training.evaluation.skill import SKILLS, skill_reference, tidy_measures


def forecast(mean: np.ndarray, index: pd.Index, interval: bool = False) -> pd.DataFrame:
    table = pd.DataFrame({"expected_purchases": mean, "churn_probability": np.exp(-mean)}, index)
    return table.assign(low=0.0, high=np.ceil(3 * mean)) if interval else table


def drawn(customers: int, seed: int = 0) -> tuple[pd.Series, dict[str, pd.DataFrame]]:
    """Purchases of customers with known rates, forecast by the rates and by their mean."""
    rng = np.random.default_rng(seed)
    index = pd.Index([f"c{number}" for number in range(customers)], name="customer_id")
    mean = rng.gamma(0.8, 1.0, customers) + 0.01
    y = pd.Series(rng.poisson(mean), index, name="purchases")
    return y, {"model": forecast(mean, index, True), "base_rate": forecast(np.full(customers, 0.8), index)}


def test_the_values_are_those_of_measures() -> None:
    """A row for each forecast and metric, then its skills; an interval lies about its value."""
    y, forecasts = drawn(300)
    tidy, wide = tidy_measures(y, forecasts), measures(y, forecasts)
    assert tidy["metric"].tolist() == [*METRICS, *SKILLS] * 2
    for name, metric, value, low, high in tidy.itertuples(index=False):
        if metric in wide:
            assert value == pytest.approx(wide.at[name, metric], nan_ok=True)
        if low == low:
            assert low <= value <= high
    known = tidy.set_index(["model", "metric"])["low"].notna()
    assert known["model"].all()
    assert known["base_rate", "deviance"]
    assert not known["base_rate", "coverage"]
    assert not known["base_rate", "spearman"]


def test_an_interval_of_means_is_that_of_drawing_the_customers_again() -> None:
    """The sums that make it fast change nothing: the same draws give the same ends."""
    y, forecasts = drawn(120)
    losses = customer_losses(y, forecasts["model"]).to_numpy()
    slow = bootstrap(lambda rows: dict(zip(("deviance", "log_loss"), losses[rows].mean(axis=0), strict=True)), len(y))
    tidy = tidy_measures(y, forecasts, ("deviance", "log_loss")).set_index(["model", "metric"])
    for metric in ("deviance", "log_loss"):
        assert tidy.loc[("model", metric), ["low", "high"]].tolist() == pytest.approx(slow.loc[metric].tolist())


def test_skill_is_what_a_forecast_saves_of_the_loss_of_the_reference() -> None:
    """0 for the reference itself; its interval is of the same customers for both."""
    y, forecasts = drawn(400)
    tidy = tidy_measures(y, forecasts, ("deviance",)).set_index(["model", "metric"])
    model, reference = (tidy.at[(name, "deviance"), "value"] for name in ("model", "base_rate"))
    assert tidy.at[("model", "deviance_skill"), "value"] == pytest.approx(1 - model / reference)
    assert tidy.loc[("base_rate", "deviance_skill"), ["value", "low", "high"]].tolist() == [0, 0, 0]
    own, other = (customer_losses(y, forecasts[name])["deviance"].to_numpy() for name in ("model", "base_rate"))
    paired = bootstrap(lambda rows: {"skill": 1 - own[rows].sum() / other[rows].sum()}, len(y)).loc["skill"]
    assert tidy.loc[("model", "deviance_skill"), ["low", "high"]].tolist() == pytest.approx(paired.tolist())


@pytest.mark.slow
def test_nineteen_of_twenty_intervals_hold_the_expected_loss() -> None:
    """Over draws of a base with known rates."""
    expected = np.mean([measures(*drawn(400, seed), ("rmse",)).at["model", "rmse"] ** 2 for seed in range(300)]) ** 0.5
    held = [
        low <= expected <= high
        for seed in range(1000, 1100)
        for low, high in [tidy_measures(*drawn(400, seed), ("rmse",)).loc[0, ["low", "high"]]]
    ]
    assert np.mean(held) >= 0.88


def test_what_is_undefined_is_null() -> None:
    """One customer has no interval, a base without a purchase no bias, and no reference no skill."""
    y, forecasts = drawn(1)
    assert tidy_measures(y, forecasts)[["low", "high"]].isna().all(axis=None)
    y, forecasts = drawn(20)
    none = tidy_measures(y * 0, forecasts).set_index(["model", "metric"])["value"]
    assert np.isnan(none["model", "bias"])
    assert np.isfinite(none["model", "log_loss"])
    alone = tidy_measures(y, {"model": forecasts["model"]}).set_index("metric")["value"]
    assert alone[list(SKILLS)].isna().all()


def test_the_reference_is_the_first_that_there_is() -> None:
    """`base_rate`, else `own_rate`, else `bg_nbd`; nothing among other names."""
    assert skill_reference(["model", "bg_nbd", "own_rate", "base_rate"]) == "base_rate"
    assert skill_reference(["model", "bg_nbd", "own_rate"]) == "own_rate"
    assert skill_reference(["model"]) == ""
