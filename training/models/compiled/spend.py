"""The currency of `SpendModel` for one customer and for many: a mean, Gamma-Gamma, or trees."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import ModelError
from training.models.arrays import Floats
from training.models.spend.constants import MIN_SPEND
from training.models.spend.sklearn_trees import tree_numbers
from training.models.spend.tree_lookup import TreeLookup

if TYPE_CHECKING:
    from training.models.spend.model import SpendModel

Row = Sequence[float]


def spend_numbers(model: "SpendModel") -> dict[str, Any]:
    """Return the numbers of a fitted spend model, ready for JSON; raises ModelError for another kind of model."""
    from training.models.spend.model import SpendModel

    if type(model) is not SpendModel:
        raise ModelError(f"the spend model is a {type(model).__name__}, expected a SpendModel")
    if model.kind_ == "mean":
        return {"kind": "mean", "mean": model.mean_}
    if model.kind_ == "gamma-gamma":
        return {"kind": "gamma-gamma"} | {name: model.model_.params_[name] for name in ("p", "q", "gamma")}
    if model.kind_ == "trees":
        return {"kind": "trees"} | tree_numbers(model.model_)
    raise ModelError(f"the spend model is of kind {model.kind_!r}, expected mean, gamma-gamma or trees")


def compiled_spend(numbers: dict[str, Any]) -> Callable[[Row], float]:
    """Return the function from the values of `COLUMNS` (NaN for null) to the expected currency of an occasion."""
    if numbers["kind"] == "mean":
        mean = float(numbers["mean"])
        return lambda row: mean
    if numbers["kind"] == "gamma-gamma":
        return _gamma_gamma(numbers["p"], numbers["q"], numbers["gamma"])
    trees = TreeLookup(numbers)
    return lambda row: max(math.exp(trees.predict_one(row)), MIN_SPEND)


def spend_table(numbers: dict[str, Any]) -> Callable[[Floats], Floats]:
    """Return the function from `COLUMNS`, shape (columns, n), to the expected currency of each customer's occasion."""
    if numbers["kind"] == "mean":
        return lambda columns: np.full(columns.shape[1], float(numbers["mean"]))
    if numbers["kind"] == "gamma-gamma":
        return lambda columns: _gamma_gamma_table(columns, numbers["p"], numbers["q"], numbers["gamma"])
    trees = TreeLookup(numbers)
    return lambda columns: np.maximum(np.exp(trees.predict(columns.T)), MIN_SPEND)


def _gamma_gamma_table(columns: Floats, p: float, q: float, gamma: float) -> Floats:
    x, m = columns[:2]
    known = np.where(np.isnan(m), 0.0, x)
    spend = p * (gamma + known * np.maximum(np.nan_to_num(m), 0.0)) / (p * known + q - 1)
    return np.asarray(np.maximum(spend, MIN_SPEND))


def _gamma_gamma(p: float, q: float, gamma: float) -> Callable[[Row], float]:
    def expected_spend(row: Row) -> float:
        x, m = row[0], row[1]
        if m != m:
            x = m = 0.0
        return max(p * (gamma + x * max(m, 0.0)) / (p * x + q - 1), MIN_SPEND)

    return expected_spend
