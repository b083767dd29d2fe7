"""What buy-till-you-die models share: a likelihood of two terms, its fit, the outer form of forecasts."""

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
from training.models.btyd.optimiser import maximise
from training.models.btyd.rfm_input import Array, Index, histories, horizon, on_unique_rows, unique_rows


@dataclass(frozen=True)
class Pairs:
    """Unique pairs of a frequency and a time, ``x`` (= ``x_values[x_code]``) and ``t``, of shape (pairs,)."""

    x_values: Array
    x_code: Index
    x: Array
    t: Array

    @classmethod
    def unique(cls, x: Array, t: Array) -> tuple["Pairs", Index]:
        """The unique pairs, and for each row of ``x`` and ``t`` the number of its pair."""
        rows, pair = unique_rows(x, t)
        x_values, x_code = np.unique(x[rows], return_inverse=True)
        return cls(x_values, x_code, x[rows], t[rows]), pair


# A logarithm for each pair, shape (pairs,), and its derivatives by the parameters, shape (parameters, pairs).
LogTerm = tuple[Array, Array]


class BuyTillYouDie(BaseEstimator, ABC):  # type: ignore[misc]  # scikit-learn has no types
    """A model of purchases until an end that nobody sees, of ``frequency``, ``recency`` and ``T``.

    A customer's likelihood has two terms: still active at T, a function of (x, T), and gone after the last
    purchase, a function of (x, t_x). So its costly parts are computed once for each unique pair.
    """

    PARAMETERS: ClassVar[tuple[str, ...]]
    TIMES: ClassVar[tuple[str, ...]]  # those of the parameters that are in days

    params_: dict[str, float]
    log_likelihood_: float

    def __init__(self, penalizer: float = 0.0, tol: float = 1e-7) -> None:
        self.penalizer = penalizer
        self.tol = tol

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Maximum likelihood; see ``maximise`` for ``penalizer`` (parameters in mean T's) and ``tol``.

        X: a row a customer, with ``frequency`` (repeat purchase days), ``recency`` and ``T`` (days), none
        null. ``y`` is ignored. Learns ``params_`` (by name, times in days), the same as attributes (``r_``,
        ``alpha_``, ...), and ``log_likelihood_``, the total over X. Raises ``ValueError`` for a column that
        is missing or out of range.
        """
        x, t_x, T = histories(X)
        if len(x) == 0:
            raise InvalidArgumentError("X has no rows; expected at least one customer to fit to")
        customers = len(x)
        rows, kind = unique_rows(x, t_x, T)
        share = np.bincount(kind) / customers
        x, t_x, T = x[rows], t_x[rows], T[rows]
        # In units of the mean T the parameters are near 1 in every trade, and the penalty has no unit.
        unit = float(share @ T) or 1.0
        objective = self._mean_log_likelihood(x, t_x / unit, T / unit, share)
        found = maximise(objective, self._start(float(share @ x)), penalizer=self.penalizer, tol=self.tol)
        self.params_ = {
            name: float(value) * (unit if name in self.TIMES else 1.0)
            for name, value in zip(self.PARAMETERS, found, strict=True)
        }
        for name, value in self.params_.items():
            setattr(self, f"{name}_", value)
        # A density per unit of time, once for each purchase.
        self.log_likelihood_ = customers * (objective(found)[0] - float(share @ x) * float(np.log(unit)))
        return self

    def log_likelihood(self, X: pd.DataFrame) -> float:
        """The total log-likelihood of X, a density per day (in weeks: add log 7 a purchase)."""
        x, t_x, T = histories(X)
        return self._mean_log_likelihood(x, t_x, T, np.ones(len(x)))(self._parameters())[0]

    def probability_alive(self, X: pd.DataFrame) -> Array:
        """P(still active at ``as_of``), shape (n,): a diagnostic of the model, not of who comes back."""
        return self._alive(*histories(X))

    def no_purchase_probability(self, X: pd.DataFrame, t: ArrayLike) -> Array:
        """P(no purchase in the ``t`` days after ``as_of``), shape (n,); ``t``: a number or one a row."""
        x, t_x, T = histories(X)
        return 1 - self._alive(x, t_x, T) * on_unique_rows(self._buys_if_alive, x, T, horizon(t, len(x)))

    def expected_purchases(self, X: pd.DataFrame, t: ArrayLike) -> Array:
        """Expected purchase days in the ``t`` days after ``as_of``, shape (n,); ``t``: as above."""
        x, t_x, T = histories(X)
        return self._alive(x, t_x, T) * on_unique_rows(self._expected_if_alive, x, T, horizon(t, len(x)))

    def _parameters(self) -> Array:
        check_is_fitted(self)
        return np.array([self.params_[name] for name in self.PARAMETERS])

    def _mean_log_likelihood(
        self, x: Array, t_x: Array, T: Array, share: Array
    ) -> Callable[[Array], tuple[float, Array]]:
        """The rows' log-likelihoods times their shares, summed, and the gradient, by the parameters."""
        active_at, active = Pairs.unique(x, T)
        gone_at, gone = Pairs.unique(x, t_x)

        def value_and_gradient(parameters: Array) -> tuple[float, Array]:
            log_active, d_active = self._log_active(parameters, active_at)
            log_gone, d_gone = self._log_gone(parameters, gone_at)
            log_odds = log_gone[gone] - log_active[active]
            smaller = np.exp(-np.abs(log_odds))
            both = np.maximum(log_odds, 0) + np.log1p(smaller)
            of_gone = share * np.where(log_odds > 0, 1, smaller) / (1 + smaller)
            at_active = np.bincount(active, share, len(active_at.t))
            value = float(at_active @ log_active + share @ both)
            by_gone = np.bincount(gone, of_gone, len(gone_at.t))
            by_active = at_active - np.bincount(active, of_gone, len(active_at.t))
            return value, d_active @ by_active + d_gone @ by_gone

        return value_and_gradient

    @abstractmethod
    def _start(self, mean_frequency: float) -> Array:
        """Where the search starts, times in units of the mean T."""

    @abstractmethod
    def _log_active(self, parameters: Array, pairs: Pairs) -> LogTerm:
        """Log of the likelihood's term of those active at T."""

    @abstractmethod
    def _log_gone(self, parameters: Array, pairs: Pairs) -> LogTerm:
        """Log of the likelihood's term of those gone after t_x."""

    @abstractmethod
    def _alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """P(active at T)."""

    @abstractmethod
    def _buys_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        """P(at least one purchase in t days | active at T)."""

    @abstractmethod
    def _expected_if_alive(self, x: Array, T: Array, t: Array) -> Array:
        """Expected purchases in t days, given active at T."""
