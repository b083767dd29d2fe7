"""Expected spend per purchase occasion: Gamma-Gamma or boosted trees, whichever forecasts later windows better."""

import warnings
from functools import lru_cache
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_gamma_deviance

from features.errors import InvalidArgumentError
from training.models.arrays import Floats
from training.models.btyd.gamma_gamma import GammaGamma
from training.models.btyd.rfm_input import refuse
from training.models.numeric_arguments import require_whole
from training.models.spend.constants import COLUMNS, MIN_SPEND
from training.models.spend.sklearn_trees import tree_numbers
from training.models.spend.tree_lookup import TreeLookup

PRIOR = 0.25
"""Half the prior precision of Gamma-Gamma's log parameters; it matters only with a handful of customers."""


class SpendModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Currency per purchase occasion, learnt from the occasions after the feature table's cutoff.

    Parameters
    ----------
    min_rows : int, default 200
        Rows that trees need, both to learn from and to be validated on.
    min_customers : int, default 20
        Rows with repeat purchases that Gamma-Gamma needs.
    random_state : int, default 0
        Seed of the trees.

    Attributes
    ----------
    kind_ : {"gamma-gamma", "trees", "mean"}
        The better of the first two where both could be validated, `gamma-gamma` where the log is too small for trees,
        and `mean` where it has too few amounts for either.
    deviance_ : dict of str to float
        Mean gamma deviance on the validation rows of each kind that was validated.
    mean_ : float
        The mean spend per occasion.
    left_out_ : int
        How many rows had occasions but no spend on balance, and were left out.
    model_ : GammaGamma or HistGradientBoostingRegressor
        The fitted model; absent for `mean`.
    """

    def __init__(self, min_rows: int = 200, min_customers: int = 20, random_state: int = 0) -> None:
        self.min_rows = min_rows
        self.min_customers = min_customers
        self.random_state = random_state

    def fit(
        self, X: pd.DataFrame, spend: ArrayLike, purchases: ArrayLike, train: ArrayLike, validation: ArrayLike
    ) -> Self:
        """Choose the kind on the validation rows, and fit it to all rows.

        Rows without an occasion say nothing about its value. Rows with occasions but without spend, net of returns,
        are left out too, and counted in `left_out_`: unknown amounts and gifts cannot be told apart. So the forecast is
        that of an occasion which is paid for.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            Rows of the feature table at the cutoffs of several windows.
        spend : array-like of float, shape (n,)
            The currency spent after the cutoff.
        purchases : array-like of int, shape (n,)
            The purchase occasions after the cutoff.
        train, validation : array-like of bool, shape (n,)
            Rows to fit both kinds to, of windows that ended before the validation windows began; and rows to compare
            them on.

        Returns
        -------
        SpendModel
            The fitted model itself.

        Raises
        ------
        InvalidArgumentError
            An array is not of shape (n,), spend is null or infinite, purchases are null, infinite or negative, or a
            parameter is out of range.
        """
        require_whole("min_rows", self.min_rows, 1)
        require_whole("min_customers", self.min_customers, 1)
        spend, purchases = np.asarray(spend, float), np.asarray(purchases, float)
        train, validation = np.asarray(train, bool), np.asarray(validation, bool)
        for name, values in (("spend", spend), ("purchases", purchases), ("train", train), ("validation", validation)):
            if values.shape != (len(X),):
                raise InvalidArgumentError(
                    f"{name} has shape {values.shape}; expected ({len(X)},): one for each row of X"
                )
        refuse(~np.isfinite(spend), "spend is null or infinite", "expected currency")
        refuse(
            ~(np.isfinite(purchases) & (purchases >= 0)),
            "purchases are null, infinite or negative",
            "expected 0 or more",
        )
        priced = (purchases > 0) & (spend > 0)
        self.left_out_ = int(((purchases > 0) & ~priced).sum())
        train, validation = train[priced], validation[priced]
        X, y, weight = X[priced], spend[priced] / purchases[priced], purchases[priced]
        self.mean_ = float(np.average(y, weights=weight)) if len(y) else 0.0
        self.kind_, self.deviance_ = "mean", {}
        repeat = ((X["frequency"] > 0) & (X["monetary_value"] > 0)).to_numpy()
        if repeat.sum() >= self.min_customers:
            self.kind_ = "gamma-gamma"
        if min(train.sum(), validation.sum()) >= self.min_rows and repeat[train].sum() >= self.min_customers:
            for kind in ("gamma-gamma", "trees"):
                model = self._fitted(kind, X[train], y[train], weight[train])
                forecast = self._forecast(kind, model, X[validation])
                self.deviance_[kind] = float(
                    mean_gamma_deviance(y[validation], forecast, sample_weight=weight[validation])
                )
            self.kind_ = min(self.deviance_, key=lambda kind: self.deviance_[kind])
        if self.kind_ != "mean":
            self.model_ = self._fitted(self.kind_, X, y, weight)
        return self

    def expected_spend(self, X: pd.DataFrame) -> Floats:
        """Return the expected currency of each customer's next purchase occasion.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            The feature table.

        Returns
        -------
        ndarray of float64, shape (n,)
            At least `MIN_SPEND`; 0 when no occasion of the log had an amount.
        """
        if self.kind_ == "trees":
            raw = _lookup(self.model_).predict(X[list(COLUMNS)].to_numpy())
            return np.asarray(np.maximum(np.exp(raw), MIN_SPEND))
        return self.expected_spend_by_estimator(X)

    def expected_spend_by_estimator(self, X: pd.DataFrame) -> Floats:
        """Return the same by scikit-learn's slower `predict`; a version is checked against it before publishing."""
        if self.kind_ == "mean":
            return np.full(len(X), self.mean_)
        return self._forecast(self.kind_, self.model_, X)

    def _fitted(self, kind: str, X: pd.DataFrame, y: Floats, weight: Floats) -> BaseEstimator:
        if kind == "gamma-gamma":
            with warnings.catch_warnings():
                # The comparison on later rows decides whether the independence that the model assumes does harm, and
                # repeat customers of no value, whom it leaves out, are forecast with a value of 0 all the same.
                warnings.simplefilter("ignore", UserWarning)
                return GammaGamma(penalizer=PRIOR / len(X)).fit(X)
        trees = HistGradientBoostingRegressor(
            loss="gamma", max_iter=150, learning_rate=0.06, min_samples_leaf=40, random_state=self.random_state
        )
        return trees.fit(X[list(COLUMNS)].to_numpy(), y, sample_weight=weight)

    def _forecast(self, kind: str, model: BaseEstimator, X: pd.DataFrame) -> Floats:
        if kind == "gamma-gamma":
            return np.asarray(np.maximum(model.expected_spend(X), MIN_SPEND))
        return np.asarray(np.maximum(model.predict(X[list(COLUMNS)].to_numpy()), MIN_SPEND))


@lru_cache(maxsize=4)
def _lookup(model: HistGradientBoostingRegressor) -> TreeLookup:
    return TreeLookup(tree_numbers(model))
