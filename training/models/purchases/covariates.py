"""How a customer differs from what the buy-till-you-die model makes of them: scale-free numbers from the features."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.models.btyd.bg_nbd import BGNBD
from training.models.purchases.seasonality import Seasonality

Floats = NDArray[np.float64]

COVARIATES = (
    *("frequency", "frequency_many", "recency_share", "quiet", "one_time", "one_time_age"),
    *("rate", "rate_high", "rate_low", "alive", "churn_shape"),
    *("recent_30", "recent_90", "recent_180", "recent_365", "year_ago_28", "year_ago_91"),
    *("overdue", "gap_spread", "overdue_spread", "gap_last", "basket", "basket_last"),
)
LATELY = {f"recent_{w}": (f"purchase_days_{w}", -w, 0) for w in (30, 90, 180, 365)}
YEAR_AGO = {f"year_ago_{w}": (f"purchase_days_year_ago_{w}", -364, w - 364) for w in (28, 91)}
DAYS = 90
TINY = 1e-9


@dataclass(frozen=True)
class BaseStatistics:
    """What the whole base did at a date: its pace in each stretch of days, against the own rates, and its basket.

    Kept with the model, so that a customer scored alone gets the score they get among all.
    """

    pace: dict[str, float]
    log_basket: float

    @classmethod
    def of(cls, X: pd.DataFrame, histories: pd.DataFrame, model: BGNBD, clock: Seasonality, day: int) -> Self:
        """Measure the base of the feature table X at a date, shape (n, columns)."""
        rate = _own_rate(histories, model)
        pace = {}
        for name, (column, start, end) in (LATELY | YEAR_AGO).items():
            seen = _seen(X, start)
            expected = float((rate[seen] * (clock.span(day, end) - clock.span(day, start))).sum())
            pace[name] = (float(X[column].to_numpy()[seen].sum()) + 5) / (expected + 5)
        basket = _log_money(X["basket_mean"])
        return cls(pace, float(np.nanmedian(basket)) if np.isfinite(basket).any() else 0.0)


def covariates(
    X: pd.DataFrame, histories: pd.DataFrame, model: BGNBD, clock: Seasonality, base: BaseStatistics, day: int
) -> Floats:
    """Return the signals of each customer, shape (n, len(COVARIATES)); 0 where a customer's past cannot tell.

    `histories` are those of X in clock days; `model` is fitted to the histories of the base at that date.
    """
    x, t_x, T = (histories[name].to_numpy() for name in ("frequency", "recency", "T"))
    alpha = model.params_["alpha"]
    expected = np.maximum(model.expected_purchases(histories, DAYS), TINY)
    none = np.clip(model.no_purchase_probability(histories, DAYS), TINY, 1 - TINY)
    rate = _own_rate(histories, model)
    one_time = (x == 0).astype(float)
    found = {
        "frequency": np.log1p(x),
        "frequency_many": np.maximum(np.log1p(x) - np.log(4), 0),
        "recency_share": t_x / np.maximum(T, 1),
        "quiet": np.log1p((T - t_x) / alpha),
        "one_time": one_time,
        "one_time_age": one_time * np.log1p(T / alpha),
        "rate": np.log(expected),
        "rate_high": np.maximum(np.log(expected), 0),
        "rate_low": np.minimum(np.log(expected / 0.1), 0),
        "alive": np.log(np.clip(expected / (rate * DAYS), 1e-6, 1)),
        "churn_shape": np.log(-np.log(none)) - np.log(expected),
    }
    for name, (column, start, end) in (LATELY | YEAR_AGO).items():
        usual = rate * (clock.span(day, end) - clock.span(day, start)) * base.pace[name]
        found[name] = np.where(_seen(X, start), np.log((X[column].to_numpy() + 0.5) / (usual + 0.5)), 0.0)
    mean, last, std = (X[name].to_numpy() for name in ("gap_mean", "gap_last", "gap_std"))
    found["overdue"] = _known(np.log1p(X["overdue_ratio"].to_numpy()))
    found["gap_spread"] = _known(np.log(0.25 + std / mean) * x / (x + 4))
    found["overdue_spread"] = found["overdue"] * found["gap_spread"]
    found["gap_last"] = _known(np.log((last + 7) / (mean + 7)))
    basket = _log_money(X["basket_mean"])
    found["basket"] = _known(basket - base.log_basket)
    found["basket_last"] = _known(_log_money(X["basket_last"]) - basket)
    return np.column_stack([found[name] for name in COVARIATES])


def _own_rate(histories: pd.DataFrame, model: BGNBD) -> Floats:
    """Return the purchases a clock day that a customer's own past leads to expect, while they stay."""
    r, alpha = model.params_["r"], model.params_["alpha"]
    return (r + histories["frequency"].to_numpy()) / (alpha + histories["T"].to_numpy())


def _seen(X: pd.DataFrame, start: int) -> NDArray[np.bool_]:
    """Return who was a customer through the whole stretch that starts so many days before the date."""
    return np.asarray(X["T"].to_numpy() >= -start)


def _log_money(column: pd.Series) -> Floats:
    return np.asarray(np.log(np.maximum(column.to_numpy(float), 0.01)))


def _known(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, 0.0)
