"""Stores and models for the tests of the monitor."""

from types import SimpleNamespace

import numpy as np
import pandas as pd


class FlatModel:
    """Everybody buys at the same rate a week, a Poisson process."""

    def __init__(self, fitted: str, rate: float) -> None:
        self.card = SimpleNamespace(as_of=fitted, horizons=(90,))
        self.rate = rate
        self.purchases = SimpleNamespace(
            expected_purchases=lambda X, days: np.full(len(X), self.rate * days / 7),
        )

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        """Forecast as `CustomerModel.predict`."""
        expected = self.rate * horizon_days / 7
        return pd.DataFrame({"expected_purchases": expected, "churn_probability": np.exp(-expected)}, features.index)
