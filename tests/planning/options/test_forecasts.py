"""Forecasts of a plan come from the champion, or from models fitted to the log."""

import numpy as np
import pandas as pd
import pytest

from features.errors import PlanError
from planning.options.forecasts import FORECASTS, champion_forecasts, fitted_forecasts


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    """What forecasts read, of 400 customers whose purchases are a Poisson process; one in ten has never bought."""
    random = np.random.default_rng(3)
    age = random.integers(100, 720, 400)
    dates = [np.unique(random.integers(0, days, random.poisson(days * random.gamma(1, 0.01)))) for days in age]
    counts = np.array([0 if row % 10 == 0 else len(each) + 1 for row, each in enumerate(dates)])
    recency = np.array([each.max(initial=0) + 1 if n > 1 else 0 for each, n in zip(dates, counts, strict=True)])
    table = pd.DataFrame({"purchase_days": counts, "frequency": np.maximum(counts - 1, 0), "recency": recency})
    table["T"] = np.where(counts > 0, age + 1.0, np.nan)
    table["monetary_value"] = np.where(counts > 1, random.gamma(4, 10, 400), np.nan)
    recent = [(each >= days - 90).sum() for each, days in zip(dates, age, strict=True)]
    table["purchase_days_90"] = np.where(counts > 0, recent, 0)
    return table.astype(float).set_axis([f"C{row}" for row in range(400)])


def test_fitted_on_the_spot(features: pd.DataFrame) -> None:
    """Buyers have finite forecasts near their own pace, others none; a longer horizon brings more."""
    near, far = (fitted_forecasts(features, days) for days in (90, 180))
    assert near.fitted_here
    assert list(near.table) == list(FORECASTS)
    bought = features["purchase_days"] > 0
    assert near.table[bought].notna().all(axis=None)
    assert near.table[~bought].isna().all(axis=None)
    assert (far.table[bought]["expected_purchases"] >= near.table[bought]["expected_purchases"]).all()
    total = near.table["expected_purchases"].sum()
    assert 0.5 < total / features["purchase_days_90"].sum() < 2


def test_a_log_without_repeats_or_amounts_is_one_line(features: pd.DataFrame) -> None:
    """What the models cannot learn from is a PlanError."""
    once = features[features["frequency"] == 0]
    for table in (features.assign(monetary_value=np.nan), once, features[:0]):
        with pytest.raises(PlanError, match="too small for forecasts"):
            fitted_forecasts(table, 90)


def test_those_of_the_champion(features: pd.DataFrame) -> None:
    """The model's own forecasts, with its version as the source."""

    class Model:
        def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
            columns = ["expected_purchases", "low", "high", "churn_probability", "expected_spend"]
            return pd.DataFrame(float(as_of_day + horizon_days), features.index, columns)

    found = champion_forecasts(Model(), "7", features, 10, 90)  # type: ignore[arg-type]
    assert (found.source, found.fitted_here) == ("champion version 7", False)
    assert (found.table == 100).all(axis=None)
