"""Confidence intervals of figures over a base of customers: by bootstrap, and of a share."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

Floats = NDArray[np.float64]
Measure = Callable[[NDArray[np.int64]], Mapping[Any, float]]

CONFIDENCE = 0.95
MOST_DRAWS, FEWEST_DRAWS = 200, 20
FULL_DRAWS_CUSTOMERS = 50_000
"""Bases up to this size get `MOST_DRAWS`, larger ones fewer in proportion: their intervals are narrow anyway."""


def bootstrap_draws(customers: int) -> int:
    """Return how many bootstrap draws an interval over a base of this size takes: 200, fewer above 50,000 customers."""
    return max(FEWEST_DRAWS, min(MOST_DRAWS, MOST_DRAWS * FULL_DRAWS_CUSTOMERS // max(1, customers)))


def bootstrap(measure: Measure, customers: int, draws: int = MOST_DRAWS, seed: int = 0) -> pd.DataFrame:
    """Return the 95 % percentile bootstrap interval of each value of a measure.

    To compare two models, let `measure` return the difference between their figures on the same rows: the interval is
    then paired.

    Parameters
    ----------
    measure : callable
        Takes row numbers, int64 of shape (customers,), drawn with replacement, and returns the figures of these rows
        by name. Names that are tuples make several index levels.
    customers : int
        The size of the base.
    draws : int, default 200
        How many resamples to draw.
    seed : int, default 0
        Seed of the random generator: the same seed gives the same interval.

    Returns
    -------
    DataFrame
        Columns `low` and `high`, one row for each figure; null for a figure that is null in every draw.

    References
    ----------
    Efron & Tibshirani (1993), An Introduction to the Bootstrap, chapter 13.

    Examples
    --------
    >>> import numpy as np
    >>> purchases = np.array([0, 0, 1, 1, 2, 3, 5, 8])
    >>> bootstrap(lambda rows: {"mean": purchases[rows].mean()}, len(purchases)).round(2)
           low  high
    mean  1.12  4.38
    """
    rng = np.random.default_rng(seed)
    figures = [measure(rng.integers(0, customers, customers)) for _ in range(draws)]
    values = pd.DataFrame([list(drawn.values()) for drawn in figures], dtype=float)
    low, high = values.quantile([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).to_numpy()
    return pd.DataFrame({"low": low, "high": high}, index=pd.Index(list(figures[0])))


def wilson_interval(successes: ArrayLike, trials: ArrayLike) -> tuple[Floats, Floats]:
    """Return the 95 % Wilson score interval of each share.

    Parameters
    ----------
    successes : array-like of float
        How often it happened, up to rounding a whole number; scalar or shape (n,).
    trials : array-like of int
        Of how many; same shape as `successes`.

    Returns
    -------
    low, high : ndarray of float64, same shape
        The ends of the interval, between 0 and 1; NaN without trials.

    References
    ----------
    Wilson (1927), Journal of the American Statistical Association 22(158), 209-212.
    """
    happened, of = np.broadcast_arrays(np.nan_to_num(np.asarray(successes, float)), np.asarray(trials, int))
    ends = np.array([_wilson(round(k), int(n)) for k, n in zip(happened.flat, of.flat, strict=True)]).reshape(-1, 2)
    return ends[:, 0].reshape(of.shape), ends[:, 1].reshape(of.shape)


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    if trials == 0:
        return np.nan, np.nan
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
