"""An autoregressive model of weekly purchase counts: boosted trees on lag features."""

from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from training.models.arrays import Floats
from training.models.purchases.weekly_history import WeeklyCounts, histories

COUNT_WEEKS, NO_PURCHASE_WEEKS = 4, 13
"""How far ahead counts and P(no purchase) are forecast."""
FIRST_WEEK, MIN_WEEKS, MIN_PURCHASE_WEEKS = 4, 11, 200
"""The first week to learn after, the weeks that a history needs, and the weeks with a purchase to learn from."""
MAX_ROWS = 20_000
"""How many weeks of customers the trees learn from."""
MIN_LEAF, MAX_LEAF, ROWS_PER_LEAF = 20, 200, 50
MIN_FORECAST = 1e-6
TREES = {"max_iter": 50, "learning_rate": 0.12, "max_leaf_nodes": 8, "l2_regularization": 20.0, "early_stopping": False}


@dataclass(frozen=True)
class WeeklyForecast:
    """What the weekly model forecasts for n customers at a cutoff.

    Attributes
    ----------
    count : ndarray of float64, shape (n,)
        Expected purchase days in the next `COUNT_WEEKS` weeks.
    hazard : ndarray of float64, shape (n,)
        -log P(no purchase in the next `NO_PURCHASE_WEEKS` weeks).
    """

    count: Floats
    hazard: Floats


def weekly_forecast(weekly: WeeklyCounts, r: float, alpha: float) -> WeeklyForecast | None:
    """Fit the model to weeks whose successors are known, and forecast from the last week.

    Counts are a regression of the purchase days of the next four weeks. P(no purchase) is the product over weeks of
    P(none in the next week), each given that there was none in the weeks before: a discrete-time hazard.

    Parameters
    ----------
    weekly : WeeklyCounts
    r, alpha : float
        Shape and rate, in weeks, of the gamma prior of the customers' rates.

    Returns
    -------
    WeeklyForecast or None
        None when there is too little to learn from.

    References
    ----------
    Fokianos & Kedem (2004), Partial likelihood inference for time series following generalized linear models, Journal
    of Time Series Analysis 25(2), for autoregressive counts. Singer & Willett (1993), It's about time: using
    discrete-time survival analysis, Journal of Educational Statistics 18(2), for the hazard.
    """
    customers, weeks = weekly.counts.shape
    if weeks < MIN_WEEKS:
        return None
    rng = np.random.default_rng(0)
    each = max(MIN_PURCHASE_WEEKS, MAX_ROWS // (weeks - 1 - FIRST_WEEK))
    total = np.cumsum(weekly.counts, axis=1)
    lags, next_week, next_weeks, ahead = [], [], [], []
    for week, history in histories(weekly, NO_PURCHASE_WEEKS - 1, r, alpha):
        if FIRST_WEEK <= week < weeks - 1:
            rows = np.flatnonzero(history.active)
            if len(rows) > each:
                rows = np.sort(rng.choice(rows, each, replace=False))
            lags.append(history.features(rows))
            next_week.append(weekly.counts[rows, week + 1])
            over = week + COUNT_WEEKS < weeks
            next_weeks.append(total[rows, week + COUNT_WEEKS] - total[rows, week] if over else np.full(len(rows), -1.0))
        elif week >= weeks - 1:
            ahead.append(history.features())
    X, none, y = np.concatenate(lags), np.concatenate(next_week) == 0, np.concatenate(next_weeks)
    if (~none).sum() < MIN_PURCHASE_WEEKS or none.all() or not none.any():
        return None
    leaf = int(np.clip(len(X) // ROWS_PER_LEAF, MIN_LEAF, MAX_LEAF))
    counts = HistGradientBoostingRegressor(loss="poisson", min_samples_leaf=leaf, **TREES).fit(X[y >= 0], y[y >= 0])
    quiet = HistGradientBoostingClassifier(min_samples_leaf=leaf, **TREES).fit(X, none)
    log_none = np.log(np.clip(quiet.predict_proba(np.concatenate(ahead))[:, 1], MIN_FORECAST, 1 - MIN_FORECAST))
    hazard = -log_none.reshape(NO_PURCHASE_WEEKS, customers).sum(axis=0)
    return WeeklyForecast(np.maximum(counts.predict(ahead[0]), MIN_FORECAST), hazard)
