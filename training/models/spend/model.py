"""Expected spend per purchase occasion: Gamma-Gamma or boosted trees, whichever forecasts a later window better."""

import warnings
from functools import lru_cache
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_gamma_deviance

from training.models.btyd.gamma_gamma import GammaGamma
from training.models.spend.tree_lookup import TreeTable, tree_numbers

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
COLUMNS = ("frequency", "monetary_value", "basket_mean", "basket_max", "basket_last", "purchase_days", "T", "gap_mean")
SMALLEST = 0.01
"""No forecast is below one cent: the gamma deviance of 0 is infinite."""
PRIOR = 0.25
"""Half the prior precision of Gamma-Gamma's log parameters; it matters to a handful of customers alone."""


class SpendModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Currency a purchase occasion, learnt from the occasions that came after the feature table's date.

    `kind_` is `gamma-gamma` or `trees` where both could be tried, `gamma-gamma` where the log is too small for trees,
    and `mean` where it has too few amounts for either; `deviance_` holds the mean gamma deviance of each that was
    tried, on the held-out rows. Trees need `min_rows` both to learn and to be tried, Gamma-Gamma `min_customers` rows
    with repeat purchases.
    """

    def __init__(self, min_rows: int = 200, min_customers: int = 20, random_state: int = 0) -> None:
        self.min_rows = min_rows
        self.min_customers = min_customers
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, spend: ArrayLike, purchases: ArrayLike, over: ArrayLike, later: ArrayLike) -> Self:
        """Learn from feature rows X, the currency and the occasions that came, shape (n,).

        Rows without an occasion or an amount teach nothing. The kinds learn from the rows that are `over`, those of
        windows that ended before the `later` ones began, and are compared on these; the better is fitted anew to all.
        """
        spend, purchases = np.asarray(spend, float), np.asarray(purchases, float)
        told = (purchases > 0) & (spend > 0)
        over, later = np.asarray(over, bool)[told], np.asarray(later, bool)[told]
        X, each, weight = X[told], spend[told] / purchases[told], purchases[told]
        self.mean_ = float(np.average(each, weights=weight)) if len(each) else 0.0
        self.kind_, self.deviance_ = "mean", {}
        valued = ((X["frequency"] > 0) & (X["monetary_value"] > 0)).to_numpy()
        if valued.sum() >= self.min_customers:
            self.kind_ = "gamma-gamma"
        if min(over.sum(), later.sum()) >= self.min_rows and valued[over].sum() >= self.min_customers:
            for kind in ("gamma-gamma", "trees"):
                forecast = self._forecast(kind, self._fitted(kind, X[over], each[over], weight[over]), X[later])
                self.deviance_[kind] = float(mean_gamma_deviance(each[later], forecast, sample_weight=weight[later]))
            self.kind_ = min(self.deviance_, key=lambda kind: self.deviance_[kind])
        if self.kind_ != "mean":
            self.model_ = self._fitted(self.kind_, X, each, weight)
        return self

    def expected_spend(self, X: pd.DataFrame) -> Floats:
        """Return the expected currency of each customer's next purchase occasion, shape (n,); 0 if none had a price."""
        if self.kind_ == "trees":
            return np.asarray(np.maximum(np.exp(_table(self.model_).many(X[list(COLUMNS)].to_numpy())), SMALLEST))
        return self.by_estimator(X)

    def by_estimator(self, X: pd.DataFrame) -> Floats:
        """Return the same by scikit-learn's own way down the trees, times slower: what a version is tried by."""
        if self.kind_ == "mean":
            return np.full(len(X), self.mean_)
        return self._forecast(self.kind_, self.model_, X)

    def _fitted(self, kind: str, X: pd.DataFrame, each: Floats, weight: Floats) -> BaseEstimator:
        if kind == "gamma-gamma":
            with warnings.catch_warnings():
                # Whether size and rate are independent is settled here by the comparison on later rows.
                warnings.simplefilter("ignore", UserWarning)
                return GammaGamma(penalizer=PRIOR / len(X)).fit(X)
        trees = HistGradientBoostingRegressor(
            loss="gamma", max_iter=150, learning_rate=0.06, min_samples_leaf=40, random_state=self.random_state
        )
        return trees.fit(X[list(COLUMNS)].to_numpy(), each, sample_weight=weight)

    def _forecast(self, kind: str, model: BaseEstimator, X: pd.DataFrame) -> Floats:
        if kind == "gamma-gamma":
            return np.asarray(np.maximum(model.expected_spend(X), SMALLEST))
        return np.asarray(np.maximum(model.predict(X[list(COLUMNS)].to_numpy()), SMALLEST))


@lru_cache(maxsize=4)
def _table(model: HistGradientBoostingRegressor) -> TreeTable:
    return TreeTable(tree_numbers(model))
