"""Windows that are over are measured; those that are not are estimated from the last gap, or said to be unknown."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.simulate import simulate
from monitoring.matured_windows import corrected_estimate, matured_windows, own_log_loss
from tests.monitoring.shops import FlatModel
from tests.training.logs import stored
from training.evaluation.metrics import churn_log_loss, deviance
from training.targets import targets


def test_measures_are_those_of_the_log(tmp_path: Path) -> None:
    """Of the last window that is over, for everybody; each segment has its own row."""
    store = stored(simulate(customers=400, seed=4)[0], tmp_path)
    end = AsOf.parse("2025-06-01", store.timezone)
    found = matured_windows(store, FlatModel("2025-01-01", 0.1), end, [28])
    last = found.measures.iloc[0]
    assert (last["cutoff"], last["segment"]) == ("2025-05-04", "all")
    features = feature_table(store, "2025-05-04")
    buyers = features.index[features["purchase_days"] > 0]
    happened = targets(store, "2025-05-04", [28]).loc[buyers]
    assert last["customers"] == len(buyers)
    assert last["log_loss"] == pytest.approx(churn_log_loss(happened["churned_28"], np.full(len(buyers), np.exp(-0.4))))
    assert last["deviance"] == pytest.approx(deviance(happened["purchases_28"], np.full(len(buyers), 0.4)))
    assert set(found.measures["segment"]) > {"all", "repeat"}
    assert found.measures["cutoff"].nunique() == 8
    assert found.estimates["log_loss"].notna().all()


def test_windows_before_the_fit_are_marked_and_no_estimate_leans_on_them(tmp_path: Path) -> None:
    """A window counts from the fit on: what it knew of earlier ones is no test of it."""
    store = stored(simulate(customers=400, seed=4)[0], tmp_path)
    found = matured_windows(store, FlatModel("2025-04-06", 0.1), AsOf.parse("2025-06-01", store.timezone), [28])
    whole = found.measures[found.measures["segment"] == "all"]
    assert whole.set_index("cutoff")["before_fit"].head(3).to_dict() == {
        "2025-05-04": False,
        "2025-04-06": False,
        "2025-03-09": True,
    }
    assert np.isnan(found.estimates["log_loss"].iloc[0])
    assert found.estimates["estimate"].notna().all()


def test_an_estimate_has_the_last_gap_and_a_band_of_its_past_errors() -> None:
    """By hand: gaps .1, .2, .1, .3, 30 days apart, horizon 30."""
    matured = pd.DataFrame({"day": [90, 60, 30, 0], "log_loss": [0.5, 0.6, 0.5, 0.7], "estimated_log_loss": 0.4})
    found = corrected_estimate(matured, 0.45, 30, 120)
    assert found["log_loss"] == pytest.approx(0.55)
    band = 2 * np.sqrt((0.1**2 + 0.1**2 + 0.2**2) / 3)
    assert (found["low"], found["high"]) == pytest.approx((0.55 - band, 0.55 + band))


def test_a_gap_that_was_not_known_yet_plays_no_part() -> None:
    """With a horizon of 90 days the window 30 days before was not over; without two errors nothing is said."""
    matured = pd.DataFrame({"day": [90, 60, 30], "log_loss": [0.5, 0.6, 0.5], "estimated_log_loss": 0.4})
    assert np.isnan(corrected_estimate(matured, 0.45, 90, 180)["log_loss"])
    assert np.isnan(corrected_estimate(matured.head(0), 0.45, 90, 180)["high"])
    assert corrected_estimate(matured.head(0), 0.45, 90, 180)["estimate"] == 0.45


def test_own_log_loss_is_what_calibrated_probabilities_have() -> None:
    """Drawn outcomes have it on average; nobody has none."""
    p = np.random.default_rng(1).random(200_000)
    assert own_log_loss(p) == pytest.approx(churn_log_loss(np.random.default_rng(2).random(200_000) < p, p), abs=0.01)
    assert np.isnan(own_log_loss(np.empty(0)))
