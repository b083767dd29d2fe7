"""Adjustments: what covariates say about a customer beyond BG/NBD, learnt from past windows with known outcomes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from training.models.arrays import Floats
from training.models.purchases.constants import MAX_LOG_FACTOR
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.declared import DeclaredCovariate, fit_declared, with_declared
from training.models.purchases.hurdle_distribution import DISPERSION, fit_dispersion
from training.models.purchases.ridge_regression import (
    count_ridge,
    count_slopes,
    no_purchase_ridge,
    no_purchase_slopes,
)

WINSORIZED = 0.001
"""The share of each covariate's values that is clipped, at either end."""
HALF_WEIGHT_PURCHASES = 200
"""Shrinkage: a window with this many purchases gets weight 1/2 in the estimate of the no-purchase offset."""


@dataclass(frozen=True)
class Adjustments:
    """Log factors on the expected count and on -log P(no purchase), linear in the standardised covariates.

    Attributes
    ----------
    mean, scale : ndarray of float64, shape (covariates,)
        Mean and standard deviation of each covariate.
    lowest, highest : ndarray of float64, shape (covariates,)
        Bounds of each standardised covariate.
    count_slopes, no_purchase_slopes : ndarray of float64, shape (covariates,)
        The two sets of slopes.
    no_purchase_offset : float
        By how much more the log of -log P(no purchase) is off than the log count.
    dispersion : tuple of float
        See `HurdleDistribution`.
    declared : tuple of DeclaredCovariate
        The covariates that follow those of `COVARIATES`.
    """

    mean: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    count_slopes: Floats
    no_purchase_slopes: Floats
    no_purchase_offset: float = 0.0
    dispersion: tuple[float, float] = DISPERSION
    declared: tuple[DeclaredCovariate, ...] = ()  # models pickled by earlier versions have none

    @classmethod
    def identity(cls) -> Self:
        """Return adjustments that change nothing."""
        zero = np.zeros(len(COVARIATES))
        return cls(zero, np.ones(len(COVARIATES)), zero, zero, zero, zero)

    @classmethod
    def fit(cls, past: Sequence[tuple[CutoffFit, int]], first_day: int, day: int, ridge: float | None) -> Self:
        """Learn the adjustments from past windows.

        Parameters
        ----------
        past : sequence of (CutoffFit, int)
            Earlier cutoffs, each with a horizon in days that has ended by `day`.
        first_day, day : int
            First day of the log and the cutoff of the fit, counted from 1970.
        ridge : float or None
            The ridge penalty of both regressions, in events; None to estimate it from the rows.
        """
        if not past:
            return cls.identity()
        group = np.repeat(np.arange(len(past)), [len(fit.covariates) for fit, _ in past])
        customer = pd.factorize(np.concatenate([fit.window.features.index.to_numpy(object) for fit, _ in past]))[0]
        y = np.concatenate([fit.window.purchases[days] for fit, days in past]).astype(float)
        offset = np.log(np.maximum(np.concatenate([fit.expected_purchases(days) for fit, days in past]), 1e-9))
        none = np.clip(np.concatenate([fit.no_purchase_probability(days) for fit, days in past]), 1e-12, 1 - 1e-9)
        none_offset = np.log(-np.log(none))
        declared = fit_declared([fit.window.features for fit, _ in past])
        X = np.concatenate([with_declared(fit.covariates, fit.window.features, declared) for fit, _ in past])
        mean, scale = X.mean(axis=0), X.std(axis=0)
        scale[scale < 1e-6] = 1.0
        X = (X - mean) / scale
        lowest, highest = np.quantile(X, [WINSORIZED, 1 - WINSORIZED], axis=0)
        X = np.clip(X, lowest, highest)
        penalty = count_ridge(X, offset, y, group, customer) if ridge is None else ridge
        slopes, intercepts = count_slopes(X, offset, y, group, penalty)
        penalty = no_purchase_ridge(X, none_offset, y > 0, group, customer) if ridge is None else ridge
        none_slopes, none_intercepts = no_purchase_slopes(X, none_offset, y > 0, group, penalty)

        # Windows with a long history before them and many purchases in them estimate the offset best.
        purchases = np.bincount(group, y)
        history = np.array([(fit.window.day - first_day) / max(1, day - first_day) for fit, _ in past])
        weight = purchases / (purchases + HALF_WEIGHT_PURCHASES) * history**2
        none_gap = float((weight * (none_intercepts - intercepts)).sum() / (weight.sum() + 1))

        expected = np.exp(offset + _clipped(X @ slopes) + intercepts[group])
        none = np.exp(-np.exp(none_offset + _clipped(X @ none_slopes) + none_intercepts[group]))
        horizon_days = np.array([float(days) for _, days in past])[group]
        dispersion = fit_dispersion(y, np.maximum(expected, 1 - none), none, horizon_days)
        return cls(mean, scale, lowest, highest, slopes, none_slopes, none_gap, dispersion, declared)

    def covariates(self, covariates: Floats, features: pd.DataFrame) -> Floats:
        """Return the customers' covariates with those of the feature table that the adjustments learnt from."""
        return with_declared(covariates, features, self.declared)

    def log_factors(self, covariates: Floats) -> tuple[Floats, Floats]:
        """Return the logs of the factors on the count and on -log P(no purchase), each of shape (n,).

        Parameters
        ----------
        covariates : ndarray of float64, shape (n, covariates)
            As `Adjustments.covariates` returns them.
        """
        X = np.clip((covariates - self.mean) / self.scale, self.lowest, self.highest)
        return _clipped(X @ self.count_slopes), _clipped(X @ self.no_purchase_slopes)


def _clipped(log_factor: Floats) -> Floats:
    return np.clip(log_factor, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)
