"""What a contact does is what the truth says."""

from dataclasses import replace

import numpy as np
import pytest

from features.simulate import Action, Truth, World, true_effect
from features.simulate.world_effects import poisson_quantile
from tests.features.simulate.worlds import QUIET, plan_for

SIZE = 4_000


def lift(truth: Truth, channel: str = "phone", days: int = 28, **plan: object) -> float:
    """Return the relative change of purchases by one contact for everybody, in a number of days."""
    world = World(truth, customers=SIZE, seed=4)
    world.until(112)
    effect = true_effect(world, plan_for(world, 112, channel, **plan), horizon_days=days)
    return float(effect["purchases"].sum() / (world.truth_table()["rate"].sum() * 28))


def test_a_visit_raises_the_rate_of_those_who_are_met() -> None:
    """The lift is the effect times the share of visits with contact; nothing is left of it afterwards."""
    assert lift(QUIET) == pytest.approx(0.5 * 0.75, abs=0.04)
    assert lift(QUIET, days=90) == pytest.approx(0.5 * 0.75, abs=0.04)


def test_a_harmful_visit_takes_purchases_away() -> None:
    """A negative effect suppresses this share of the purchases while it acts."""
    assert lift(replace(QUIET, visits=(Action("phone", 0, -0.4),))) == pytest.approx(-0.4 * 0.75, abs=0.03)


def test_a_lift_may_be_pulled_forward() -> None:
    """The share of the lift is missing in the equally long time that follows."""
    truth = replace(QUIET, visits=(Action("phone", 0, 0.4),), pull_forward=0.5)
    assert lift(truth) == pytest.approx(0.4 * 0.75, abs=0.04)
    assert lift(truth, days=90) == pytest.approx(0.4 * 0.75 * 0.5, abs=0.05)


def test_an_offer_acts_by_being_sent_or_by_being_redeemed() -> None:
    """Without redemptions an offer that acts by redemption does nothing; one that acts by being sent does."""
    sent = replace(QUIET, redemption_share=0.0)
    assert lift(sent, "coupon", days=60) == pytest.approx(0.4 * 21 / 28, abs=0.04)
    redeemed = replace(sent, incentives=(Action("coupon", 0, 0.0, redeemed=0.6),))
    assert lift(redeemed, "coupon", days=60) == 0
    assert lift(replace(redeemed, redemption_share=1.0), "coupon", days=60) > 0.15


def test_another_goal_has_less_effect() -> None:
    """A visit with another goal raises the rate by the share `off_goal`."""
    truth = replace(QUIET, off_goal=0.2)
    assert lift(truth, goal="purchase_count") == pytest.approx(0.5 * 0.75, abs=0.04)
    assert lift(truth, goal="loyalty") == pytest.approx(0.1 * 0.75, abs=0.03)


def test_spend_rises_while_a_visit_acts() -> None:
    """With an effect on spend alone, purchases stay and amounts rise by this share of them."""
    truth = replace(QUIET, visits=(Action("phone", 0, 0.0, spend=0.5),))
    world = World(truth, customers=SIZE, seed=4)
    world.until(112)
    effect = true_effect(world, plan_for(world, 112), horizon_days=28)
    table = world.truth_table()
    assert (effect["purchases"] == 0).all()
    expected = (table["rate"] * table["mean_spend"]).sum() * 28 * 0.5 * 0.75
    assert effect["spend"].sum() == pytest.approx(expected, rel=0.12)


def test_levels_rise_by_content_and_decay() -> None:
    """A survey visit raises its level, another content less, and half is gone after the half-life."""
    truth = replace(
        QUIET, visits=(Action("phone", 0, 0.0, satisfaction=0.1),), off_content=0.5, level_half_life=28.0,
        satisfaction_median=0.4,
    )  # fmt: skip
    world = World(truth, customers=SIZE, seed=4)
    world.until(112)
    change = {}
    for content in ("satisfaction_survey", "needs"):
        for days in (1, 29):
            effect = true_effect(world, plan_for(world, 112, content=content), horizon_days=days)
            change[content, days] = effect["satisfaction"].mean()
            assert (effect["loyalty"] == 0).all()
    assert change["satisfaction_survey", 1] == pytest.approx(0.1 * 10 * 0.75, rel=0.06)
    assert change["needs", 1] == pytest.approx(change["satisfaction_survey", 1] / 2, rel=0.02)
    assert change["needs", 29] == pytest.approx(change["needs", 1] / 2, rel=0.02)


def test_customers_tire_of_contacts() -> None:
    """Each contact of the last 28 days takes its share off the next effect, which may turn into harm."""
    truth = replace(QUIET, fatigue=1.5)
    world = World(truth, customers=SIZE, seed=4)
    world.until(112)
    world.act(plan_for(world, 112))
    world.until(113)
    again = true_effect(world, plan_for(world, 114), horizon_days=28)
    assert again["purchases"].sum() < 0


def test_leaving_is_prevented() -> None:
    """A contact that keeps customers leaves more of them alive, under each kind of dropout."""
    for dropout in ("bg", "mbg", "pareto"):
        truth = replace(QUIET, dropout=dropout, s=2.0, beta=100.0, visits=(Action("phone", 0, 0.0, leaving=0.9),))
        world = World(truth, customers=SIZE, seed=4)
        world.until(112)
        effect = true_effect(world, plan_for(world, 112), horizon_days=28)
        assert effect["alive"].sum() > 50, dropout
        assert (effect["alive"] >= 0).all()


def test_poisson_counts_by_inversion() -> None:
    """Counts of even chances have the mean and variance of the distribution, and rise with the mean."""
    chance = (np.arange(100_000) + 0.5) / 100_000
    counts = poisson_quantile(chance, np.full(100_000, 2.5))
    assert counts.mean() == pytest.approx(2.5, abs=1e-3)
    assert counts.var() == pytest.approx(2.5, abs=1e-2)
    assert (poisson_quantile(chance, np.full(100_000, 2.6)) >= counts).all()
    assert (poisson_quantile(chance, np.zeros(100_000)) == 0).all()
