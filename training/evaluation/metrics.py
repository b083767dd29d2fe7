"""Metrics: plain functions of outcomes and forecasts, each giving one number or one table.

Bootstrap intervals compute them thousands of times on a few hundred customers. Those that are a mean of one expression
are written out: scikit-learn checks its arguments for longer than it computes. Tests compare both.
"""

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy
from scipy.stats import rankdata
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import roc_auc_score

Floats = NDArray[np.float64]
SMALLEST_COUNT = 1e-9
"""The deviance replaces smaller expected counts by this one: it would be infinite for 0 expected and a purchase."""
SMALLEST_PROBABILITY = 1e-6
"""The log loss keeps probabilities at least this far from 0 and 1."""


def deviance(purchases: ArrayLike, expected: ArrayLike) -> float:
    """Return the mean Poisson deviance of expected purchase occasions; 0 is best.

    Parameters
    ----------
    purchases : array-like of int, shape (n,)
        The observed occasions.
    expected : array-like of float, shape (n,)
        The expected occasions.

    Examples
    --------
    >>> round(deviance([0, 2], [1.0, 1.0]), 3)
    1.386
    """
    y, mu = np.asarray(purchases, float), np.maximum(np.asarray(expected, float), SMALLEST_COUNT)
    return float(2 * np.mean(xlogy(y, y / mu) - y + mu))


def rmse(purchases: ArrayLike, expected: ArrayLike) -> float:
    """Return the root mean squared error; arguments as of `deviance`."""
    return float(np.sqrt(np.mean((np.asarray(expected, float) - np.asarray(purchases, float)) ** 2)))


def mae(purchases: ArrayLike, expected: ArrayLike) -> float:
    """Return the mean absolute error; arguments as of `deviance`."""
    return float(np.mean(np.abs(np.asarray(expected, float) - np.asarray(purchases, float))))


def spearman(purchases: ArrayLike, expected: ArrayLike) -> float:
    """Return the rank correlation, 1 at best; NaN when either side is constant. Arguments as of `deviance`."""
    ranks = rankdata(purchases), rankdata(expected)
    if any(np.ptp(r) == 0 for r in ranks):
        return np.nan
    return float(np.corrcoef(*ranks)[0, 1])


def bias(purchases: ArrayLike, expected: ArrayLike) -> float:
    """Return total expected over total observed, less 1; NaN without a purchase. Arguments as of `deviance`."""
    y, mu = np.asarray(purchases, float), np.asarray(expected, float)
    return float(mu.sum() / y.sum() - 1) if y.sum() else np.nan


def churn_log_loss(churned: ArrayLike, probability: ArrayLike) -> float:
    """Return the log loss of churn probabilities; 0 is best.

    Parameters
    ----------
    churned : array-like of bool, shape (n,)
        Who did not buy in the horizon.
    probability : array-like of float, shape (n,)
        P(no purchase in the horizon).

    Examples
    --------
    >>> round(churn_log_loss([True, False], [0.5, 0.5]), 3)
    0.693
    """
    y, p = np.asarray(churned, bool), np.asarray(probability, float)
    clipped = np.clip(p, SMALLEST_PROBABILITY, 1 - SMALLEST_PROBABILITY)
    return float(-np.mean(np.log(np.where(y, clipped, 1 - clipped))))


def brier(churned: ArrayLike, probability: ArrayLike) -> float:
    """Return the Brier score, the mean squared error of churn probabilities; arguments as of `churn_log_loss`."""
    return float(np.mean((np.asarray(churned, float) - np.asarray(probability, float)) ** 2))


def auc(churned: ArrayLike, probability: ArrayLike) -> float:
    """Return the area under the ROC curve; NaN when all or none churned. Arguments as of `churn_log_loss`."""
    y = np.asarray(churned, bool)
    return float(roc_auc_score(y, np.asarray(probability, float))) if 0 < y.sum() < len(y) else np.nan


def coverage(purchases: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the share of outcomes within their interval, both ends included; all arguments have shape (n,)."""
    y = np.asarray(purchases)
    return float(np.mean((np.asarray(low) <= y) & (y <= np.asarray(high))))


def calibration_error(happened: ArrayLike, probability: ArrayLike, groups: int = 10) -> float:
    """Return the expected calibration error.

    Customers are put into groups of equal size by probability. The error is the mean over the groups of
    abs(mean probability - share that happened). Equal probabilities share their outcomes, so the order of the rows does
    not matter.
    """
    p = np.asarray(probability, float)
    gap = _best_first(np.asarray(happened, float), -p) - np.sort(p)
    return float(sum(abs(part.sum()) for part in np.array_split(gap, min(groups, len(p)))) / len(p))


def reliability(happened: ArrayLike, probability: ArrayLike) -> pd.DataFrame:
    """Return the CORP reliability curve: `said`, `came_true` and `customers` of each level of the isotonic fit.

    References
    ----------
    Dimitriadis, Gneiting & Jordan (2021), Stable reliability diagrams for probabilistic classifiers, PNAS 118(8).
    """
    y, p = np.asarray(happened, float), np.asarray(probability, float)
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(p, y)
    frame = pd.DataFrame({"said": p, "came_true": fitted})
    levels = frame.groupby("came_true", as_index=False).agg(said=("said", "mean"), customers=("said", "size"))
    return levels[["said", "came_true", "customers"]]


def gain_curve(outcome: ArrayLike, score: ArrayLike, points: int = 101) -> pd.DataFrame:
    """Return the cumulative gain: the `share` of the outcome found among the `customers` (a share) scored highest.

    Equal scores share their gain evenly, so the order of the rows does not matter.
    """
    y, s = np.asarray(outcome, float), np.asarray(score, float)
    cumulative = np.concatenate(([0.0], np.cumsum(_best_first(y, s)))) / max(y.sum(), SMALLEST_COUNT)
    at = np.linspace(0, 1, points)
    return pd.DataFrame({"customers": at, "share": np.interp(at, np.linspace(0, 1, len(y) + 1), cumulative)})


def normalised_gini(outcome: ArrayLike, score: ArrayLike) -> float:
    """Return the area between gain curve and diagonal, over that of the perfect order: 1 perfect, 0 random.

    NaN where all outcomes are equal.
    """
    y = np.asarray(outcome, float)
    if np.ptp(y) == 0:
        return np.nan
    found, perfect = (float(np.cumsum(_best_first(y, s) - y.mean()).sum()) for s in (np.asarray(score, float), y))
    return found / perfect


def deciles(outcome: ArrayLike, expected: ArrayLike, groups: int = 10) -> pd.DataFrame:
    """Return ten groups of equal size, the highest `expected` first: `customers`, mean `expected`, mean `came`."""
    mu = np.asarray(expected, float)
    came, said = _best_first(np.asarray(outcome, float), mu), -np.sort(-mu)
    parts = np.array_split(np.arange(len(mu)), min(groups, len(mu)))
    rows = [(number, len(part), said[part].mean(), came[part].mean()) for number, part in enumerate(parts, 1)]
    return pd.DataFrame(rows, columns=["decile", "customers", "expected", "came"])


def list_membership(score: ArrayLike, size: int) -> Floats:
    """Return how far each customer belongs to a list of the `size` highest scores.

    Parameters
    ----------
    score : array-like of float, shape (n,)
        The scores, none null.
    size : int
        The length of the list, 1 to n.

    Returns
    -------
    ndarray of float64, shape (n,)
        1 on the list, 0 off it. Customers whose equal scores straddle the end of the list share its last places, so
        that the sum is `size`.
    """
    s = np.asarray(score, float)
    edge = np.partition(s, len(s) - size)[len(s) - size]
    above, at = s > edge, s == edge
    return np.asarray(above + at * ((size - above.sum()) / at.sum()))


def _best_first(y: Floats, score: Floats) -> Floats:
    """Return y in descending order of score, equal scores each with their group's mean."""
    _, group, size = np.unique(-score, return_inverse=True, return_counts=True)
    return np.repeat(np.bincount(group, y) / size, size)
