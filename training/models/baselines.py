"""Baselines that every model is compared with: nobody buys, the average, the own rate, and one column alone.

Each learns from one earlier window, and forecasts any other horizon as if purchases came independently at an even rate:
the count grows in proportion to the horizon, and P(no purchase) is raised to that proportion.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from training.models.arrays import Floats

MIN_PROBABILITY = 1e-6


class Baseline(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A forecast from the feature table, learnt from an earlier cutoff and the purchases after it.

    Attributes
    ----------
    horizon_days_ : int
        The horizon that it learnt from.
    """

    horizon_days_: int

    def fit(self, X: pd.DataFrame, y: ArrayLike, horizon_days: int) -> Self:
        """Learn from one earlier window.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table at the earlier cutoff.
        y : array-like of int, shape (n,)
            The purchase occasions in the horizon after it.
        horizon_days : int
            The length of that horizon.

        Returns
        -------
        Baseline
            The fitted baseline itself.
        """
        self.horizon_days_ = horizon_days
        self._learn(X, np.asarray(y, float))
        return self

    def expected_purchases(self, X: pd.DataFrame, horizon_days: int) -> Floats:
        """Return the expected purchase occasions in the horizon, float64 of shape (n,)."""
        return self._count(X) * (horizon_days / self.horizon_days_)

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: int) -> Floats:
        """Return P(no purchase in the horizon), float64 of shape (n,), strictly between 0 and 1."""
        probability = np.clip(self._no_purchase(X), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
        return np.asarray(probability ** (horizon_days / self.horizon_days_))

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        """Learn what the forecasts need; nothing, unless a subclass says so."""

    @abstractmethod
    def _count(self, X: pd.DataFrame) -> Floats:
        """Return the expected purchases in the horizon of the fit."""

    @abstractmethod
    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        """Return P(no purchase) in the horizon of the fit."""


class Zero(Baseline):
    """Nobody buys."""

    def _count(self, X: pd.DataFrame) -> Floats:
        return np.zeros(len(X))

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return np.ones(len(X))


class BaseRate(Baseline):
    """Everybody buys as often as the average customer did.

    Attributes
    ----------
    count_ : float
        The mean count.
    no_purchase_ : float
        The share of customers without a purchase.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame(index=["ann", "bob"])
    >>> BaseRate().fit(X, [0, 3], horizon_days=30).expected_purchases(X, horizon_days=60)
    array([3., 3.])
    """

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        self.count_ = float(y.mean())
        self.no_purchase_ = float((y == 0).mean())

    def _count(self, X: pd.DataFrame) -> Floats:
        return np.full(len(X), self.count_)

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return np.full(len(X), self.no_purchase_)


class OwnRate(Baseline):
    """Everybody goes on at their own rate (persistence): purchase days per day since the first, a Poisson process."""

    def _count(self, X: pd.DataFrame) -> Floats:
        # T + 1 days, the first purchase included, so that a customer of this morning has a rate too.
        return np.asarray(X["purchase_days"] / (X["T"] + 1) * self.horizon_days_, float)

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return np.asarray(np.exp(-self._count(X)))


class OneColumn(Baseline):
    """Isotonic regression of the outcome on one number for each customer; null is a group of its own.

    Parameters
    ----------
    of : callable
        Makes the number, array-like of float of shape (n,), from the feature table.
    rising : bool
        Whether a higher number means more purchases.
    """

    def __init__(self, of: Callable[[pd.DataFrame], ArrayLike], rising: bool) -> None:
        self.of = of
        self.rising = rising

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        number = np.asarray(self.of(X), float)
        known = ~np.isnan(number)
        self.any_known_ = bool(known.any())
        self.curves_ = []
        for outcome, rising in ((y, self.rising), ((y == 0).astype(float), not self.rising)):
            curve = IsotonicRegression(increasing=rising, out_of_bounds="clip")
            if self.any_known_:
                curve.fit(number[known], outcome[known])
            self.curves_.append((curve, float(outcome[~known].mean() if (~known).any() else outcome.mean())))

    def _count(self, X: pd.DataFrame) -> Floats:
        return self._curve(X, 0)

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return self._curve(X, 1)

    def _curve(self, X: pd.DataFrame, outcome: int) -> Floats:
        curve, of_null = self.curves_[outcome]
        number = np.asarray(self.of(X), float)
        values = np.full(len(X), of_null)
        known = ~np.isnan(number)
        if self.any_known_ and known.any():
            values[known] = curve.predict(number[known])
        return values
