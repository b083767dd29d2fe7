"""The interval of one customer: SciPy's negative binomial, found without SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom

from training.models.compiled.interval import _cdf, interval, quantiles
from training.models.purchases.hurdle_distribution import HurdleDistribution


@settings(deadline=None, max_examples=300)
@given(
    mean=st.floats(-14, 11.5).map(np.exp),
    log_shape=st.floats(-6, 6),
    probabilities=st.lists(st.floats(-0.5, 0.999), min_size=1, max_size=4),
)
def test_quantiles_are_those_of_scipy(mean, log_shape, probabilities):
    """For means from a millionth to a hundred thousand, in any order; 0 for what none alone reaches."""
    shape = float(np.exp(log_shape))
    success = shape / (shape + mean)
    expected = [1 + nbinom.ppf(each, shape, success) if each > 0 else 0 for each in probabilities]
    assert quantiles(probabilities, shape, success) == expected


@settings(deadline=None, max_examples=300)
@given(
    expected=st.floats(-12, 9).map(np.exp),
    none=st.floats(1e-12, 1),
    dispersion=st.tuples(st.floats(-2, 2), st.floats(-1, 1)),
    days=st.integers(1, 3650),
    content=st.floats(0.3, 0.9),
)
def test_intervals_are_those_of_the_base(expected, none, dispersion, days, content):
    """The same whole numbers as `HurdleDistribution.interval` gives for a column."""
    expected = max(expected, 1 - none)
    for shorten, variance in ((True, 0.03), (True, 0.0), (False, 0.0)):
        drawn = HurdleDistribution(np.array([expected]), np.array([none]), dispersion, days, variance)
        low, high = drawn.interval(content, shorten)
        assert interval(expected, none, dispersion, days, content, shorten, variance) == (low[0], high[0])


@pytest.mark.parametrize("shape", [0.0025, 0.7, 30.0, 403.0])
@pytest.mark.parametrize("mean", [0.01, 20.0, 3e4, 1e7])
def test_the_cdf_of_far_counts_is_that_of_scipy(shape, mean):
    """Where terms are too many to sum, or the first too small, by a continued fraction."""
    success = shape / (shape + mean)
    for count in {0, 1, int(mean / 3), int(mean), int(4 * mean)}:
        assert _cdf(count, shape, success) == pytest.approx(nbinom.cdf(count, shape, success), rel=1e-9, abs=1e-13)


def test_a_count_on_the_edge_is_its_own_quantile():
    """P(N <= 3) asked for gives 3, and the next number above it 4: shape 1 makes the cdf 1 - q^(n+1)."""
    edge = 1 - 0.5**4
    assert quantiles([edge, float(np.nextafter(edge, 1))], 1.0, 0.5) == [1 + 3, 1 + 4]
