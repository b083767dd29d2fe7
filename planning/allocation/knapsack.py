"""The allocation as arrays: a multiple-choice knapsack with several limits, and the bound that prices give."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planning.splitmix import splitmix64

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

NONE = -1
"""A customer's choice where no option is chosen."""


@dataclass(frozen=True)
class Problem:
    """Choose at most one option a customer: the largest sum of values with `usage.T @ chosen <= capacity`.

    A lower bound is a row of negative usage and capacity.

    Attributes
    ----------
    value : ndarray of float, shape (n,)
        Of each option; the options of a customer stand together.
    start : ndarray of int, shape (m,)
        The first option of each customer.
    usage : csr_array, shape (n, k)
    capacity : ndarray of float, shape (k,)
    code : ndarray of int, shape (m,)
        The code of each customer, for hashes.
    """

    value: Floats
    start: Ints
    usage: sparse.csr_array
    capacity: Floats
    code: Ints

    @cached_property
    def customer(self) -> Ints:
        """The number of each option's customer."""
        return np.repeat(np.arange(len(self.start)), np.diff(self.start, append=len(self.value)))

    @cached_property
    def by_limit(self) -> sparse.csr_array:
        """The usage with one row a limit."""
        return self.usage.T.tocsr()

    @cached_property
    def tolerance(self) -> Floats:
        """By how much each limit may be exceeded through rounding in sums."""
        return 1e-9 * np.maximum(1.0, np.abs(self.capacity))

    def hashes(self, seed: int) -> NDArray[np.uint64]:
        """Return a hash of each option's customer and place among the customer's options."""
        place = np.arange(len(self.value)) - self.start[self.customer]
        return splitmix64(seed, self.code[self.customer], place)

    def reduced(self, prices: Floats) -> Floats:
        """Return each option's value less what it takes at these prices."""
        reduced: Floats = self.value - self.usage @ prices
        return reduced

    def bound(self, prices: Floats) -> float:
        """Return an upper bound of the value of every plan within the limits, for any prices >= 0.

        References
        ----------
        Geoffrion (1974), "Lagrangean relaxation for integer programming".
        """
        if not len(self.start):
            return float(prices @ self.capacity)
        best = np.maximum.reduceat(self.reduced(prices), self.start)
        return float(np.maximum(best, 0.0).sum() + prices @ self.capacity)

    def used(self, choice: Ints) -> Floats:
        """Return what the chosen options take from each limit."""
        used: Floats = self.usage[choice[choice != NONE]].sum(axis=0)
        return np.asarray(used, float)

    def worth(self, choice: Ints) -> float:
        """Return the sum of the chosen options' values."""
        return float(self.value[choice[choice != NONE]].sum())

    def best(self, scores: Floats, none: Floats | float = 0.0) -> Ints:
        """Return each customer's option of the highest score, `NONE` where no score is above that of none."""
        if not len(self.start):
            return np.empty(0, np.int64)
        highest = np.maximum.reduceat(scores, self.start)
        best = np.flatnonzero(scores == highest[self.customer])
        choice = np.full(len(self.start), NONE)
        choice[self.customer[best[::-1]]] = best[::-1]
        return np.where(highest > none, choice, NONE)

    def part(self, options: Bools, capacity: Floats | None = None) -> "Problem":
        """Return the problem of some options, with the same limits or others."""
        kept = np.flatnonzero(options)
        customers = self.customer[kept]
        start = np.flatnonzero(np.diff(customers, prepend=-1))
        capacity = self.capacity if capacity is None else capacity
        return Problem(self.value[kept], start, self.usage[kept], capacity, self.code[customers[start]])
