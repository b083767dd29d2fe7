"""The covariates of `training.models.purchases.covariates` from arrays; the estimator and its compiled form share them.

Imports neither pandas nor SciPy.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from training.models.arrays import Flags, Floats
from training.models.purchases.constants import COVARIATE_HORIZON_DAYS, MIN_EXPECTED, PURCHASE_WINDOWS

COVARIATES = (
    *("frequency", "frequency_many", "recency_share", "quiet", "one_time", "one_time_age"),
    *("rate", "rate_high", "rate_low", "alive", "churn_shape"),
    *PURCHASE_WINDOWS,
    *("overdue", "gap_spread", "overdue_spread", "gap_last", "basket", "basket_last"),
)
"""The names of the covariates, in the order of the columns."""
COVARIATE_COLUMNS = (
    *("T", *(column for column, _, _ in PURCHASE_WINDOWS.values())),
    *("gap_mean", "gap_last", "gap_std", "overdue_ratio", "basket_mean", "basket_last"),
)
"""The columns of the feature table that they are made of, beside frequency, recency and T in adjusted days."""


def covariate_values(
    columns: Mapping[str, Floats],
    rfm: Sequence[Floats],
    rate: Floats,
    alpha: float,
    expected: Floats,
    no_purchase: Floats,
    usual: Sequence[float],
    log_basket: float,
) -> Floats:
    """Return the covariates of each customer; 0 where the customer's history is too short to tell.

    Parameters
    ----------
    columns : mapping of str to ndarray of float64, shape (n,)
        `COVARIATE_COLUMNS` of the feature table, NaN for null.
    rfm : sequence of three ndarray of float64, shape (n,)
        Frequency, recency and T in adjusted days.
    rate : ndarray of float64, shape (n,)
        The purchases an adjusted day that a customer's own history leads to expect, see `own_rate`.
    alpha : float
        Of BG/NBD, in adjusted days.
    expected, no_purchase : ndarray of float64, shape (n,)
        What BG/NBD expects in `COVARIATE_HORIZON_DAYS` adjusted days.
    usual : sequence of float
        For each of `PURCHASE_WINDOWS`, its length in adjusted days times the pace of the base in it.
    log_basket : float
        The median of the log basket of the base.

    Returns
    -------
    ndarray of float64, shape (n, len(COVARIATES))
        All finite.
    """
    x, t_x, T = rfm
    one_time = (x == 0).astype(float)
    expected = np.maximum(expected, MIN_EXPECTED)
    no_purchase = np.clip(no_purchase, MIN_EXPECTED, 1 - MIN_EXPECTED)
    many, log_expected = np.log1p(x), np.log(expected)
    values = {
        "frequency": many,
        "frequency_many": np.maximum(many - np.log(4), 0),
        "recency_share": t_x / np.maximum(T, 1),
        "quiet": np.log1p((T - t_x) / alpha),
        "one_time": one_time,
        "one_time_age": one_time * np.log1p(T / alpha),
        "rate": log_expected,
        "rate_high": np.maximum(log_expected, 0),
        "rate_low": np.minimum(np.log(expected / 0.1), 0),
        "alive": np.log(np.clip(expected / (rate * COVARIATE_HORIZON_DAYS), 1e-6, 1)),
        "churn_shape": np.log(-np.log(no_purchase)) - log_expected,
    }
    for length, (name, (column, start, _)) in zip(usual, PURCHASE_WINDOWS.items(), strict=True):
        recent = np.log((columns[column] + 0.5) / (rate * length + 0.5))
        values[name] = np.where(covered(columns["T"], start), recent, 0.0)
    mean, last, std = (columns[name] for name in ("gap_mean", "gap_last", "gap_std"))
    values["overdue"] = _finite(np.log1p(columns["overdue_ratio"]))
    values["gap_spread"] = _finite(np.log(0.25 + std / mean) * x / (x + 4))
    values["overdue_spread"] = values["overdue"] * values["gap_spread"]
    values["gap_last"] = _finite(np.log((last + 7) / (mean + 7)))
    basket = log_money(columns["basket_mean"])
    values["basket"] = _finite(basket - log_basket)
    values["basket_last"] = _finite(log_money(columns["basket_last"]) - basket)
    return np.column_stack([values[name] for name in COVARIATES])


def own_rate(x: Floats, T: Floats, r: float, alpha: float) -> Floats:
    """Return the purchases an adjusted day that a customer's own history leads to expect while they are active."""
    return np.asarray((r + x) / (alpha + T))


def covered(T: Floats, start: int) -> Flags:
    """Return who was a customer through the whole window that starts at `start` days from the cutoff."""
    return np.asarray(start + T >= 0)


def log_money(amounts: Floats) -> Floats:
    """Return the log of amounts of currency, of a cent at least; NaN for null."""
    return np.asarray(np.log(np.maximum(amounts, 0.01)))


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)
