"""The purchase model: BG/NBD in seasonally adjusted time, adjusted by covariates, with intervals."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator

from training.models.arrays import Floats
from training.models.purchases.adjustments import Adjustments
from training.models.purchases.constants import INTERVAL_HORIZONS, MIN_NO_PURCHASE
from training.models.purchases.covariates import covariates
from training.models.purchases.hurdle_distribution import HurdleDistribution, nominal_content
from training.models.purchases.training_set import TrainingSet
from training.models.window import Activity, Window

CALIBRATION_CUSTOMERS = 4_000
CONTENT = 0.90
"""The content of the intervals."""
LEVEL_HORIZON_DAYS = 90
RIDGE: float | None = None


class PurchaseModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Purchase occasions in any horizon after any later date: mean, 90 % interval and P(no purchase).

    With h the horizon in seasonally adjusted days, rescaled to last year's level, and X the covariates::

        E[Y]           = E_bg(h) exp(X b + level)
        P(no purchase) = P_bg(no purchase in h) ^ exp(X c + level)

    The covariates compare a customer with BG/NBD; columns whose definition names a transform are appended.

    The adjustments do not depend on the horizon, so that for every customer counts grow and P(no purchase) falls with
    it, and BG/NBD alone carries the forecast beyond the longest window.

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
        The log factor that keeps the total of the base.
    level_calibration_ : LevelCalibration
        Last year's level.
    interval_contents_ : list of float, length len(INTERVAL_HORIZONS)
        The nominal content of the intervals at each of `INTERVAL_HORIZONS`.

    References
    ----------
    BG/NBD: see `training.models.btyd.bg_nbd.BGNBD`. Distribution: see `HurdleDistribution`.
    """

    def __init__(self, ridge: float | None = RIDGE) -> None:
        self.ridge = ridge

    def fit(self, current: Window, earlier: Sequence[Window], activity: Activity) -> Self:
        """Fit the model to the customers at a cutoff and to earlier windows with their outcomes.

        All data must have been known at the cutoff. Without earlier windows the model is BG/NBD in adjusted time.

        Parameters
        ----------
        current : Window
            The feature table at the cutoff, of customers who have bought; its outcomes are not read.
        earlier : sequence of Window
            Windows at earlier cutoffs with outcomes. One a year before the cutoff, with outcomes at `LEVEL_HORIZONS`,
            gives the level.
        activity : Activity
            First and repeat purchases of each day.

        Returns
        -------
        PurchaseModel
            The fitted model itself.
        """
        return self.fit_training_set(TrainingSet.of(current, earlier, activity))

    def fit_training_set(self, training_set: TrainingSet) -> Self:
        """Fit the model to a training set, which several candidates can share."""
        current = training_set.current
        self.day_, self.seasonality_ = current.window.day, current.seasonality
        self.bg_nbd_, self.base_statistics_ = current.bg_nbd, current.base
        self.level_calibration_ = training_set.level
        self.adjustments_ = Adjustments.fit(training_set.past, training_set.first_day, self.day_, self.ridge)
        # Adjustments tell customers apart and leave the total to BG/NBD at last year's level.
        expected = current.expected_purchases(LEVEL_HORIZON_DAYS)
        X = self.adjustments_.covariates(current.covariates, current.window.features)
        adjusted = expected * np.exp(self.adjustments_.log_factors(X)[0])
        self.level_ = float(np.log(expected.sum() / adjusted.sum()))
        self._fit_interval_contents(current.rfm, X)
        return self

    def predict(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> pd.DataFrame:
        """Forecast the purchase occasions of each customer.

        Parameters
        ----------
        features : DataFrame, shape (n, columns)
            The feature table at `as_of_day`, of customers who have bought.
        as_of_day : int
            The cutoff, in days since 1970 in the business time zone.
        horizon_days : int
            The length of the horizon from the cutoff on.

        Returns
        -------
        DataFrame, shape (n, 4)
            `expected_purchases`, `low` and `high` (whole counts that hold the outcome of nine in ten customers) and
            `churn_probability`, indexed like `features`; none null.
        """
        expected, none = self._forecast(*self._inputs(features, as_of_day), as_of_day, horizon_days)
        content = float(np.interp(np.log(max(horizon_days, 1)), np.log(INTERVAL_HORIZONS), self.interval_contents_))
        low, high = HurdleDistribution(expected, none, self.adjustments_.dispersion, horizon_days).interval(content)
        return pd.DataFrame(
            {"expected_purchases": expected, "low": low, "high": high, "churn_probability": none}, features.index
        )

    def expected_purchases(self, features: pd.DataFrame, as_of_day: int, horizon_days: int) -> Floats:
        """Return the expected occasions of `predict` alone, float64 of shape (n,)."""
        return self._forecast(*self._inputs(features, as_of_day), as_of_day, horizon_days)[0]

    def covariates(self, features: pd.DataFrame, rfm: pd.DataFrame, day: int) -> Floats:
        """Return the covariates of the customers of a feature table at a day, shape (n, covariates)."""
        X = covariates(features, rfm, self.bg_nbd_, self.seasonality_, self.base_statistics_, day)
        return self.adjustments_.covariates(X, features)

    def _inputs(self, features: pd.DataFrame, day: int) -> tuple[pd.DataFrame, Floats]:
        rfm = self.seasonality_.adjusted_rfm(features, day)
        return rfm, self.covariates(features, rfm, day)

    def _forecast(self, rfm: pd.DataFrame, X: Floats, day: int, horizon_days: int) -> tuple[Floats, Floats]:
        """Return the expected purchases and P(no purchase), each of shape (n,)."""
        horizon = self.level_calibration_.horizon(float(self.seasonality_.adjusted_days(day, horizon_days)))
        count_factor, none_factor = self.adjustments_.log_factors(X)
        expected = self.bg_nbd_.expected_purchases(rfm, horizon) * np.exp(count_factor + self.level_)
        none = np.clip(self.bg_nbd_.no_purchase_probability(rfm, horizon), MIN_NO_PURCHASE, 1)
        none = none ** np.exp(none_factor + self.level_ + self.adjustments_.no_purchase_offset)
        return np.maximum(expected, 1 - none), none

    def _fit_interval_contents(self, rfm: pd.DataFrame, X: Floats) -> None:
        """Calibrate the nominal content of the intervals at each horizon, on customers spread evenly over the base."""
        size = len(X)
        rows = np.unique(np.linspace(0, size - 1, min(size, CALIBRATION_CUSTOMERS)).astype(int))
        self.interval_contents_ = []
        for days in INTERVAL_HORIZONS:
            forecast = self._forecast(rfm.iloc[rows], X[rows], self.day_, days)
            distribution = HurdleDistribution(*forecast, self.adjustments_.dispersion, days)
            self.interval_contents_.append(nominal_content(distribution, CONTENT))
