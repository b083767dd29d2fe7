"""A model of purchases: each customer's rate, shrunk towards the base's, and lower by tickets that stay open."""

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from training.models.forecaster import ForecasterMixin, latest_cutoff


class ShrunkenRate(ForecasterMixin, BaseEstimator):
    """Purchases by a Poisson process whose rates are Gamma-distributed among customers (NBD).

    Parameters
    ----------
    open_tickets : float
        By what share the rate falls when all tickets of a customer were left open.
    """

    def __init__(self, open_tickets: float = 0.5) -> None:
        self.open_tickets = open_tickets

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Estimate the Gamma distribution by its moments from repeat purchases up to the latest cutoff."""
        known = latest_cutoff(X)
        known = known[known["T"] > 0]
        rates, days = (known["frequency"] / known["T"]).to_numpy(), known["T"].to_numpy()
        mean = max(float(known["frequency"].sum() / days.sum()), 1e-6)
        # What the rates vary by beyond the noise of counts.
        variance = max(float(np.var(rates) - mean * np.mean(1 / days)), mean**2 / 10)
        self.shape_, self.days_ = mean**2 / variance, mean / variance
        return self

    def expected_purchases(self, X: pd.DataFrame, horizon_days: Any) -> NDArray[np.float64]:
        """Return the posterior mean rate times the horizon."""
        shape, days = self._posterior(X)
        return np.asarray(shape / days * self._factor(X) * horizon_days)

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: Any) -> NDArray[np.float64]:
        """Return the probability of 0 of the negative binomial distribution."""
        shape, days = self._posterior(X)
        return np.asarray((days / (days + self._factor(X) * horizon_days)) ** shape)

    def _posterior(self, X: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        return self.shape_ + X["frequency"].to_numpy(), self.days_ + X["T"].to_numpy()

    def _factor(self, X: pd.DataFrame) -> NDArray[np.float64]:
        return 1 - self.open_tickets * X["ticket_left_open_share"].fillna(0).to_numpy()
