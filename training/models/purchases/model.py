"""The purchase model: BG/NBD in seasonally adjusted time, adjusted by covariates, with intervals."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from training.models.arrays import Floats
from training.models.count_intervals import CONTENT, CountIntervals
from training.models.forecaster import ForecasterMixin, cutoffs_and_horizons
from training.models.purchases.adjustments import Adjustments
from training.models.purchases.constants import INTERVAL_HORIZONS, MIN_NO_PURCHASE
from training.models.purchases.covariates import covariates
from training.models.purchases.fading import horizon_parts
from training.models.purchases.level_variance import NO_VARIANCE, LevelVariance
from training.models.purchases.sequence import with_sequence
from training.models.purchases.training_set import TrainingSet
from training.models.window import Activity
from training.models.window_table import from_table

LEVEL_HORIZON_DAYS = 90
RIDGE: float | None = None


class PurchaseModel(ForecasterMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Purchase occasions in any horizon after any later date: mean, P(no purchase), and 90 % interval.

    With h the horizon in seasonally adjusted days, rescaled to last year's level, and X the covariates::

        E[Y]               = E_bg(h) exp(X b + level)
        -log P(no purchase) = H_bg(h) exp(X c + level),  H_bg(h) = -log P_bg(no purchase in h)

    The covariates compare a customer with BG/NBD; columns whose definition names a transform are appended. The
    adjustments of counts do not depend on the horizon. Those of P(no purchase) fade: the increase of H_bg up to the
    longest horizon learnt from is adjusted by exp(X c), that up to twice this horizon by exp(X c / 2), and what follows
    is BG/NBD's own. So for every customer counts grow and P(no purchase) falls with the horizon.

    Parameters
    ----------
    ridge : float or None, default None
        The ridge penalty of the adjustments, in events; None to estimate it from the log.

    Attributes
    ----------
    day_ : int
        The cutoff of the fit, in days since 1970.
    bg_nbd_ : BGNBD
        The model of the base, in adjusted days.
    seasonality_ : Seasonality
        The adjusted time.
    base_statistics_ : BaseStatistics
        The base at the cutoff.
    adjustments_ : Adjustments
        The slopes b and c.
    level_ : float
        The log factor that keeps the total of the base at the level of past windows.
    level_calibration_ : LevelCalibration
        Last year's level about it.
    learnt_days_ : int or None
        The longest horizon learnt from, in days; None, in models of earlier releases, for no fading.
    interval_contents_ : sequence of float, length len(INTERVAL_HORIZONS)
        The content to ask of the intervals at each of `INTERVAL_HORIZONS`: .9, or less in models of earlier releases.
    shortest_intervals_ : bool
        Whether the intervals are the shortest; False in models of earlier releases.
    level_variance_ : LevelVariance
        How much the level of a horizon may differ; 0 in models of earlier releases. It widens the intervals.

    References
    ----------
    BG/NBD: see `training.models.btyd.bg_nbd.BGNBD`. Distribution: see `HurdleDistribution`.
    """

    learnt_days_: int | None = None
    interval_contents_: Sequence[float] = (CONTENT,) * len(INTERVAL_HORIZONS)
    shortest_intervals_: bool = False
    level_variance_: LevelVariance = NO_VARIANCE

    def __init__(self, ridge: float | None = RIDGE) -> None:
        self.ridge = ridge

    def fit(
        self,
        X: pd.DataFrame,
        y: ArrayLike | None = None,
        *,
        activity: Activity | None = None,
        training_set: TrainingSet | None = None,
    ) -> Self:
        """Fit the model to the customers at the latest cutoff and to earlier windows with their outcomes.

        All data must have been known at the latest cutoff. Without earlier windows the model is BG/NBD in adjusted
        time.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table of customers who had bought, stacked over windows, with `as_of_day` and `horizon_days`. A
            window a year before the latest cutoff, with outcomes at `LEVEL_HORIZONS`, gives the level.
        y : array-like of float, shape (n,), optional
            The purchase occasions in the horizon, NaN where it was not over.
        activity : Activity, optional
            First and repeat purchases of the base on each day; without them there is no season.
        training_set : TrainingSet, optional
            The same windows, prepared once for several candidates; X and y are then not read.

        Returns
        -------
        PurchaseModel
            The fitted model itself.
        """
        if training_set is None:
            training_set = TrainingSet.of(*from_table(X, y), activity)
        current = training_set.current
        self.day_, self.seasonality_ = current.window.day, current.seasonality
        self.bg_nbd_, self.base_statistics_ = current.bg_nbd, current.base
        self.level_calibration_ = training_set.level
        self.shortest_intervals_, self.level_variance_ = True, training_set.level_variance
        self.learnt_days_ = max((days for _, days in training_set.past), default=None)
        adjustments = Adjustments.fit(training_set.rows, training_set.first_day, self.day_, self.ridge)
        self.adjustments_ = with_sequence(adjustments, training_set, self.ridge)
        # Adjustments tell customers apart and leave the total to the base model at the level of past windows.
        values = self.adjustments_.covariates(current.covariates, current.window.features)
        base = current.expected_purchases(LEVEL_HORIZON_DAYS)
        adjusted = base * np.exp(self.adjustments_.log_factors(values)[0])
        self.level_ = float(np.log(base.sum() / adjusted.sum())) + training_set.past_level
        return self

    @property
    def intervals_(self) -> CountIntervals:
        """The intervals of the counts."""
        return CountIntervals(
            self.adjustments_.dispersion,
            tuple(self.interval_contents_),
            self.shortest_intervals_,
            self.level_variance_,
        )

    def forecast(self, X: pd.DataFrame, horizon_days: ArrayLike) -> tuple[Floats, Floats]:
        """Return the expected purchases and P(no purchase) of each customer.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table of customers who have bought, at the cutoffs in its column `as_of_day`, or at that of the
            fit.
        horizon_days : float or array-like of float, shape (n,)
            The horizon, one for all customers or one for each.

        Returns
        -------
        expected, none : ndarray of float64, shape (n,)
        """
        check_is_fitted(self)
        expected, none = np.empty((2, len(X)))
        for day, days, rows in cutoffs_and_horizons(X, horizon_days, self.day_):
            expected[rows], none[rows] = self._forecast(*self._inputs(X[rows], day), day, days)
        return expected, none

    def expected_purchases(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return the expected occasions of `forecast` alone, float64 of shape (n,)."""
        return self.forecast(X, horizon_days)[0]

    def no_purchase_probability(self, X: pd.DataFrame, horizon_days: ArrayLike) -> Floats:
        """Return P(no purchase) of `forecast` alone, float64 of shape (n,)."""
        return self.forecast(X, horizon_days)[1]

    def covariates(self, features: pd.DataFrame, rfm: pd.DataFrame, day: int) -> Floats:
        """Return the covariates of the customers of a feature table at a day, shape (n, covariates)."""
        X = covariates(features, rfm, self.bg_nbd_, self.seasonality_, self.base_statistics_, day)
        return self.adjustments_.covariates(X, features)

    def _inputs(self, features: pd.DataFrame, day: int) -> tuple[pd.DataFrame, Floats]:
        rfm = self.seasonality_.adjusted_rfm(features, day)
        return rfm, self.covariates(features, rfm, day)

    def _forecast(self, rfm: pd.DataFrame, X: Floats, day: int, horizon_days: float) -> tuple[Floats, Floats]:
        """Return the expected purchases and P(no purchase), each of shape (n,)."""
        count_factor, none_factor = self.adjustments_.log_factors(X)
        horizon = self._adjusted_horizon(day, horizon_days)
        expected = self.bg_nbd_.expected_purchases(rfm, horizon) * np.exp(count_factor + self.level_)
        factor = none_factor + self.adjustments_.no_purchase_offset
        hazard, before = np.zeros((2, len(rfm)))
        for end, share in horizon_parts(self.learnt_days_, horizon_days):
            total = self._cumulative_hazard(rfm, self._adjusted_horizon(day, end))
            hazard += (total - before) * np.exp(share * factor)
            before = total
        none = np.exp(-hazard * np.exp(self.level_))
        return np.maximum(expected, 1 - none), none

    def _adjusted_horizon(self, day: int, horizon_days: float) -> float:
        return self.level_calibration_.horizon(float(self.seasonality_.adjusted_days(day, horizon_days)))

    def _cumulative_hazard(self, rfm: pd.DataFrame, horizon: float) -> Floats:
        """Return -log P(no purchase) by BG/NBD, shape (n,)."""
        return -np.log(np.clip(self.bg_nbd_.no_purchase_probability(rfm, horizon), MIN_NO_PURCHASE, 1))
