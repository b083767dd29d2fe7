"""What a customer's signals say beyond the buy-till-you-die model, learnt from windows whose outcome is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from training.models.purchases.covariates import COVARIATES
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.hurdle_distribution import DISPERSION, fit_dispersion
from training.models.purchases.ridge_regression import count_ridge, count_slopes, no_purchase_ridge, no_purchase_slopes

Floats = NDArray[np.float64]

EXTREME = 0.001
"""The share of signals at either end that count as no farther out than the rest."""
LARGEST = 2.0
"""A correction's largest log factor, either way."""
GAP_PURCHASES = 200
"""With so many purchases a window is half believed about the level of none."""


@dataclass(frozen=True)
class Adjustments:
    """Slopes of the standardised signals, how much farther off none is than the count, and the count's dispersion."""

    mean: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    count_slopes: Floats
    no_purchase_slopes: Floats
    no_purchase_offset: float = 0.0
    dispersion: tuple[float, float] = DISPERSION

    @classmethod
    def nothing(cls) -> Self:
        """Return corrections that change nothing."""
        zero = np.zeros(len(COVARIATES))
        return cls(zero, np.ones(len(COVARIATES)), zero, zero, zero, zero)

    @classmethod
    def fit(cls, told: Sequence[tuple[CutoffFit, int]], first_day: int, day: int, ridge: float | None) -> Self:
        """Learn from standpoints and horizons in days that are over at `day`; the log begins at `first_day`.

        `ridge`: how strongly the slopes are held back, in events; None: as the evidence has it.
        """
        if not told:
            return cls.nothing()
        group = np.repeat(np.arange(len(told)), [len(then.covariates) for then, _ in told])
        customer = pd.factorize(np.concatenate([then.window.features.index.to_numpy(object) for then, _ in told]))[0]
        y = np.concatenate([then.window.purchases[days] for then, days in told]).astype(float)
        offset = np.log(np.maximum(np.concatenate([then.expected(days) for then, days in told]), 1e-9))
        none = np.clip(np.concatenate([then.none(days) for then, days in told]), 1e-12, 1 - 1e-9)
        none_offset = np.log(-np.log(none))
        X = np.concatenate([then.covariates for then, _ in told])
        mean, scale = X.mean(axis=0), X.std(axis=0)
        scale[scale < 1e-6] = 1.0
        X = (X - mean) / scale
        lowest, highest = np.quantile(X, [EXTREME, 1 - EXTREME], axis=0)
        X = np.clip(X, lowest, highest)
        hold = count_ridge(X, offset, y, group, customer) if ridge is None else ridge
        by_count, intercepts = count_slopes(X, offset, y, group, hold)
        hold = no_purchase_ridge(X, none_offset, y > 0, group, customer) if ridge is None else ridge
        by_none, none_intercepts = no_purchase_slopes(X, none_offset, y > 0, group, hold)

        # Windows with much history behind them, and many purchases in them, know best how far none is off the count.
        bought = np.bincount(group, y)
        history = np.array([(then.window.day - first_day) / max(1, day - first_day) for then, _ in told])
        weight = bought / (bought + GAP_PURCHASES) * history**2
        gap = float((weight * (none_intercepts - intercepts)).sum() / (weight.sum() + 1))

        expected = np.exp(offset + _held(X @ by_count) + intercepts[group])
        none = np.exp(-np.exp(none_offset + _held(X @ by_none) + none_intercepts[group]))
        reach = np.array([float(days) for _, days in told])[group]
        dispersion = fit_dispersion(y, np.maximum(expected, 1 - none), none, reach)
        return cls(mean, scale, lowest, highest, by_count, by_none, gap, dispersion)

    def log_factors(self, signals: Floats) -> tuple[Floats, Floats]:
        """Return the logs of the factors on the count and on -log P(none), each of shape (n,)."""
        X = np.clip((signals - self.mean) / self.scale, self.lowest, self.highest)
        return _held(X @ self.count_slopes), _held(X @ self.no_purchase_slopes)


def _held(log_factor: Floats) -> Floats:
    return np.clip(log_factor, -LARGEST, LARGEST)
