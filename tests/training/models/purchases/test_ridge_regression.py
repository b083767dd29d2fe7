"""The two regressions: known slopes come back, chance gives none, and a row told twice is told once."""

import numpy as np
import pytest
from sklearn.linear_model import PoissonRegressor

from training.models.purchases.ridge_regression import (
    RIDGES,
    count_ridge,
    count_slopes,
    no_purchase_ridge,
    no_purchase_slopes,
    ridge_by_evidence,
)

TRUE = np.array([0.30, -0.20, 0.0, 0.10])
INTERCEPTS = np.array([0.2, -0.4])


def rows(customers, slopes=TRUE, seed=0, level=0.0):
    """Two rows a customer, one in each group, with offsets; the counts and whether there was one."""
    rng = np.random.default_rng(seed)
    X = np.repeat(rng.standard_normal((customers, len(slopes))), 2, axis=0)
    offset = level + rng.normal(0, 0.5, 2 * customers)
    group = np.tile([0, 1], customers)
    log_mean = offset + INTERCEPTS[group] + X @ slopes
    y = rng.poisson(np.exp(log_mean)).astype(float)
    return X, offset, y, group, np.repeat(np.arange(customers), 2)


def test_known_slopes_and_intercepts_come_back():
    """Of 8,000 customers, to three standard errors, by either regression: none of a Poisson count is a cloglog."""
    X, offset, y, group, _ = rows(8000)
    for slopes, intercepts in (
        count_slopes(X, offset, y, group, 1.0),
        no_purchase_slopes(X, offset, y > 0, group, 1.0),
    ):
        assert slopes == pytest.approx(TRUE, abs=0.04)
        assert intercepts == pytest.approx(INTERCEPTS, abs=0.04)


def test_counts_agree_with_scikit_learn():
    """The same penalised likelihood, with an offset as weight of a rate and one group."""
    X, offset, y, _, _ = rows(500)
    group, ridge = np.zeros(len(y), int), 50.0
    weight = np.exp(offset)
    peer = PoissonRegressor(alpha=ridge / weight.sum(), tol=1e-10, max_iter=1000).fit(X, y / weight, weight)
    slopes, intercepts = count_slopes(X, offset, y, group, ridge)
    assert slopes == pytest.approx(peer.coef_, abs=1e-3)
    assert intercepts == pytest.approx([peer.intercept_], abs=5e-3)


def test_a_larger_ridge_holds_slopes_back():
    """Down to nothing, and the intercepts still bring each group's total to what came."""
    X, offset, y, group, _ = rows(500)
    for fit, outcome in ((count_slopes, y), (no_purchase_slopes, y > 0)):
        sizes = [np.linalg.norm(fit(X, offset, outcome, group, ridge)[0]) for ridge in (1.0, 1e3, 1e9)]
        assert sizes[0] > sizes[1] > sizes[2]
        assert sizes[2] < 1e-3
    _, intercepts = count_slopes(X, offset, y, group, 1e9)
    total = np.bincount(group, np.exp(offset + intercepts[group]))
    assert total == pytest.approx(np.bincount(group, y), rel=0.01)


@pytest.mark.parametrize("seed", range(5))
def test_chance_is_not_believed(seed):
    """Where the signals say nothing, what is left of the slopes moves customers by a few percent at most."""
    X, offset, y, group, customer = rows(150, slopes=np.zeros(20), seed=seed)
    by_count, _ = count_slopes(X, offset, y, group, count_ridge(X, offset, y, group, customer))
    by_none, _ = no_purchase_slopes(X, offset, y > 0, group, no_purchase_ridge(X, offset, y > 0, group, customer))
    assert (X @ by_count).std() < 0.12
    assert (X @ by_none).std() < 0.12


def test_what_many_customers_say_is_believed():
    """With 4,000 customers little is held back; with 100 more."""
    ridges = []
    for customers in (100, 4000):
        X, offset, y, group, customer = rows(customers, seed=3)
        ridges.append((count_ridge(X, offset, y, group, customer), len(y)))
        assert no_purchase_ridge(X, offset, y > 0, group, customer) <= RIDGES[-1]
    assert ridges[1][0] / ridges[1][1] < ridges[0][0] / ridges[0][1]
    slopes, _ = count_slopes(X, offset, y, group, ridges[1][0])
    assert slopes == pytest.approx(TRUE, abs=0.05)


def test_rows_told_again_are_not_believed_more():
    """Each row five times over, of the same customers: five times the ridge, and the same slopes."""
    X, offset, y, group, customer = rows(400, seed=1)
    again = [np.tile(part, 5) for part in (offset, y, group, customer)]
    X5 = np.tile(X, (5, 1))
    once, five = count_ridge(X, offset, y, group, customer), count_ridge(X5, *again)
    assert once < RIDGES[-1]
    assert five == pytest.approx(5 * once, rel=0.3)
    slopes = [count_slopes(X, offset, y, group, once)[0], count_slopes(X5, *again[:3], five)[0]]
    assert slopes[1] == pytest.approx(slopes[0], abs=0.03)


def test_nobody_who_bought_teaches_nothing():
    """All zero, or all bought: finite slopes and intercepts."""
    X, offset, y, group, customer = rows(50)
    for outcome in (np.zeros_like(y), np.full_like(y, 7.0)):
        for found in (
            count_slopes(X, offset, outcome, group, count_ridge(X, offset, outcome, group, customer)),
            no_purchase_slopes(
                X, offset, outcome > 0, group, no_purchase_ridge(X, offset, outcome > 0, group, customer)
            ),
        ):
            assert all(np.isfinite(part).all() for part in found)


@pytest.mark.parametrize(("slope", "believed"), [(0.015, False), (0.029, False), (0.034, True), (0.09, True)])
def test_a_slope_within_one_standard_error_of_zero_is_zero(slope, believed):
    """A hundred customers with one row each, so that H = 100 and U^2 = 100^2 slope: the largest ridge whose
    log-likelihood -(log v + U^2 / v) / 2, v = H + H^2 / ridge, is within a half of the highest."""
    H, square = 100.0, 100.0**2 * slope
    ridge = ridge_by_evidence(np.ones((100, 1)), np.full(100, slope**0.5), np.ones(100), np.arange(100))
    variance = H + H**2 / RIDGES
    fits = -(np.log(variance) + square / variance) / 2
    within = RIDGES[fits >= fits.max() - 0.5]
    assert ridge == within.max()
    assert (ridge < RIDGES[-1]) == believed
    assert RIDGES[fits.argmax()] < ridge
