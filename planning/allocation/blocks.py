"""Limits of single reps or places: each such block is solved by itself, which finds better plans and a lower bound."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, sparse

from planning.allocation.integer_program import clean_output
from planning.allocation.knapsack import NONE, Floats, Ints, Problem

LARGEST = 0.5
"""Share of the customers that a block may have."""
TOLERANCE = 2e-4
"""What the solver may leave open in all blocks together, as a share of the bound."""
NODES = 2_000
"""Of the search tree of one block."""
REACH = 0.2
"""The first search of a block goes so far: a share of what it can still gain."""


@dataclass(frozen=True)
class Block:
    """Limits that share customers with one another and, but for the common limits, with no other.

    Attributes
    ----------
    limits, customers : ndarray of int
        Rows of the problem.
    """

    limits: Ints
    customers: Ints


@dataclass(frozen=True)
class _Options:
    """The options of a block; a customer's number is the place among the block's customers.

    Attributes
    ----------
    option, customer : ndarray of int, shape (n,)
    worth, lost : ndarray of float, shape (n,)
        The value less the common limits' prices; what is lost beside the customer's best at all prices.
    none_lost : ndarray of float, shape (m,)
        What a customer loses who takes nothing.
    usage : csr_array, shape (n, limits)
    capacity : ndarray of float, shape (limits,)
    bound : float
        Of the sum of worths, at the prices.
    """

    option: Ints
    customer: Ints
    worth: Floats
    lost: Floats
    none_lost: Floats
    usage: sparse.csr_array
    capacity: Floats
    bound: float


def blocks_of(problem: Problem) -> list[Block]:
    """Return the blocks of a problem: one a rep where each rep has minutes and calls of their own.

    Limits that most customers meet are common to all blocks: as many as needed so that no block has more than half of
    the customers. Where that is impossible the list is empty.
    """
    customers = len(problem.start)
    rows = problem.usage.indptr[np.append(problem.start, len(problem.value))]
    uses = sparse.csr_array((np.ones(problem.usage.nnz), problem.usage.indices.copy(), rows))
    uses.sum_duplicates()
    uses.data[:] = 1.0
    shared, by_limit = (uses.T @ uses).tocsr(), uses.tocsc()
    order = np.argsort(-shared.diagonal(), kind="stable")
    for common in range(len(order) - 1):
        local = np.sort(order[common:])
        number, block = sparse.csgraph.connected_components(shared[local][:, local], directed=False)
        limits_of_blocks = [local[block == each] for each in range(number)]
        members = [np.unique(by_limit[:, limits].indices) for limits in limits_of_blocks]
        if max(map(len, members)) <= LARGEST * customers:
            return [Block(*pair) for pair in zip(limits_of_blocks, members, strict=True) if len(pair[1])]
    return []


def solve_blocks(problem: Problem, prices: Floats, choice: Ints, blocks: list[Block]) -> tuple[Ints, float]:
    """Return a choice that is best within each block at the prices of the common limits, and a bound of every plan.

    Only the common limits are relaxed, so the bound is at most that of the prices, and what a rep's week cannot hold
    because visits are of whole length is no longer taken for a better plan.

    Parameters
    ----------
    problem : Problem
    prices : ndarray of float, shape (k,)
    choice : ndarray of int, shape (m,)
        Within all limits.
    blocks : list of Block

    Returns
    -------
    choice : ndarray of int, shape (m,)
        Within the limits of the blocks; it may exceed the common ones.
    bound : float

    References
    ----------
    Geoffrion (1974), "Lagrangean relaxation for integer programming": a relaxation whose own solutions are not integer
    by themselves has a lower bound than the linear one.
    """
    at_common = common_prices(prices, blocks)
    worth, reduced = problem.reduced(at_common), problem.reduced(prices)
    new = problem.best(reduced)
    highest = np.append(reduced, 0.0)[new]
    rest = np.ones(len(choice), bool)
    bound = float(at_common @ problem.capacity)
    tolerance = TOLERANCE * problem.bound(prices) / max(1, len(blocks))
    for block in blocks:
        rest[block.customers] = False
        options = _options(problem, prices, block, worth, reduced, highest)
        new[block.customers], most = _solved(options, choice[block.customers], worth, tolerance)
        bound += most
    return new, bound + float(highest[rest].sum())


def common_prices(prices: Floats, blocks: list[Block]) -> Floats:
    """Return the prices, with 0 for the limits of blocks."""
    at_common = prices.copy()
    for block in blocks:
        at_common[block.limits] = 0.0
    return at_common


def _options(
    problem: Problem, prices: Floats, block: Block, worth: Floats, reduced: Floats, highest: Floats
) -> _Options:
    ends = np.append(problem.start, len(problem.value))
    counts = ends[block.customers + 1] - ends[block.customers]
    first = ends[block.customers] - np.concatenate(([0], counts.cumsum()[:-1]))
    option = np.repeat(first, counts) + np.arange(counts.sum())
    best, capacity = highest[block.customers], problem.capacity[block.limits]
    return _Options(
        option=option,
        customer=np.repeat(np.arange(len(counts)), counts),
        worth=worth[option],
        lost=np.repeat(best, counts) - reduced[option],
        none_lost=best,
        usage=sparse.csr_array(problem.usage[option][:, block.limits]),
        capacity=capacity,
        bound=float(best.sum() + prices[block.limits] @ capacity),
    )


def _solved(options: _Options, choice: Ints, worth: Floats, tolerance: float) -> tuple[Ints, float]:
    """Return the best choice of a block's customers, at least as good as a given one, and a bound.

    No choice with an option that loses more than a reach is better than the bound less the reach. So the search takes
    in options of a small loss first, and goes on only while that leaves something open.
    """
    value = float(np.append(worth, 0.0)[choice].sum())
    bound, reach = options.bound, REACH * (options.bound - value)
    while bound - value > tolerance:
        candidate, most = _search(options, reach, tolerance)
        bound = min(bound, max(most, options.bound - reach))
        if candidate is not None and (gained := float(np.append(worth, 0.0)[candidate].sum())) > value:
            choice, value = candidate, gained
        if reach >= options.bound - value:
            break
        reach = options.bound - value
    return choice, max(bound, value)


def _search(options: _Options, reach: float, tolerance: float) -> tuple[Ints | None, float]:
    """Return the best choice without options that lose as much as `reach`, None where none was found, and its bound."""
    customers, limits = len(options.none_lost), len(options.capacity)
    entries = np.diff(options.usage.indptr)
    takes, gives = entries > 0, np.zeros(len(entries), bool)
    gives[np.repeat(np.arange(len(entries)), entries)[options.usage.data < 0]] = True  # it helps to reach a minimum
    # The best of what takes nothing of the block's limits stands for no option.
    idle = np.flatnonzero(~takes & (options.worth > 0))
    idle = idle[np.argsort(options.worth[idle], kind="stable")]
    who = options.customer[idle]
    choice, base, lost = np.full(customers, NONE), np.zeros(customers), options.none_lost.copy()
    choice[who], base[who], lost[who] = options.option[idle], options.worth[idle], options.lost[idle]
    gain = options.worth - base[options.customer]
    kept = np.flatnonzero((options.lost < reach) & takes & ((gain > 0) | gives))
    if not len(kept):
        return choice, float(base.sum())
    customer = options.customer[kept]
    one = sparse.csr_array((np.ones(len(kept)), (customer, np.arange(len(kept)))), shape=(customers, len(kept)))
    involved = np.unique(customer)
    least = np.concatenate([np.full(limits, -np.inf), (lost[involved] >= reach).astype(float)])
    most = np.concatenate([options.capacity, np.ones(len(involved))])
    rows = sparse.vstack([options.usage[kept].T, one[involved]], format="csr")
    with clean_output():
        solution: Any = optimize.milp(
            -gain[kept],
            constraints=optimize.LinearConstraint(rows, least, most),
            integrality=np.ones(len(kept)),
            bounds=optimize.Bounds(0, 1),
            options={"presolve": False, "mip_rel_gap": _share(tolerance, options, base), "node_limit": NODES},
        )
    if solution.status == 2:  # no choice without the options left out is within the limits
        return None, -np.inf
    bound = np.inf if solution.mip_dual_bound is None else float(base.sum() - solution.mip_dual_bound)
    if solution.x is None:
        return None, bound
    taken = solution.x > 0.5
    choice[customer[taken]] = options.option[kept][taken]
    return choice, bound


def _share(tolerance: float, options: _Options, base: Floats) -> float:
    """Return a tolerance as a share of what the solver sees: the gain over taking nothing of the block's limits."""
    return tolerance / max(tolerance, options.bound - float(base.sum()))
