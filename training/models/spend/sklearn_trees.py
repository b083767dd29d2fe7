"""The numbers of scikit-learn's boosted trees; the only module that reads private attributes of scikit-learn.

It reads `_predictors`, `_baseline_prediction` and the fields of a predictor's `nodes`. pyproject.toml pins scikit-learn
to a compatible release; when a new release changes them, mend this module.
"""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.errors import ModelError

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

MAX_LEAVES = 64
"""Leaves of a tree that the bits of one number can hold."""


def tree_numbers(model: "HistGradientBoostingRegressor") -> dict[str, Any]:
    """Return the plain numbers of fitted trees, ready for JSON and for `TreeLookup`.

    Parameters
    ----------
    model : HistGradientBoostingRegressor
        A fitted regressor with one output.

    Returns
    -------
    dict
        `columns` (int), `baseline` (float), and `trees`, each with its splits in the order of a walk from left to right
        (`feature`, `threshold`, `missing_left`, and the leaves on the left of the split from `first` to before `last`)
        and the `value` of its leaves.

    Raises
    ------
    ModelError
        The trees read categories, or a tree has more than `MAX_LEAVES` leaves.
    """
    if model.is_categorical_ is not None:
        raise ModelError("the trees read categories, expected numbers alone: fit them to numbers")
    return {
        "columns": int(model.n_features_in_),
        "baseline": float(model._baseline_prediction.item()),
        "trees": [_tree(predictor.nodes) for (predictor,) in model._predictors],
    }


def _tree(nodes: NDArray[np.void]) -> dict[str, list[Any]]:
    names = ("feature", "threshold", "missing_left", "first", "last", "value")
    tree: dict[str, list[Any]] = {name: [] for name in names}

    def walk(index: int) -> None:
        node = nodes[index]
        if node["is_leaf"]:
            tree["value"].append(float(node["value"]))
            return
        first = len(tree["value"])
        walk(int(node["left"]))
        threshold = float(node["num_threshold"])
        tree["feature"].append(int(node["feature_idx"]))
        # A split of null from all other values has no threshold: every known value goes left.
        tree["threshold"].append(threshold if math.isfinite(threshold) else None)
        tree["missing_left"].append(bool(node["missing_go_to_left"]))
        tree["first"].append(first)
        tree["last"].append(len(tree["value"]))
        walk(int(node["right"]))

    walk(0)
    if len(tree["value"]) > MAX_LEAVES:
        raise ModelError(f"a tree has {len(tree['value'])} leaves, expected at most {MAX_LEAVES}: fit smaller ones")
    return tree
