"""A true effect is the difference between two worlds with the same chances."""

import pytest

from features.errors import InvalidArgumentError
from features.simulate import Truth, World, true_effect
from tests.features.simulate.worlds import QUIET, plan_for


def test_only_the_planned_differ() -> None:
    """A plan compared with itself changes nothing; customers outside the plan are the same in both worlds."""
    world = World(Truth(days=500, acquisition_days=200), customers=800, seed=3)
    world.until(300)
    plan = plan_for(world, 300, every=2)
    assert (true_effect(world, plan, plan, futures=2) == 0).all(axis=None)
    effect = true_effect(world, plan, futures=2)
    assert (effect.iloc[1::2] == 0).all(axis=None)
    assert effect.iloc[::2]["purchases"].sum() > 0
    assert world.day == 300


def test_more_futures_are_an_average() -> None:
    """The mean over futures is that of a visit's lift, nearer than one future is; a function gives the same."""
    world = World(QUIET, customers=400, seed=3)
    world.until(112)
    plan = plan_for(world, 112)
    many = true_effect(lambda: world, plan, horizon_days=28, futures=12)["purchases"].sum()
    expected = world.truth_table()["rate"].sum() * 28 * 0.5 * 0.75
    assert many == pytest.approx(expected, rel=0.1)


def test_no_future_is_refused() -> None:
    """At least one future and one day are needed, and the truth must reach the horizon."""
    world = World(QUIET, customers=4)
    with pytest.raises(InvalidArgumentError, match="futures is 0"):
        true_effect(world, None, futures=0)
    with pytest.raises(InvalidArgumentError, match="expected one from 0 to 400"):
        true_effect(world, None, horizon_days=401)
