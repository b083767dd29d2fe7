"""Spontaneous purchases are a Poisson process that nothing changes."""

import numpy as np
import pytest

from features.simulate import World
from features.simulate.spontaneous_purchases import draw_spontaneous, forget_spontaneous
from tests.features.simulate.worlds import QUIET


def test_the_purchases_have_the_customers_rate() -> None:
    """Counts have the mean of the rate and time since the first purchase, whose row is there once."""
    state = World(QUIET, customers=3_000, seed=2)._state
    draw_spontaneous(state, 280)
    rows, drawn = state.spontaneous, state.population.customers
    assert rows["first"].sum() == 3_000
    expected = (drawn.rate * (280 - drawn.first_purchase)).sum()
    assert (~rows["first"]).sum() == pytest.approx(expected, abs=4 * np.sqrt(expected))
    assert (np.diff(rows["customer"] * 1_000 + rows["time"]) > 0).all()


def test_drawing_in_steps_is_drawing_at_once() -> None:
    """The steps in which the days are drawn do not matter."""
    once, steps = (World(QUIET, customers=50, seed=2)._state for _ in range(2))
    draw_spontaneous(once, 112)
    draw_spontaneous(steps, 56)
    draw_spontaneous(steps, 112)
    np.testing.assert_array_equal(once.spontaneous["time"], steps.spontaneous["time"])
    forget_spontaneous(once, 56, 84)
    assert ((once.spontaneous["time"] >= 56) & (once.spontaneous["time"] < 84)).all()
