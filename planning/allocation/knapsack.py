"""The allocation as arrays: a multiple-choice knapsack with several limits, and the bound that prices give."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from features.errors import PlanError

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
        return hashed(seed, self.code[self.customer], place)

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
        found = np.flatnonzero(scores == highest[self.customer])
        choice = np.full(len(self.start), NONE)
        choice[self.customer[found[::-1]]] = found[::-1]
        return np.where(highest > none, choice, NONE)

    def part(self, options: Bools, capacity: Floats | None = None) -> "Problem":
        """Return the problem of some options, with the same limits or others."""
        kept = np.flatnonzero(options)
        customers = self.customer[kept]
        start = np.flatnonzero(np.diff(customers, prepend=-1))
        capacity = self.capacity if capacity is None else capacity
        return Problem(self.value[kept], start, self.usage[kept], capacity, self.code[customers[start]])


def hashed(seed: int, *numbers: Ints) -> NDArray[np.uint64]:
    """Return a hash of whole numbers (SplitMix64), the same wherever a row stands.

    References
    ----------
    Steele, Lea, Flood (2014), "Fast splittable pseudorandom number generators".
    """
    state = np.full(np.broadcast(*numbers).shape, seed % 2**64, np.uint64)
    with np.errstate(over="ignore"):
        for number in numbers:
            state = (state ^ number.astype(np.uint64)) + np.uint64(0x9E3779B97F4A7C15)
            state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            state ^= state >> np.uint64(31)
    return state


def uniform(hashes: NDArray[np.uint64]) -> Floats:
    """Return numbers above 0 and below 1 from hashes."""
    return ((hashes >> np.uint64(11)).astype(float) + 0.5) / 2.0**53


def sorted_options(
    options: pd.DataFrame, usage: sparse.csr_array, capacity: Floats, minimum: Floats, seed: int
) -> tuple[Problem, Ints]:
    """Return the problem of the options that fit by themselves, and the row of each in the frame.

    Parameters
    ----------
    options : DataFrame
        With `customer` (int) and `value` (float).
    usage : csr_array, shape (n, k)
    capacity, minimum : ndarray of float, shape (k,)
        The minimum is 0 where a limit has none.
    seed : int

    Raises
    ------
    PlanError
        When the shapes or numbers cannot be those of an allocation.
    """
    value = options["value"].to_numpy(float)
    if usage.shape != (len(options), len(capacity)):
        expected = len(options), len(capacity)
        raise PlanError(f"usage has the shape {usage.shape}, expected options and limits: {expected}")
    if not np.isfinite(value).all():
        raise PlanError(f"{int((~np.isfinite(value)).sum())} options have a value that is no finite number")
    if not np.isfinite(usage.data).all() or (usage.data < 0).any():
        raise PlanError("usage has a number that is negative or not finite; expected what each option takes, 0 or more")
    if np.isnan(capacity).any() or (capacity < 0).any():
        raise PlanError("capacity has a number that is negative or none; expected 0 or more")
    needed, finite = np.flatnonzero(minimum > 0), np.flatnonzero(np.isfinite(capacity))
    rows = sparse.csr_array(usage)
    alone = np.ones(len(options), bool)
    entries = np.repeat(np.arange(len(options)), np.diff(rows.indptr))
    alone[entries[rows.data > capacity[rows.indices]]] = False
    if not len(needed):
        alone &= value > 0
    kept = np.flatnonzero(alone)
    codes = options["customer"].to_numpy(np.int64)
    order = kept[np.lexsort((codes[kept], hashed(seed, codes[kept])))]  # so no tie is settled by the order of ids
    customers = codes[order]
    first = np.zeros(min(1, len(order)), np.int64)
    start = np.concatenate([first, np.flatnonzero(np.diff(customers) != 0) + 1])
    matrix = sparse.csr_array(sparse.hstack([rows[:, finite], -rows[:, needed]], format="csr")[order])
    limits = np.concatenate([capacity[finite], -minimum[needed]])
    return Problem(value[order], start, matrix, limits, customers[start]), order
