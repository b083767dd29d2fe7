"""The arrays of an allocation: bounds, sums, parts, and hashes that do not depend on where a row stands."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from planning.allocation.knapsack import NONE, Problem
from planning.allocation.option_arrays import problem_of


def small(seed: int = 0) -> Problem:
    """Thirty customers with one to three options and two limits."""
    rng = np.random.default_rng(seed)
    customer = np.sort(rng.integers(0, 30, 60))
    options = pd.DataFrame({"customer": customer, "value": rng.gamma(2.0, 3.0, 60)})
    usage = sparse.csr_array(rng.integers(0, 4, (60, 2)).astype(float))
    return problem_of(options, usage, np.array([20.0, 15.0]), np.zeros(2), 0)[0]


@given(st.lists(st.floats(0, 5), min_size=2, max_size=2), st.integers(0, 50))
def test_any_prices_give_a_bound(prices: list[float], seed: int) -> None:
    """No choice within the limits is worth more than the bound, whatever the prices."""
    problem, rng = small(seed), np.random.default_rng(seed)
    choice = problem.best(rng.random(len(problem.value)), 0.5)
    for customer in rng.permutation(len(choice)):
        if (problem.used(choice) <= problem.capacity).all():
            break
        choice[customer] = NONE
    assert (problem.used(choice) <= problem.capacity).all()
    assert problem.worth(choice) <= problem.bound(np.array(prices)) + 1e-9


def test_a_part_keeps_customers_whole_and_known() -> None:
    """The part of some customers has their options, values and codes."""
    problem = small()
    kept = problem.code % 2 == 0
    part = problem.part(kept[problem.customer])
    assert part.code.tolist() == problem.code[kept].tolist()
    assert np.array_equal(part.value, problem.value[kept[problem.customer]])
    assert np.array_equal(part.code[part.customer], problem.code[problem.customer][kept[problem.customer]])


def test_the_best_option_is_found_and_none_where_none_is_better() -> None:
    """The first of the highest scores, or `NONE` where none exceeds that of none."""
    problem = Problem(np.zeros(4), np.array([0, 2]), sparse.csr_array((4, 0)), np.empty(0), np.array([7, 8]))
    assert problem.best(np.array([1.0, 3.0, -1.0, -2.0])).tolist() == [1, NONE]
    assert problem.best(np.array([1.0, 3.0, -1.0, -2.0]), -1.5).tolist() == [1, 2]
