"""The intervals of a table: SciPy's negative binomial, and those of one customer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from training.models.compiled.interval import interval
from training.models.compiled.interval_table import interval_table, quantile_table
from training.models.purchases.hurdle_distribution import HurdleDistribution


@settings(deadline=None, max_examples=150)
@given(
    rows=st.lists(st.tuples(st.floats(-14, 8).map(np.exp), st.floats(-6, 6).map(np.exp)), min_size=1, max_size=8),
    probabilities=st.lists(st.floats(-0.5, 0.999), min_size=1, max_size=3),
)
def test_quantiles_are_those_of_scipy(rows, probabilities):
    """For means from a millionth to thousands together; 0 for what none alone reaches."""
    mean, shape = np.array(rows).T
    success = shape / (shape + mean)
    wanted = np.repeat(np.array(probabilities)[:, None], len(rows), axis=1)
    expected = np.where(wanted > 0, 1 + nbinom.ppf(np.maximum(wanted, 0), shape, success), 0)
    np.testing.assert_array_equal(quantile_table(wanted, shape, success), expected)


@pytest.mark.parametrize("days", [7, 90, 365, 3650])
@pytest.mark.parametrize("centre", [-3.0, 0.0, 4.0])
def test_intervals_are_those_of_the_base(days, centre):
    """The same whole numbers as `HurdleDistribution` and the form for one customer give."""
    rng = np.random.default_rng(0)
    none = rng.beta(0.7, 0.7, 500)
    expected = np.maximum(np.exp(rng.normal(centre, 2, 500)), 1 - none)
    for shorten, variance in ((True, 0.03), (False, 0.0)):
        found = interval_table(expected, none, (0.3, 0.4), days, 0.9, shorten, variance)
        drawn = HurdleDistribution(expected, none, (0.3, 0.4), days, variance)
        np.testing.assert_array_equal(found, drawn.interval(0.9, shorten))
        rows = zip(expected.tolist(), none.tolist(), strict=True)
        one = [interval(e, p, (0.3, 0.4), days, 0.9, shorten, variance) for e, p in rows]
        np.testing.assert_array_equal(np.transpose(found), one)


def test_whom_nothing_is_expected_of_has_an_interval_of_none():
    """Also where everybody is so, and where nobody is there."""
    low, high = interval_table(np.array([1e-3, 1e-9]), np.array([0.999, 1.0]), (0.0, 0.3), 90, 0.9)
    assert low.tolist() == high.tolist() == [0.0, 0.0]
    assert interval_table(np.zeros(0), np.zeros(0), (0.0, 0.3), 90, 0.9)[0].shape == (0,)
