"""The backtest: what is promised in its table, and baselines that learn from the past alone."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.engines.feature_table import feature_table
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from training.backtest import backtest, baseline_forecasts
from training.models.btyd.bg_nbd import BGNBD
from training.windows import window

AS_OF = date(2024, 3, 1)
NAIVE = ["zero", "base_rate", "own_rate", "days_since_last_purchase", "rule"]
BUY_TILL_YOU_DIE = ["bg_nbd", "mbg_nbd", "pareto_nbd"]


@pytest.fixture(scope="module")
def log():
    return simulated(250, days=540)


@pytest.fixture(scope="module")
def done(log, tmp_path_factory):
    return backtest(stored(log, tmp_path_factory.mktemp("backtest")), AS_OF, 90, load_formula(), quick=True)


def test_the_table_has_a_row_for_everyone_who_had_bought(log, done, tmp_path):
    """In the store's order: rule score, the model's two figures, then expected purchases a baseline."""
    table = done.table()
    features = feature_table(stored(log, tmp_path), AS_OF)
    assert table.index.tolist() == features.index[features["purchase_days"] > 0].tolist()
    assert table.index.name == "customer_id"
    assert list(table) == ["loyalty_score", "expected_purchases", "churn_probability", *NAIVE, *BUY_TILL_YOU_DIE]
    assert table["loyalty_score"].between(0, 100).all()


def test_measures_are_of_every_forecast_on_the_same_customers(done):
    """Against what came; the model has intervals, baselines have none."""
    assert list(done.measures.index) == list(done.forecasts) == ["model", *NAIVE, *BUY_TILL_YOU_DIE]
    assert done.purchases.index.equals(done.features.index)
    assert done.measures["coverage"].notna().tolist() == [True] + [False] * (len(done.forecasts) - 1)
    assert done.measures.loc["zero", "bias"] == -1


def test_baselines_do_not_see_what_came(log, done, tmp_path):
    """On a log cut at the date they say the same."""
    store = stored(cut(log, AS_OF), tmp_path)
    now = window(store, AS_OF, [90])
    for name, forecast in baseline_forecasts(store, now, 90, load_formula()).items():
        pd.testing.assert_frame_equal(forecast, done.forecasts[name])


def test_the_peers_are_the_published_models(done):
    """Fitted to the base by maximum likelihood, no prior in them."""
    peer = BGNBD().fit(done.features)
    np.testing.assert_allclose(
        done.forecasts["bg_nbd"]["expected_purchases"], peer.expected_purchases(done.features, 90)
    )


@pytest.mark.parametrize("days", [1, 2])
def test_a_log_of_few_days_has_a_backtest(tmp_path, days):
    """With nothing to learn from there are fewer baselines, and no error."""
    log = simulated(40, days=300)
    first = pd.Timestamp(log["event_time"].to_numpy().min()).date()
    short = backtest(stored(log, tmp_path), first + timedelta(days=days), 30, load_formula())
    assert np.isfinite(short.table()[["expected_purchases", "churn_probability"]].to_numpy()).all()
    assert set(BUY_TILL_YOU_DIE) <= set(short.forecasts)
