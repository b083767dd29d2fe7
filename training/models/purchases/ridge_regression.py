"""Two ridge regressions with offsets: of counts (Poisson), and of no purchase (complementary log-log).

A customer has many rows, one for each window and horizon, and these repeat the same information. The ridge penalty is
therefore estimated from the agreement between customers, not between rows.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from training.models.arrays import Flags, Floats

Groups = NDArray[np.int64]

RIDGES = np.append(np.geomspace(30, 1e6, 80), 1e9)
"""The candidate penalties, in events; the last leaves no slopes."""
STANDARD_ERROR = 0.5
"""By how much a log-likelihood falls one standard error away from its maximum."""
NEWTON_STEPS = 30


def count_slopes(X: Floats, log_offset: Floats, y: Floats, group: Groups, ridge: float) -> tuple[Floats, Floats]:
    """Return the slopes of log E[y] = offset + intercept of the group + X b, and the groups' intercepts.

    Poisson likelihood by Newton's method. A group is one window and horizon: its intercept, with a weak prior, absorbs
    season and trend, which no covariate of a customer explains.
    """
    slopes = np.zeros(X.shape[1])
    for _ in range(NEWTON_STEPS):
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
    X: Floats, log_offset: Floats, bought: Flags, group: Groups, ridge: float
) -> tuple[Floats, Floats]:
    """Return the slopes and intercepts of P(none) = exp(-exp(offset + intercept of the group + X c)).

    The complementary log-log form of the same design, by L-BFGS-B.
    """
    columns, groups = X.shape[1], int(group.max()) + 1

    def loss(v: Floats) -> tuple[float, Floats]:
        slopes, intercepts = v[:columns], v[columns:]
        log_hazard = log_offset + intercepts[group] + X @ slopes
        fit, (slope, _) = no_purchase_log_likelihood(log_hazard, bought), no_purchase_derivatives(log_hazard, bought)
        gradient = np.concatenate((X.T @ slope - ridge * slopes, np.bincount(group, slope, groups) - intercepts))
        return float(ridge / 2 * slopes @ slopes + intercepts @ intercepts / 2 - fit.sum()), -gradient

    solution = minimize(loss, np.zeros(columns + groups), jac=True, method="L-BFGS-B", options={"maxiter": 400}).x
    return solution[:columns], solution[columns:]


def count_ridge(X: Floats, log_offset: Floats, y: Floats, group: Groups, customer: Groups) -> float:
    """Return the penalty for `count_slopes` by `ridge_by_evidence`; `customer` numbers the customer of each row."""
    mean, _ = _count_means(log_offset, y, group)
    return ridge_by_evidence(_centred(X, mean, group), y - mean, mean, customer)


def no_purchase_ridge(X: Floats, log_offset: Floats, bought: Flags, group: Groups, customer: Groups) -> float:
    """Return the penalty for `no_purchase_slopes` by `ridge_by_evidence`."""
    _, intercepts = no_purchase_slopes(np.zeros((len(X), 0)), log_offset, bought, group, 0.0)
    slope, weight = no_purchase_derivatives(log_offset + intercepts[group], bought)
    return ridge_by_evidence(_centred(X, weight, group), slope, weight, customer)


def ridge_by_evidence(X: Floats, slope: Floats, weight: Floats, customer: Groups) -> float:
    """Return the penalty by marginal likelihood, with the one-standard-error rule, for slopes ~ N(0, tau^2).

    The score U = X' slope is N(0, V + H tau^2 H), with H = X' weight X. Its noise V adds the rows of a customer up
    before squaring, and is approximated by c H: c is how often the rows repeat one event (the magnitude adjustment of
    composite likelihoods). The penalty c / tau^2 gives the posterior mean. With few customers the likelihood is flat
    down to tau = 0; the one-standard-error rule then picks tau = 0.

    Parameters
    ----------
    X : ndarray of float64, shape (n, covariates)
        The covariates, centred by group.
    slope, weight : ndarray of float64, shape (n,)
        First and expected negative second derivative of each row's log-likelihood by its linear predictor, at slopes 0.
    customer : ndarray of int64, shape (n,)
        The customer of each row, numbered from 0.

    References
    ----------
    Ribatet, Cooley & Davison (2012), Statistica Sinica 22, 813-845, for the magnitude adjustment.
    Breiman, Friedman, Olshen & Stone (1984), Classification and Regression Trees, section 3.4.3, for the rule.
    """
    curvature = (X * weight[:, None]).T @ X
    total = float(np.trace(curvature))
    if total <= 0:
        return float(RIDGES[-1])
    customers = int(customer.max()) + 1
    noise = sum(float((np.bincount(customer, slope * column, customers) ** 2).sum()) for column in X.T)
    repeats = max(1.0, noise / total)
    sizes, directions = np.linalg.eigh(curvature)
    sizes = np.maximum(sizes, 1e-9 * total)
    score = (directions.T @ (X.T @ slope)) ** 2
    variance = repeats * (sizes + sizes**2 / RIDGES[:, None])
    fits = -0.5 * (np.log(variance) + score / variance).sum(axis=1)
    return float(RIDGES[fits >= fits.max() - STANDARD_ERROR].max())


def _count_means(log_mean: Floats, y: Floats, group: Groups) -> tuple[Floats, Floats]:
    """Return the means scaled so that each group's total is the observed one, and the intercepts that scale them."""
    mean = np.exp(log_mean)
    groups = int(group.max()) + 1
    intercepts = np.log((np.bincount(group, y, groups) + 1) / (np.bincount(group, mean, groups) + 1))
    return mean * np.exp(intercepts)[group], intercepts


def no_purchase_log_likelihood(log_hazard: Floats, bought: Flags) -> Floats:
    """Return each row's log-likelihood under P(none) = exp(-exp(log hazard)), shape (n,)."""
    hazard, purchase = _hazard(log_hazard)
    return np.where(bought, np.log(purchase), -hazard)


def no_purchase_derivatives(log_hazard: Floats, bought: Flags) -> tuple[Floats, Floats]:
    """Return its first and expected negative second derivative by the log hazard, each of shape (n,)."""
    hazard, purchase = _hazard(log_hazard)
    odds = hazard * np.exp(-hazard) / purchase
    return np.where(bought, odds, -hazard), hazard * odds


def _hazard(log_hazard: Floats) -> tuple[Floats, Floats]:
    """Return the hazard, within bounds, and P(a purchase)."""
    hazard = np.exp(np.clip(log_hazard, -25, 5))
    return hazard, -np.expm1(-hazard) + 1e-12


def _centred(X: Floats, weight: Floats, group: Groups) -> Floats:
    """Return X less each group's weighted mean."""
    groups = int(group.max()) + 1
    total = np.maximum(np.bincount(group, weight, groups), 1e-300)
    average = np.column_stack([np.bincount(group, weight * column, groups) / total for column in X.T])
    return np.asarray(X - average[group])
