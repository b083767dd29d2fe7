"""The trial: the same customers for every forecast, segments by the past, and differences on the same draws."""

import numpy as np
import pandas as pd
import pytest

from training.evaluation.evaluation import PAIRED, customer_losses, measure_differences, measures, measures_by, segment
from training.evaluation.metrics import churn_log_loss, deviance, rmse

RNG = np.random.default_rng(3)
IDS = pd.Index([f"c{row}" for row in range(300)], name="customer_id")
MU = RNG.gamma(0.8, 2.0, 300)
PURCHASES = pd.Series(RNG.poisson(MU), IDS, name="purchases")


def forecast(expected, none=None, **ends):
    none = np.exp(-np.asarray(expected)) if none is None else none
    return pd.DataFrame({"expected_purchases": expected, "churn_probability": none, **ends}, IDS)


GOOD = forecast(MU, low=0.0, high=np.ceil(3 * MU))
WORSE = forecast(np.full(300, MU.mean()))


def test_measures_are_one_row_a_forecast():
    """Those of `evaluate`; coverage where a forecast has an interval."""
    table = measures(PURCHASES, {"good": GOOD, "worse": WORSE})
    assert list(table.index) == ["good", "worse"]
    assert table.loc["good", "deviance"] == pytest.approx(deviance(PURCHASES, MU))
    assert table.loc["good", "log_loss"] == pytest.approx(churn_log_loss(PURCHASES == 0, np.exp(-MU)))
    assert 0 < table.loc["good", "coverage"] <= 1
    assert np.isnan(table.loc["worse", "coverage"])
    assert table.loc["good", "gini"] > table.loc["worse", "gini"]


@pytest.mark.parametrize("others", [slice(0, 299), slice(None, None, -1)])
def test_a_forecast_for_other_customers_is_refused(others):
    """Fewer of them, or the same in another order."""
    with pytest.raises(ValueError, match="'other' is for other customers"):
        measures(PURCHASES, {"good": GOOD, "other": WORSE.iloc[others]})


def test_every_customer_has_one_segment():
    """New, one-time, lapsed or repeat, by what is known at as_of; the first that fits."""
    features = pd.DataFrame(
        {
            "frequency": [0.0, 5, 0, 3, 3, 3],
            "T": [10.0, 29, 30, 400, 400, 400],
            "overdue_ratio": [np.nan, 9, np.nan, 0.5, 3.0, 3.1],
        }
    )
    assert segment(features).tolist() == ["new", "new", "one-time", "repeat", "repeat", "lapsed"]


def test_measures_by_group_cover_all_customers():
    """Each group's are those of its members alone."""
    groups = pd.Series(np.where(MU > 1, "many", "few"), IDS, name="kind")
    table = measures_by(PURCHASES, {"good": GOOD, "worse": WORSE}, groups)
    assert table.index.names == ["kind", "forecast"]
    assert table.xs("good", level="forecast")["customers"].sum() == 300
    many = (groups == "many").to_numpy()
    assert table.loc[("many", "good"), "rmse"] == pytest.approx(rmse(PURCHASES[many], MU[many]))
    one = measures_by(PURCHASES, {"good": GOOD}, pd.Series(IDS == "c0", IDS))
    assert one.xs(True)["customers"].tolist() == [1]


def test_losses_of_customers_average_to_the_measures():
    """Deviance and log loss, also where a forecast is 0 or certain."""
    certain = forecast(np.where(MU > 1, MU, 0.0), np.where(MU > 1, 0.0, 1.0))
    for each in (GOOD, WORSE, certain):
        losses = customer_losses(PURCHASES, each)
        table = measures(PURCHASES, {"it": each}).loc["it"]
        assert losses.index.equals(IDS)
        assert (losses >= -1e-9).all(axis=None)
        assert losses["deviance"].mean() == pytest.approx(table["deviance"])
        assert losses["log_loss"].mean() == pytest.approx(table["log_loss"])


def test_a_forecast_does_not_differ_from_itself():
    """Its paired differences are 0, with an interval of no width."""
    table = measure_differences(PURCHASES, {"good": GOOD, "twin": GOOD.copy()}, "good", ["twin"], draws=20)
    assert (table == 0).all(axis=None)
    assert list(table.index) == [("twin", measure) for measure in PAIRED]


def test_the_better_forecast_is_better_beyond_chance():
    """Losses differ downwards and ranks upwards, the interval leaves 0 out, and the difference lies within it."""
    table = measure_differences(PURCHASES, {"good": GOOD, "worse": WORSE}, "good", ["worse"], draws=100).loc["worse"]
    for measure in ("deviance", "rmse", "log_loss", "brier"):
        assert table.loc[measure, "high"] < 0
    assert table.loc["auc", "low"] > 0
    inside = table.drop("spearman")  # one forecast for all has no ranks
    assert table.loc["spearman"].isna().all()
    assert ((inside["low"] <= inside["difference"]) & (inside["difference"] <= inside["high"])).all()
