"""Two ridge regressions that move customers apart: of counts, and of none at all, each with an offset.

A customer comes in many rows, one a window and horizon, and these tell the same thing again and again. How far the
slopes are held back is therefore learnt from how much the customers, not the rows, agree.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
Groups = NDArray[np.int64]

RIDGES = np.append(np.geomspace(30, 1e6, 80), 1e9)
"""The ridges tried, in events; the last leaves nothing of the slopes."""
STANDARD_ERROR = 0.5
"""What one standard error off its maximum costs a log-likelihood."""
ROUNDS = 30


def count_slopes(X: Floats, log_offset: Floats, y: Floats, group: Groups, ridge: float) -> tuple[Floats, Floats]:
    """Return the slopes of log E[y] = offset + intercept of the group + X b, and the groups' intercepts.

    Poisson likelihood by Newton's method. A group is one window and horizon: its intercept, hardly penalised, takes
    up season and trend, which are not the customers' doing.
    """
    slopes = np.zeros(X.shape[1])
    for _ in range(ROUNDS):
        mean, intercepts = _count_means(log_offset + X @ slopes, y, group)
        centred = _centred(X, mean, group)
        curvature = (centred * mean[:, None]).T @ centred + ridge * np.eye(len(slopes))
        step = np.linalg.solve(curvature, centred.T @ (y - mean) - ridge * slopes)
        largest = float(np.abs(step).max())
        slopes = slopes + step * min(1.0, 1 / max(largest, 1e-12))
        if largest < 1e-6:
            break
    return slopes, intercepts


def no_purchase_slopes(
    X: Floats, log_offset: Floats, bought: NDArray[np.bool_], group: Groups, ridge: float
) -> tuple[Floats, Floats]:
    """Return the slopes and intercepts of P(none) = exp(-exp(offset + intercept of the group + X c)).

    The complementary log-log form of the same design, by L-BFGS-B.
    """
    columns, groups = X.shape[1], int(group.max()) + 1

    def loss(v: Floats) -> tuple[float, Floats]:
        slopes, intercepts = v[:columns], v[columns:]
        fit, slope, _ = _none_terms(log_offset + intercepts[group] + X @ slopes, bought)
        gradient = np.concatenate((X.T @ slope - ridge * slopes, np.bincount(group, slope, groups) - intercepts))
        return float(ridge / 2 * slopes @ slopes + intercepts @ intercepts / 2 - fit.sum()), -gradient

    found = minimize(loss, np.zeros(columns + groups), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return found[:columns], found[columns:]


def count_ridge(X: Floats, log_offset: Floats, y: Floats, group: Groups, customer: Groups) -> float:
    """Return the ridge of `count_slopes` that these rows call for; `customer` numbers whose they are."""
    mean, _ = _count_means(log_offset, y, group)
    return ridge_by_evidence(_centred(X, mean, group), y - mean, mean, customer)


def no_purchase_ridge(
    X: Floats, log_offset: Floats, bought: NDArray[np.bool_], group: Groups, customer: Groups
) -> float:
    """Return the ridge of `no_purchase_slopes` that these rows call for."""
    _, intercepts = no_purchase_slopes(np.zeros((len(X), 0)), log_offset, bought, group, 0.0)
    _, slope, weight = _none_terms(log_offset + intercepts[group], bought)
    return ridge_by_evidence(_centred(X, weight, group), slope, weight, customer)


def ridge_by_evidence(X: Floats, slope: Floats, weight: Floats, customer: Groups) -> float:
    """Return the largest ridge within a standard error of the likeliest, for slopes drawn from N(0, tau^2).

    `slope` and `weight`: each row's first and (expected) second derivative of the log-likelihood by its linear
    predictor, at slopes of 0; X: centred by group. The score U = X' slope is then N(0, V + H tau^2 H), H = X' weight X,
    and its noise V, rows of one customer added up before they are squared, is taken as c H: c tells how often the rows
    count one event (the magnitude adjustment of composite likelihoods: Ribatet, Cooley & Davison 2012, Statistica
    Sinica 22). The ridge c / tau^2 gives the posterior mean. Few customers leave tau open, down to 0: then it is 0, as
    the rule of one standard error has it (Breiman et al. 1984, Classification and Regression Trees, 3.4.3).
    """
    curvature = (X * weight[:, None]).T @ X
    total = float(np.trace(curvature))
    if total <= 0:
        return float(RIDGES[-1])
    customers = int(customer.max()) + 1
    noise = sum(float((np.bincount(customer, slope * column, customers) ** 2).sum()) for column in X.T)
    repeated = max(1.0, noise / total)
    sizes, directions = np.linalg.eigh(curvature)
    sizes = np.maximum(sizes, 1e-9 * total)
    score = (directions.T @ (X.T @ slope)) ** 2
    variance = repeated * (sizes + sizes**2 / RIDGES[:, None])
    fits = -0.5 * (np.log(variance) + score / variance).sum(axis=1)
    return float(RIDGES[fits >= fits.max() - STANDARD_ERROR].max())


def _count_means(log_mean: Floats, y: Floats, group: Groups) -> tuple[Floats, Floats]:
    """Return the means with each group's total at what came, and the intercepts that bring it there."""
    mean = np.exp(log_mean)
    groups = int(group.max()) + 1
    intercepts = np.log((np.bincount(group, y, groups) + 1) / (np.bincount(group, mean, groups) + 1))
    return mean * np.exp(intercepts)[group], intercepts


def _none_terms(log_hazard: Floats, bought: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return each row's log-likelihood, and its first and expected second derivative by the log hazard."""
    hazard = np.exp(np.clip(log_hazard, -25, 5))
    some, none = -np.expm1(-hazard) + 1e-12, np.exp(-hazard)
    fit = np.where(bought, np.log(some), -hazard)
    return fit, np.where(bought, hazard * none / some, -hazard), hazard**2 * none / some


def _centred(X: Floats, weight: Floats, group: Groups) -> Floats:
    """Return X less each group's weighted mean."""
    groups = int(group.max()) + 1
    total = np.maximum(np.bincount(group, weight, groups), 1e-300)
    average = np.column_stack([np.bincount(group, weight * column, groups) / total for column in X.T])
    return np.asarray(X - average[group])
