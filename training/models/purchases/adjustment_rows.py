"""The rows that adjustments are learnt from: covariates, forecasts and outcomes of past windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from training.models.arrays import Floats
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.declared import DeclaredCovariate, fit_declared, with_declared
from training.models.purchases.ridge_regression import Groups

WINSORIZED = 0.001
"""The share of each covariate's values that is clipped, at either end."""


@dataclass(frozen=True)
class AdjustmentRows:
    """A row for each customer, past window and horizon.

    Attributes
    ----------
    X : ndarray of float64, shape (n, covariates)
        The covariates, standardised and clipped.
    mean, scale, lowest, highest : ndarray of float64, shape (covariates,)
        How they are standardised and clipped, see `Adjustments`.
    y : ndarray of float64, shape (n,)
        The purchase occasions in the horizon.
    log_count, log_hazard : ndarray of float64, shape (n,)
        The forecast to adjust: the log of the expected count, and the log of -log P(no purchase).
    group, customer : ndarray of int64, shape (n,)
        The window and horizon of each row, and its customer, numbered from 0.
    cutoffs, horizons : ndarray of float64, shape (groups,)
        The cutoff of each group in days since 1970, and its horizon in days.
    declared : tuple of DeclaredCovariate
        The covariates that follow those of `COVARIATES`.
    """

    X: Floats
    mean: Floats
    scale: Floats
    lowest: Floats
    highest: Floats
    y: Floats
    log_count: Floats
    log_hazard: Floats
    group: Groups
    customer: Groups
    cutoffs: Floats
    horizons: Floats
    declared: tuple[DeclaredCovariate, ...]

    @classmethod
    def of(cls, past: Sequence[tuple[CutoffFit, int]]) -> Self:
        """Gather the rows of earlier cutoffs, each with a horizon in days that has ended; there is at least one."""
        group = np.repeat(np.arange(len(past)), [len(fit.covariates) for fit, _ in past])
        customer = pd.factorize(np.concatenate([fit.window.features.index.to_numpy(object) for fit, _ in past]))[0]
        y = np.concatenate([fit.window.purchases[days] for fit, days in past]).astype(float)
        count = np.maximum(np.concatenate([fit.expected_purchases(days) for fit, days in past]), 1e-9)
        none = np.clip(np.concatenate([fit.no_purchase_probability(days) for fit, days in past]), 1e-12, 1 - 1e-9)
        declared = fit_declared([fit.window.features for fit, _ in past])
        X = np.concatenate([with_declared(fit.covariates, fit.window.features, declared) for fit, _ in past])
        mean, scale = X.mean(axis=0), X.std(axis=0)
        scale[scale < 1e-6] = 1.0
        X = (X - mean) / scale
        lowest, highest = np.quantile(X, [WINSORIZED, 1 - WINSORIZED], axis=0)
        return cls(
            *(np.clip(X, lowest, highest), mean, scale, lowest, highest),
            *(y, np.log(count), np.log(-np.log(none)), group, customer),
            np.array([float(fit.window.day) for fit, _ in past]),
            np.array([float(days) for _, days in past]),
            declared,
        )
