"""Time in the simulation: days since its start, a seasonal clock, and hours of the day.

Times are real numbers of days. On the seasonal clock a customer's purchases have a constant rate: the clock runs
faster on days when the shop is busy, and advances by 1 on an average day.
"""

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.truth import Truth

Floats = NDArray[np.float64]

# The share of a day's business done by each hour. All types of event share one table, which keeps their order.
_BUSINESS = np.array([0.0, 0.03, 0.10, 0.24, 0.40, 0.53, 0.66, 0.82, 0.94, 1.0])
_HOURS = np.array([7.0, 8.5, 9.5, 11.0, 12.5, 14.0, 15.5, 17.5, 19.5, 21.99])
OFFICE_HOURS = (0.06, 0.78)  # about 9:00 to 17:00, as a share of the day's business


class Clock(NamedTuple):
    """Cumulative seasonal time; `readings[d]` is the seasonal time at the start of day d, shape (days + 1,)."""

    readings: Floats

    def at(self, day: Floats) -> Floats:
        """Return the seasonal time at a time in days."""
        return np.interp(day, np.arange(len(self.readings)), self.readings)

    def day(self, reading: Floats) -> Floats:
        """Return the time in days of a reading; the inverse of `at`."""
        return np.interp(reading, self.readings, np.arange(len(self.readings)))


def season_factors(truth: Truth, days: int) -> Floats:
    """Return the purchase rate of each day relative to the average, shape (days,).

    It is 1 on average over whole years; with `growth` that is the level at the start.
    """
    dates = np.datetime64(truth.start, "D") + np.arange(days)
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.float64)
    factors = np.ones(days)
    for harmonic, (amplitude, peak) in enumerate(truth.season, start=1):
        factors += amplitude * np.cos(2 * np.pi * harmonic * (day_of_year - peak) / 365.25)
    weekday = np.asarray(truth.weekday) / np.mean(truth.weekday)
    # Amplitudes that sum to 1 reach 0 only up to rounding.
    factors = np.maximum(factors, 0.0)
    factors *= weekday[(truth.start.weekday() + np.arange(days)) % 7]
    if truth.growth:
        factors *= (1 + truth.growth) ** (np.arange(days) / 365.25)
    return factors


def seasonal_clock(truth: Truth, days: int) -> Clock:
    """Return the clock over the first `days` days."""
    return Clock(np.concatenate([[0.0], np.cumsum(season_factors(truth, days))]))


def to_timestamps(truth: Truth, day: Floats) -> NDArray[np.datetime64]:
    """Convert times in days to wall-clock times, to the second; NaN and infinity become NaT."""
    known = np.isfinite(day)
    whole = np.floor(np.where(known, day, 0.0))
    hours = np.interp(np.where(known, day, 0.0) - whole, _BUSINESS, _HOURS)
    seconds = whole.astype(np.int64) * 86_400 + (hours * 3600.0).astype(np.int64)
    seconds[~known] = np.iinfo(np.int64).min  # NumPy's NaT
    times: NDArray[np.datetime64] = seconds.view("timedelta64[s]") + np.datetime64(truth.start, "s")
    return times


def to_days(truth: Truth, time: datetime.datetime) -> float:
    """Convert a wall-clock time to a time in days; the inverse of `to_timestamps`."""
    since = time - datetime.datetime.combine(truth.start, datetime.time())
    hours = since.seconds / 3600.0
    return since.days + float(np.interp(hours, _HOURS, _BUSINESS))
