"""The array types: what they stand for at run time."""

from typing import get_args

import numpy as np

from training.models.arrays import Flags, Floats, Index


def test_each_type_names_its_dtype():
    """Double precision numbers, truth values and row numbers."""
    dtypes = [get_args(get_args(kind)[1])[0] for kind in (Floats, Flags, Index)]
    assert dtypes == [np.float64, np.bool_, np.intp]
