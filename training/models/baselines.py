"""Baselines that every model is compared with: nobody buys, the average, the own rate, and one column alone.

Each learns from one earlier window, and forecasts any other horizon as if purchases came independently at an even rate:
the count grows in proportion to the horizon, and P(no purchase) is raised to that proportion.
"""

from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.isotonic import IsotonicRegression

from features.loyalty.formula import Formula, load_formula
from features.loyalty.scoring import score
from training.models.arrays import Floats
from training.models.btyd.rfm_input import refuse
from training.models.forecaster import ForecasterMixin, horizon_of_rows, latest_outcome

MIN_PROBABILITY = 1e-6


class Baseline(ForecasterMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A forecast from the feature table, learnt from an earlier cutoff and the purchases after it.

    Attributes
    ----------
    horizon_days_ : int
        The horizon that it learnt from.
    """

    horizon_days_: int

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> Self:
        """Learn from the latest window whose outcome is known, of several horizons from the longest.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table with the column `horizon_days`; of several windows with `as_of_day` too.
        y : array-like of float, shape (n,)
            The purchase occasions in the horizon; NaN where it was not over.

        Returns
        -------
        Baseline
            The fitted baseline itself.

        Raises
        ------
        TooLittleDataError
            No outcome is known.
        """
        known, outcome, self.horizon_days_ = latest_outcome(X, y)
        self._learn(known, outcome)
        return self

    def expected_purchases(self, X: pd.DataFrame, horizon_days: Any) -> Floats:
        """Return the expected purchase occasions in the horizon, float64 of shape (n,)."""
        return np.asarray(self._count(X) * self._horizons(horizon_days, len(X)))

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: Any) -> Floats:
        """Return P(no purchase in the horizon), float64 of shape (n,), strictly between 0 and 1."""
        probability = np.clip(self._no_purchase(X), MIN_PROBABILITY, 1 - MIN_PROBABILITY)
        return np.asarray(probability ** self._horizons(horizon_days, len(X)))

    def forecast(self, X: pd.DataFrame, horizon_days: Any) -> tuple[Floats, Floats]:
        """Return both, with the expectation raised to at least P(any purchase): the two are learnt apart."""
        none = self.no_purchase_probability(X, horizon_days)
        return np.maximum(self.expected_purchases(X, horizon_days), 1 - none), none

    def _horizons(self, horizon_days: Any, n: int) -> Floats:
        """Return the horizons of n rows as multiples of that of the fit."""
        return horizon_of_rows(horizon_days, n) / self.horizon_days_

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
    >>> X = pd.DataFrame({"horizon_days": [30, 30]}, index=["ann", "bob"])
    >>> BaseRate().fit(X, [0, 3]).expected_purchases(X, horizon_days=60)
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
        for name in ("purchase_days", "T"):
            refuse((X[name] < 0).to_numpy(bool), f"{name} is negative", "expected 0 or more")
        # T + 1 days, the first purchase included, so that a customer of this morning has a rate too.
        return np.asarray(X["purchase_days"] / (X["T"] + 1) * self.horizon_days_, float)

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return np.asarray(np.exp(-self._count(X)))


class IsotonicBaseline(Baseline, ABC):
    """Isotonic regression of the outcome on one number for each customer; null is a group of its own.

    Attributes
    ----------
    any_known_ : bool
        Whether the number was known for anybody.
    curves_ : list of (IsotonicRegression, float)
        Of the count and of P(no purchase): the curve, and the forecast for customers without the number.
    """

    @abstractmethod
    def _number(self, X: pd.DataFrame) -> Floats:
        """Return the number of each customer, NaN where it is null."""

    @abstractmethod
    def _is_rising(self) -> bool:
        """Return whether a higher number means more purchases."""

    def _learn(self, X: pd.DataFrame, y: Floats) -> None:
        number, rising = self._number(X), self._is_rising()
        known = ~np.isnan(number)
        self.any_known_ = bool(known.any())
        self.curves_ = []
        for outcome, increasing in ((y, rising), ((y == 0).astype(float), not rising)):
            curve = IsotonicRegression(increasing=increasing, out_of_bounds="clip")
            if self.any_known_:
                curve.fit(number[known], outcome[known])
            self.curves_.append((curve, float(outcome[~known].mean() if (~known).any() else outcome.mean())))

    def _count(self, X: pd.DataFrame) -> Floats:
        return self._curve(X, 0)

    def _no_purchase(self, X: pd.DataFrame) -> Floats:
        return self._curve(X, 1)

    def _curve(self, X: pd.DataFrame, outcome: int) -> Floats:
        curve, of_null = self.curves_[outcome]
        number = self._number(X)
        values = np.full(len(X), of_null)
        known = ~np.isnan(number)
        if self.any_known_ and known.any():
            values[known] = curve.predict(number[known])
        return values


class OneColumn(IsotonicBaseline):
    """Isotonic regression of the outcome on one column of the feature table.

    Parameters
    ----------
    column : str, default "days_since_last_purchase"
        The name of the column.
    rising : bool, default False
        Whether a higher number means more purchases.
    """

    def __init__(self, column: str = "days_since_last_purchase", rising: bool = False) -> None:
        self.column = column
        self.rising = rising

    def _number(self, X: pd.DataFrame) -> Floats:
        return X[self.column].to_numpy(float)

    def _is_rising(self) -> bool:
        return self.rising


class RuleScore(IsotonicBaseline):
    """Isotonic regression of the outcome on the loyalty score: a higher score means more purchases.

    Parameters
    ----------
    formula : Formula, optional
        The loyalty formula; None for the one that comes with Regulars. A fit sets it to the formula in use.
    """

    def __init__(self, formula: Formula | None = None) -> None:
        self.formula = formula

    def _number(self, X: pd.DataFrame) -> Floats:
        return score(X, self.formula or load_formula())["loyalty_score"].to_numpy(float)

    def _is_rising(self) -> bool:
        return True
