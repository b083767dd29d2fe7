"""A minimum that cannot be reached is named with what can be."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from features.errors import PlanError
from planning.allocation.allocate import allocate


def test_two_minimums_that_contradict_each_other_name_the_one_that_is_short() -> None:
    """Each can be reached alone, not both: 3 customers, 2 wanted of one action and 2 of the other."""
    options = pd.DataFrame({"customer": [0, 0, 1, 1, 2, 2], "value": 1.0})
    usage = sparse.csr_array(np.tile(np.eye(2), (3, 1)))
    expected = r"the minimum of (calls|visits) is 2, but within the other limits the most is 1"
    with pytest.raises(PlanError, match=expected):
        allocate(options, usage, np.array([9.0, 9.0]), minimum=np.array([2.0, 2.0]), limit_names=("calls", "visits"))


def test_a_minimum_above_its_own_limit_is_never_reached_by_exceeding_it() -> None:
    """Nothing is worth anything, at most 3 may be used and 4 must be: no plan over the limit is the answer."""
    options = pd.DataFrame({"customer": [0, 1, 2, 2, 2], "value": 0.0})
    for used in ([2, 0, 0, 2, 0], [0, 2, 0, 0, 2], [1, 1, 0, 2, 0]):
        usage = sparse.csr_array(np.array([used], float).T)
        with pytest.raises(PlanError, match="the minimum of pool 0 is 4, but within the other limits the most is"):
            allocate(options, usage, np.array([3.0]), minimum=np.array([4.0]), limit_names=("pool 0",))


def test_a_minimum_of_whole_options_is_named_with_what_they_reach() -> None:
    """Half an option would reach it: 3 wanted of at most 3, in pieces of 2."""
    options = pd.DataFrame({"customer": [0, 1], "value": 1.0})
    with pytest.raises(PlanError, match="the minimum of minutes is 3, but within the other limits the most is 2"):
        allocate(
            options,
            sparse.csr_array(np.array([[2.0], [2.0]])),
            np.array([3.0]),
            minimum=np.array([3.0]),
            limit_names=("minutes",),
        )
