"""Level calibration: rescales the horizon so that total demand matches last year's."""

from dataclasses import dataclass
from typing import Self

import numpy as np

from training.models.arrays import Floats
from training.models.purchases.cutoff_fit import CutoffFit

YEAR_AGO_DAYS = 364
"""The same weekday a year ago: a window there shows the level of demand over the year."""
LEVEL_HORIZONS = range(28, YEAR_AGO_DAYS + 1, 28)
"""Horizons of that window, in days: they follow the level through the year in steps of four weeks."""
LEVEL_HISTORY_DAYS = 150
"""History that a window needs before its level means anything."""
LEVEL_SD = 0.14
"""Prior standard deviation of the log level of a step; steps are independent."""
MAX_STRETCH, GRID_POINTS = 5, 40


@dataclass(frozen=True)
class LevelCalibration:
    """A non-decreasing, piecewise linear map from a horizon to the horizon passed to BG/NBD.

    Attributes
    ----------
    horizons : ndarray of float64, shape (k,)
        Horizons in adjusted days, the first 0.
    calibrated : ndarray of float64, shape (k,)
        The horizon to use for each, in adjusted days.
    """

    horizons: Floats
    calibrated: Floats

    @classmethod
    def identity(cls) -> Self:
        """Return the calibration that changes no horizon."""
        return cls(np.array([0.0, 1.0]), np.array([0.0, 1.0]))

    @classmethod
    def fit(cls, current: CutoffFit, year_ago: CutoffFit, past_level: float = 0.0) -> Self:
        """Learn the map from actual over expected purchases of the base a year ago.

        The expectation is that at the level of past windows, by which the forecast is multiplied as well. Each step's
        ratio shrinks towards 1 by its noise. The purchases have a variance that is a multiple of their
        number, as the spread of the customers' counts shows; the expectation rests on the purchases before the cutoff.

        Parameters
        ----------
        current : CutoffFit
            The base at the cutoff.
        year_ago : CutoffFit
            The base `YEAR_AGO_DAYS` earlier, with outcomes at `LEVEL_HORIZONS`.
        past_level : float, default 0.0
            The log level of past windows.
        """
        steps = [step for step in LEVEL_HORIZONS if step in year_ago.window.purchases]
        if not steps:
            return cls.identity()
        forecasts = [year_ago.expected_purchases(step) * np.exp(past_level) for step in steps]
        expected = np.diff([forecast.sum() for forecast in forecasts], prepend=0.0)
        actual = np.diff([year_ago.window.purchases[step].sum() for step in steps], prepend=0)
        total = actual.sum()
        residual = year_ago.window.purchases[steps[-1]] - forecasts[-1] * (total / expected.sum())
        overdispersion = max(1.0, float((residual**2).sum() / max(total, 1)))
        purchases_before = max(1.0, float(year_ago.rfm["frequency"].sum()))
        shrinkage = overdispersion * (1 + expected / purchases_before) / LEVEL_SD**2
        horizons = current.seasonality.adjusted_days(current.window.day, steps)
        upcoming = np.diff(current.total_purchases(horizons), prepend=0.0)
        grid = np.concatenate(([0.0], np.geomspace(1, MAX_STRETCH * horizons[-1], GRID_POINTS)))
        calibrated_total = np.cumsum(upcoming * (actual + shrinkage) / (expected + shrinkage))
        calibrated = np.interp(calibrated_total, current.total_purchases(grid), grid)
        return cls(np.append(0.0, horizons), np.maximum.accumulate(np.append(0.0, calibrated)))

    def horizon(self, adjusted_days: float) -> float:
        """Return the calibrated horizon, in adjusted days; past the last step it grows day by day."""
        if adjusted_days <= self.horizons[-1]:
            return float(np.interp(adjusted_days, self.horizons, self.calibrated))
        return float(self.calibrated[-1] + adjusted_days - self.horizons[-1])
