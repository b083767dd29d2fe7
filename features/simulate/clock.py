"""Time in a simulated world: days since its start, the season's clock, and hours of the day.

Days since the start are real numbers. On the clock a customer's purchases come at a steady rate: it runs
faster on days when the shop is busy, and one day of it is one average day.
"""

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.simulate.truth import Truth

Floats = NDArray[np.float64]

# Where in a day's business each hour lies; one table for every kind of event keeps their order in the day.
_BUSINESS = np.array([0.0, 0.03, 0.10, 0.24, 0.40, 0.53, 0.66, 0.82, 0.94, 1.0])
_HOURS = np.array([7.0, 8.5, 9.5, 11.0, 12.5, 14.0, 15.5, 17.5, 19.5, 21.99])
OFFICE_HOURS = (0.06, 0.78)  # about 9:00 to 17:00, as a share of the day's business


class Clock(NamedTuple):
    """The clock's reading at the start of each day: an array of days + 1 numbers."""

    readings: Floats

    def at(self, day: Floats) -> Floats:
        """The clock's reading at a time in days."""
        return np.interp(day, np.arange(len(self.readings)), self.readings)

    def day(self, reading: Floats) -> Floats:
        """The time in days of a reading, the inverse of `at`."""
        return np.interp(reading, self.readings, np.arange(len(self.readings)))


def season_factors(truth: Truth, days: int) -> Floats:
    """How busy each of the first `days` days is; the mean over whole years and weeks is 1."""
    dates = np.datetime64(truth.start, "D") + np.arange(days)
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(np.float64)
    factors = np.ones(days)
    for harmonic, (amplitude, peak) in enumerate(truth.season, start=1):
        factors += amplitude * np.cos(2 * np.pi * harmonic * (day_of_year - peak) / 365.25)
    weekday = np.asarray(truth.weekday) / np.mean(truth.weekday)
    # Amplitudes that sum to 1 reach 0 only up to rounding.
    factors = np.maximum(factors, 0.0)
    factors *= weekday[(truth.start.weekday() + np.arange(days)) % 7]
    return factors


def clock_of(truth: Truth, days: int) -> Clock:
    """The clock over the first `days` days."""
    return Clock(np.concatenate([[0.0], np.cumsum(season_factors(truth, days))]))


def to_timestamps(truth: Truth, day: Floats) -> NDArray[np.datetime64]:
    """Wall-clock times, to the second, of times in days; NaN and infinity become NaT."""
    known = np.isfinite(day)
    whole = np.floor(np.where(known, day, 0.0))
    hours = np.interp(np.where(known, day, 0.0) - whole, _BUSINESS, _HOURS)
    seconds = whole.astype(np.int64) * 86_400 + (hours * 3600.0).astype(np.int64)
    seconds[~known] = np.iinfo(np.int64).min  # NumPy's NaT
    moments: NDArray[np.datetime64] = seconds.view("timedelta64[s]") + np.datetime64(truth.start, "s")
    return moments


def to_days(truth: Truth, moment: datetime.datetime) -> float:
    """The time in days of a wall-clock time, the inverse of `to_timestamps`."""
    since = moment - datetime.datetime.combine(truth.start, datetime.time())
    hours = since.seconds / 3600.0
    return since.days + float(np.interp(hours, _HOURS, _BUSINESS))
