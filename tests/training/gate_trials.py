"""Paired losses of customers whose purchase rates are known, for the tests of the gate."""

import numpy as np
import pandas as pd

from training.paired_losses import paired_losses
from training.settings import GateLimits


def trial(
    champion_error: float | None = 0.6, challenger_error: float = 0.0, customers: int = 400, windows: int = 3
) -> pd.DataFrame:
    """Paired losses of customers with known rates; each forecast is the truth times exp(error * noise)."""
    rng = np.random.default_rng(3)
    rate = rng.gamma(0.7, 0.02, customers)
    index = pd.Index([f"c{number}" for number in range(customers)], name="customer_id")
    frames = []
    for window in range(windows):
        for horizon in (30, 90):
            mean = rate * horizon
            purchases = pd.Series(rng.poisson(mean), index)
            errors = {"challenger": challenger_error, "champion": champion_error, "base": 1.0}
            forecasts = {}
            for name, error in errors.items():
                if error is not None:
                    expected = mean * np.exp(error * rng.normal(size=customers))
                    columns = {"expected_purchases": expected, "churn_probability": np.exp(-expected)}
                    forecasts[name] = pd.DataFrame(columns, index)
            frames.append(paired_losses(f"2011-0{window + 1}-10", horizon, purchases, forecasts))
    return pd.concat(frames)


LOOSE = GateLimits(calibration=0.06, draws=100)
