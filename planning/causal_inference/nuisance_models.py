"""Models of outcome and treatment that each customer's own rows had no part in; overlap and balance of two groups."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from features.errors import TooLittleDataError
from training.models.arrays import Flags, Floats

FOLDS = 5
FEWEST_TREATED = 50
"""Rows of each group from which models are fitted; with fewer the cross-fitted means are noise."""
BOOSTING = {"max_iter": 60, "max_leaf_nodes": 8, "min_samples_leaf": 20, "early_stopping": False, "random_state": 0}
OVERLAP_BINS = np.linspace(0, 1, 21)


@dataclass(frozen=True)
class Nuisances:
    """What doubly robust estimates need of each row; arrays of shape (n,).

    Attributes
    ----------
    propensity : ndarray
        P(treated), known or estimated.
    mean_treated, mean_control : ndarray
        The expected outcome with and without the treatment.
    """

    propensity: Floats
    mean_treated: Floats
    mean_control: Floats

    def pseudo_outcome(self, outcome: ArrayLike, treated: ArrayLike) -> Floats:
        """Return the doubly robust score of each row, whose mean is the average effect."""
        y, t = np.asarray(outcome, float), np.asarray(treated, bool)
        expected = np.where(t, self.mean_treated, self.mean_control)
        probability = np.where(t, self.propensity, 1 - self.propensity)
        sign = np.where(t, 1.0, -1.0)
        return np.asarray(self.mean_treated - self.mean_control + sign * (y - expected) / probability)


def folds_of(clusters: ArrayLike, folds: int = FOLDS, seed: int = 0) -> NDArray[np.intp]:
    """Return the fold of each row: all rows of a customer are in one, and folds are of equal size in customers."""
    names, codes = np.unique(np.asarray(clusters), return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(names))[codes] % folds)


def cross_fit(
    outcome: ArrayLike,
    treated: ArrayLike,
    features: pd.DataFrame,
    *,
    propensity: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    folds: int = FOLDS,
    seed: int = 0,
) -> Nuisances:
    """Return expected outcomes and propensities of each row, by boosted trees fitted to other customers.

    The models are fitted here and to these rows: the champion has learnt from a log in which some customers were
    visited, so its forecast of the others is too high where visits were frequent.

    Parameters
    ----------
    outcome : array-like of float, shape (n,)
    treated : array-like of bool, shape (n,)
    features : pandas.DataFrame of shape (n, columns)
        Known before the treatment; nulls are allowed.
    propensity : array-like of float, shape (n,), optional
        P(treated) where it is known, by design; otherwise it is estimated.
    clusters : array-like, shape (n,), optional
        The customer of each row.
    folds, seed : int

    Raises
    ------
    TooLittleDataError
        When a group has fewer than 50 rows.

    References
    ----------
    Chernozhukov et al. (2018), Econometrics Journal 21(1), C1-C68.
    """
    y, t = np.asarray(outcome, float), np.asarray(treated, bool)
    if min(t.sum(), (~t).sum()) < FEWEST_TREATED:
        raise TooLittleDataError(
            f"{t.sum()} treated and {(~t).sum()} not, expected at least {FEWEST_TREATED} of each: "
            "wait for more rounds, or take more plans"
        )
    x = features.to_numpy(float)
    fold = folds_of(np.arange(len(y)) if clusters is None else clusters, folds, seed)
    estimated = np.full(len(y), t.mean()) if propensity is None else np.asarray(propensity, float)
    means = np.zeros((2, len(y)))
    for k in range(folds):
        here, there = fold == k, fold != k
        if propensity is None:
            estimated[here] = _fitted_propensity(x[there], t[there]).predict_proba(x[here])[:, 1]
        for arm in (0, 1):
            means[arm, here] = _predicted_mean(x[there & (t == arm)], y[there & (t == arm)], x[here])
    return Nuisances(estimated, means[1], means[0])


def without_empty_columns(x: Floats) -> Floats:
    """Return features to fit to, with 0 in the columns that are null in every row, which scikit-learn cannot bin."""
    return np.where(np.isnan(x).all(axis=0), 0.0, x)


def _fitted_propensity(x: Floats, treated: Flags) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(**BOOSTING).fit(without_empty_columns(x), treated)


def _predicted_mean(x: Floats, y: Floats, at: Floats) -> Floats:
    if not len(y):
        return np.zeros(len(at))
    return np.asarray(HistGradientBoostingRegressor(**BOOSTING).fit(without_empty_columns(x), y).predict(at), float)


def overlap(propensity: ArrayLike, treated: ArrayLike) -> pd.DataFrame:
    """Return how many rows of each group have a propensity in each twentieth: `low`, `high`, `treated`, `control`."""
    values, t = np.asarray(propensity, float), np.asarray(treated, bool)
    counts = [np.histogram(values[side], OVERLAP_BINS)[0] for side in (t, ~t)]
    return pd.DataFrame(
        {"low": OVERLAP_BINS[:-1], "high": OVERLAP_BINS[1:], "treated": counts[0], "control": counts[1]}
    )


def balance(features: pd.DataFrame, treated: ArrayLike, propensity: ArrayLike) -> pd.DataFrame:
    """Return the standardised mean difference of each feature before and after weighting by the propensity.

    Returns
    -------
    pandas.DataFrame
        `feature`, `before`, `after`, in standard deviations, the largest `after` first; above .1 counts as unbalanced.

    References
    ----------
    Austin (2009), Statistics in Medicine 28(25), 3083-3107.

    Examples
    --------
    >>> balance(pd.DataFrame({"x": [1.0, 3, 1, 3]}), [1, 1, 0, 0], [.5] * 4).to_dict("records")
    [{'feature': 'x', 'before': 0.0, 'after': 0.0}]
    """
    t, e = np.asarray(treated, bool), np.asarray(propensity, float)
    x = features.to_numpy(float)
    x = np.where(np.isnan(x), np.nanmean(np.where(np.isnan(x).all(axis=0), 0, x), axis=0), x)
    spread = np.sqrt((x[t].var(axis=0) + x[~t].var(axis=0)) / 2)
    spread = np.where(spread > 0, spread, 1)

    def difference(weights: Floats) -> Floats:
        means = [np.average(x[side], axis=0, weights=weights[side]) for side in (t, ~t)]
        return np.asarray((means[0] - means[1]) / spread)

    differences = {"before": difference(np.ones(len(t))), "after": difference(1 / np.where(t, e, 1 - e))}
    table = pd.DataFrame({"feature": [str(name) for name in features], **differences})
    return table.sort_values("after", key=np.abs, ascending=False, kind="stable", ignore_index=True)
