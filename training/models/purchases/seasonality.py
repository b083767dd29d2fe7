"""Seasonality: a change of time after which purchase rates are even over the year."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from training.models.arrays import Floats
from training.models.purchases.constants import CYCLE_DAYS
from training.models.window import Activity

YEAR = 365.25
HARMONIC_SD = (0.25, 0.15, 0.10)
"""Prior standard deviation of the log rate's Fourier coefficients, one for each harmonic of the year."""
TREND_SD, DRIFT_SD, DRIFT_DAYS, NOISE = 0.3, 0.25, 60.0, 0.05
ITERATIONS = 3
MIN_WEEKS, MIN_CUSTOMERS, MIN_WEEKLY_PURCHASES = 8, 20, 3


@dataclass(frozen=True)
class Seasonality:
    """Seasonally adjusted time: days count more in season and less out of it.

    Adjusted time A(d) since `origin` has dA = exp(f(d)) dd, with f a Fourier series over the day of the year. Without
    coefficients adjusted days are plain days.

    Parameters
    ----------
    origin : int
        The day at which adjusted time is 0, counted from 1970.
    coefficients : tuple of float
        Fourier coefficients of the log rate: cosine and sine of each harmonic.
    """

    origin: int
    coefficients: tuple[float, ...] = ()
    _cumulative: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        days = np.arange(CYCLE_DAYS) + self.origin + 0.5
        rate = np.exp(_fourier(days, len(self.coefficients) // 2) @ np.array(self.coefficients))
        object.__setattr__(self, "_cumulative", np.concatenate(([0.0], np.cumsum(rate))))

    def adjusted_time(self, day: ArrayLike) -> Floats:
        """Return the adjusted time at the start of days counted from 1970; fractions fall between."""
        cycles, within = np.divmod(np.asarray(day, float) - self.origin, CYCLE_DAYS)
        return np.asarray(
            cycles * self._cumulative[-1] + np.interp(within, np.arange(CYCLE_DAYS + 1), self._cumulative)
        )

    def adjusted_days(self, day: int, horizon_days: ArrayLike) -> Floats:
        """Return how many adjusted days a horizon from `day` on has; a negative horizon lies before `day`."""
        return np.asarray(self.adjusted_time(day + np.asarray(horizon_days, float)) - self.adjusted_time(day))

    def adjusted_rfm(self, features: pd.DataFrame, day: int) -> pd.DataFrame:
        """Return frequency, recency and T of customers who have bought, the times in adjusted days.

        Times are rounded to a tenth of a day: many customers then have equal values, and the fit is fast.
        """
        frequency = features["frequency"].to_numpy(float)
        first = day - features["T"].to_numpy(float)
        start, end = self.adjusted_time(first), self.adjusted_time(day)
        recency = np.round(self.adjusted_time(first + features["recency"].to_numpy(float)) - start, 1)
        recency = np.where(frequency > 0, np.maximum(recency, 0.1), 0.0)
        T = np.maximum(np.round(end - start, 1), recency)
        return pd.DataFrame({"frequency": frequency, "recency": recency, "T": T}, index=features.index)

    @classmethod
    def fit(cls, features: pd.DataFrame, activity: Activity, day: int) -> Self:
        """Estimate the season from the purchases between each customer's first and last, known at `day`.

        Given the first and last purchase and their number, the purchases between fall evenly in adjusted time under
        every model with a constant rate, whatever the customers' rates, their churn and the growth of the base. The log
        of a week's actual over even purchases is level + trend + drift (Ornstein-Uhlenbeck) + season, estimated as a
        Gaussian process; only the season is kept. With less than a year of history its prior is narrower, and with too
        little data there is no season.
        """
        plain = cls(day)
        length = day - activity.first_day
        weeks = length // 7
        frequency = features["frequency"].to_numpy()
        first = (day - features["T"].to_numpy() - activity.first_day).astype(int)
        last = first + features["recency"].to_numpy().astype(int)
        informative = frequency >= 2
        if weeks < MIN_WEEKS or informative.sum() < MIN_CUSTOMERS:
            return plain
        ends = np.bincount(first, minlength=length) + np.bincount(last[frequency > 0], minlength=length)
        actual = _weekly(activity.new + activity.repeat - ends)
        seasonality = plain
        for _ in range(ITERATIONS):
            times = seasonality.adjusted_time(activity.first_day + np.arange(length + 1))
            pace = (frequency[informative] - 1) / (times[last[informative]] - times[first[informative] + 1])
            change = np.zeros(length + 1)
            np.add.at(change, first[informative] + 1, pace)
            np.add.at(change, last[informative], -pace)
            even = _weekly(np.cumsum(change)[:length])
            enough = even > MIN_WEEKLY_PURCHASES
            if enough.sum() < MIN_WEEKS:
                return plain
            middle = (day - 7 * (weeks - np.arange(weeks)) + 3.5)[enough]
            seasonality = cls(day, _season(middle, actual[enough], even[enough], min(1.0, length / 365)))
        return seasonality


def _weekly(daily: NDArray[np.generic]) -> Floats:
    """Return sums of whole weeks, the last week ending with the last day."""
    weeks = len(daily) // 7
    return np.asarray(daily[len(daily) - 7 * weeks :].reshape(weeks, 7).sum(axis=1), float)


def _season(middle: NDArray[np.floating], actual: Floats, even: Floats, years: float) -> tuple[float, ...]:
    """Return the posterior mean of the Fourier coefficients; `years` of history, at most 1, scale their prior."""
    sd = np.repeat(HARMONIC_SD, 2) * years
    ratio = np.log((actual + 0.5) / (even + 0.5))
    parts = np.column_stack([np.ones(len(middle)), (middle - middle.mean()) / YEAR, _fourier(middle, len(HARMONIC_SD))])
    prior = np.concatenate(([1.0, TREND_SD], sd)) ** 2
    drift = DRIFT_SD**2 * np.exp(-np.abs(middle[:, None] - middle) / DRIFT_DAYS)
    covariance = (parts * prior) @ parts.T + drift + np.diag(NOISE**2 + 1 / even)
    return tuple((prior * (parts.T @ np.linalg.solve(covariance, ratio)))[2:].tolist())


def _fourier(day: NDArray[np.floating], harmonics: int) -> Floats:
    angle = 2 * np.pi * day[:, None] / YEAR * np.arange(1, harmonics + 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(angle), 2 * harmonics)
