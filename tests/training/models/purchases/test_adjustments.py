"""Adjustments of customers: learnt from standpoints, bounded, and nothing without any."""

from dataclasses import replace

import numpy as np
import pytest

from training.models.purchases import adjustments
from training.models.purchases.adjustment_rows import AdjustmentRows
from training.models.purchases.adjustments import Adjustments, Hinge
from training.models.purchases.constants import MAX_LOG_FACTOR
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.hurdle_distribution import DISPERSION


@pytest.fixture(scope="module")
def told(purchase_model, windows):
    """Two standpoints with a month's outcome."""
    months = [w for w in windows.earlier if 30 in w.purchases][:2]
    return [(CutoffFit.of(window, purchase_model.seasonality_), 30) for window in months]


def learnt(told, windows, ridge):
    rows = AdjustmentRows.of(told) if told else None
    return Adjustments.fit(rows, windows.past.first_day, windows.now.day, ridge)


def test_nothing_told_corrects_nothing(windows):
    """The factors are 1, whatever the signals."""
    nothing = learnt([], windows, None)
    assert nothing.dispersion == DISPERSION
    for factor in nothing.log_factors(np.random.default_rng(0).normal(0, 9, (20, len(COVARIATES)))):
        assert (factor == 0).all()


def test_no_customer_is_moved_beyond_the_limit(told, windows):
    """Not by the wildest signals, with slopes hardly held back."""
    bold = learnt(told, windows, 0.1)
    wild = np.random.default_rng(0).normal(0, 1e6, (200, len(COVARIATES)))
    for factor in bold.log_factors(wild):
        assert np.abs(factor).max() <= MAX_LOG_FACTOR
        assert np.isfinite(factor).all()


def test_customers_of_whom_more_came_are_moved_up(told, windows):
    """An outcome that a signal decides is learnt from it, and of none the other way round."""
    bent = []
    for standpoint, days in told:
        gap = standpoint.covariates[:, COVARIATES.index("one_time")]
        came = np.random.default_rng(1).poisson(standpoint.expected_purchases(days) * np.where(gap > 0, 3.0, 0.5))
        window = type(standpoint.window)(standpoint.window.day, standpoint.window.features, {days: came}, {})
        bent.append((CutoffFit.of(window, standpoint.seasonality), days))
    corrections = learnt(bent, windows, None)
    one_time = bent[0][0].covariates[:, COVARIATES.index("one_time")] > 0
    for factor in corrections.log_factors(bent[0][0].covariates):
        assert factor[one_time].mean() > factor[~one_time].mean() + 0.5


def test_the_no_purchase_offset_by_hand(told, windows, monkeypatch):
    """Purchases p weigh p / (p + 200), a share h of the history h^2, and one unit of weight holds the offset to 0.

    One window of 200 purchases after half of the history is 1 off, one of 600 after all of it is -1 off:
    (1/2 * 1/4 * 1 - 3/4 * 1) / (1/8 + 3/4 + 1) = -1/3.
    """
    past = []
    for (fit, days), day, purchases in zip(told, (50, 100), (200, 600), strict=True):
        counts = np.zeros(len(fit.covariates), int)
        counts[0] = purchases
        past.append((replace(fit, window=replace(fit.window, day=day, purchases={days: counts})), days))
    slopes = np.zeros(len(COVARIATES))
    monkeypatch.setattr(adjustments, "count_slopes", lambda *_: (slopes, np.array([0.2, 0.3])))
    monkeypatch.setattr(adjustments, "no_purchase_slopes", lambda *_: (slopes, np.array([1.2, -0.7])))
    learned = Adjustments.fit(AdjustmentRows.of(past), first_day=0, day=100, ridge=1.0)
    assert learned.no_purchase_offset == pytest.approx(-1 / 3)


def test_a_hinge_bends_the_function_of_its_covariate():
    """Below the knot nothing, above it the slopes; the limit holds for the sum."""
    plain = Adjustments.identity()
    wide = replace(plain, lowest=np.full(len(COVARIATES), -9.0), highest=np.full(len(COVARIATES), 9.0))
    bent = replace(wide, hinges=(Hinge(1, 0.5, 0.4, -0.2), Hinge(1, 2.0, 10.0, 0.0)))
    X = np.zeros((4, len(COVARIATES)))
    X[:, 1] = [-3.0, 0.5, 1.5, 9.0]
    count, none = bent.log_factors(X)
    assert count == pytest.approx([0.0, 0.0, 0.4, MAX_LOG_FACTOR])
    assert none == pytest.approx([0.0, 0.0, -0.2, -1.7])
