"""The naive forecasts that every model is tried against: none, the average, one's own rate, and one column alone.

Each learns from one earlier window of `horizon` days and forecasts any other length: a count grows in proportion, and
a probability of none to the power of it, as if purchases came independently and at an even rate.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

Floats = NDArray[np.float64]
SMALLEST = 1e-6


class Baseline(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A forecast from the feature table; `fit` takes it at an earlier date with the purchases that came after."""

    horizon_: int

    def fit(self, X: pd.DataFrame, y: ArrayLike, horizon: int) -> Self:
        """Learn from the feature table X and the purchase occasions y, shape (n,), of the `horizon` days after."""
        self.horizon_ = horizon
        self._learn(X, np.asarray(y, float))
        return self

    def expected_purchases(self, X: pd.DataFrame, t: int) -> Floats:
        """Return expected purchase occasions in t days, shape (n,)."""
        return self._count(X) * (t / self.horizon_)

    def no_purchase_probability(self, X: pd.DataFrame, t: int) -> Floats:
        """Return P(no purchase in t days), shape (n,)."""
        return np.asarray(np.clip(self._none(X), SMALLEST, 1 - SMALLEST) ** (t / self.horizon_))

    @abstractmethod
    def _learn(self, X: pd.DataFrame, y: Floats) -> None: ...

    @abstractmethod
    def _count(self, X: pd.DataFrame) -> Floats: ...

    @abstractmethod
    def _none(self, X: pd.DataFrame) -> Floats: ...


class Zero(Baseline):
    """Nobody buys."""

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        pass

    def _count(self, X: pd.DataFrame) -> Floats:
        return np.zeros(len(X))

    def _none(self, X: pd.DataFrame) -> Floats:
        return np.ones(len(X))


class BaseRate(Baseline):
    """Everybody buys as the average did."""

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        self.count_ = float(y.mean())
        self.none_ = float((y == 0).mean())

    def _count(self, X: pd.DataFrame) -> Floats:
        return np.full(len(X), self.count_)

    def _none(self, X: pd.DataFrame) -> Floats:
        return np.full(len(X), self.none_)


class OwnRate(Baseline):
    """Everybody goes on as before (persistence): purchase days per day since the first, as a Poisson process."""

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        pass

    def _count(self, X: pd.DataFrame) -> Floats:
        # One day more than T, and the first purchase counted: a customer of this morning has a rate too.
        return np.asarray(X["purchase_days"] / (X["T"] + 1) * self.horizon_, float)

    def _none(self, X: pd.DataFrame) -> Floats:
        return np.asarray(np.exp(-self._count(X)))


class OneColumn(Baseline):
    """One number a customer, put to what came of it by isotonic regression; null is a group of its own.

    `of` makes the number from the feature table; `rising`: whether more of it means more purchases.
    """

    def __init__(self, of: Callable[[pd.DataFrame], ArrayLike], rising: bool) -> None:
        self.of = of
        self.rising = rising

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        number = np.asarray(self.of(X), float)
        known = ~np.isnan(number)
        self.learned_ = []
        for outcome, rising in ((y, self.rising), ((y == 0).astype(float), not self.rising)):
            curve = IsotonicRegression(increasing=rising, out_of_bounds="clip")
            if known.any():
                curve.fit(number[known], outcome[known])
            self.learned_.append((curve, float(outcome[~known].mean() if (~known).any() else outcome.mean())))
        self.any_known_ = bool(known.any())

    def _count(self, X: pd.DataFrame) -> Floats:
        return self._put(X, 0)

    def _none(self, X: pd.DataFrame) -> Floats:
        return self._put(X, 1)

    def _put(self, X: pd.DataFrame, which: int) -> Floats:
        curve, of_null = self.learned_[which]
        number = np.asarray(self.of(X), float)
        out = np.full(len(X), of_null)
        known = ~np.isnan(number)
        if self.any_known_ and known.any():
            out[known] = curve.predict(number[known])
        return out
