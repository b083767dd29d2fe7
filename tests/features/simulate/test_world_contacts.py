"""Who is met, what comes of it and what is rated depend on the customer, the channel and the rep."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.simulate import Action, Truth, World
from features.simulate.world_contacts import rate, shifted
from tests.features.simulate.worlds import QUIET, plan_for


def test_a_preference_shows_in_the_log() -> None:
    """Customers who respond more to a channel are met and interested more often there."""
    visits = (Action("phone", 0, 0.2), Action("email", 0, 0.2))
    world = World(replace(QUIET, visits=visits, channel_spread=1.0), customers=3_000, seed=4)
    world.until(112)
    world.act(plan_for(world, 112))
    log = world.until(113).to_pandas()
    effects = world.truth_table()["effect_phone"]
    outcomes = log[log["event_type"] == "visit"].set_index("customer_id")["outcome"]
    means = effects[outcomes.index].groupby(outcomes.to_numpy()).mean()
    assert means["interested"] > 1.5 * means["neutral"] > 1.5 * means["no_contact"]


def test_skips_follow_the_prognosis() -> None:
    """With `acceptance_follows` the visits that are made are those of better customers; all rows are recorded."""
    truth = replace(QUIET, acceptance=0.6, acceptance_follows=1.0, reps=3)
    world = World(truth, customers=3_000, seed=4)
    world.until(112)
    world.act(plan_for(world, 112, plan_item=[f"P{row}" for row in range(3_000)]))
    log = world.until(113).to_pandas()
    records = world.records()
    assert len(records) == 3_000
    done = records["status"] == "done"
    assert 0.5 < done.mean() < 0.7
    rates = world.truth_table()["rate"][records["customer_id"]].to_numpy()
    assert rates[done].mean() > 1.3 * rates[~done].mean()
    assert set(log.loc[log["event_type"] == "visit", "plan_item"]) == set(records.loc[done, "plan_item"])
    assert records.loc[~done, "reason"].eq("not_worth_it").all()
    assert records["rep"].isin(["R01", "R02", "R03"]).all()


def test_a_rep_without_time_skips_the_end_of_the_list() -> None:
    """Visits beyond the minutes of the week are skipped in the order of the plan."""
    world = World(replace(QUIET, reps=1, rep_minutes=100.0), customers=20, seed=4)
    world.until(112)
    world.act(plan_for(world, 112, minutes=30.0))
    world.until(113)
    assert world.records()["status"].tolist() == ["done"] * 3 + ["skipped"] * 17


def test_who_opted_out_is_not_reached() -> None:
    """A visit by a channel that the customer opted out of is refused and does nothing."""
    truth = replace(QUIET, opt_out_share=1.0, visits=(Action("phone", 0, 5.0, satisfaction=0.5),))
    world = World(truth, customers=300, seed=4)
    world.until(399)
    out = set(world.customers().loc[lambda table: table["opted_out"].map(len) > 0, "customer_id"])
    world.act(plan_for(world, 399))
    before = world.truth_table()
    log = world.until(400).to_pandas()
    visits = log[(log["event_type"] == "visit") & log["customer_id"].isin(out)]
    assert len(visits) == len(out) > 250
    assert (visits["outcome"] == "refused").all()
    assert (world.truth_table()["satisfaction_level"] == before["satisfaction_level"])[list(out)].all()


def test_surveys_are_answered_by_those_who_are_met() -> None:
    """Ratings come from survey visits with an answer alone, as whole numbers of the scale around the level."""
    world = World(Truth(days=400, acquisition_days=200), customers=3_000, seed=4)
    log = world.until(400).to_pandas()
    visits = log[log["event_type"] == "visit"]
    rated = visits["satisfaction"].notna()
    assert visits.loc[rated, "outcome"].isin(["interested", "neutral", "ordered"]).all()
    assert visits.loc[rated, "content"].ne("needs").all()
    level = world.truth_table()["satisfaction_level"][visits.loc[rated, "customer_id"]].to_numpy()
    assert (visits.loc[rated, "satisfaction"] - level).mean() == pytest.approx(0, abs=0.15)


def test_log_odds_and_ratings() -> None:
    """Moved probabilities stay in their range; ratings have the spread of the noise and keep to the scale."""
    np.testing.assert_allclose(shifted(np.array([0.5, 0.2]), np.array([0.0, np.log(4)])), [0.5, 0.5])
    np.testing.assert_allclose(shifted(np.array([0.0, 1.0]), np.array([3.0, -3.0])), [0.0, 1.0], atol=1e-9)
    state = World(QUIET, customers=1)._state
    chance = (np.arange(10_000) + 0.5) / 10_000
    ratings = pd.Series(rate(state, np.full(10_000, 0.5), chance, np.ones(10_000, bool)))
    assert ratings.std() == pytest.approx(np.hypot(0.8, np.sqrt(1 / 12)), abs=0.03)
    assert ratings.between(0, 10).all()
    assert (ratings == ratings.round()).all()
