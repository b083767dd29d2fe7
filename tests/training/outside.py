"""A model as another package would bring it: no compiled form, no structure that Regulars knows."""

import numpy as np
from sklearn.base import BaseEstimator

from training.models.forecaster import ForecasterMixin


class LapsingRate(ForecasterMixin, BaseEstimator):  # type: ignore[misc]
    """Customers go on at their own rate, less the longer they have not bought."""

    def __init__(self, patience: float = 2.0) -> None:
        self.patience = patience

    def fit(self, X, y=None):  # type: ignore[no-untyped-def]
        self.mean_rate_ = float((X["purchase_days"] / (X["T"] + 1)).mean())
        return self

    def expected_purchases(self, X, horizon_days):  # type: ignore[no-untyped-def]
        rate = (X["purchase_days"] + 1) / (X["T"] + 1 / self.mean_rate_)
        quiet = X["days_since_last_purchase"] * rate
        return np.asarray(rate * np.exp(-np.maximum(quiet - self.patience, 0)) * horizon_days, float)

    def no_purchase_probability(self, X, horizon_days):  # type: ignore[no-untyped-def]
        return np.exp(-self.expected_purchases(X, horizon_days))
