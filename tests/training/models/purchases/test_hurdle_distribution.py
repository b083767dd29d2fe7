"""The distribution of a count: a distribution, with the mean and the chance of none it was given."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.purchases.hurdle_distribution import (
    DISPERSION,
    HurdleDistribution,
    fit_dispersion,
)

NONES = st.floats(1e-12, 1.0)
BEYOND = st.floats(0.0, 1e4)
DISPERSIONS = st.tuples(st.floats(-3, 3), st.floats(-1, 1))


def counts(none, beyond, dispersion=DISPERSION, days=90.0):
    none, beyond = np.atleast_1d(none).astype(float), np.atleast_1d(beyond)
    return HurdleDistribution((1 - none) * (1 + beyond), none, dispersion, days)


@pytest.mark.parametrize("none", [1e-9, 0.2, 0.9, 0.999])
@pytest.mark.parametrize("beyond", [0.001, 0.5, 6.0])
@pytest.mark.parametrize("dispersion", [DISPERSION, (1.5, -0.5)])
def test_the_mean_is_what_was_expected(none, beyond, dispersion):
    """The sum of P(Y > k) over all k is the expectation, and P(Y = 0) the chance of none."""
    drawn = counts(none, beyond, dispersion)
    above = 1 - drawn.cdf(np.arange(3000))
    assert above.sum() == pytest.approx((1 - none) * (1 + beyond), rel=1e-6)
    assert drawn.cdf(0)[0] == pytest.approx(none, abs=1e-12)
    assert drawn.cdf(-1)[0] == 0


@given(none=NONES, beyond=st.floats(0, 50), dispersion=DISPERSIONS, probability=st.floats(0.01, 0.99))
def test_a_quantile_is_the_smallest_count_that_reaches_it(none, beyond, dispersion, probability):
    """P(Y <= q) >= p > P(Y <= q - 1), up to rounding."""
    drawn = counts(none, beyond, dispersion)
    quantile = drawn.quantile(probability)
    assert drawn.cdf(quantile)[0] >= probability - 1e-9
    assert drawn.cdf(quantile - 1)[0] < probability + 1e-9


@given(
    none=NONES,
    beyond=BEYOND,
    dispersion=st.tuples(st.floats(-20, 20), st.floats(-20, 20)),
    days=st.floats(1, 4000),
    content=st.floats(0.3, 0.9),
)
def test_an_interval_always_has_two_ends_and_its_content(none, beyond, dispersion, days, content):
    """Whatever the mean, the chance of none and the shape: low <= high, never null, and holding what was asked."""
    drawn = counts(none, beyond, dispersion, days)
    low, high = drawn.interval(content)
    assert np.isfinite(low).all()
    assert np.isfinite(high).all()
    assert 0 <= low[0] <= high[0]
    assert drawn.content(low, high)[0] >= content - 1e-6


def test_the_shape_is_found_again():
    """Of counts drawn with a shape that rises with the pace."""
    rng = np.random.default_rng(2)
    none, days = rng.uniform(0.05, 0.6, 20_000), rng.choice([30.0, 90.0, 365.0], 20_000)
    truth = HurdleDistribution((1 - none) * (1 + rng.gamma(1.0, 3.0, 20_000)), none, (-0.4, 0.5), days)
    bought = rng.random(20_000) >= none
    success = truth.shape / (truth.shape + truth.beyond_first)
    y = np.where(bought, 1 + rng.negative_binomial(truth.shape, success), 0).astype(float)
    expected = (1 - none) * (1 + truth.beyond_first)
    assert fit_dispersion(y, expected, none, days) == pytest.approx((-0.4, 0.5), abs=0.1)
    assert fit_dispersion(y[:10], expected[:10], none[:10], days[:10]) == DISPERSION


@given(none=NONES, beyond=st.floats(0, 30), dispersion=DISPERSIONS, content=st.floats(0.3, 0.95))
def test_the_interval_of_earlier_releases_is_the_shorter_of_two(none, beyond, dispersion, content):
    """From 0 up where that is no longer than the central interval, each by the quantiles."""
    drawn = counts(none, beyond, dispersion)
    low, high = (end[0] for end in drawn.interval(content, shorten=False))
    central = [drawn.quantile(probability)[0] for probability in ((1 - content) / 2, (1 + content) / 2)]
    upper = drawn.quantile(content)[0]
    assert (low, high) == ((0.0, upper) if upper - 0 <= central[1] - central[0] else tuple(central))


def test_an_interval_as_long_from_zero_begins_at_zero():
    """P(0) = .1, P(1) = .6, P(2) = .2 or so: 0 to 1 and 1 to 2 are equally long."""
    drawn = counts(0.1, 0.35, (6.0, 0.0))
    low, high = drawn.interval(0.7)
    assert (drawn.quantile(0.15)[0], drawn.quantile(0.85)[0]) == (1, 2)
    assert (low[0], high[0]) == (0, 1)


def test_the_shape_follows_the_pace_of_a_quarter():
    """log k = a + b log(purchases a quarter beyond the first), within 6 of 0 either way."""
    shapes = [counts(0.5, 2.0, dispersion, days).shape[0] for dispersion, days in (((0.3, 0.5), 90), ((0.3, 0.5), 45))]
    assert shapes == pytest.approx([np.exp(0.3) * 2**0.5, np.exp(0.3) * 4**0.5])
    assert counts(0.5, 2.0, (50.0, 0.0)).shape[0] == pytest.approx(np.exp(6.0))
    assert counts(0.5, 2.0, (-50.0, 0.0)).shape[0] == pytest.approx(np.exp(-6.0))


def test_a_level_that_differs_widens_the_counts_and_moves_no_mean():
    """The variance of Y - 1 is that of counts times a random factor of the same variance and mean 1."""
    rng = np.random.default_rng(3)
    mean, variance = 12.0, 0.08
    plain = counts(0.0, mean)
    drawn = HurdleDistribution(1 + np.array([mean]), np.zeros(1), DISPERSION, 90.0, variance)
    factor = rng.gamma(1 / variance, variance, 400_000)
    beyond = rng.poisson(mean * factor * rng.gamma(plain.shape[0], 1 / plain.shape[0], 400_000))
    ends = np.arange(200.0)
    above = 1 - drawn.cdf(ends)
    assert above.sum() == pytest.approx(1 + mean, rel=1e-6)
    second = (above * (2 * ends + 1)).sum() - (1 + mean) ** 2
    assert second == pytest.approx(beyond.var(), rel=0.02)


def test_twenty_buyers_are_enough_to_learn_the_dispersion():
    """Nineteen are not; rows without a purchase do not count."""
    y = np.array([1.0, 9.0] * 10 + [0.0] * 5)
    rows = len(y)
    arguments = (np.full(rows, 3.0), np.full(rows, 0.4), np.full(rows, 90.0))
    assert fit_dispersion(y, *arguments) != DISPERSION
    y[0] = 0.0
    assert fit_dispersion(y, *arguments) == DISPERSION
