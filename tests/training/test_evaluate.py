"""The measures, on figures that can be checked by hand and on laws."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluate import (
    bootstrap,
    calibration_error,
    churn_measures,
    count_measures,
    coverage,
    deciles,
    gain_curve,
    normalised_gini,
    reliability,
)

COUNTS = st.lists(st.integers(0, 20), min_size=2, max_size=60)


def test_count_measures_by_hand() -> None:
    """Of 0 and 2 expected as 1 and 1: deviance 2 log 2, RMSE and MAE 1, no bias, no ranking."""
    found = count_measures([0, 2], [1.0, 1.0])
    assert found["deviance"] == pytest.approx(2 * np.log(2))
    assert (found["rmse"], found["mae"], found["bias"]) == (1.0, 1.0, 0.0)
    assert np.isnan(found["spearman"])


def test_churn_measures_by_hand() -> None:
    """A half said of both: log loss log 2, Brier a quarter, nothing ranked, calibrated as a group."""
    found = churn_measures([True, False], [0.5, 0.5])
    assert found["log_loss"] == pytest.approx(np.log(2))
    assert found["brier"] == 0.25
    assert found["auc"] == 0.5
    assert np.isnan(churn_measures([True, True], [0.5, 0.4])["auc"])


def test_an_impossible_forecast_is_bad_but_finite() -> None:
    """Zero expected where somebody bought, certainty where it was wrong."""
    assert np.isfinite(count_measures([1], [0.0])["deviance"])
    assert np.isfinite(churn_measures([True], [0.0])["log_loss"])


def test_calibration_of_a_group_is_its_gap() -> None:
    """Said .3 of ten of whom five did it: .2."""
    assert calibration_error([1, 0] * 5, [0.3] * 10, groups=1) == pytest.approx(0.2)


def test_an_interval_is_closed() -> None:
    """Its ends are inside."""
    assert coverage([0, 1, 2, 3], [1, 1, 1, 1], [2, 2, 2, 2]) == 0.5


@given(COUNTS)
def test_the_perfect_order_has_gini_one_and_its_reverse_minus_one(counts: list[int]) -> None:
    """Unless all are equal, when there is no order."""
    y = np.array(counts, float)
    if np.ptp(y) == 0:
        assert np.isnan(normalised_gini(y, y))
    else:
        assert normalised_gini(y, y) == pytest.approx(1)
        assert normalised_gini(y, -y) == pytest.approx(-1)


@given(COUNTS)
def test_the_gain_curve_rises_from_none_to_all(counts: list[int]) -> None:
    """And a score that says nothing finds in proportion."""
    y = np.array([*counts, 1], float)
    curve = gain_curve(y, y)
    assert curve["share"].iloc[0] == 0
    assert curve["share"].iloc[-1] == pytest.approx(1)
    assert (curve["share"].diff().dropna() >= -1e-12).all()
    assert gain_curve(y, np.zeros(len(y)))["share"].to_numpy() == pytest.approx(curve["customers"].to_numpy())


@given(
    st.lists(
        st.tuples(st.booleans(), st.integers(0, 100).map(lambda hundredths: hundredths / 100)), min_size=2, max_size=50
    )
)
def test_the_reliability_curve_rises_and_keeps_the_total(rows: list[tuple[bool, float]]) -> None:
    """CORP: as many came true as the curve says, level by level."""
    happened, said = (np.array(each, float) for each in zip(*rows, strict=True))
    curve = reliability(happened, said)
    assert (curve["came_true"].diff().dropna() > 0).all()
    assert (curve["came_true"] * curve["customers"]).sum() == pytest.approx(happened.sum())


def test_deciles_hold_everybody_best_first() -> None:
    """Ten groups of all customers, the expected falling."""
    expected = np.arange(25.0)
    table = deciles(expected, expected)
    assert table["customers"].sum() == 25
    assert (table["expected"].diff().dropna() < 0).all()


def test_the_bootstrap_interval_holds_the_mean() -> None:
    """Of a thousand draws of a normal, and names that are tuples make levels."""
    values = np.random.default_rng(0).normal(3, 1, 400)
    table = bootstrap(lambda rows: {("a", "mean"): float(values[rows].mean())}, 400)
    low, high = table.loc[("a", "mean")]
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)
