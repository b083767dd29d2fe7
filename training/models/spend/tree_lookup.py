"""Boosted trees as lookup tables: one row without scikit-learn, many rows in a fraction of its time.

The leaves of a tree are bits, from left to right. A split that a row fails rules out the leaves on its left; of the
leaves that all columns leave, the row's is the lowest bit. So each column's value is looked up once for all trees, and
no tree is walked (QuickScorer: Lucchese et al. 2015, SIGIR, 73-82).
"""

import sys
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.models.arrays import Floats

BLOCK_ROWS = 256
"""Rows at a time: the bits of a block for all trees stay in the processor's cache."""


class TreeLookup:
    """The sum of the trees' leaves for a row, plus the baseline: the forecast before the link function.

    Parameters
    ----------
    numbers : dict
        The numbers of `training.models.spend.sklearn_trees.tree_numbers`.
    """

    def __init__(self, numbers: dict[str, Any]) -> None:
        trees, columns = numbers["trees"], int(numbers["columns"])
        self._baseline = float(numbers["baseline"])
        leaves = [np.array(tree["value"]) for tree in trees]
        bits = np.uint32 if max(map(len, leaves)) <= 32 else np.uint64
        all_leaves = int(np.iinfo(bits).max)
        thresholds: list[set[float]] = [set() for _ in range(columns)]
        for tree in trees:
            for feature, threshold in zip(tree["feature"], tree["threshold"], strict=True):
                if threshold is not None:
                    thresholds[feature].add(threshold)
        self._edges = [sorted(column) for column in thresholds]
        # By column: a row for each number of edges below the value, and one for null; the leaves left in each tree.
        self._left = [np.full((len(edges) + 2, len(trees)), all_leaves, bits) for edges in self._edges]
        names = ("feature", "threshold", "missing_left", "first", "last")
        for number, tree in enumerate(trees):
            for feature, threshold, missing_left, first, last in zip(*(tree[name] for name in names), strict=True):
                remaining = bits(all_leaves ^ ((1 << last) - (1 << first)))
                if threshold is not None:
                    self._left[feature][bisect_left(self._edges[feature], threshold) + 1, number] &= remaining
                if not missing_left:
                    self._left[feature][-1, number] &= remaining
        for table in self._left:
            table[:-1] = np.bitwise_and.accumulate(table[:-1], axis=0)
        # For one row the leaves left in all trees are one large integer: its operations cost less than an array's.
        self._left_bits = [[int.from_bytes(row.tobytes(), sys.byteorder) for row in table] for table in self._left]
        self._bits, self._bytes = bits, len(trees) * np.dtype(bits).itemsize
        self._lowest_bits = int.from_bytes(np.ones(len(trees), bits).tobytes(), sys.byteorder)
        self._first_leaf = np.cumsum([0, *(len(tree_leaves) for tree_leaves in leaves[:-1])])
        self._values, self._lowest_bit = np.concatenate(leaves), bits(1)

    def predict_one(self, row: Sequence[float]) -> float:
        """Return the forecast of one row, length columns; NaN is null."""
        left = -1
        for value, edges, left_bits in zip(row, self._edges, self._left_bits, strict=True):
            left &= left_bits[bisect_left(edges, value) if value == value else -1]
        # No tree is without a leaf, so the subtraction borrows nothing from the tree beside.
        below_lowest = ((left - self._lowest_bits) & ~left).to_bytes(self._bytes, sys.byteorder)
        leaf = np.bitwise_count(np.frombuffer(below_lowest, self._bits))
        return self._baseline + float(np.add.reduce(self._values.take(self._first_leaf + leaf)))

    def predict(self, X: Floats) -> Floats:
        """Return the forecast of each row of X, shape (n, columns), to the last bit scikit-learn's raw forecast."""
        codes = []
        for column, edges in zip(X.T, self._edges, strict=True):
            code = np.searchsorted(edges, column)
            code[np.isnan(column)] = len(edges) + 1
            codes.append(code)
        forecast = np.empty(len(X))
        for start in range(0, len(X), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            left = self._left[0].take(codes[0][rows], axis=0)
            for table, code in zip(self._left[1:], codes[1:], strict=True):
                left &= table.take(code[rows], axis=0)
            values = self._values.take(self._first_leaf + self._leaf(left))
            values[:, 0] += self._baseline
            # scikit-learn adds one tree after the other; so does sum() over rows of two or more, else it adds pairwise.
            by_tree = np.ascontiguousarray(values.T)
            forecast[rows] = by_tree.sum(axis=0) if len(values) > 1 else np.add.accumulate(by_tree)[-1]
        return forecast

    def _leaf(self, left: NDArray[Any]) -> NDArray[np.uint8]:
        """Return the number of the lowest bit that is set."""
        return np.asarray(np.bitwise_count((left - self._lowest_bit) & ~left))
