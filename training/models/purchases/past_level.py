"""The level of demand in past windows: by how much the base bought more than the buy-till-you-die model expected."""

from collections.abc import Sequence

import numpy as np

from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.level_variance import QUARTER_DAYS, LevelVariance

LEVEL_SD = 0.15
"""Prior standard deviation of the log level that lasts."""
QUARTER_SD = 0.15
"""Standard deviation of the log level of a quarter about it: seasons, campaigns, years that differ."""


def past_level(past: Sequence[tuple[CutoffFit, int]]) -> tuple[float, LevelVariance]:
    """Return the log of the level that lasts, by which forecasts of the base are multiplied, and its uncertainty.

    The mean log ratio of actual to expected purchases of past windows, weighted by their horizons, shrinks towards 0::

        level    = LEVEL_SD^2 / (LEVEL_SD^2 + variance) * mean log ratio
        variance = (QUARTER_SD^2 + noise) / n + error

    n counts the quarters that the windows cover, days in several of them once; `noise` is the variance of the log
    purchases of a quarter, as the spread of the customers' counts shows. `error` is that of the log of the expected
    purchases: these rest on the same customers in every window, so it does not fall with n, and in a small base it is
    most of what a ratio shows. What is left of the prior variance, LEVEL_SD^2 variance / (LEVEL_SD^2 + variance), and
    that of a quarter are the uncertainty.

    Parameters
    ----------
    past : sequence of (CutoffFit, int)
        Earlier cutoffs, each with a horizon in days that has ended; without any, the level is 0.
    """
    if not past:
        return 0.0, LevelVariance(LEVEL_SD**2, QUARTER_SD**2)
    ratios, noises = zip(*(_log_ratio(fit, days) for fit, days in past), strict=True)
    errors = [_error_of_expectation(fit) for fit, _ in past]
    horizons = np.array([float(days) for _, days in past])
    covered = {day for fit, days in past for day in range(fit.window.day, fit.window.day + days)}
    quarters = len(covered) / QUARTER_DAYS
    noise = float(np.average(np.array(noises) * horizons / QUARTER_DAYS, weights=horizons))
    variance = (QUARTER_SD**2 + noise) / quarters + float(np.average(errors, weights=horizons))
    share = LEVEL_SD**2 / (LEVEL_SD**2 + variance)
    level = share * float(np.average(ratios, weights=horizons))
    return level, LevelVariance(LEVEL_SD**2 * (1 - share), QUARTER_SD**2)


def _log_ratio(fit: CutoffFit, days: int) -> tuple[float, float]:
    """Return the log of actual over expected purchases of a window, and its variance."""
    purchases, expected = fit.window.purchases[days].astype(float), fit.expected_purchases(days)
    total = purchases.sum() + 1
    residual = purchases - expected * (total / (expected.sum() + 1))
    return float(np.log(total / (expected.sum() + 1))), float(((residual**2).sum() + 1) / total**2)


def _error_of_expectation(fit: CutoffFit) -> float:
    """Return the variance of the log of the expected purchases: that of the repeat purchases which they rest on.

    Customers, not purchases, are the sample: a base in which few customers made most purchases says less.
    """
    repeats = fit.rfm["frequency"].to_numpy()
    return float(((repeats**2).sum() + 1) / (repeats.sum() + 1) ** 2)
