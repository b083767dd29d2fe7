"""Boosted trees of numbers as a table to look values up in: for one row without scikit-learn, for many in a fraction.

The leaves of a tree are bits, from left to right. A split that a row fails rules out the leaves on its left; what all
columns leave has the row's leaf as its lowest bit (QuickScorer: Lucchese et al. 2015, SIGIR). So each column's value is
looked up once for all trees, and nothing walks down.
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.errors import ModelError

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

Floats = NDArray[np.float64]
Numbers = dict[str, Any]

MOST_LEAVES = 64
BLOCK = 256
"""Rows at a time: what a block leaves of all trees stays near the processor."""


def tree_numbers(model: "HistGradientBoostingRegressor") -> Numbers:
    """Return the plain numbers of a fitted regressor of one output, fit for JSON.

    Raises ModelError for columns of categories, and for a tree of more than `MOST_LEAVES` leaves.
    """
    if model.is_categorical_ is not None:
        raise ModelError("the trees read categories, expected numbers alone: fit them to numbers")
    return {
        "columns": int(model.n_features_in_),
        "baseline": float(model._baseline_prediction.item()),
        "trees": [_tree(predictor.nodes) for (predictor,) in model._predictors],
    }


class TreeTable:
    """The sum of the leaves that a row falls into and of the baseline: what trees say before a link function."""

    def __init__(self, numbers: Numbers) -> None:
        trees, columns = numbers["trees"], int(numbers["columns"])
        self._baseline = float(numbers["baseline"])
        leaves = [np.array(tree["value"]) for tree in trees]
        bits = np.uint32 if max(map(len, leaves)) <= 32 else np.uint64
        everything = int(np.iinfo(bits).max)
        known: list[set[float]] = [set() for _ in range(columns)]
        for tree in trees:
            for feature, threshold in zip(tree["feature"], tree["threshold"], strict=True):
                if threshold is not None:
                    known[feature].add(threshold)
        self._edges = [sorted(each) for each in known]
        # A row a number of edges that the value is above, and one for null: the leaves that it leaves in each tree.
        self._left = [np.full((len(edges) + 2, len(trees)), everything, bits) for edges in self._edges]
        names = ("feature", "threshold", "missing_left", "first", "last")
        for number, tree in enumerate(trees):
            for feature, threshold, missing_left, first, last in zip(*(tree[name] for name in names), strict=True):
                stays = bits(everything ^ ((1 << last) - (1 << first)))
                if threshold is not None:
                    self._left[feature][bisect_left(self._edges[feature], threshold) + 1, number] &= stays
                if not missing_left:
                    self._left[feature][-1, number] &= stays
        for table in self._left:
            table[:-1] = np.bitwise_and.accumulate(table[:-1], axis=0)
        self._rows = [list(table) for table in self._left]
        self._first = np.cumsum([0, *(len(each) for each in leaves[:-1])])
        self._values, self._one = np.concatenate(leaves), bits(1)

    def one(self, row: Sequence[float]) -> float:
        """Return the sum for one row; NaN is null."""
        tables = [
            rows[bisect_left(edges, value) if value == value else -1]
            for value, edges, rows in zip(row, self._edges, self._rows, strict=True)
        ]
        left = tables[0]
        for table in tables[1:]:
            left = left & table
        return self._baseline + float(self._values[self._first + self._lowest(left)].sum())

    def many(self, X: Floats) -> Floats:
        """Return the sum for each row of X, shape (n, columns), to the last bit what scikit-learn's raw forecast is."""
        codes = []
        for column, edges in zip(X.T, self._edges, strict=True):
            code = np.searchsorted(edges, column)
            code[np.isnan(column)] = len(edges) + 1
            codes.append(code)
        found = np.empty(len(X))
        for start in range(0, len(X), BLOCK):
            rows = slice(start, start + BLOCK)
            left = self._left[0].take(codes[0][rows], axis=0)
            for table, code in zip(self._left[1:], codes[1:], strict=True):
                left &= table.take(code[rows], axis=0)
            values = self._values.take(self._first + self._lowest(left))
            values[:, 0] += self._baseline
            # Not sum(), which adds pairwise: a tree after the other, as scikit-learn does.
            found[rows] = np.cumsum(values, axis=1)[:, -1]
        return found

    def _lowest(self, left: NDArray[Any]) -> NDArray[np.uint8]:
        """Return which bit is the lowest of those that are set."""
        return np.asarray(np.bitwise_count((left - self._one) & ~left))


def _tree(nodes: NDArray[np.void]) -> dict[str, list[Any]]:
    """Return a tree's splits, each with the leaves on its left (from `first` to before `last`), and its leaves."""
    names = ("feature", "threshold", "missing_left", "first", "last", "value")
    tree: dict[str, list[Any]] = {name: [] for name in names}

    def walk(at: int) -> None:
        node = nodes[at]
        if node["is_leaf"]:
            tree["value"].append(float(node["value"]))
            return
        first = len(tree["value"])
        walk(int(node["left"]))
        threshold = float(node["num_threshold"])
        tree["feature"].append(int(node["feature_idx"]))
        # A split of the missing from all others has no threshold: all that is known goes left.
        tree["threshold"].append(threshold if math.isfinite(threshold) else None)
        tree["missing_left"].append(bool(node["missing_go_to_left"]))
        tree["first"].append(first)
        tree["last"].append(len(tree["value"]))
        walk(int(node["right"]))

    walk(0)
    if len(tree["value"]) > MOST_LEAVES:
        raise ModelError(f"a tree has {len(tree['value'])} leaves, expected at most {MOST_LEAVES}: fit smaller ones")
    return tree
