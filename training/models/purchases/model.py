"""The served model of purchase occasions: BG/NBD in seasonal time, corrected by what else is known, as a distribution.

    E[Y]    = E_bg(t) exp(X b + level)            t: the horizon in clock days, stretched to last year's level
    P(none) = P_bg(none in t) ^ exp(X c + level)

The corrections do not depend on the horizon, so counts grow and chances of none fall with it for every customer, and
the buy-till-you-die model alone carries the forecast beyond the longest window.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from training.models.purchases.adjustments import Adjustments
from training.models.purchases.covariates import covariates
from training.models.purchases.cutoff_fit import CutoffFit
from training.models.purchases.hurdle_distribution import HurdleDistribution, content_that_holds
from training.models.purchases.training_set import TrainingSet
from training.models.window import Activity, Window

Floats = NDArray[np.float64]

CONTENT_HORIZONS = (7, 30, 90, 180, 365, 730)
CONTENT_CUSTOMERS = 4_000
WANTED = 0.90
TINY = 1e-12
RIDGE: float | None = None


class PurchaseModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Expected purchase occasions, their 90 % interval and P(none) in any horizon after any later date.

    `ridge`: how strongly the corrections are held back, in events; None: as the evidence has it.
    Learns `seasonality_`, `model_` (BG/NBD), `base_statistics_`, `adjustments_`, `level_`, `level_calibration_`, and
    `interval_contents_` for intervals.
    """

    def __init__(self, ridge: float | None = RIDGE) -> None:
        self.ridge = ridge

    def fit(self, now: Window, earlier: Sequence[Window], activity: Activity) -> Self:
        """Learn from the feature table of `now` (no outcomes), windows before it with theirs, and the daily activity.

        Rows are customers who had bought by the window's date; all that is given was known at `now`. Without earlier
        windows the model is BG/NBD in seasonal time.
        """
        return self.learn(TrainingSet.of(now, earlier, activity))

    def learn(self, lessons: TrainingSet) -> Self:
        """Learn from what the windows teach, as `fit` does."""
        here = lessons.now
        self.day_, self.seasonality_ = here.window.day, here.clock
        self.model_, self.base_statistics_, self.level_calibration_ = here.model, here.base, lessons.stretch
        self.adjustments_ = Adjustments.fit(lessons.told, lessons.first_day, self.day_, self.ridge)
        # Adjustments move customers apart, not the total: that is the model's, at last year's level.
        expected = here.expected(90)
        corrected = expected * np.exp(self.adjustments_.log_factors(here.covariates)[0])
        self.level_ = float(np.log(expected.sum() / corrected.sum()))
        self._fit_contents(here)
        return self

    def predict(self, features: pd.DataFrame, day: int, days: int) -> pd.DataFrame:
        """Return `expected_purchases`, `low`, `high` and `churn_probability` for the `days` days from `day` on.

        `features`: the feature table at that day (counted from 1970 in the business time zone) of customers who have
        bought; the result is indexed like it. Low and high are whole counts that hold the outcome for nine in ten.
        """
        expected, none = self._forecast(*self._seen(features, day), day, days)
        content = float(np.interp(np.log(max(days, 1)), np.log(CONTENT_HORIZONS), self.interval_contents_))
        low, high = HurdleDistribution(expected, none, self.adjustments_.dispersion, days).interval(content)
        return pd.DataFrame(
            {"expected_purchases": expected, "low": low, "high": high, "churn_probability": none}, features.index
        )

    def expected_purchases(self, features: pd.DataFrame, day: int, days: int) -> Floats:
        """Return the expected occasions of `predict` alone, shape (n,)."""
        return self._forecast(*self._seen(features, day), day, days)[0]

    def _seen(self, features: pd.DataFrame, day: int) -> tuple[pd.DataFrame, Floats]:
        histories = self.seasonality_.histories(features, day)
        return histories, covariates(features, histories, self.model_, self.seasonality_, self.base_statistics_, day)

    def _forecast(self, histories: pd.DataFrame, X: Floats, day: int, days: int) -> tuple[Floats, Floats]:
        reach = self.level_calibration_.at(float(self.seasonality_.span(day, days)))
        by_count, by_none = self.adjustments_.log_factors(X)
        expected = self.model_.expected_purchases(histories, reach) * np.exp(by_count + self.level_)
        none = np.clip(self.model_.no_purchase_probability(histories, reach), TINY, 1)
        none = none ** np.exp(by_none + self.level_ + self.adjustments_.no_purchase_offset)
        return np.maximum(expected, 1 - none), none

    def _fit_contents(self, here: CutoffFit) -> None:
        """Learn what content to ask of the intervals at each horizon, on customers taken evenly from the base."""
        size = len(here.covariates)
        rows = np.unique(np.linspace(0, size - 1, min(size, CONTENT_CUSTOMERS)).astype(int))
        self.interval_contents_ = []
        for days in CONTENT_HORIZONS:
            forecast = self._forecast(here.histories.iloc[rows], here.covariates[rows], self.day_, days)
            self.interval_contents_.append(
                content_that_holds(HurdleDistribution(*forecast, self.adjustments_.dispersion, days), WANTED)
            )
