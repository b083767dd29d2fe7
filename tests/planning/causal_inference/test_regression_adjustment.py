import numpy as np
import pytest
from scipy.linalg import sqrtm

from features.errors import TooLittleDataError
from planning.causal_inference.regression_adjustment import adjusted_differences

RNG = np.random.default_rng(7)
N = 180
X = RNG.normal(size=(N, 2))
TREATED = RNG.random(N) < 0.4
Y = 1 + X @ [0.5, -1] + TREATED * (1 + X[:, 0]) + RNG.normal(size=N) * (1 + TREATED)
WEIGHTS = RNG.uniform(1, 3, N)


def by_the_formula(clusters, weights):
    """Coefficient of the treatment in the fully interacted regression, and its CR2 variance, matrix by matrix."""
    centred = X - np.average(X, axis=0, weights=weights)
    t = TREATED[:, None].astype(float)
    root = np.sqrt(weights)[:, None]
    design = np.hstack([np.ones((N, 1)), t, centred, t * centred]) * root
    outcome = Y * root[:, 0]
    bread = np.linalg.inv(design.T @ design)
    coefficients = bread @ design.T @ outcome
    residuals = outcome - design @ coefficients
    meat = np.zeros_like(bread)
    for name in np.unique(clusters):
        rows = clusters == name
        hat = design[rows] @ bread @ design[rows].T
        score = design[rows].T @ np.linalg.inv(sqrtm(np.eye(rows.sum()) - hat).real) @ residuals[rows]
        meat += np.outer(score, score)
    return coefficients[1], (bread @ meat @ bread)[1, 1]


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["equal", "weighted"])
def test_hc2_is_that_of_the_explicit_matrices(weights):
    """Estimate and variance are those of the interacted regression with e_i / sqrt(1 - h_ii)."""
    found = adjusted_differences(Y, TREATED, X, weights=weights)
    assert (found.estimates[0], found.covariance[0, 0]) == pytest.approx(by_the_formula(np.arange(N), weights))


def test_cr2_is_that_of_the_explicit_matrices_where_a_customer_is_in_one_group():
    """With clusters, each one's residuals are adjusted by (I - H_gg)^(-1/2), the symmetric root."""
    order = np.argsort(TREATED, kind="stable")
    clusters = np.empty(N, int)
    clusters[order] = np.r_[np.arange((~TREATED).sum()) // 2, 1000 + np.arange(TREATED.sum()) // 3]
    found = adjusted_differences(Y, TREATED, X, clusters=clusters)
    assert (found.estimates[0], found.covariance[0, 0]) == pytest.approx(by_the_formula(clusters, np.ones(N)))


def test_without_covariates_the_variance_is_neymans():
    """The plain difference has s1^2 / n1 + s0^2 / n0 exactly, and Welch's degrees of freedom."""
    found = adjusted_differences(Y, TREATED)
    parts = np.array([Y[side].var(ddof=1) / side.sum() for side in (TREATED, ~TREATED)])
    assert found.covariance[0, 0] == pytest.approx(parts.sum(), rel=1e-12)
    sizes = np.array([TREATED.sum(), (~TREATED).sum()])
    assert found.degrees_of_freedom == pytest.approx(parts.sum() ** 2 / (parts**2 / (sizes - 1)).sum())


def test_rows_of_one_customer_in_both_groups_are_dependent():
    """Customers with the same outcome in both groups leave no error of the difference."""
    level = RNG.normal(size=200)
    outcome, treated = np.r_[level, level + 1], np.repeat([False, True], 200)
    customers = np.tile(np.arange(200), 2)
    assert adjusted_differences(outcome, treated, clusters=customers).covariance[0, 0] == pytest.approx(0, abs=1e-20)
    assert adjusted_differences(outcome, treated).covariance[0, 0] > 0.005


def test_useless_covariates_change_nothing():
    """Constant, repeated and, in a small group, too many covariates are left out."""
    repeated = np.column_stack([X, X[:, :1] * 2 + 3, np.ones(N)])
    one = adjusted_differences(Y, TREATED, X)
    assert adjusted_differences(Y, TREATED, repeated).covariance == pytest.approx(one.covariance)
    few = np.r_[np.flatnonzero(TREATED)[:5], np.flatnonzero(~TREATED)]
    plain, adjusted = (adjusted_differences(Y[few], TREATED[few], c) for c in (None, X[few]))
    assert plain.covariance == pytest.approx(adjusted.covariance)


def test_outcomes_together_are_those_one_by_one():
    """Several outcomes at once give each one's estimate and variance, and their covariance besides."""
    both = adjusted_differences(np.column_stack([Y, Y**2]), TREATED, X)
    for k, outcome in enumerate((Y, Y**2)):
        alone = adjusted_differences(outcome, TREATED, X)
        assert both.estimates[k] == pytest.approx(alone.estimates[0])
        assert both.covariance[k, k] == pytest.approx(alone.covariance[0, 0])
    summed = adjusted_differences(Y + Y**2, TREATED, X)
    assert both.covariance.sum() == pytest.approx(summed.covariance[0, 0])


def test_a_group_of_one_is_refused():
    """One customer has no variance: the error counts both groups and says what to do."""
    with pytest.raises(TooLittleDataError, match="3 treated and 1 left alone, expected at least 2"):
        adjusted_differences([1, 2, 3, 4], [1, 1, 1, 0])
    with pytest.raises(TooLittleDataError, match="1 left alone"):
        adjusted_differences([1, 2, 3, 4], [1, 1, 0, 0], clusters=["a", "b", "c", "c"])
