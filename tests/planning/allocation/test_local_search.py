"""Pairs of moves improve a plan that no single move can."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planning.allocation.knapsack import NONE, Problem
from planning.allocation.lagrangian_dual import dual_prices
from planning.allocation.lagrangian_heuristic import fill
from planning.allocation.local_search import exchange_pairs
from tests.planning.allocation.test_lagrangian_heuristic import base


def test_one_gives_up_what_another_uses_better() -> None:
    """Of 100 minutes 60 are used for 8; for 7.5 they would be 50, and then another one, worth 6, fits as well."""
    usage = sparse.csr_array(np.array([[60.0], [50.0], [50.0]]))
    problem = Problem(np.array([8.0, 7.5, 6.0]), np.array([0, 2]), usage, np.array([100.0]), np.arange(2))
    begun = np.array([0, NONE])
    assert fill(problem, np.array([0.14]), begun).tolist() == [0, NONE]
    assert exchange_pairs(problem, np.array([0.14]), begun).tolist() == [1, 2]


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_the_value_never_falls_and_limits_hold(seed: int) -> None:
    """From a filled plan."""
    problem = base(seed)
    prices, _ = dual_prices(problem)
    before = fill(problem, prices, np.full(len(problem.start), NONE))
    after = exchange_pairs(problem, prices, before)
    assert problem.worth(after) >= problem.worth(before) - 1e-9
    assert (problem.used(after) <= problem.capacity + problem.tolerance).all()
