"""A two-sided CUSUM whose threshold is simulated to a budget of false alarms."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOOKS = 104
"""The looks over which the budget holds: two years of weeks."""
DRAWS = 4_000
LAST = 4
"""An alarm ends after at most so many looks that are as usual: sums grow beyond the threshold only that far."""
KEPT, KEPT_VARIANCE = 0.9, 0.6230
"""The share of the differences that count, and what they have of the variance of a normal distribution."""


@dataclass(frozen=True)
class Cusum:
    """The path of a CUSUM.

    Attributes
    ----------
    up, down : numpy.ndarray of float, shape (looks,)
        The sums, in the unit of the values.
    threshold : float
        An alarm is a sum above it.
    alarm : bool
        Whether the last look has one.
    first : int or None
        The first look with an alarm.
    since : int or None
        The look at which the sum that is above the threshold now began to grow.
    """

    up: Floats
    down: Floats
    threshold: float
    alarm: bool
    first: int | None
    since: int | None


def sums(values: Floats, tolerance: float | Floats, ceiling: float = np.inf) -> tuple[Floats, Floats]:
    """Return the upper and lower sums of values, along the last axis.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (..., looks)
    tolerance : float or numpy.ndarray of float, shape (...)
        What of each value does not count.
    ceiling : float
        Sums grow no further.

    Examples
    --------
    >>> up, down = sums(np.array([0.2, 0.2, -0.5]), 0.1)
    >>> up.round(1).tolist(), down.round(1).tolist()
    ([0.1, 0.2, 0.0], [0.0, 0.0, 0.4])
    """
    up, down = np.zeros_like(values), np.zeros_like(values)
    high = low = np.zeros(values.shape[:-1])
    for at in range(values.shape[-1]):
        high = np.clip(high + values[..., at] - tolerance, 0, ceiling)
        low = np.clip(low - values[..., at] - tolerance, 0, ceiling)
        up[..., at], down[..., at] = high, low
    return up, down


def spread_of(values: Floats) -> Floats:
    """Return the standard deviation of values, from their successive differences, without the largest tenth of these.

    A level or a season hardly moves them, and the weeks around one without any sale are left out.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (..., n)

    References
    ----------
    von Neumann, Kent, Bellinson & Hart (1941), The mean square successive difference; here trimmed, for normal
    values.
    """
    squares = np.sort(np.diff(values, axis=-1) ** 2, axis=-1)
    kept = squares[..., : max(1, int(KEPT * squares.shape[-1]))]
    return np.asarray(np.sqrt(kept.mean(axis=-1) / (2 * KEPT_VARIANCE)))


def simulated_threshold(
    references: int,
    averages: Floats,
    tolerance: float,
    budget: float,
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> float:
    """Return the threshold, in standard deviations, that a CUSUM exceeds in `LOOKS` looks with the chance `budget`.

    What is known of the usual level and spread comes from the reference weeks, as in use, so its error counts.

    Parameters
    ----------
    references : int
        How many reference values there are.
    averages : numpy.ndarray of float, shape (looks, references)
        The weights with which they are the reference of each look. The looks are repeated up to `LOOKS`.
    tolerance : float
        In standard deviations.
    budget : float
    draws, seed : int
    """
    rng = np.random.default_rng(seed)
    usual = rng.standard_normal((draws, references))
    looks = np.resize(np.arange(len(averages)), LOOKS)
    values = rng.standard_normal((draws, LOOKS)) - usual @ averages[looks].T
    up, down = sums(values, tolerance)
    largest = np.maximum(up, down).max(axis=1) / np.maximum(spread_of(usual), 1e-9)
    return float(np.quantile(largest, 1 - budget, method="higher"))


def cusum(values: Floats, tolerance: float, threshold: float) -> Cusum:
    """Return the CUSUM of values; of several series at each look the smallest sums, so that all have to be above.

    Parameters
    ----------
    values : numpy.ndarray of float, shape (looks,) or (series, looks)
        About 0 where nothing changed.
    tolerance, threshold : float
        In the unit of the values.
    """
    up, down = (each.min(axis=0) for each in sums(np.atleast_2d(values), tolerance, threshold + LAST * tolerance))
    larger = up if len(up) and up[-1] >= down[-1] else down
    above = np.flatnonzero(np.maximum(up, down) > threshold)
    alarm = bool(len(above) and above[-1] == len(up) - 1)
    since = None
    if alarm:
        zeros = np.flatnonzero(larger == 0)
        since = int(zeros[-1]) + 1 if len(zeros) else 0
    return Cusum(up, down, threshold, alarm, int(above[0]) if len(above) else None, since)
