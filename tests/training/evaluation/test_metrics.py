"""The measures, on figures that can be checked by hand and on laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    mean_poisson_deviance,
    roc_auc_score,
    root_mean_squared_error,
)

from training.evaluation.metrics import (
    auc,
    bias,
    brier,
    calibration_error,
    churn_log_loss,
    coverage,
    deciles,
    deviance,
    gain_curve,
    list_membership,
    mae,
    normalised_gini,
    reliability,
    rmse,
    spearman,
)

COUNTS = st.lists(st.integers(0, 20), min_size=2, max_size=60)


def test_measures_of_counts_by_hand() -> None:
    """Of 0 and 2 expected as 1 and 1: deviance 2 log 2, RMSE and MAE 1, no bias, no ranking."""
    y, mu = [0, 2], [1.0, 1.0]
    assert deviance(y, mu) == pytest.approx(2 * np.log(2))
    assert (rmse(y, mu), mae(y, mu), bias(y, mu)) == (1.0, 1.0, 0.0)
    assert np.isnan(spearman(y, mu))


def test_measures_of_churn_by_hand() -> None:
    """A half said of both: log loss log 2, Brier a quarter, nothing ranked, calibrated as a group."""
    gone, p = [True, False], [0.5, 0.5]
    assert churn_log_loss(gone, p) == pytest.approx(np.log(2))
    assert brier(gone, p) == 0.25
    assert auc(gone, p) == 0.5
    assert np.isnan(auc([True, True], [0.5, 0.4]))


def test_an_impossible_forecast_is_bad_but_finite() -> None:
    """Zero expected where somebody bought, certainty where it was wrong."""
    assert np.isfinite(deviance([1], [0.0]))
    assert np.isfinite(churn_log_loss([True], [0.0]))


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


# Against the libraries, and in any order

RNG = np.random.default_rng(7)
MU = RNG.gamma(0.8, 2.0, 500)
Y = RNG.poisson(MU)
P = RNG.beta(0.7, 0.7, 500)
GONE = RNG.random(500) < P


def test_measures_of_counts_are_those_of_the_libraries() -> None:
    """Deviance, errors and rank correlation as scikit-learn and SciPy have them; bias by hand."""
    assert deviance(Y, MU) == pytest.approx(mean_poisson_deviance(Y, MU))
    assert rmse(Y, MU) == pytest.approx(root_mean_squared_error(Y, MU))
    assert mae(Y, MU) == pytest.approx(mean_absolute_error(Y, MU))
    assert spearman(Y, MU) == pytest.approx(spearmanr(Y, MU).statistic)
    assert bias([1, 2, 3], [2.0, 2.0, 3.5]) == pytest.approx(0.25)


def test_measures_of_churn_are_those_of_scikit_learn() -> None:
    """Log loss, Brier score and area under the curve."""
    assert churn_log_loss(GONE, P) == pytest.approx(log_loss(GONE, P))
    assert brier(GONE, P) == pytest.approx(brier_score_loss(GONE, P))
    assert auc(GONE, P) == pytest.approx(roc_auc_score(GONE, P))


def test_what_cannot_be_measured_is_null() -> None:
    """No rank without differences, no bias without purchases; and what was right has no deviance."""
    nothing = [0, 0], [0.0, 0.0]
    assert np.isnan(spearman(*nothing))
    assert np.isnan(bias(*nothing))
    assert deviance(*nothing) == pytest.approx(0, abs=1e-6)


def test_calibration_of_two_groups_by_hand() -> None:
    """Told .2 and .6, one in four and all came true; and a forecast drawn from is calibrated, one moved off is not."""
    happened, told = [1, 0, 0, 0, 1, 1, 1, 1], [0.2] * 4 + [0.6] * 4
    assert calibration_error(happened, told, groups=2) == pytest.approx((0.05 + 0.4) / 2)
    assert calibration_error(GONE, P) < 0.06
    assert calibration_error(GONE, np.clip(P + 0.3, 0, 1)) > 0.15


@given(order=st.permutations(range(40)))
def test_equal_forecasts_are_measured_alike_in_any_order(order: list[int]) -> None:
    """Who stands first in the table does not show: neither in calibration, nor deciles, gain or Gini."""
    y, p = (np.arange(40) % 3 == 0), np.repeat([0.2, 0.5], 20)
    there = y[order], p[order]
    assert calibration_error(*there) == pytest.approx(calibration_error(y, p))
    pd.testing.assert_frame_equal(deciles(*there), deciles(y, p))
    pd.testing.assert_frame_equal(gain_curve(*there), gain_curve(y, p))
    assert normalised_gini(*there) == pytest.approx(normalised_gini(y, p))


def test_one_forecast_for_all_errs_by_the_average() -> None:
    """Its calibration error is the distance of what was said from the share that came true; it orders nobody."""
    assert calibration_error(np.arange(100) < 30, np.full(100, 0.5)) == pytest.approx(0.2)
    assert normalised_gini(Y, np.zeros(len(Y))) == pytest.approx(0, abs=1e-9)


def test_a_perfect_forecast_lies_on_the_diagonal() -> None:
    """As many came true as was said, level by level."""
    curve = reliability(np.tile([1, 0, 0, 0, 1, 1, 1, 0], 10), np.tile(np.repeat([0.25, 0.75], 4), 10))
    assert curve["said"].tolist() == pytest.approx([0.25, 0.75])
    assert curve["came_true"].tolist() == pytest.approx([0.25, 0.75])
    assert curve["customers"].tolist() == [40, 40]


def test_a_random_order_finds_in_proportion() -> None:
    """Its Gini is about 0; the perfect order has found everything by the last buyer."""
    assert normalised_gini(Y, RNG.random(len(Y))) == pytest.approx(0, abs=0.15)
    curve = gain_curve(Y, Y)
    assert np.interp((Y > 0).mean(), curve["customers"], curve["share"]) == pytest.approx(1, abs=0.02)


def test_deciles_of_all_have_the_means_of_all() -> None:
    """Groups of equal size; of three customers three."""
    table = deciles(Y, MU)
    assert (table["customers"] == 50).all()
    assert table["came"].mean() == pytest.approx(Y.mean())
    assert table["expected"].mean() == pytest.approx(MU.mean())
    assert len(deciles([1, 0, 2], [0.1, 0.2, 0.3])) == 3


SCORES = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=40)


@given(SCORES, st.data())
def test_a_list_has_its_length_whatever_ties(scores: list[float], data: st.DataObject) -> None:
    """The shares of a list sum to its length, and equal scores have equal shares."""
    size = data.draw(st.integers(1, len(scores)))
    member = list_membership(scores, size)
    assert member.sum() == pytest.approx(size)
    assert pd.Series(member).groupby(scores).nunique().max() == 1
    assert ((member >= 0) & (member <= 1)).all()
