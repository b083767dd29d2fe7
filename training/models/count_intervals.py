"""The intervals of a forecaster's counts, from how far past outcomes lay from its forecasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd

from training.models.arrays import Floats
from training.models.forecaster import AS_OF_DAY, Forecaster, forecast, lawful
from training.models.purchases.constants import INTERVAL_HORIZONS
from training.models.purchases.hurdle_distribution import DISPERSION, HurdleDistribution, fit_dispersion
from training.models.purchases.level_variance import NO_VARIANCE, LevelVariance
from training.models.window import Window

CALIBRATION_CUSTOMERS = 4_000
CONTENT = 0.90
"""The content of the intervals."""


@dataclass(frozen=True)
class CountIntervals:
    """The distribution of counts about a forecast, whose intervals hold 90 % or more of it for every customer.

    Whole counts make an interval hold more than is asked for: for a customer with P(no purchase) .97 it is 0 to 0.

    Attributes
    ----------
    dispersion : tuple of float
        See `HurdleDistribution`.
    contents : tuple of float, length len(INTERVAL_HORIZONS)
        The content to ask for at each of `INTERVAL_HORIZONS`; below .9 in versions of earlier releases alone.
    shorten : bool
        Whether the intervals are the shortest; False in versions of earlier releases.
    level_variance : LevelVariance
        How much the level of demand in a horizon may differ; 0 where it is part of the dispersion.
    """

    dispersion: tuple[float, float] = DISPERSION
    contents: tuple[float, ...] = (CONTENT,) * len(INTERVAL_HORIZONS)
    shorten: bool = True
    level_variance: LevelVariance = NO_VARIANCE

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update({"shorten": False} | state)  # versions of earlier releases have no such field

    def interval(self, expected: Floats, none: Floats, horizon_days: int) -> tuple[Floats, Floats]:
        """Return the ends, both included, of the shortest interval with 90 % of the distribution or more.

        Parameters
        ----------
        expected, none : ndarray of float64, shape (n,)
            Expected purchases and P(no purchase) in the horizon.
        horizon_days : int

        Returns
        -------
        low, high : ndarray of float64, shape (n,)
            Whole numbers.
        """
        content = float(np.interp(np.log(max(horizon_days, 1)), np.log(INTERVAL_HORIZONS), self.contents))
        return self.distribution(expected, none, horizon_days).interval(content, self.shorten)

    def distribution(self, expected: Floats, none: Floats, horizon_days: int) -> HurdleDistribution:
        """Return the distribution of the counts that `interval` is of, with the same parameters."""
        variance = self.level_variance.in_horizon(horizon_days)
        return HurdleDistribution(expected, none, self.dispersion, horizon_days, variance)

    @classmethod
    def fit(cls, model: Forecaster, earlier: Sequence[Window]) -> Self:
        """Learn the dispersion from earlier windows with outcomes.

        Parameters
        ----------
        model : Forecaster
            Fitted.
        earlier : sequence of Window
            Without any, or without twenty purchases in them, the dispersion is a usual one.
        """
        past = [(window, days) for window in earlier for days in window.purchases]
        if not past:
            return cls()
        y = np.concatenate([window.purchases[days] for window, days in past]).astype(float)
        both = [forecast(model, at_cutoff(window.features, window.day), days) for window, days in past]
        expected, none = (np.concatenate(side) for side in zip(*both, strict=True))
        horizons = np.concatenate([np.full(len(window.features), float(days)) for window, days in past])
        return cls(fit_dispersion(y, expected, none, horizons))


def count_forecast(
    model: Forecaster, features: pd.DataFrame, as_of_day: int, horizon_days: int, intervals: CountIntervals
) -> pd.DataFrame:
    """Forecast the purchase occasions of each customer, with intervals.

    Parameters
    ----------
    model : Forecaster
        Fitted.
    features : DataFrame, shape (n, columns)
        The feature table at the cutoff, of customers who have bought.
    as_of_day : int
        The cutoff, in days since 1970 in the business time zone.
    horizon_days : int
        The length of the horizon from the cutoff on.
    intervals : CountIntervals
        Of this model.

    Returns
    -------
    DataFrame, shape (n, 4)
        `expected_purchases`, `low` and `high` (whole counts that hold at least 90 % of the customer's distribution) and
        `churn_probability`, indexed like `features`; NaN in a whole row whose forecast is not possible, see `lawful`.
    """
    expected, none = forecast(model, at_cutoff(features, as_of_day), horizon_days)
    possible = lawful(expected, none)
    with np.errstate(all="ignore"):
        low, high = intervals.interval(expected, none, horizon_days)
    counts = np.column_stack([expected, low, high, none])
    counts[~possible] = np.nan
    return pd.DataFrame(counts, features.index, ["expected_purchases", "low", "high", "churn_probability"])


def spread_sample(features: pd.DataFrame) -> pd.DataFrame:
    """Return up to `CALIBRATION_CUSTOMERS` customers, spread evenly over a feature table."""
    size = len(features)
    rows = np.unique(np.linspace(0, size - 1, min(size, CALIBRATION_CUSTOMERS)).astype(int))
    return features.iloc[rows]


def at_cutoff(features: pd.DataFrame, day: int) -> pd.DataFrame:
    """Return a feature table with its cutoff in the column `as_of_day`, as `Forecaster` takes it."""
    return features.assign(**{AS_OF_DAY: float(day)})
