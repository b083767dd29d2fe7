"""How much levels differ: less over several quarters, never less than what past windows leave open."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.purchases.level_variance import NO_VARIANCE, LevelVariance


@given(lasting=st.floats(0, 1), quarter=st.floats(0, 1), days=st.floats(0, 4000), longer=st.floats(0, 4000))
def test_a_longer_horizon_differs_no_more(lasting, quarter, days, longer):
    """Between the lasting part and the sum of both."""
    variance = LevelVariance(lasting, quarter)
    assert lasting <= variance.in_horizon(days + longer) <= variance.in_horizon(days) <= lasting + quarter


def test_quarters_differ_independently():
    """A year has a quarter of their variance; a month is a part of one quarter and has all of it."""
    variance = LevelVariance(0.01, 0.04)
    assert variance.in_horizon(360) == pytest.approx(0.02)
    assert variance.in_horizon(30) == pytest.approx(0.05)
    assert NO_VARIANCE.in_horizon(30) == 0
