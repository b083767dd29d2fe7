"""The distribution of a count from its mean and its chance of none: a hurdle, then a shifted negative binomial."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.stats import nbinom

Floats = NDArray[np.float64]
LOG_SHAPE_LIMIT = 6.0
FEWEST = 20
PACE_DAYS = 90
DISPERSION = (0.0, 0.3)
"""The shape of those who buy, before anything is learnt of it."""


class HurdleDistribution:
    """P(0) = `none`, and Y - 1 given Y > 0 negative binomial, so that the mean is `expected`; all of shape (n,).

    Its shape k follows the customer's pace (a quarter's count beyond the first) by log k = a + b log pace: of the pace
    and not the count, so that it holds for horizons that were never seen.
    """

    def __init__(self, expected: Floats, none: Floats, dispersion: tuple[float, float], days: float) -> None:
        self.none = none
        self.beyond = _beyond_first(expected, none)
        self.shape = _shape(self.beyond, dispersion, days)
        self._success = self.shape / (self.shape + self.beyond)

    def cdf(self, count: ArrayLike) -> Floats:
        """Return P(Y <= count)."""
        count = np.asarray(count, float)
        tail = nbinom.cdf(count - 1, self.shape, self._success)
        return np.where(count < 0, 0.0, self.none + (1 - self.none) * np.where(count < 1, 0.0, tail))

    def quantile(self, probability: float) -> Floats:
        """Return the smallest count with P(Y <= count) >= probability."""
        above = (probability - self.none) / np.maximum(1 - self.none, 1e-12)
        found = np.zeros(len(self.none))
        some = above > 0
        if some.any():
            of_tail = np.clip(above[some], 0, 1 - 1e-9)
            found[some] = 1 + nbinom.ppf(of_tail, self.shape[some], self._success[some])
        return found

    def interval(self, content: float) -> tuple[Floats, Floats]:
        """Return the shorter of [0, upper] and the central interval that hold `content`, closed, as low and high."""
        low, high = self.quantile((1 - content) / 2), self.quantile((1 + content) / 2)
        upper = self.quantile(content)
        from_zero = upper <= high - low
        return np.where(from_zero, 0.0, low), np.where(from_zero, upper, high)

    def content(self, low: ArrayLike, high: ArrayLike) -> Floats:
        """Return P(low <= Y <= high)."""
        return self.cdf(high) - self.cdf(np.asarray(low, float) - 1)


def content_that_holds(counts: HurdleDistribution, wanted: float) -> float:
    """Return the content to ask of `interval` so that the intervals of these customers hold `wanted` on average.

    A discrete interval holds more than it is asked for; over a base the excess can be taken back.
    """
    low, high = 0.3, wanted
    for _ in range(14):
        middle = (low + high) / 2
        if counts.content(*counts.interval(middle)).mean() < wanted:
            low = middle
        else:
            high = middle
    return high


def fit_dispersion(y: Floats, expected: Floats, none: Floats, days: Floats) -> tuple[float, float]:
    """Return (a, b) of the shape by maximum likelihood over those who bought; `DISPERSION` when they are too few."""
    some = y > 0
    if some.sum() < FEWEST:
        return DISPERSION
    again, reach = y[some] - 1, days[some]
    beyond = np.maximum(_beyond_first(expected[some], none[some]), 1e-3)

    def loss(v: Floats) -> float:
        shape = _shape(beyond, (v[0], v[1]), reach)
        fit = nbinom.logpmf(again, shape, shape / (shape + beyond)).mean()
        return float(1e-3 * (v @ v) - fit)

    a, b = minimize(loss, np.array(DISPERSION), method="Nelder-Mead").x
    return float(a), float(b)


def _beyond_first(expected: Floats, none: Floats) -> Floats:
    """Return the mean count beyond the first, of those who buy."""
    return np.maximum(expected / np.maximum(1 - none, 1e-12) - 1, 1e-6)


def _shape(beyond: Floats, dispersion: tuple[float, float], days: ArrayLike) -> Floats:
    pace = np.log(beyond * PACE_DAYS / np.maximum(days, 1e-9))
    return np.asarray(np.exp(np.clip(dispersion[0] + dispersion[1] * pace, -LOG_SHAPE_LIMIT, LOG_SHAPE_LIMIT)))
