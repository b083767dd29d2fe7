"""Expected spend per purchase occasion: Gamma-Gamma or boosted trees, whichever forecasts a later window better."""

import warnings
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.metrics import mean_gamma_deviance

from training.models.gamma_gamma import GammaGamma

Floats = NDArray[np.float64]
COLUMNS = ("frequency", "monetary_value", "basket_mean", "basket_max", "basket_last", "purchase_days", "T", "gap_mean")
SMALLEST = 0.01
"""No forecast is below one cent: the gamma deviance of 0 is infinite."""


class SpendModel(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Currency a purchase occasion, learnt from the occasions that came after the feature table's date.

    `kind_` is `gamma-gamma`, `trees`, or `mean` where the log has too few amounts for either; `deviance_` holds the
    mean gamma deviance of each on the held-out rows.
    """

    def __init__(self, min_rows: int = 200, random_state: int = 0) -> None:
        self.min_rows = min_rows
        self.random_state = random_state

    def fit(self, X: pd.DataFrame, spend: ArrayLike, purchases: ArrayLike, later: ArrayLike) -> Self:
        """Learn from feature rows X, the currency and the occasions that came, shape (n,), and which rows are `later`.

        Rows without an occasion or an amount teach nothing. The kinds are compared on the `later` rows, those of
        windows after the others, and the better is fitted anew to all rows.
        """
        spend, purchases, later = np.asarray(spend, float), np.asarray(purchases, float), np.asarray(later, bool)
        told = (purchases > 0) & (spend > 0)
        X, each, weight, later = X[told], spend[told] / purchases[told], purchases[told], later[told]
        self.mean_ = float(np.average(each, weights=weight)) if len(each) else 0.0
        self.kind_, self.deviance_ = "mean", {}
        enough = min(later.sum(), (~later).sum()) >= self.min_rows and (X["monetary_value"] > 0).sum() >= self.min_rows
        if enough:
            for kind in ("gamma-gamma", "trees"):
                model = self._fitted(kind, X[~later], each[~later], weight[~later])
                forecast = self._forecast(kind, model, X[later])
                self.deviance_[kind] = float(mean_gamma_deviance(each[later], forecast, sample_weight=weight[later]))
            self.kind_ = min(self.deviance_, key=lambda kind: self.deviance_[kind])
            self.model_ = self._fitted(self.kind_, X, each, weight)
        return self

    def expected_spend(self, X: pd.DataFrame) -> Floats:
        """Return the expected currency of each customer's next purchase occasion, shape (n,), above 0 once learnt."""
        if self.kind_ == "mean":
            return np.full(len(X), self.mean_)
        return self._forecast(self.kind_, self.model_, X)

    def _fitted(self, kind: str, X: pd.DataFrame, each: Floats, weight: Floats) -> BaseEstimator:
        if kind == "gamma-gamma":
            with warnings.catch_warnings():
                # Whether size and rate are independent is settled here by the comparison on later rows.
                warnings.simplefilter("ignore", UserWarning)
                return GammaGamma().fit(X)
        trees = HistGradientBoostingRegressor(
            loss="gamma", max_iter=150, learning_rate=0.06, min_samples_leaf=40, random_state=self.random_state
        )
        return trees.fit(X[list(COLUMNS)].to_numpy(), each, sample_weight=weight)

    def _forecast(self, kind: str, model: BaseEstimator, X: pd.DataFrame) -> Floats:
        if kind == "gamma-gamma":
            return np.asarray(np.maximum(model.expected_spend(X), SMALLEST))
        return np.asarray(np.maximum(model.predict(X[list(COLUMNS)].to_numpy()), SMALLEST))
