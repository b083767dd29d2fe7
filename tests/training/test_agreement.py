"""How alike two forecasts are, by figures that the gate of refits and the comparison of versions share."""

from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.agreement import agreement


def forecast(counts: list[float], churn: list[float] | None = None) -> pd.DataFrame:
    churn = churn or [1 / (1 + count) for count in counts]
    return pd.DataFrame({"expected_purchases": counts, "churn_probability": churn})


@given(st.lists(st.floats(0.01, 50), min_size=2, max_size=30, unique=True), st.floats(0.1, 10))
def test_a_scaled_forecast_differs_in_total_alone(counts: list[float], factor: float) -> None:
    """The ranks stay, and so do the bands of the same churn probabilities."""
    one = forecast(counts)
    scaled = one.assign(expected_purchases=one["expected_purchases"] * factor)
    found = agreement(scaled, one)
    assert found["total"] == pytest.approx(factor)
    assert found["rank_correlation"] == pytest.approx(1)
    assert found["band_changes"] == 0
    assert agreement(one, one) == {
        "total": 1,
        "distribution": 0,
        "rank_correlation": pytest.approx(1),
        "band_changes": 0,
    }


def test_each_figure_by_hand() -> None:
    """Four customers: twice the total, no overlap of the distributions, the order turned round, one in another band."""
    old = forecast([1, 2, 3, 4], [0.1, 0.3, 0.5, 0.7])
    new = forecast([6.5, 5.5, 4.5, 3.5], [0.19, 0.2, 0.61, 0.79])
    assert agreement(new, old) == {
        "total": 2.0,
        "distribution": 0.75,
        "rank_correlation": pytest.approx(-1),
        "band_changes": 0.25,
    }


def test_what_is_undefined_is_nan() -> None:
    """The ratio to a total of 0, and the rank correlation with one forecast for all."""
    found = agreement(forecast([1, 2]), forecast([0, 0]))
    assert isnan(found["total"])
    assert isnan(found["rank_correlation"])
    assert np.isfinite([found["distribution"], found["band_changes"]]).all()
