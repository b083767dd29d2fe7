"""The effect of an action on each customer: a regression of doubly robust scores, shrunk to the action's mean."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import BayesianRidge

from planning.causal_inference.nuisance_models import BOOSTING, FOLDS, cross_fit, folds_of, without_empty_columns
from planning.uplift.uplift_evaluation import calibration
from training.models.arrays import Floats


@dataclass
class UpliftModel:
    """Each customer's effect of one action.

    A ridge regression on the doubly robust pseudo-outcomes, with a forecast of the outcome among the features: who buys
    more gains more in most logs, and what a forecast knows need not be learnt from the noisy differences. Its penalty
    is found by marginal likelihood; then the differences between customers are shrunk to the action's mean by what they
    are worth on other customers. Boosted trees replace ridge only where their error on other customers is smaller by
    more than its standard error. Effects below 0 stay below 0.

    Parameters
    ----------
    seed : int, default 0
        Of the folds.

    Attributes
    ----------
    mean_, mean_error_ : float
        The action's average effect and its standard error.
    learner_ : {"ridge", "boosted"}
    gain_, gain_error_ : float
        By how much the squared error of ridge on other customers is above that of boosted trees, with standard error.
    kept_ : float
        The share, 0 to 1, of the differences between customers that is kept: the expected slope of effects seen on
        those predicted, for other customers, where every slope between 0 and 1 was as likely before.
    scores_ : ndarray of shape (n,)
        The doubly robust score of each row, an unbiased and noisy measure of its effect.
    effects_ : ndarray of shape (n,)
        Each customer's effect by a model of `learner_` that was fitted to other customers: for evaluation.

    References
    ----------
    Kennedy (2023), Electronic Journal of Statistics 17(2), 3008-3049 (DR-learner). MacKay (1992), Neural Computation
    4(3), 415-447 (penalty).
    """

    seed: int = 0
    columns_: list[str] = field(default_factory=list, repr=False)

    def fit(
        self,
        features: pd.DataFrame,
        treated: ArrayLike,
        outcome: ArrayLike,
        propensity: ArrayLike | None = None,
        forecast: ArrayLike | None = None,
        clusters: ArrayLike | None = None,
    ) -> "UpliftModel":
        """Learn from customers of whom some were treated.

        Parameters
        ----------
        features : pandas.DataFrame of shape (n, columns)
            Numbers, known before the treatment; a null counts as the column's mean.
        treated : array-like of bool, shape (n,)
        outcome : array-like of float, shape (n,)
        propensity : array-like of float, shape (n,), optional
            P(treated) by design; estimated if it is not given.
        forecast : array-like of float, shape (n,), optional
            The outcome as expected before the treatment, by a model that has not seen these outcomes. Without it one is
            made here from the same features, for each customer from the others.
        clusters : array-like, shape (n,), optional
            The customer of each row.

        Raises
        ------
        TooLittleDataError
            When a group has fewer than 50 rows.
        """
        y, t = np.asarray(outcome, float), np.asarray(treated, bool)
        customers = np.arange(len(y)) if clusters is None else np.asarray(clusters)
        nuisances = cross_fit(y, t, features, propensity=propensity, clusters=customers, seed=self.seed)
        pseudo = nuisances.pseudo_outcome(y, t)
        self.scores_ = pseudo
        self.columns_ = [str(name) for name in features]
        raw = features.to_numpy(float)
        fold = folds_of(customers, FOLDS, self.seed)
        self._response = None
        if forecast is None:
            expected = np.zeros(len(y))
            for k in range(FOLDS):
                expected[fold == k] = _response(raw[fold != k], y[fold != k]).predict(raw[fold == k])
            self._response = _response(raw, y)
        else:
            expected = np.asarray(forecast, float)
        x = self._standardise(np.column_stack([raw, expected]), learn=True)
        out_of_fold = {"ridge": np.zeros(len(y)), "boosted": np.zeros(len(y))}
        for k in range(FOLDS):
            here, there = fold == k, fold != k
            out_of_fold["ridge"][here] = _ridge(x[there], pseudo[there]).predict(x[here])
            out_of_fold["boosted"][here] = _boosted(x[there], pseudo[there]).predict(x[here])
        difference = (pseudo - out_of_fold["ridge"]) ** 2 - (pseudo - out_of_fold["boosted"]) ** 2
        self.gain_, self.gain_error_ = float(difference.mean()), clustered_error(difference, customers)
        self.learner_ = "boosted" if self.gain_ > self.gain_error_ else "ridge"
        self.mean_, self.mean_error_ = float(pseudo.mean()), clustered_error(pseudo, customers)
        slope = calibration(pseudo, out_of_fold[self.learner_]).slope
        self.kept_ = _expected_slope(slope.value, slope.standard_error)
        self.effects_ = self._shrunk(out_of_fold[self.learner_])
        self._ridge = _ridge(x, pseudo)
        self._trees = _boosted(x, pseudo) if self.learner_ == "boosted" else None
        self._misfit = float(np.std(out_of_fold["ridge"] - out_of_fold["boosted"])) if self._trees else 0.0
        return self

    def predict(self, features: pd.DataFrame, forecast: ArrayLike | None = None) -> tuple[Floats, Floats]:
        """Return the effect on each customer, and its standard error.

        Parameters
        ----------
        features : pandas.DataFrame of shape (n, columns)
        forecast : array-like of float, shape (n,), optional
            Expected where `fit` had one.

        Returns
        -------
        effects, standard_errors : ndarray of shape (n,)
            May be negative. The error is that of the action's mean and of the ridge regression; with boosted trees,
            of the spread between them and ridge too.
        """
        raw = features[self.columns_].to_numpy(float)
        expected = np.asarray(forecast if self._response is None else self._response.predict(raw), float)
        x = self._standardise(np.column_stack([raw, expected]))
        model = self._ridge if self._trees is None else self._trees
        spread = np.einsum("ij,jk,ik->i", x, self._ridge.sigma_, x) + self._misfit**2
        return self._shrunk(model.predict(x)), np.sqrt(self.mean_error_**2 + self.kept_**2 * spread)

    def _shrunk(self, effects: Floats) -> Floats:
        return np.asarray(self.mean_ + self.kept_ * (effects - self.mean_), float)

    def _standardise(self, x: Floats, learn: bool = False) -> Floats:
        if learn:
            known = np.where(np.isnan(x).all(axis=0), 0.0, x)
            self._centre, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
            self._spread = np.where(spread > 0, spread, 1.0)
        return np.asarray(np.nan_to_num((x - self._centre) / self._spread))


def _response(x: Floats, y: Floats) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(**BOOSTING).fit(without_empty_columns(x), y)


def _ridge(x: Floats, pseudo: Floats) -> BayesianRidge:
    return BayesianRidge().fit(x, pseudo)


def _expected_slope(slope: float, error: float) -> float:
    """Return the mean of a slope between 0 and 1, all equally likely before this estimate of it."""
    if not np.isfinite(slope) or not error > 0:
        return 0.0
    return float(np.clip(stats.truncnorm.mean(-slope / error, (1 - slope) / error, slope, error), 0, 1))


def _boosted(x: Floats, pseudo: Floats) -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(**BOOSTING | {"learning_rate": 0.05, "min_samples_leaf": 100}).fit(x, pseudo)


def clustered_error(values: Floats, customers: NDArray[np.generic]) -> float:
    """Return the standard error of the mean, a customer's rows together."""
    sums = np.bincount(np.unique(customers, return_inverse=True)[1], values - values.mean())
    return float(np.sqrt(np.sum(sums**2)) / len(values))
