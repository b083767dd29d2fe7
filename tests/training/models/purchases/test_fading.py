"""Fading: the parts of a horizon cover it in order, and the adjustment weakens from part to part."""

from hypothesis import given
from hypothesis import strategies as st

from training.models.purchases.fading import horizon_parts


@given(st.none() | st.integers(1, 2000), st.integers(1, 5000))
def test_parts_end_with_the_horizon_and_weaken(learnt, horizon):
    """The ends rise to the horizon, and the shares fall from 1."""
    ends, shares = zip(*horizon_parts(learnt, horizon), strict=True)
    assert list(ends) == sorted(set(ends))
    assert ends[-1] == horizon
    assert shares[0] == 1
    assert list(shares) == sorted(shares, reverse=True)


def test_nothing_fades_within_what_was_learnt():
    """One part, as in models of earlier releases whatever the horizon."""
    assert horizon_parts(90, 90) == [(90, 1.0)]
    assert horizon_parts(None, 4000) == [(4000, 1.0)]
