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
