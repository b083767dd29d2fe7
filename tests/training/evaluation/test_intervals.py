"""Intervals: they hold what they should, and a share's is Wilson's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from training.evaluation.intervals import bootstrap, bootstrap_draws, wilson_interval

Y = np.random.default_rng(7).poisson(1.6, 500)


def test_the_bootstrap_interval_holds_the_mean() -> None:
    """Of a thousand draws of a normal, and names that are tuples make levels."""
    values = np.random.default_rng(0).normal(3, 1, 400)
    table = bootstrap(lambda rows: {("a", "mean"): float(values[rows].mean())}, 400)
    low, high = table.loc[("a", "mean")]
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)


def test_a_measure_that_is_never_defined_has_no_interval() -> None:
    """Null ends, and no word of warning; the same seed gives the same draws."""
    table = bootstrap(lambda rows: {"rank": np.nan, "mean": float(Y[rows].mean())}, 500, draws=20)
    assert table.loc["rank"].isna().all()
    assert table.loc["mean", "low"] < table.loc["mean", "high"]
    again = bootstrap(lambda rows: {"rank": np.nan, "mean": float(Y[rows].mean())}, 500, draws=20)
    assert again.equals(table)


@given(st.integers(1, 400), st.floats(0, 1))
def test_shares_have_wilson_intervals(size: int, part: float) -> None:
    """As SciPy has them."""
    happened = round(part * size)
    low, high = wilson_interval(happened, size)
    expected = binomtest(happened, size).proportion_ci(method="wilson")
    assert (float(low), float(high)) == pytest.approx((expected.low, expected.high), abs=2e-4)
    assert np.isnan(wilson_interval(0, 0)).all()


def test_shares_come_in_arrays() -> None:
    """Elementwise, the ends in the shape of the input; nobody at all has none, even where the share is null."""
    low, high = wilson_interval(np.array([3.0000001, 0.0, np.nan]), np.array([10, 0, 0]))
    assert low.shape == high.shape == (3,)
    assert (low[0], high[0]) == (float(wilson_interval(3, 10)[0]), float(wilson_interval(3, 10)[1]))
    assert np.isnan([*low[1:], *high[1:]]).all()
    assert wilson_interval([], [])[0].shape == (0,)


def test_a_share_of_none_or_all_has_an_interval_that_leaves_room() -> None:
    """Unlike the normal approximation, whose interval would be a point."""
    low, high = wilson_interval([0, 20], [20, 20])
    assert (low[0], high[1]) == (0.0, 1.0)
    assert 0.1 < high[0] < 0.2
    assert 0.8 < low[1] < 0.9


def test_many_customers_need_few_draws() -> None:
    """An interval over a million customers is narrow: it is drawn less often, so that it takes seconds."""
    assert bootstrap_draws(1) == bootstrap_draws(50_000) == 200
    assert bootstrap_draws(1_000_000) == 20
