"""Prices of the smoothed dual prove a bound that is close to that of the linear relaxation."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import planning.allocation.lagrangian_dual
from planning.allocation.integer_program import relaxed_prices
from planning.allocation.knapsack import Problem
from planning.allocation.lagrangian_dual import dual_prices
from planning.allocation.option_arrays import problem_of


def base(customers: int, seed: int) -> Problem:
    """Three options each, and three scarce limits."""
    rng = np.random.default_rng(seed)
    options = pd.DataFrame({"customer": np.arange(customers).repeat(3), "value": rng.gamma(1.0, 5.0, 3 * customers)})
    usage = sparse.csr_array(rng.integers(0, 5, (3 * customers, 3)).astype(float))
    return problem_of(options, usage, customers * np.array([0.5, 0.7, 4.0]), np.zeros(3), 0)[0]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_bound_is_that_of_the_linear_relaxation(seed: int) -> None:
    """To 2 in 100,000; a limit that is not scarce has no price."""
    problem = base(3_000, seed)
    prices, temperature = dual_prices(problem)
    exact = relaxed_prices(problem)
    assert exact is not None
    assert problem.bound(prices) == pytest.approx(problem.bound(exact), rel=2e-5)
    assert prices == pytest.approx(exact, rel=0.02, abs=1e-6)
    assert prices[2] == 0
    assert temperature > 0


def test_a_sample_gives_the_first_prices_of_a_large_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is as low as without it."""
    problem = base(5_000, 3)
    whole = problem.bound(dual_prices(problem)[0])
    monkeypatch.setattr(planning.allocation.lagrangian_dual, "SAMPLE", 1_000)
    assert problem.bound(dual_prices(problem)[0]) == pytest.approx(whole, rel=2e-5)
