"""The served model of purchase occasions: BG/NBD in seasonal time, corrected by what else is known, as a distribution.

    E[Y]    = E_bg(t) exp(X b + level)            t: the horizon in clock days, stretched to last year's level
    P(none) = P_bg(none in t) ^ exp(X c + level)

The corrections do not depend on the horizon, so counts grow and chances of none fall with it for every customer, and
the buy-till-you-die model alone carries the forecast beyond the longest window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.base import BaseEstimator

from training.models.bg_nbd import BGNBD
from training.models.corrections import count_slopes, none_slopes
from training.models.count_distribution import Counts, content_that_holds, fit_dispersion
from training.models.inputs import Activity, Window
from training.models.seasonal_clock import SeasonalClock
from training.models.signals import NAMES, Base, signals

Floats = NDArray[np.float64]

YEAR_AGO = 364
"""The same weekday a year ago; a window there gives the level of the year."""
STEPS = range(28, YEAR_AGO + 1, 28)
"""Horizons of that window, to follow the level through the year."""
LEVEL_HISTORY = 150
"""Days of history that a window needs before its level means anything."""
CONTENT_HORIZONS = (7, 30, 90, 180, 365, 730)
CONTENT_CUSTOMERS = 4_000
WANTED = 0.90
TINY = 1e-12
RIDGE = 1500.0


@dataclass(frozen=True)
class _Learnt:
    """A window as the corrections see it: its rows' signals, and their offsets and outcomes for each horizon."""

    window: Window
    histories: pd.DataFrame
    model: BGNBD
    X: Floats


class CountModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Expected purchase occasions, their 90 % interval and P(none) in any horizon after any later date.

    `ridge`: how strongly the corrections are held back; `slope_cap`: a correction's largest log factor either way.
    Learns `clock_`, `model_` (BG/NBD), `base_`, slopes, level, dispersion and the content its intervals need.
    """

    def __init__(self, ridge: float = RIDGE, slope_cap: float = 2.0, clip: float = 0.001) -> None:
        self.ridge = ridge
        self.slope_cap = slope_cap
        self.clip = clip

    def fit(self, now: Window, earlier: Sequence[Window], activity: Activity) -> Self:
        """Learn from the feature table of `now` (no outcomes), windows before it with theirs, and the daily activity.

        Rows are customers who had bought by the window's date; all that is given was known at `now`. Without earlier
        windows the model is BG/NBD in seasonal time.
        """
        self.day_ = now.day
        self.clock_ = SeasonalClock.fit(now.features, activity, now.day)
        histories = self.clock_.histories(now.features, now.day)
        self.model_ = _fitted(histories)
        self.base_ = Base.of(now.features, histories, self.model_, self.clock_, now.day)
        learnt = [self._learn(window) for window in earlier]
        self._fit_corrections([each for each in learnt if set(each.window.purchases) - set(STEPS)], activity)
        X = signals(now.features, histories, self.model_, self.clock_, self.base_, now.day)
        # Corrections move customers apart, not the total: that is the model's, at last year's level.
        expected = self.model_.expected_purchases(histories, 90)
        corrected = float((expected * np.exp(self._corrections(X)[0])).sum())
        self.level_ = float(np.log(expected.sum() / corrected)) if corrected > 0 else 0.0
        self._fit_stretch(histories, learnt, activity)
        self._fit_contents(histories, X)
        return self

    def predict(self, features: pd.DataFrame, day: int, days: int) -> pd.DataFrame:
        """Return the forecast of `days` days from `day` on, as `expected_purchases`, `low`, `high`, `churn_probability`.

        `features`: the feature table at that day (counted from 1970 in the business time zone) of customers who have
        bought; the result is indexed like it. Low and high are whole counts that hold the outcome for nine in ten.
        """
        expected, none = self._forecast(*self._seen(features, day), day, days)
        content = float(np.interp(np.log(max(days, 1)), np.log(CONTENT_HORIZONS), self.contents_))
        low, high = Counts(expected, none, self.dispersion_, days).interval(content)
        return pd.DataFrame(
            {"expected_purchases": expected, "low": low, "high": high, "churn_probability": none}, features.index
        )

    def expected_purchases(self, features: pd.DataFrame, day: int, days: int) -> Floats:
        """Return the expected occasions of `predict` alone, shape (n,)."""
        return self._forecast(*self._seen(features, day), day, days)[0]

    def _seen(self, features: pd.DataFrame, day: int) -> tuple[pd.DataFrame, Floats]:
        histories = self.clock_.histories(features, day)
        return histories, signals(features, histories, self.model_, self.clock_, self.base_, day)

    def _forecast(self, histories: pd.DataFrame, X: Floats, day: int, days: int) -> tuple[Floats, Floats]:
        reach = self._stretched(float(self.clock_.span(day, days)))
        by_count, by_none = self._corrections(X)
        expected = self.model_.expected_purchases(histories, reach) * np.exp(by_count + self.level_)
        none = np.clip(self.model_.probability_none(histories, reach), TINY, 1)
        none = none ** np.exp(by_none + self.level_ + self.none_gap_)
        return np.maximum(expected, 1 - none), none

    def _corrections(self, X: Floats) -> tuple[Floats, Floats]:
        X = np.clip((X - self.mean_) / self.scale_, self.lowest_, self.highest_)
        cap = self.slope_cap
        return np.clip(X @ self.count_slopes_, -cap, cap), np.clip(X @ self.none_slopes_, -cap, cap)

    def _learn(self, window: Window) -> _Learnt:
        """Fit the buy-till-you-die model as it would have been fitted then, and say how customers differ from it."""
        histories = self.clock_.histories(window.features, window.day)
        model = _fitted(histories)
        base = Base.of(window.features, histories, model, self.clock_, window.day)
        return _Learnt(
            window, histories, model, signals(window.features, histories, model, self.clock_, base, window.day)
        )

    def _fit_corrections(self, learnt: Sequence[_Learnt], activity: Activity) -> None:
        columns = len(NAMES)
        self.mean_, self.scale_ = np.zeros(columns), np.ones(columns)
        self.lowest_, self.highest_ = np.zeros(columns), np.zeros(columns)
        self.count_slopes_, self.none_slopes_ = np.zeros(columns), np.zeros(columns)
        self.none_gap_, self.dispersion_ = 0.0, (0.0, 0.3)
        parts = [(each, horizon) for each in learnt for horizon in sorted(set(each.window.purchases) - set(STEPS))]
        if not parts:
            return
        y = np.concatenate([each.window.purchases[horizon] for each, horizon in parts]).astype(float)
        group = np.repeat(np.arange(len(parts)), [len(each.X) for each, _ in parts])
        spans = [self.clock_.span(each.window.day, horizon) for each, horizon in parts]
        offset = np.concatenate(
            [
                np.log(np.maximum(e.model.expected_purchases(e.histories, t), 1e-9))
                for (e, _), t in zip(parts, spans, strict=True)
            ]
        )
        nones = [e.model.probability_none(e.histories, t) for (e, _), t in zip(parts, spans, strict=True)]
        none_offset = np.log(-np.log(np.clip(np.concatenate(nones), TINY, 1 - 1e-9)))
        X = np.concatenate([each.X for each, _ in parts])
        self.mean_, self.scale_ = X.mean(axis=0), X.std(axis=0)
        self.scale_[self.scale_ < 1e-6] = 1.0
        X = (X - self.mean_) / self.scale_
        self.lowest_, self.highest_ = np.quantile(X, [self.clip, 1 - self.clip], axis=0)
        X = np.clip(X, self.lowest_, self.highest_)
        self.count_slopes_, intercepts = count_slopes(X, offset, y, group, self.ridge)
        self.none_slopes_, none_intercepts = none_slopes(X, none_offset, y > 0, group, self.ridge)
        # How far the chance of none lies off the count's level, where windows with much history weigh most.
        bought = np.bincount(group, y)
        length = now_length(activity)
        age = np.array([(each.window.day - activity.first_day) / length for each, _ in parts])
        weight = bought / (bought + 200) * age**2
        self.none_gap_ = float((weight * (none_intercepts - intercepts)).sum() / (weight.sum() + 1))
        cap = self.slope_cap
        expected = np.exp(offset + np.clip(X @ self.count_slopes_, -cap, cap) + intercepts[group])
        hazard = np.exp(none_offset + np.clip(X @ self.none_slopes_, -cap, cap) + none_intercepts[group])
        none = np.exp(-hazard)
        days = np.array([float(horizon) for _, horizon in parts])[group]
        self.dispersion_ = fit_dispersion(y, np.maximum(expected, 1 - none), none, days)

    def _fit_stretch(self, histories: pd.DataFrame, learnt: Sequence[_Learnt], activity: Activity) -> None:
        """Learn how far to stretch the horizon so that the base's total follows what last year made of the forecast."""
        self.stretch_ = (np.array([0.0, 1.0]), np.array([0.0, 1.0]))
        for then in learnt:
            steps = [s for s in STEPS if s in then.window.purchases]
            if (
                then.window.day != self.day_ - YEAR_AGO
                or then.window.day - activity.first_day < LEVEL_HISTORY
                or not steps
            ):
                continue
            spans = self.clock_.span(self.day_, steps)
            was = [
                then.model.expected_purchases(then.histories, t).sum() for t in self.clock_.span(then.window.day, steps)
            ]
            came = [then.window.purchases[s].sum() for s in steps]
            will = [self.model_.expected_purchases(histories, t).sum() for t in spans]
            ratio = (np.diff(came, prepend=0) + 50) / (np.diff(was, prepend=0) + 50)
            total = np.cumsum(np.diff(will, prepend=0) * ratio)
            grid = np.concatenate(([0.0], np.geomspace(1, spans[-1] * 5, 40)))
            curve = [self.model_.expected_purchases(histories, t).sum() for t in grid]
            reach = np.interp(total, curve, grid)
            self.stretch_ = (np.append(0.0, spans), np.maximum.accumulate(np.append(0.0, reach)))

    def _stretched(self, span: float) -> float:
        known, reach = self.stretch_
        if span <= known[-1]:
            return float(np.interp(span, known, reach))
        return float(reach[-1] + span - known[-1])

    def _fit_contents(self, histories: pd.DataFrame, X: Floats) -> None:
        """Learn what content to ask of the intervals at each horizon, on customers taken evenly from the base."""
        rows = np.unique(np.linspace(0, len(X) - 1, min(len(X), CONTENT_CUSTOMERS)).astype(int))
        self.contents_ = []
        for days in CONTENT_HORIZONS:
            expected, none = self._forecast(histories.iloc[rows], X[rows], self.day_, days)
            self.contents_.append(content_that_holds(Counts(expected, none, self.dispersion_, days), WANTED))


def now_length(activity: Activity) -> int:
    """Return how many days the log is long, at least one."""
    return max(1, len(activity.new))


def _fitted(histories: pd.DataFrame) -> BGNBD:
    return BGNBD(penalizer=1e-4).fit(histories)
