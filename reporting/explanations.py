"""Why the model expects what it does of a customer: factors that multiply, from the model's own structure.

    expected = average of the base * exp(history + recent + ... + limits)

The count model is a buy-till-you-die forecast times exp(linear in the customer's signals), so its logarithm is a sum:
what the history of purchases makes of the customer against the average, a part a group of signals, and what its limits
took or gave. Nothing is approximated. A part of 0 says the signals are those of an average customer.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.models.purchases.adjustments import Adjustments
from training.models.purchases.covariates import COVARIATES, covariates
from training.models.purchases.model import PurchaseModel

Floats = NDArray[np.float64]

GROUPS = {
    "history": (
        *("frequency", "frequency_many", "recency_share", "quiet", "one_time", "one_time_age"),
        *("rate", "rate_high", "rate_low", "alive", "churn_shape"),
    ),
    "recent": ("recent_30", "recent_90", "recent_180", "recent_365"),
    "year_ago": ("year_ago_28", "year_ago_91"),
    "rhythm": ("overdue", "gap_spread", "overdue_spread", "gap_last"),
    "basket": ("basket", "basket_last"),
}
PARTS = (*GROUPS, "limits")


def reasons(model: PurchaseModel, features: pd.DataFrame, day: int, days: int) -> pd.DataFrame:
    """Return `average`, a log factor each of `PARTS`, and `expected_purchases` = average * exp(their sum), to 1e-9.

    `features`: the feature table at that day of customers who have bought; `average` is their mean by purchase history
    alone, in occasions in the `days` days, and `expected_purchases` what `PurchaseModel.predict` says.
    """
    histories = model.seasonality_.histories(features, day)
    seen = covariates(features, histories, model.model_, model.seasonality_, model.base_statistics_, day)
    reach = model.level_calibration_.at(float(model.seasonality_.span(day, days)))
    by_history = model.model_.expected_purchases(histories, reach) * np.exp(model.level_)
    average = float(by_history.mean())
    each = signal_parts(model.adjustments_, seen)
    parts = {name: each[:, [COVARIATES.index(n) for n in names]].sum(axis=1) for name, names in GROUPS.items()}
    parts["history"] = parts["history"] + np.log(by_history / average)
    expected = model.predict(features, day, days)["expected_purchases"].to_numpy()
    parts["limits"] = np.log(expected / average) - sum(parts.values())
    return pd.DataFrame({"average": average, **parts, "expected_purchases": expected}, features.index)


def signal_parts(corrections: Adjustments, seen: Floats) -> Floats:
    """Return each signal's part of the log factor on the count, shape (n, signals): their sum, before its limit."""
    standard = np.clip((seen - corrections.mean) / corrections.scale, corrections.lowest, corrections.highest)
    return np.asarray(standard * corrections.count_slopes)
