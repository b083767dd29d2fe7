"""A customer model of the real kind around the simplest of counts, so that registering one takes no fitting."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.definitions import COLUMN_NAMES
from features.rule import load_formula
from training.models.customer_model import Card, CustomerModel


@dataclass(frozen=True)
class SteadyCount:
    """Everybody buys at one rate a day."""

    rate: float
    ballast: bytes = b""

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        expected = self.rate * horizon_days
        columns = {"expected_purchases": expected, "low": 0.0, "high": 3 * expected}
        return pd.DataFrame(columns | {"churn_probability": np.exp(-expected)}, index=features.index)


@dataclass(frozen=True)
class SteadySpend:
    """Every purchase is of one amount."""

    amount: float = 20.0

    def expected_spend(self, features: pd.DataFrame) -> float:
        return self.amount


def customer_model(rate: float = 0.01, megabytes: int = 0) -> CustomerModel:
    """A model of some rate; another rate or size gives another digest."""
    card = Card(
        as_of="2011-06-10",
        timezone="Europe/London",
        horizons=(90,),
        data_digest="0" * 64,
        customers=500,
        feature_columns=COLUMN_NAMES,
        formula_version="1",
        code_version="0.1.0",
        libraries={"numpy": "2"},
    )
    ballast = np.random.default_rng(0).bytes(megabytes << 20)
    return CustomerModel(card, load_formula(), SteadyCount(rate, ballast), SteadySpend())  # type: ignore[arg-type]
