"""Single numbers given as arguments."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InvalidArgumentError
from training.models.numeric_arguments import require_number, require_whole

NONSENSE = [None, "7", "two\nlines", [1, 2], np.arange(99), True, np.nan, np.inf, -np.inf, 1j]


@given(st.integers(-(10**9), 10**9))
def test_whole_numbers_are_returned_as_int(value):
    """Also those of NumPy, and floats without a fraction."""
    for given_as in (value, np.int64(value), float(value), np.float64(value)):
        found = require_whole("days", given_as, -(10**9))
        assert found == value
        assert type(found) is int


@pytest.mark.parametrize("value", [*NONSENSE, 0.5, 0, 11, -3, 10**400])
def test_what_is_no_whole_number_in_range_is_refused_in_one_line(value):
    """The line names the argument and the bounds."""
    with pytest.raises(InvalidArgumentError, match=r"days is .*; expected a whole number from 1 to 10$") as error:
        require_whole("days", value, 1, 10)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [*NONSENSE, -1, -1.5, 4.5])
def test_what_is_no_number_in_range_is_refused_in_one_line(value):
    """The lower bound is excluded with `above`, and included without."""
    with pytest.raises(
        InvalidArgumentError, match=r"rate is .*; expected a finite number above -1 and at most 4$"
    ) as error:
        require_number("rate", value, -1, above=True, most=4)
    assert "\n" not in str(error.value)


def test_bounds_are_included_unless_above():
    """From `least` to `most`."""
    assert require_number("rate", -1, -1) == -1
    assert require_number("rate", np.float32(4), -1, most=4) == 4
    with pytest.raises(InvalidArgumentError, match=r"expected a finite number of at least 0$"):
        require_number("rate", -0.1, 0)
    with pytest.raises(InvalidArgumentError, match=r"expected a whole number of at least 1$"):
        require_whole("steps", 0, 1)
