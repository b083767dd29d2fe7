"""The shortest interval: every other one that holds as much is as long or longer."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.models.purchases import shortest_interval
from training.models.purchases.hurdle_distribution import HurdleDistribution
from training.models.purchases.shortest_interval import shortest


@settings(deadline=None)
@given(
    rows=st.lists(st.tuples(st.floats(1e-12, 1.0), st.floats(0, 60)), min_size=1, max_size=6),
    dispersion=st.tuples(st.floats(-3, 3), st.floats(-1, 1)),
    content=st.floats(0.3, 0.95),
)
def test_no_interval_that_holds_the_content_is_shorter(rows, dispersion, content):
    """Against every pair of ends up to far beyond the mean, for several customers at once."""
    none, beyond = np.array(rows).T
    drawn = HurdleDistribution((1 - none) * (1 + beyond), none, dispersion, 90.0)
    low, high = drawn.interval(content)
    assert (drawn.content(low, high) >= content - 1e-9).all()
    ends = np.arange(min(int(high.max()), 400) + 1.0)
    below = np.array([np.zeros(len(none)), *(drawn.cdf(end) for end in ends)])
    for length in range(len(ends)):
        held = (below[length + 1 :] - below[: len(ends) - length]).max(axis=0)
        assert (held[high - low > length] < content + 1e-9).all()


def test_a_weekly_buyer_has_a_shorter_interval_than_the_central_one_and_that_from_zero():
    """The distribution is skewed, so the central interval reaches too far up, and hardly anybody does not buy."""
    drawn = HurdleDistribution(np.array([20.0]), np.array([0.001]), (1.0, 0.0), 90.0)
    low, high = drawn.interval(0.9)
    assert (low[0], high[0]) == (2, 37)
    assert drawn.quantile(0.9)[0] == 37
    assert drawn.quantile(0.95)[0] - drawn.quantile(0.05)[0] > 37


@pytest.mark.parametrize("mean", [3.0, 3000.0])
def test_an_interval_stays_where_none_above_nothing_is_possible_or_counts_are_no_days(mean):
    """P(no purchase) of 1 - content or more, or an end above a thousand."""
    drawn = HurdleDistribution(np.array([mean]), np.array([0.11 if mean < 10 else 0.0]), (1.0, 0.0), 90.0)
    before, after = drawn.interval(0.9, shorten=False), drawn.interval(0.9)
    np.testing.assert_array_equal(before, after)


def test_blocks_of_rows_change_nothing(monkeypatch):
    """A row at a time gives the same ends as all at once."""
    rng = np.random.default_rng(0)
    none, shape, mean = rng.uniform(0, 0.2, 60), rng.lognormal(1, 1, 60), rng.lognormal(2, 1, 60)
    drawn = HurdleDistribution((1 - none) * (1 + mean), none, (0.3, 0.4), 90.0)
    ends = drawn.interval(0.9, shorten=False)
    success = shape / (shape + mean)
    together = shortest(*ends, none, shape, success, 0.9)
    monkeypatch.setattr(shortest_interval, "BLOCK", 1)
    np.testing.assert_array_equal(shortest(*ends, none, shape, success, 0.9), together)
    assert (together[1] - together[0] < ends[1] - ends[0]).any()
