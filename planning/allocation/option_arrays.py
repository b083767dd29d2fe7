"""From a frame of options to the arrays of the knapsack: checked, and sorted by a hash of the customer."""

import numpy as np
import pandas as pd
from scipy import sparse

from features.errors import PlanError
from planning.allocation.knapsack import Floats, Ints, Problem
from planning.splitmix import splitmix64


def problem_of(
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
    order = kept[np.lexsort((codes[kept], splitmix64(seed, codes[kept])))]  # so no tie is settled by the order of ids
    customers = codes[order]
    first = np.zeros(min(1, len(order)), np.int64)
    start = np.concatenate([first, np.flatnonzero(np.diff(customers) != 0) + 1])
    if len(needed) or len(finite) < len(capacity):  # else no copy of all columns, which takes as much as the rest
        rows = sparse.csr_array(sparse.hstack([rows[:, finite], -rows[:, needed]], format="csr"))
    matrix = sparse.csr_array(rows[order])
    limits = np.concatenate([capacity[finite], -minimum[needed]])
    return Problem(value[order], start, matrix, limits, customers[start]), order
