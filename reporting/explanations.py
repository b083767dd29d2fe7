"""Factors of a forecast: by how much each group of covariates raises or lowers the expected purchases of a customer.

    expected = average of the base * exp(history + recent + ... + visits + ... + limits)

The purchase model is a buy-till-you-die forecast times exp(a linear function of the customer's covariates), so the
logarithm of the forecast is a sum: the purchase history against the average customer, one term for each group of
covariates, and the effect of the model's limits. The decomposition is exact. A factor of 0 is that of an average
customer.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.definitions import FAMILIES
from training.models.count_intervals import at_cutoff
from training.models.forecaster import Forecaster
from training.models.purchases.adjustments import Adjustments
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.model import PurchaseModel

Floats = NDArray[np.float64]

COVARIATE_GROUPS = {
    "history": (
        *("frequency", "frequency_many", "recency_share", "quiet", "one_time", "one_time_age"),
        *("rate", "rate_high", "rate_low", "alive", "churn_shape"),
    ),
    "recent": ("recent_30", "recent_90", "recent_180", "recent_365"),
    "year_ago": ("year_ago_28", "year_ago_91"),
    "rhythm": ("overdue", "gap_spread", "overdue_spread", "gap_last"),
    "basket": ("basket", "basket_last"),
}
FAMILY_GROUPS = ("purchases", "visits", "feedback", "usage", "incentives")
"""Families whose declared covariates are a group of that name; those of another family are `family_NAME`."""
LIMITS = "limits"


def forecast_factors(model: Forecaster, features: pd.DataFrame, day: int, horizon_days: int) -> pd.DataFrame:
    """Return the factors of the expected purchases of every customer.

    Parameters
    ----------
    model : Forecaster
        The fitted model of purchases.
    features : pandas.DataFrame
        The feature table at `day` of customers who have bought.
    day : int
        The day of the cutoff, counted from 1970-01-01.
    horizon_days : int
        Days to forecast.

    Returns
    -------
    pandas.DataFrame
        Indexed as `features`. `average`: the mean forecast by purchase history alone, in occasions, the same for all;
        a log factor for each of `covariate_groups` and for `LIMITS`; and `expected_purchases`, the model's forecast,
        which equals `average * exp(sum of the factors)` to a relative 1e-9. A model other than `PurchaseModel` has no
        such factors: `average` is then the mean of its forecasts, and the log factors are missing.
    """
    if not isinstance(model, PurchaseModel):
        expected = np.asarray(model.expected_purchases(at_cutoff(features, day), horizon_days), float)
        return pd.DataFrame({"average": float(expected.mean()), "expected_purchases": expected}, features.index)
    rfm = model.seasonality_.adjusted_rfm(features, day)
    values = model.covariates(features, rfm, day)
    horizon = model.level_calibration_.horizon(float(model.seasonality_.adjusted_days(day, horizon_days)))
    by_history = model.bg_nbd_.expected_purchases(rfm, horizon) * np.exp(model.level_)
    average = float(by_history.mean())
    effects = covariate_effects(model.adjustments_, values)
    factors = {
        group: effects[:, positions].sum(axis=1) for group, positions in covariate_groups(model.adjustments_).items()
    }
    factors["history"] = factors["history"] + np.log(by_history / average)
    expected = model.expected_purchases(at_cutoff(features, day), horizon_days)
    factors[LIMITS] = np.log(expected / average) - sum(factors.values())
    return pd.DataFrame({"average": average, **factors, "expected_purchases": expected}, features.index)


def covariate_groups(adjustments: Adjustments) -> dict[str, list[int]]:
    """Return the positions of the covariates in each group: `COVARIATE_GROUPS`, then the declared ones by family."""
    groups = {group: [COVARIATES.index(name) for name in names] for group, names in COVARIATE_GROUPS.items()}
    families = {column.name: family.name for family in FAMILIES for column in family.columns}
    for position, covariate in enumerate(adjustments.declared, len(COVARIATES)):
        family = families.get(covariate.column, "other")
        groups.setdefault(family if family in FAMILY_GROUPS else f"family_{family}", []).append(position)
    return groups


def factor_names(factors: pd.DataFrame) -> list[str]:
    """Return the names of the log factors in a table of `forecast_factors`, in order."""
    names = list(factors)
    return [str(name) for name in names[names.index("average") + 1 : names.index("expected_purchases")]]


def covariate_effects(adjustments: Adjustments, values: Floats) -> Floats:
    """Return the term of each covariate in the log factor before its limit, shape (customers, covariates)."""
    standardised = (values - adjustments.mean) / adjustments.scale
    return np.asarray(np.clip(standardised, adjustments.lowest, adjustments.highest) * adjustments.count_slopes)
