"""Limits of single reps are solved one rep after the other: a better plan, and a bound that still holds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planning.allocation import blocks
from planning.allocation.blocks import Block, blocks_of, common_prices, solve_blocks
from planning.allocation.integer_program import solve_exactly
from planning.allocation.knapsack import NONE, Problem
from planning.allocation.lagrangian_dual import dual_prices
from planning.allocation.lagrangian_heuristic import fill, repair


def problem_with_reps(seed: int, customers: int = 60, reps: int = 4, minimum: float = 0.0) -> Problem:
    """Return a problem with minutes for each rep and a budget for all; a minimum is one of the first rep's minutes."""
    rng = np.random.default_rng(seed)
    options = 2 * customers
    customer = np.repeat(np.arange(customers), 2)
    kind = np.tile([0, 1], customers)  # a visit takes minutes, an e-mail money alone
    rep = rng.integers(0, reps, customers)[customer]
    minutes = np.where(kind == 0, rng.integers(20, 90, options), 0.0)
    cost = rng.uniform(0.5, 2, options)
    value = rng.lognormal(2, 1, options) * np.where(kind == 0, 2.0, 0.5)
    usage = np.zeros((options, reps + 1))
    usage[np.arange(options), rep] = minutes
    usage[:, reps] = cost
    capacity = np.append(np.full(reps, 240.0), 0.4 * customers)
    if minimum:
        usage = np.column_stack([usage, -usage[:, 0]])
        capacity = np.append(capacity, -minimum)
    return Problem(value, 2 * np.arange(customers), sparse.csr_array(usage), capacity, np.arange(customers))


def test_a_block_is_a_rep() -> None:
    """Each rep's minutes are a block with the rep's customers; the budget is common."""
    problem = problem_with_reps(1)
    found = blocks_of(problem)
    assert [block.limits.tolist() for block in found] == [[0], [1], [2], [3]]
    for block in found:
        entries = problem.by_limit[block.limits].tocoo()
        assert set(block.customers) == set(problem.customer[entries.coords[1]])
    assert common_prices(np.arange(1.0, 6.0), found).tolist() == [0, 0, 0, 0, 5]


def test_without_parts_there_are_no_blocks() -> None:
    """One rep's minutes and a budget meet everybody."""
    assert blocks_of(problem_with_reps(1, reps=1)) == []


def test_looking_for_blocks_changes_nothing() -> None:
    """The problem is as before, to the entry."""
    problem = problem_with_reps(2)
    kept = problem.usage.copy()
    blocks_of(problem)
    assert (problem.usage.indices == kept.indices).all()
    assert (problem.usage.toarray() == kept.toarray()).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 150.0]))
def test_the_bound_holds_and_is_no_higher(seed: int, minimum: float) -> None:
    """No plan is worth more, the exact one included; the bound of the prices alone is never lower."""
    problem = problem_with_reps(seed, minimum=minimum)
    prices, _ = dual_prices(problem)
    begun = fill(problem, prices, repair(problem, prices, np.full(len(problem.start), NONE)))
    choice, bound = solve_blocks(problem, prices, begun, blocks_of(problem))
    best, _ = solve_exactly(problem)
    assert best is not None
    assert problem.worth(best) <= bound + 1e-6
    assert bound <= problem.bound(prices) + 1e-6
    over = problem.used(choice) - problem.capacity
    if not minimum:
        assert (over[:4] <= 1e-6).all()


def test_whole_visits_are_counted_as_such() -> None:
    """Two visits of 60 minutes fill 100 minutes with one; the prices' bound takes 40 minutes more for a part of one."""
    usage = np.zeros((8, 3))
    usage[np.arange(8), np.repeat([0, 1], 4)] = 60.0
    usage[:, 2] = 1.0
    value = np.array([10.0, 9, 8, 7, 10, 9, 8, 7])
    problem = Problem(value, np.arange(8), sparse.csr_array(usage), np.array([100.0, 100.0, 8.0]), np.arange(8))
    parts = [Block(np.array([0]), np.arange(4)), Block(np.array([1]), np.arange(4, 8))]
    prices, _ = dual_prices(problem)
    choice, bound = solve_blocks(problem, prices, np.full(8, NONE), parts)
    assert problem.bound(prices) > 30
    assert bound == pytest.approx(20, rel=1e-3)
    assert np.flatnonzero(choice != NONE).tolist() == [0, 4]


@pytest.mark.parametrize("reach", [0.05, 1.0])
def test_how_far_the_first_search_reaches_changes_no_result(reach: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is only taken further until nothing is left open."""
    problem = problem_with_reps(5)
    prices, _ = dual_prices(problem)
    monkeypatch.setattr(blocks, "REACH", reach)
    monkeypatch.setattr(blocks, "TOLERANCE", 1e-9)
    begun = fill(problem, prices, np.full(len(problem.start), NONE))
    choice, bound = solve_blocks(problem, prices, begun, blocks_of(problem))
    at_common = common_prices(prices, blocks_of(problem))
    worth = problem.reduced(at_common)
    assert float(worth[choice[choice != NONE]].sum() + at_common @ problem.capacity) == pytest.approx(bound)
