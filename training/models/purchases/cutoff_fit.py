"""BG/NBD fit with pauses and covariates of the customers at one cutoff."""

from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from training.models.arrays import Floats
from training.models.btyd.pausing_bg_nbd import PausingBGNBD
from training.models.purchases.covariates import BaseStatistics, covariates
from training.models.purchases.seasonality import Seasonality
from training.models.window import Window

PRIOR = 0.25
"""Half the prior precision of BG/NBD's log parameters (times in mean T's): a standard deviation of 1.4 about 0. It
weighs less than one customer, and keeps the forecasts of a few customers, or of a base without a repeat purchase, from
0 and from never ending."""


@dataclass(frozen=True)
class CutoffFit:
    """The customers of a window in adjusted time, BG/NBD fitted to them, and their covariates.

    Attributes
    ----------
    window : Window
        The feature table at the cutoff, n customers.
    seasonality : Seasonality
        The adjusted time.
    rfm : DataFrame, shape (n, 3)
        Frequency, recency and T in adjusted days.
    bg_nbd : PausingBGNBD
        Fitted to `rfm`, as it would have been at the cutoff.
    base : BaseStatistics
        Statistics of the base at the cutoff.
    """

    window: Window
    seasonality: Seasonality
    rfm: pd.DataFrame
    bg_nbd: PausingBGNBD
    base: BaseStatistics

    @classmethod
    def of(cls, window: Window, seasonality: Seasonality) -> Self:
        """Fit BG/NBD to what was known at the window's cutoff."""
        X, day = window.features, window.day
        rfm = seasonality.adjusted_rfm(X, day)
        bg_nbd = PausingBGNBD(penalizer=PRIOR / len(rfm)).fit(rfm)
        return cls(window, seasonality, rfm, bg_nbd, BaseStatistics.of(X, rfm, bg_nbd, seasonality, day))

    def paused(self, shape: float, gaps: float) -> Self:
        """Return the same fit with pauses of another shape and scale."""
        bg_nbd = copy(self.bg_nbd).set_params(pause_shape=shape, pause_gaps=gaps)
        return replace(self, bg_nbd=bg_nbd)

    @cached_property
    def covariates(self) -> Floats:
        """The covariates of the customers, shape (n, covariates): see `training.models.purchases.covariates`."""
        day = self.window.day
        return covariates(self.window.features, self.rfm, self.bg_nbd, self.seasonality, self.base, day)

    def expected_purchases(self, horizon_days: int) -> Floats:
        """Return the purchase occasions that BG/NBD expects in the horizon from the cutoff on, shape (n,)."""
        return self.bg_nbd.expected_purchases(self.rfm, self.adjusted_days(horizon_days))

    def no_purchase_probability(self, horizon_days: int) -> Floats:
        """Return P(no purchase) in the horizon from the cutoff on by BG/NBD, shape (n,)."""
        return self.bg_nbd.no_purchase_probability(self.rfm, self.adjusted_days(horizon_days))

    def total_purchases(self, adjusted_days: ArrayLike) -> Floats:
        """Return the expected purchases of the whole base within each of several horizons in adjusted days."""
        return np.array([self.bg_nbd.expected_purchases(self.rfm, days).sum() for days in np.ravel(adjusted_days)])

    def adjusted_days(self, horizon_days: int) -> Floats:
        """Return the adjusted days that a horizon from the cutoff on has."""
        return self.seasonality.adjusted_days(self.window.day, horizon_days)
