"""Adjustments: what covariates say about a customer beyond BG/NBD, learnt from past windows with known outcomes."""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from training.models.arrays import Floats
from training.models.purchases.adjustment_rows import AdjustmentRows
from training.models.purchases.constants import MAX_LOG_FACTOR
from training.models.purchases.covariates import COVARIATES
from training.models.purchases.declared import DeclaredCovariate, with_declared
from training.models.purchases.hurdle_distribution import DISPERSION, fit_dispersion
from training.models.purchases.ridge_regression import (
    count_ridge,
    count_slopes,
    no_purchase_ridge,
    no_purchase_slopes,
)

HALF_WEIGHT_PURCHASES = 200
"""Shrinkage: a window with this many purchases gets weight 1/2 in the estimate of the no-purchase offset."""


class Hinge(NamedTuple):
    """A bend in the function of a covariate: slopes that are added above a knot.

    Attributes
    ----------
    column : int
        The position of the covariate.
    knot : float
        The standardised value above which the slopes hold.
    count_slope, no_purchase_slope : float
    """

    column: int
    knot: float
    count_slope: float
    no_purchase_slope: float


@dataclass(frozen=True)
class Adjustments:
    """Log factors on the expected count and on -log P(no purchase), piecewise linear in the standardised covariates.

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
    hinges : tuple of Hinge
        Bends, of what the sequence of purchases says: see `training.models.purchases.sequence`.
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
    hinges: tuple[Hinge, ...] = ()  # the same

    @classmethod
    def identity(cls) -> Self:
        """Return adjustments that change nothing."""
        zero = np.zeros(len(COVARIATES))
        return cls(zero, np.ones(len(COVARIATES)), zero, zero, zero, zero)

    @classmethod
    def fit(cls, rows: AdjustmentRows | None, first_day: int, day: int, ridge: float | None) -> Self:
        """Learn the adjustments from past windows.

        Parameters
        ----------
        rows : AdjustmentRows or None
            Of windows whose outcome is known by `day`; None without any, and then nothing is adjusted.
        first_day, day : int
            First day of the log and the cutoff of the fit, counted from 1970.
        ridge : float or None
            The ridge penalty of both regressions, in events; None to estimate it from the rows.
        """
        if rows is None:
            return cls.identity()
        X, y, group = rows.X, rows.y, rows.group
        penalty = count_ridge(X, rows.log_count, y, group, rows.customer) if ridge is None else ridge
        slopes, intercepts = count_slopes(X, rows.log_count, y, group, penalty)
        penalty = no_purchase_ridge(X, rows.log_hazard, y > 0, group, rows.customer) if ridge is None else ridge
        none_slopes, none_intercepts = no_purchase_slopes(X, rows.log_hazard, y > 0, group, penalty)

        # Windows with a long history before them and many purchases in them estimate the offset best.
        purchases = np.bincount(group, y)
        history = (rows.cutoffs - first_day) / max(1, day - first_day)
        weight = purchases / (purchases + HALF_WEIGHT_PURCHASES) * history**2
        none_gap = float((weight * (none_intercepts - intercepts)).sum() / (weight.sum() + 1))

        expected = np.exp(rows.log_count + _clipped(X @ slopes) + intercepts[group])
        none = np.exp(-np.exp(rows.log_hazard + _clipped(X @ none_slopes) + none_intercepts[group]))
        dispersion = fit_dispersion(y, np.maximum(expected, 1 - none), none, rows.horizons[group])
        learnt = (slopes, none_slopes, none_gap, dispersion)
        return cls(rows.mean, rows.scale, rows.lowest, rows.highest, *learnt, rows.declared)

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
        X = self.standardised(covariates)
        count, none = X @ self.count_slopes, X @ self.no_purchase_slopes
        if self.hinges:
            columns, knots, count_slopes, none_slopes = (np.array(values) for values in zip(*self.hinges, strict=True))
            above = np.maximum(X[:, columns] - knots, 0.0)
            count, none = count + above @ count_slopes, none + above @ none_slopes
        return _clipped(count), _clipped(none)

    def standardised(self, covariates: Floats) -> Floats:
        """Return the covariates standardised and clipped, of the same shape."""
        return np.clip((covariates - self.mean) / self.scale, self.lowest, self.highest)


def _clipped(log_factor: Floats) -> Floats:
    return np.clip(log_factor, -MAX_LOG_FACTOR, MAX_LOG_FACTOR)
