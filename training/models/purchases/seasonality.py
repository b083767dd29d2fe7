"""A clock that runs faster in season, so that a model of even purchase rates sees even rates."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from training.models.window import Activity

Floats = NDArray[np.float64]

YEAR = 365.25
CYCLE = 1461
"""Four years: after so many days the seasons fall on the same days again."""
HARMONIC_SD = (0.25, 0.15, 0.10)
"""Prior standard deviation of the log rate's Fourier coefficients, a harmonic of the year each."""
TREND_SD, DRIFT_SD, DRIFT_DAYS, NOISE = 0.3, 0.25, 60.0, 0.05
ROUNDS = 3
SHORTEST_WEEKS, FEWEST_CUSTOMERS = 8, 20


@dataclass(frozen=True)
class Seasonality:
    """Clock days since `origin`: d(clock) = exp(Fourier(day of the year)) d(day); without coefficients plain days."""

    origin: int
    coefficients: tuple[float, ...] = ()
    _ticks: Floats = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        days = np.arange(CYCLE) + self.origin + 0.5
        rate = np.exp(_fourier(days, len(self.coefficients) // 2) @ np.array(self.coefficients))
        object.__setattr__(self, "_ticks", np.concatenate(([0.0], np.cumsum(rate))))

    def at(self, day: ArrayLike) -> Floats:
        """Return the clock's time at the start of days counted from 1970 (fractions between)."""
        cycles, within = np.divmod(np.asarray(day, float) - self.origin, CYCLE)
        return np.asarray(cycles * self._ticks[-1] + np.interp(within, np.arange(CYCLE + 1), self._ticks))

    def span(self, day: int, days: ArrayLike) -> Floats:
        """Return how many clock days the `days` days after `day` take (before it, where negative)."""
        return np.asarray(self.at(day + np.asarray(days, float)) - self.at(day))

    def histories(self, features: pd.DataFrame, day: int) -> pd.DataFrame:
        """Return frequency, recency and T of customers who have bought, the two times in clock days, to a tenth.

        The tenth makes many histories equal, and the fit quick.
        """
        frequency = features["frequency"].to_numpy(float)
        first = day - features["T"].to_numpy(float)
        born, now = self.at(first), self.at(day)
        recency = np.round(self.at(first + features["recency"].to_numpy(float)) - born, 1)
        recency = np.where(frequency > 0, np.maximum(recency, 0.1), 0.0)
        T = np.maximum(np.round(now - born, 1), recency)
        return pd.DataFrame({"frequency": frequency, "recency": recency, "T": T}, index=features.index)

    @classmethod
    def fit(cls, features: pd.DataFrame, activity: Activity, day: int) -> Self:
        """Learn the season from the purchases between each customer's first and last, known at `day`.

        Given the first, the last and their number, those between fall evenly in clock time under every model with a
        constant rate, whatever the customers' rates, their leaving and the growth of the base. A week's log of actual
        over even is level + trend + drift (Ornstein-Uhlenbeck), none of them carried forward, + season, by a Gaussian
        process; a year seen in part is believed in part. With little to see, the plain clock.
        """
        plain = cls(day)
        length = day - activity.first_day
        weeks = length // 7
        frequency = features["frequency"].to_numpy()
        first = (day - features["T"].to_numpy() - activity.first_day).astype(int)
        last = first + features["recency"].to_numpy().astype(int)
        telling = frequency >= 2
        if weeks < SHORTEST_WEEKS or telling.sum() < FEWEST_CUSTOMERS:
            return plain
        ends = np.bincount(first, minlength=length) + np.bincount(last[frequency > 0], minlength=length)
        actual = _weekly(activity.new + activity.repeat - ends)
        clock = plain
        for _ in range(ROUNDS):
            ticks = clock.at(activity.first_day + np.arange(length + 1))
            pace = (frequency[telling] - 1) / (ticks[last[telling]] - ticks[first[telling] + 1])
            change = np.zeros(length + 1)
            np.add.at(change, first[telling] + 1, pace)
            np.add.at(change, last[telling], -pace)
            even = _weekly(np.cumsum(change)[:length])
            seen = even > 3
            if seen.sum() < SHORTEST_WEEKS:
                return plain
            middle = (day - 7 * (weeks - np.arange(weeks)) + 3.5)[seen]
            clock = cls(day, _season(middle, actual[seen], even[seen], min(1.0, length / 365)))
        return clock


def _weekly(daily: NDArray[np.generic]) -> Floats:
    """Return sums of whole weeks, the last week ending with the last day."""
    weeks = len(daily) // 7
    return np.asarray(daily[len(daily) - 7 * weeks :].reshape(weeks, 7).sum(axis=1), float)


def _season(middle: NDArray[np.floating], actual: Floats, even: Floats, belief: float) -> tuple[float, ...]:
    sd = np.repeat(HARMONIC_SD, 2) * belief
    ratio = np.log((actual + 0.5) / (even + 0.5))
    parts = np.column_stack([np.ones(len(middle)), (middle - middle.mean()) / YEAR, _fourier(middle, len(HARMONIC_SD))])
    prior = np.concatenate(([1.0, TREND_SD], sd)) ** 2
    drift = DRIFT_SD**2 * np.exp(-np.abs(middle[:, None] - middle) / DRIFT_DAYS)
    covariance = (parts * prior) @ parts.T + drift + np.diag(NOISE**2 + 1 / even)
    return tuple((prior * (parts.T @ np.linalg.solve(covariance, ratio)))[2:].tolist())


def _fourier(day: NDArray[np.floating], harmonics: int) -> Floats:
    angle = 2 * np.pi * day[:, None] / YEAR * np.arange(1, harmonics + 1)
    return np.stack([np.cos(angle), np.sin(angle)], axis=-1).reshape(len(angle), 2 * harmonics)
