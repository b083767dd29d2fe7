"""The distribution of a purchase count: a hurdle at the first purchase, then a shifted negative binomial."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize
from scipy.stats import nbinom

from training.models.arrays import Floats
from training.models.purchases.constants import LOG_SHAPE_LIMIT, PACE_DAYS
from training.models.purchases.shortest_interval import shortest

MIN_BUYERS = 20
DISPERSION = (0.0, 0.3)
"""The dispersion before anything is learnt about it."""


class HurdleDistribution:
    """Counts with given mean and probability of no purchase, for n customers.

    P(Y = 0) = `no_purchase_probability`, and Y - 1 given Y > 0 is negative binomial, so that E[Y] =
    `expected_purchases`. Its shape k follows the customer's pace, the purchases a quarter beyond the first:
    log k = a + b log pace. The pace does not depend on the horizon, so the shape holds for every horizon.

    Parameters
    ----------
    expected_purchases : ndarray of float64, shape (n,)
        The mean, at least 1 - `no_purchase_probability`.
    no_purchase_probability : ndarray of float64, shape (n,)
        P(Y = 0).
    dispersion : tuple of float
        The coefficients (a, b).
    horizon_days : float or ndarray of float64, shape (n,)
        The horizon of the count.
    level_variance : float, default 0.0
        The variance of a log level that multiplies the counts of all customers. It adds to the variance of Y - 1 what a
        random factor of mean 1 does: of variance v, it makes the shape k / (1 + v (k + 1)).

    References
    ----------
    Mullahy (1986), Specification and testing of some modified count data models, Journal of Econometrics 33(3).
    """

    def __init__(
        self,
        expected_purchases: Floats,
        no_purchase_probability: Floats,
        dispersion: tuple[float, float],
        horizon_days: ArrayLike,
        level_variance: float = 0.0,
    ) -> None:
        self.no_purchase_probability = no_purchase_probability
        self.beyond_first = _beyond_first(expected_purchases, no_purchase_probability)
        shape = _shape(self.beyond_first, dispersion, horizon_days)
        self.shape = shape / (1 + level_variance * (shape + 1))
        self._success = self.shape / (self.shape + self.beyond_first)

    def cdf(self, count: ArrayLike) -> Floats:
        """Return P(Y <= count), shape (n,)."""
        count = np.asarray(count, float)
        tail = nbinom.cdf(count - 1, self.shape, self._success)
        none = self.no_purchase_probability
        return np.where(count < 0, 0.0, none + (1 - none) * np.where(count < 1, 0.0, tail))

    def quantile(self, probability: float) -> Floats:
        """Return the smallest count with P(Y <= count) >= probability, shape (n,)."""
        none = self.no_purchase_probability
        above = (probability - none) / np.maximum(1 - none, 1e-12)
        counts = np.zeros(len(none))
        positive = above > 0
        if positive.any():
            of_tail = np.clip(above[positive], 0, 1 - 1e-9)
            counts[positive] = 1 + nbinom.ppf(of_tail, self.shape[positive], self._success[positive])
        return counts

    def interval(self, content: float, shorten: bool = True) -> tuple[Floats, Floats]:
        """Return the ends, both included, of the shortest interval that holds `content`, each of shape (n,).

        Parameters
        ----------
        content : float
        shorten : bool, default True
            False for the shorter of [0, upper] and the central interval, as models of earlier releases have it.
        """
        low, high = self.quantile((1 - content) / 2), self.quantile((1 + content) / 2)
        upper = self.quantile(content)
        from_zero = upper <= high - low
        low, high = np.where(from_zero, 0.0, low), np.where(from_zero, upper, high)
        if shorten:
            return shortest(low, high, self.no_purchase_probability, self.shape, self._success, content)
        return low, high

    def content(self, low: ArrayLike, high: ArrayLike) -> Floats:
        """Return P(low <= Y <= high), shape (n,)."""
        return self.cdf(high) - self.cdf(np.asarray(low, float) - 1)


def fit_dispersion(
    y: Floats, expected_purchases: Floats, no_purchase_probability: Floats, horizon_days: Floats
) -> tuple[float, float]:
    """Return the dispersion (a, b) by maximum likelihood over the rows with a purchase, y > 0.

    All arguments have shape (n,). Returns `DISPERSION` when fewer than `MIN_BUYERS` rows have a purchase.
    """
    bought = y > 0
    if bought.sum() < MIN_BUYERS:
        return DISPERSION
    repeats, horizon_days = y[bought] - 1, horizon_days[bought]
    beyond_first = np.maximum(_beyond_first(expected_purchases[bought], no_purchase_probability[bought]), 1e-3)

    def loss(v: Floats) -> float:
        shape = _shape(beyond_first, (v[0], v[1]), horizon_days)
        fit = nbinom.logpmf(repeats, shape, shape / (shape + beyond_first)).mean()
        return float(1e-3 * (v @ v) - fit)

    a, b = minimize(loss, np.array(DISPERSION), method="Nelder-Mead").x
    return float(a), float(b)


def _beyond_first(expected_purchases: Floats, no_purchase_probability: Floats) -> Floats:
    """Return the mean count beyond the first purchase of customers who buy."""
    return np.maximum(expected_purchases / np.maximum(1 - no_purchase_probability, 1e-12) - 1, 1e-6)


def _shape(beyond_first: Floats, dispersion: tuple[float, float], horizon_days: ArrayLike) -> Floats:
    pace = np.log(beyond_first * PACE_DAYS / np.maximum(horizon_days, 1e-9))
    return np.asarray(np.exp(np.clip(dispersion[0] + dispersion[1] * pace, -LOG_SHAPE_LIMIT, LOG_SHAPE_LIMIT)))
