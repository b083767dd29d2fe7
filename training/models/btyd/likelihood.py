"""The base class of buy-till-you-die models: a likelihood of two terms, its fit, and the forecasts."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from features.errors import InvalidArgumentError
from training.models.arrays import Floats, Index
from training.models.btyd.optimiser import maximise
from training.models.btyd.rfm_input import on_unique_rows, rfm_columns, unique_rows
from training.models.forecaster import ForecasterMixin, horizon_of_rows, latest_cutoff


@dataclass(frozen=True)
class Pairs:
    """Unique pairs of a frequency and a time, ``x`` (= ``x_values[x_code]``) and ``t``, of shape (pairs,)."""

    x_values: Floats
    x_code: Index
    x: Floats
    t: Floats

    @classmethod
    def unique(cls, x: Floats, t: Floats) -> tuple["Pairs", Index]:
        """Return the unique pairs, and the number of its pair for each row of ``x`` and ``t``."""
        rows, pair = unique_rows(x, t)
        x_values, x_code = np.unique(x[rows], return_inverse=True)
        return cls(x_values, x_code, x[rows], t[rows]), pair


LogTerm = tuple[Floats, Floats]
"""A logarithm for each pair, shape (pairs,), and its derivatives by the parameters, shape (parameters, pairs)."""


class BuyTillYouDie(ForecasterMixin, BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A model of purchases until an unobserved end, from frequency (x), recency (t_x) and T.

    A customer's likelihood has two terms: still active at T, a function of (x, T), and inactive since the last
    purchase, a function of (x, t_x). Their costly parts are computed once for each unique pair. A subclass states both
    terms, and the forecasts for a customer who is active.
    """

    PARAMETERS: ClassVar[tuple[str, ...]]
    TIMES: ClassVar[tuple[str, ...]]
    """The parameters that are in days."""

    params_: dict[str, float]
    log_likelihood_: float

    def __init__(self, penalizer: float = 0.0, tol: float = 1e-7) -> None:
        self.penalizer = penalizer
        self.tol = tol

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Fit by maximum likelihood, with times in units of the mean T.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            A row for each customer, with `frequency` (repeat purchase days), `recency` and `T` (days), none null. Of a
            table of several windows, with `as_of_day`, the latest alone.
        y : ignored

        Returns
        -------
        BuyTillYouDie
            The fitted model itself.

        Raises
        ------
        InvalidArgumentError
            X has no rows, or a column is missing or out of range.
        """
        x, t_x, T = rfm_columns(latest_cutoff(X) if isinstance(X, pd.DataFrame) else X)
        if len(x) == 0:
            raise InvalidArgumentError("X has no rows; expected at least one customer to fit to")
        customers = len(x)
        rows, kind = unique_rows(x, t_x, T)
        share = np.bincount(kind) / customers
        x, t_x, T = x[rows], t_x[rows], T[rows]
        # In units of the mean T the parameters are near 1 in every trade, and the penalty has no unit.
        unit = float(share @ T) or 1.0
        objective = self._mean_log_likelihood(x, t_x / unit, T / unit, share)
        parameters = maximise(objective, self._start(float(share @ x)), penalizer=self.penalizer, tol=self.tol)
        self.params_ = {
            name: float(value) * (unit if name in self.TIMES else 1.0)
            for name, value in zip(self.PARAMETERS, parameters, strict=True)
        }
        for name, value in self.params_.items():
            setattr(self, f"{name}_", value)
        # A density per unit of time, once for each purchase.
        self.log_likelihood_ = customers * (objective(parameters)[0] - float(share @ x) * float(np.log(unit)))
        return self

    def log_likelihood(self, X: pd.DataFrame) -> float:
        """Return the log-likelihood of X with time in days; in weeks it is larger by log 7 per purchase."""
        x, t_x, T = rfm_columns(X)
        return self._mean_log_likelihood(x, t_x, T, np.ones(len(x)))(self._parameters())[0]

    def probability_alive(self, X: pd.DataFrame) -> Floats:
        """Return P(active at the cutoff), shape (n,): a diagnostic of the model, not a forecast of churn."""
        return self._alive(*rfm_columns(X))

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return P(no purchase in the horizon from the cutoff on).

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            As for `fit`.
        horizon_days : float or array-like of float, shape (n,)
            The horizon, one for all customers or one for each.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        x, t_x, T = rfm_columns(X)
        horizons = horizon_of_rows(horizon_days, len(x))
        return 1 - self._alive(x, t_x, T) * on_unique_rows(self._buys_if_alive, x, T, horizons)

    def expected_purchases(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return the expected purchase days in the horizon from the cutoff on.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            As for `fit`.
        horizon_days : float or array-like of float, shape (n,)
            The horizon, one for all customers or one for each.

        Returns
        -------
        ndarray of float64, shape (n,)
        """
        x, t_x, T = rfm_columns(X)
        horizons = horizon_of_rows(horizon_days, len(x))
        return self._alive(x, t_x, T) * on_unique_rows(self._expected_if_alive, x, T, horizons)

    def _parameters(self) -> Floats:
        check_is_fitted(self)
        return np.array([self.params_[name] for name in self.PARAMETERS])

    def _mean_log_likelihood(
        self, x: Floats, t_x: Floats, T: Floats, share: Floats
    ) -> Callable[[Floats], tuple[float, Floats]]:
        """Return the function from the parameters to the weighted sum of log-likelihoods and its gradient."""
        active_at, active = Pairs.unique(x, T)
        inactive_at, inactive = Pairs.unique(x, t_x)

        def value_and_gradient(parameters: Floats) -> tuple[float, Floats]:
            log_active, d_active = self._log_active(parameters, active_at)
            log_inactive, d_inactive = self._log_inactive(parameters, inactive_at)
            log_odds = log_inactive[inactive] - log_active[active]
            smaller = np.exp(-np.abs(log_odds))
            both = np.maximum(log_odds, 0) + np.log1p(smaller)
            of_inactive = share * np.where(log_odds > 0, 1, smaller) / (1 + smaller)
            at_active = np.bincount(active, share, len(active_at.t))
            value = float(at_active @ log_active + share @ both)
            by_inactive = np.bincount(inactive, of_inactive, len(inactive_at.t))
            by_active = at_active - np.bincount(active, of_inactive, len(active_at.t))
            return value, d_active @ by_active + d_inactive @ by_inactive

        return value_and_gradient

    @abstractmethod
    def _start(self, mean_frequency: float) -> Floats:
        """Return where the search starts, times in units of the mean T."""

    @abstractmethod
    def _log_active(self, parameters: Floats, pairs: Pairs) -> LogTerm:
        """Return the log of the likelihood's term for customers active at T."""

    @abstractmethod
    def _log_inactive(self, parameters: Floats, pairs: Pairs) -> LogTerm:
        """Return the log of the likelihood's term for customers inactive since t_x."""

    @abstractmethod
    def _alive(self, x: Floats, t_x: Floats, T: Floats) -> Floats:
        """Return P(active at T)."""

    @abstractmethod
    def _buys_if_alive(self, x: Floats, T: Floats, t: Floats) -> Floats:
        """Return P(at least one purchase in t days | active at T)."""

    @abstractmethod
    def _expected_if_alive(self, x: Floats, T: Floats, t: Floats) -> Floats:
        """Return the expected purchases in t days, given active at T."""
