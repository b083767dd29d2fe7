"""Covariates: how a customer differs from the BG/NBD forecast, as scale-free numbers from the feature table."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from training.models.arrays import Floats
from training.models.btyd.bg_nbd import BGNBD
from training.models.purchases.constants import COVARIATE_HORIZON_DAYS, PURCHASE_WINDOWS
from training.models.purchases.covariate_values import (
    COVARIATE_COLUMNS,
    COVARIATES,
    covariate_values,
    covered,
    log_money,
    own_rate,
)
from training.models.purchases.seasonality import Seasonality

__all__ = ["COVARIATES", "BaseStatistics", "covariates"]


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
            whole = covered(X["T"].to_numpy(), start)
            length = seasonality.adjusted_days(day, end) - seasonality.adjusted_days(day, start)
            expected = float((rate[whole] * length).sum())
            pace[name] = (float(X[column].to_numpy()[whole].sum()) + 5) / (expected + 5)
        basket = log_money(X["basket_mean"].to_numpy(float))
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
    lengths = [
        float(seasonality.adjusted_days(day, end) - seasonality.adjusted_days(day, start))
        for _, start, end in PURCHASE_WINDOWS.values()
    ]
    return covariate_values(
        {name: X[name].to_numpy(float) for name in COVARIATE_COLUMNS},
        [rfm[name].to_numpy() for name in ("frequency", "recency", "T")],
        _own_rate(rfm, bg_nbd),
        bg_nbd.params_["alpha"],
        bg_nbd.expected_purchases(rfm, COVARIATE_HORIZON_DAYS),
        bg_nbd.no_purchase_probability(rfm, COVARIATE_HORIZON_DAYS),
        [length * base.pace[name] for length, name in zip(lengths, PURCHASE_WINDOWS, strict=True)],
        base.log_basket,
    )


def _own_rate(rfm: pd.DataFrame, bg_nbd: BGNBD) -> Floats:
    """Return `own_rate` of the customers."""
    return own_rate(rfm["frequency"].to_numpy(), rfm["T"].to_numpy(), bg_nbd.params_["r"], bg_nbd.params_["alpha"])
