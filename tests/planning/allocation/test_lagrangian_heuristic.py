"""Rounding keeps shares, repair keeps limits, filling only adds value."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from planning.allocation.knapsack import NONE, Problem
from planning.allocation.lagrangian_dual import dual_prices
from planning.allocation.lagrangian_heuristic import fill, repair, round_choice
from planning.allocation.option_arrays import problem_of


def base(seed: int, customers: int = 60) -> Problem:
    """Up to four options each, three limits of random size."""
    rng = np.random.default_rng(seed)
    customer = np.sort(rng.integers(0, customers, 3 * customers))
    options = pd.DataFrame({"customer": customer, "value": rng.gamma(1.0, 5.0, len(customer))})
    usage = sparse.csr_array(rng.integers(0, 6, (len(customer), 3)).astype(float))
    return problem_of(options, usage, customers * rng.uniform(0.05, 2.0, 3), np.zeros(3), 0)[0]


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_after_repair_no_limit_is_exceeded(seed: int) -> None:
    """From any choice at all, also one that takes the best of everybody."""
    problem = base(seed)
    for choice in (problem.best(problem.value), round_choice(problem, np.zeros(3), 5.0, seed)):
        mended = repair(problem, np.full(3, 0.1), choice)
        assert (problem.used(mended) <= problem.capacity + problem.tolerance).all()


@settings(max_examples=50)
@given(st.integers(0, 10_000))
def test_filling_adds_value_within_the_limits(seed: int) -> None:
    """From nothing: never less value, never over a limit, and no option that would fit alone is left."""
    problem = base(seed)
    prices, _ = dual_prices(problem)
    choice = fill(problem, prices, np.full(len(problem.start), NONE))
    used = problem.used(choice)
    assert (used <= problem.capacity + problem.tolerance).all()
    assert problem.worth(choice) >= 0
    free = choice[problem.customer] == NONE
    fits = (problem.usage.toarray() + used <= problem.capacity).all(axis=1)
    assert not (free & fits).any()


def test_rounding_gives_each_option_its_softmax_share() -> None:
    """20,000 equal customers: shares of exp(value / temperature), none included."""
    values = np.array([1.0, 2.0])
    count = 20_000
    problem = Problem(
        np.tile(values, count), np.arange(count) * 2, sparse.csr_array((2 * count, 0)), np.empty(0), np.arange(count)
    )
    choice = round_choice(problem, np.empty(0), 1.0, 0)
    found = np.array(
        [(choice == NONE).mean(), *(((choice % 2) == place)[choice != NONE].sum() / count for place in (0, 1))]
    )
    weights = np.exp(np.array([0.0, *values]))
    assert np.abs(found - weights / weights.sum()).max() < 0.012
