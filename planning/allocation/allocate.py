"""Chooses options, at most one a customer, of the highest value within all limits, and proves how good that is."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planning.allocation.blocks import blocks_of, common_prices, solve_blocks
from planning.allocation.integer_program import COLUMNS, relaxed_prices, solve_exactly
from planning.allocation.knapsack import NONE, Floats, Ints, Problem
from planning.allocation.lagrangian_dual import dual_prices
from planning.allocation.lagrangian_heuristic import fill, repair, round_choice
from planning.allocation.local_search import exchange_pairs
from planning.allocation.minimums import check_attainable, check_reached
from planning.allocation.option_arrays import problem_of

ENOUGH = 1e-4
"""A gap at which no further improvement is tried."""
ROUNDINGS = (1.0, 0.3, 0.1)
"""Shares of the temperature at which choices are rounded: no single one is best for both equal and unequal values."""


@dataclass(frozen=True)
class Allocation:
    """What was chosen, and how good it is.

    Attributes
    ----------
    chosen : ndarray of bool, shape (n,)
        In the order of the options.
    prices : ndarray of float, shape (k,)
        What one more unit of each limit is worth, in value; 0 where some is left over. Of a minimum: what one unit
        less of it is worth, negative.
    value : float
        Sum of the chosen options' values.
    bound : float
        No plan within the limits has a higher value.
    gap : float
        `(bound - value) / bound`: by how much a better plan could be better, at most.
    seconds : float
        It took so long; nothing depends on it.
    """

    chosen: NDArray[np.bool_]
    prices: Floats
    value: float
    bound: float
    gap: float
    seconds: float


def allocate(
    options: pd.DataFrame,
    usage: sparse.csr_array,
    capacity: Floats,
    *,
    minimum: Floats | None = None,
    limit_names: tuple[str, ...] | None = None,
    seed: int = 0,
) -> Allocation:
    """Choose at most one option a customer so that the sum of values is as large as the limits allow.

    Up to `integer_program.COLUMNS` options the mixed-integer problem is solved; larger ones by prices of the limits,
    rounding, repair and exchange. Either way the bound comes from a dual, so the gap is proven. Options of a negative
    value are chosen only where a minimum demands it; a plan of nothing may be the best.

    Parameters
    ----------
    options : DataFrame, n rows
        `customer` (int code) and `value` (float, currency, may be negative).
    usage : csr_array, shape (n, k)
        What each option takes from each limit, >= 0.
    capacity : ndarray of float, shape (k,)
        How much there is of each, >= 0; infinity for no upper limit.
    minimum : ndarray of float, shape (k,), optional
        How much of each must be used; 0 or NaN for none.
    limit_names : tuple of str, optional
        For messages.
    seed : int
        Options of equal value are ordered by a hash of the seed and the customer's code, never by their order.

    Returns
    -------
    Allocation

    Raises
    ------
    PlanError
        When a minimum cannot be reached, with the name of the limit; or when numbers are not those of an allocation.

    References
    ----------
    Sinha, Zoltners (1979), "The multiple-choice knapsack problem"; Fisher (1981), "The Lagrangian relaxation method
    for solving integer programming problems".

    Examples
    --------
    >>> options = pd.DataFrame({"customer": [0, 0, 1, 2], "value": [5.0, 8.0, 4.0, -1.0]})
    >>> minutes = sparse.csr_array(np.array([[15.0], [60.0], [15.0], [15.0]]))
    >>> allocation = allocate(options, minutes, np.array([60.0]))
    >>> allocation.chosen.tolist(), allocation.value
    ([True, False, True, False], 9.0)
    """
    begun = perf_counter()
    capacity = np.asarray(capacity, float)
    lower = np.zeros(len(capacity)) if minimum is None else np.nan_to_num(np.asarray(minimum, float))
    names = limit_names or tuple(f"limit {number}" for number in range(len(capacity)))
    problem, order = problem_of(options, sparse.csr_array(usage), capacity, lower, seed)
    finite, needed = np.flatnonzero(np.isfinite(capacity)), np.flatnonzero(lower > 0)
    needed_names = [names[limit] for limit in needed]
    check_attainable(problem, len(finite), needed_names)
    if not len(problem.value):
        choice, prices, bound = np.empty(0, np.int64), np.zeros(len(problem.capacity)), 0.0
    elif len(problem.value) <= COLUMNS:
        choice, prices, bound = _exact(problem, seed)
    else:
        choice, prices, bound = _by_prices(problem, seed)
    check_reached(problem, len(finite), needed_names, choice, len(problem.value) <= COLUMNS)
    flags = np.zeros(len(options), bool)
    flags[order[choice[choice != NONE]]] = True
    by_limit = np.zeros(len(capacity))
    by_limit[finite] = prices[: len(finite)]
    by_limit[needed] -= prices[len(finite) :]
    value = problem.worth(choice)
    bound = max(bound, value)
    gap = (bound - value) / abs(bound) if bound else 0.0
    return Allocation(flags, by_limit, value, bound, gap, perf_counter() - begun)


def _exact(problem: Problem, seed: int) -> tuple[Ints, Floats, float]:
    """Return the choice, prices and bound by the solver, and by prices alone where it finds no choice."""
    prices = relaxed_prices(problem)
    if prices is None:  # the minimums contradict one another, which the caller finds, or the solver gave up
        return _by_prices(problem, seed)
    choice, bound = solve_exactly(problem)
    bound = min(bound, problem.bound(prices))
    if choice is None or (problem.used(choice) > problem.capacity + problem.tolerance).any():
        choice, _, other = _by_prices(problem, seed)
        bound = min(bound, other)
    return choice, prices, bound


def _by_prices(problem: Problem, seed: int) -> tuple[Ints, Floats, float]:
    """Return the choice, prices and bound by the dual, rounding, repair, filling and exchange."""
    prices, temperature = dual_prices(problem, seed)
    bound, best = problem.bound(prices), np.full(len(problem.start), NONE)

    def merit(choice: Ints) -> tuple[float, float]:
        return -_excess(problem, choice), problem.worth(choice)

    for share in ROUNDINGS:
        choice = repair(problem, prices, round_choice(problem, prices, share * temperature, seed))
        best = max(best, fill(problem, prices, choice), key=merit)
        if not _excess(problem, best) and bound - problem.worth(best) <= ENOUGH * abs(bound):
            return best, prices, bound
    if blocks := blocks_of(problem) if not _excess(problem, best) else []:
        solved, lower = solve_blocks(problem, prices, best, blocks)
        # What a block leaves free nobody else can use: at the common prices alone the limits' own customers stay.
        at_common = common_prices(prices, blocks)
        within = fill(problem, prices, repair(problem, at_common, solved))
        bound, best = min(bound, lower), max(best, within, key=merit)
    if bound - problem.worth(best) > ENOUGH * abs(bound):
        best = exchange_pairs(problem, prices, best)
    return best, prices, bound


def _excess(problem: Problem, choice: Ints) -> float:
    """Return by how much a choice exceeds the limits, each relative to its own; 0 within all, minimums included."""
    over = problem.used(choice) - problem.capacity
    over = np.where(over > problem.tolerance, over, 0.0)
    return float((over / np.maximum(1.0, np.abs(problem.capacity))).sum())
