"""Baselines learn from the past alone, and fewer of them from a log of a few days."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError
from features.loyalty.formula import load_formula
from tests.training.logs import cut, simulated, stored
from training.baseline_forecasts import baseline_forecasts
from training.models.btyd.bg_nbd import BGNBD
from training.windows import window

AS_OF = date(2024, 3, 1)


def test_baselines_do_not_see_what_came(tmp_path) -> None:
    """On a log cut at the date they forecast the same, to the last bit."""
    log = simulated(200, days=540)
    whole, until = stored(log, tmp_path / "whole"), stored(cut(log, AS_OF), tmp_path / "cut")
    forecasts, at_cut = (
        baseline_forecasts(store, window(store, AS_OF, [90]), 90, load_formula()) for store in (whole, until)
    )
    assert list(forecasts) == list(at_cut)
    for name, forecast in forecasts.items():
        pd.testing.assert_frame_equal(forecast, at_cut[name], check_exact=True)


def test_the_published_models_have_no_prior(tmp_path) -> None:
    """BG/NBD is that of maximum likelihood on the whole base."""
    store = stored(simulated(200, days=540), tmp_path)
    now = window(store, AS_OF, [90])
    found = baseline_forecasts(store, now, 90, load_formula(), ["bg_nbd"])["bg_nbd"]
    np.testing.assert_allclose(
        found["expected_purchases"], BGNBD().fit(now.features).expected_purchases(now.features, 90)
    )


@pytest.mark.parametrize("days", [1, 2])
def test_a_log_of_a_few_days_has_fewer_baselines(tmp_path, days: int) -> None:
    """Those that learn from an earlier outcome are left out; the others are finite."""
    log = simulated(40, days=300)
    first = pd.Timestamp(log["event_time"].to_numpy().min()).date()
    store = stored(log, tmp_path)
    found = baseline_forecasts(store, window(store, first + timedelta(days=days), [30]), 30, load_formula())
    assert {"bg_nbd", "mbg_nbd", "pareto_nbd"} <= set(found)
    assert all(np.isfinite(forecast.to_numpy()).all() for forecast in found.values())


def test_a_baseline_without_a_finite_forecast_is_one_line(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the baseline and the setting."""
    monkeypatch.setattr(BGNBD, "expected_purchases", lambda self, X, horizon_days: np.full(len(X), np.inf))
    store = stored(simulated(50, days=300), tmp_path)
    with pytest.raises(ModelError, match=r"bg_nbd gives no finite forecast for .* \[candidates\] baselines"):
        baseline_forecasts(store, window(store, date(2023, 9, 1), [30]), 30, load_formula(), ["bg_nbd"])
