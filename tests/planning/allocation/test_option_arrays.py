"""Options as arrays: sorted by a hash of their customer, and those that fit no limit left out."""

import numpy as np
import pandas as pd
from scipy import sparse

from planning.allocation.option_arrays import problem_of


def test_options_are_sorted_by_a_hash_of_their_customer() -> None:
    """Neither by code nor by row; each row is found again; an option that fits no limit is left out."""
    codes = np.arange(50).repeat(2)
    options = pd.DataFrame({"customer": codes, "value": np.arange(100.0) + 1})
    usage = np.ones((100, 1))
    usage[10] = 9.0
    problem, order = problem_of(options, sparse.csr_array(usage), np.array([5.0]), np.zeros(1), 0)
    assert sorted(order) == [row for row in range(100) if row != 10]
    assert np.array_equal(problem.value, options["value"].to_numpy()[order])
    assert np.array_equal(problem.code[problem.customer], codes[order])
    assert abs(np.corrcoef(problem.code, np.arange(50))[0, 1]) < 0.4
    shuffled = np.random.default_rng(1).permutation(100)
    again, _ = problem_of(options.iloc[shuffled], sparse.csr_array(usage[shuffled]), np.array([5.0]), np.zeros(1), 0)
    assert np.array_equal(again.code, problem.code)
