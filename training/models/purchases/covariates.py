"""Covariates: how a customer differs from the BG/NBD forecast, as scale-free numbers from the feature table."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from training.models.arrays import Flags, Floats
from training.models.btyd.bg_nbd import BGNBD
from training.models.purchases.constants import COVARIATE_HORIZON_DAYS, MIN_EXPECTED, PURCHASE_WINDOWS
from training.models.purchases.seasonality import Seasonality

COVARIATES = (
    *("frequency", "frequency_many", "recency_share", "quiet", "one_time", "one_time_age"),
    *("rate", "rate_high", "rate_low", "alive", "churn_shape"),
    *PURCHASE_WINDOWS,
    *("overdue", "gap_spread", "overdue_spread", "gap_last", "basket", "basket_last"),
)
"""The names of the covariates, in the order of the columns."""


@dataclass(frozen=True)
class BaseStatistics:
    """Statistics of the whole base at a cutoff, against which each customer is compared.

    They are kept with the model, so that a customer scored alone gets the same forecast as among all.

    Attributes
    ----------
    pace : dict of str to float
        For each of `PURCHASE_WINDOWS`, the purchases of the base over those that the customers' own rates lead to
        expect.
    log_basket : float
        The median of the log basket, in the currency of the log.
    """

    pace: dict[str, float]
    log_basket: float

    @classmethod
    def of(cls, X: pd.DataFrame, rfm: pd.DataFrame, bg_nbd: BGNBD, seasonality: Seasonality, day: int) -> Self:
        """Compute the statistics of the feature table X at a cutoff, shape (n, columns)."""
        rate = _own_rate(rfm, bg_nbd)
        pace = {}
        for name, (column, start, end) in PURCHASE_WINDOWS.items():
            covered = _covered(X, start)
            length = seasonality.adjusted_days(day, end) - seasonality.adjusted_days(day, start)
            expected = float((rate[covered] * length).sum())
            pace[name] = (float(X[column].to_numpy()[covered].sum()) + 5) / (expected + 5)
        basket = _log_money(X["basket_mean"])
        return cls(pace, float(np.nanmedian(basket)) if np.isfinite(basket).any() else 0.0)


def covariates(
    X: pd.DataFrame, rfm: pd.DataFrame, bg_nbd: BGNBD, seasonality: Seasonality, base: BaseStatistics, day: int
) -> Floats:
    """Return the covariates of each customer; 0 where the customer's history is too short to tell.

    Parameters
    ----------
    X : DataFrame, shape (n, columns)
        The feature table at the cutoff, of customers who have bought.
    rfm : DataFrame, shape (n, 3)
        Their frequency, recency and T in adjusted days.
    bg_nbd : BGNBD
        The model fitted to the base at that cutoff.
    seasonality : Seasonality
        The adjusted time of `rfm`.
    base : BaseStatistics
        The base at that cutoff.
    day : int
        The cutoff, in days since 1970.

    Returns
    -------
    ndarray of float64, shape (n, len(COVARIATES))
        All finite.
    """
    x, t_x, T = (rfm[name].to_numpy() for name in ("frequency", "recency", "T"))
    alpha = bg_nbd.params_["alpha"]
    expected = np.maximum(bg_nbd.expected_purchases(rfm, COVARIATE_HORIZON_DAYS), MIN_EXPECTED)
    no_purchase = np.clip(bg_nbd.no_purchase_probability(rfm, COVARIATE_HORIZON_DAYS), MIN_EXPECTED, 1 - MIN_EXPECTED)
    rate = _own_rate(rfm, bg_nbd)
    one_time = (x == 0).astype(float)
    values = {
        "frequency": np.log1p(x),
        "frequency_many": np.maximum(np.log1p(x) - np.log(4), 0),
        "recency_share": t_x / np.maximum(T, 1),
        "quiet": np.log1p((T - t_x) / alpha),
        "one_time": one_time,
        "one_time_age": one_time * np.log1p(T / alpha),
        "rate": np.log(expected),
        "rate_high": np.maximum(np.log(expected), 0),
        "rate_low": np.minimum(np.log(expected / 0.1), 0),
        "alive": np.log(np.clip(expected / (rate * COVARIATE_HORIZON_DAYS), 1e-6, 1)),
        "churn_shape": np.log(-np.log(no_purchase)) - np.log(expected),
    }
    for name, (column, start, end) in PURCHASE_WINDOWS.items():
        length = seasonality.adjusted_days(day, end) - seasonality.adjusted_days(day, start)
        usual = rate * length * base.pace[name]
        values[name] = np.where(_covered(X, start), np.log((X[column].to_numpy() + 0.5) / (usual + 0.5)), 0.0)
    mean, last, std = (X[name].to_numpy() for name in ("gap_mean", "gap_last", "gap_std"))
    values["overdue"] = _finite(np.log1p(X["overdue_ratio"].to_numpy()))
    values["gap_spread"] = _finite(np.log(0.25 + std / mean) * x / (x + 4))
    values["overdue_spread"] = values["overdue"] * values["gap_spread"]
    values["gap_last"] = _finite(np.log((last + 7) / (mean + 7)))
    basket = _log_money(X["basket_mean"])
    values["basket"] = _finite(basket - base.log_basket)
    values["basket_last"] = _finite(_log_money(X["basket_last"]) - basket)
    return np.column_stack([values[name] for name in COVARIATES])


def _own_rate(rfm: pd.DataFrame, bg_nbd: BGNBD) -> Floats:
    """Return the purchases an adjusted day that a customer's own history leads to expect while they are active."""
    r, alpha = bg_nbd.params_["r"], bg_nbd.params_["alpha"]
    return (r + rfm["frequency"].to_numpy()) / (alpha + rfm["T"].to_numpy())


def _covered(X: pd.DataFrame, start: int) -> Flags:
    """Return who was a customer through the whole window that starts at `start` days from the cutoff."""
    return np.asarray(X["T"].to_numpy() >= -start)


def _log_money(column: pd.Series) -> Floats:
    return np.asarray(np.log(np.maximum(column.to_numpy(float), 0.01)))


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)
