"""The discounting of what customers bring, by hand."""

import numpy as np
import pytest

from features.errors import InvalidArgumentError
from training.models.customer_value import discounted_value


def value(days, rate, steps):
    """Two customers who buy every second and every tenth day, for 10 and 30 a time."""
    return discounted_value(lambda t: np.array([t / 2, t / 10]), lambda: np.array([10.0, 30.0]), days, rate, steps)


def test_without_a_rate_it_is_the_spend():
    """Whatever the steps."""
    for steps in (None, 1, 4):
        np.testing.assert_allclose(value(100, 0.0, steps), [500, 300])


def test_each_step_is_discounted_from_its_middle():
    """Two years in two steps at 21 % a year: divided by 1.1, and by 1.1 * 1.21."""
    expected = np.array([1825, 1095]) * (1 / 1.1 + 1 / (1.1 * 1.21))
    np.testing.assert_allclose(value(730, 0.21, 2), expected)


@pytest.mark.parametrize(("days", "rate", "steps"), [(0, 0.1, None), (1.5, 0.1, None), (9, -1, None), (9, 0.1, 10)])
def test_arguments_that_mean_nothing_are_refused(days, rate, steps):
    """In one line, before anything is computed."""
    with pytest.raises(InvalidArgumentError):
        value(days, rate, steps)
    with pytest.raises(InvalidArgumentError, match="grow without limit"):
        value(100_000, -0.9, None)
