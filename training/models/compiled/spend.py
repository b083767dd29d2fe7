"""The currency of `SpendModel` for one customer: a mean, Gamma-Gamma, or trees."""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from features.errors import ModelError
from training.models.spend.tree_lookup import TreeTable, tree_numbers

if TYPE_CHECKING:
    from training.models.spend.model import SpendModel

# These are the names and the number of spend.
COLUMNS = ("frequency", "monetary_value", "basket_mean", "basket_max", "basket_last", "purchase_days", "T", "gap_mean")
SMALLEST = 0.01

Row = Sequence[float]


def spend_numbers(model: "SpendModel") -> dict[str, Any]:
    """Return the plain numbers of a fitted spend model; raises ModelError for one that is not known here."""
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
    trees = TreeTable(numbers)
    return lambda row: max(math.exp(trees.one(row)), SMALLEST)


def _gamma_gamma(p: float, q: float, gamma: float) -> Callable[[Row], float]:
    def expected_spend(row: Row) -> float:
        x, m = row[0], row[1]
        if m != m:
            x = m = 0.0
        return max(p * (gamma + x * max(m, 0.0)) / (p * x + q - 1), SMALLEST)

    return expected_spend
