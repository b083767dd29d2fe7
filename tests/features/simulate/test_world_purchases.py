"""Customers buy until they churn; offers are redeemed or expire."""

from dataclasses import replace

import pandas as pd
import pytest

from features.simulate import Action, Truth, World, true_effect
from tests.features.simulate.worlds import QUIET, plan_for


@pytest.mark.parametrize("dropout", ["bg", "mbg", "pareto"])
def test_nobody_buys_after_churning(dropout: str) -> None:
    """The last purchase is at most the time of churn; for bg and mbg it is that time."""
    world = World(Truth.plain(dropout, days=500, acquisition_days=200), customers=600, seed=1)  # type: ignore[arg-type]
    world.until(500)
    log, table = world.log().to_pandas(), world.truth_table()
    last = log.groupby("customer_id")["event_time"].max()
    gone = table["alive_until"].dropna()
    assert len(gone) > 50
    assert (last[gone.index] <= gone).all()
    if dropout != "pareto":
        assert (last[gone.index] == gone).all()


def test_induced_purchases_do_not_bring_churn_nearer() -> None:
    """Whoever is visited buys more and lives as long."""
    truth = replace(QUIET, dropout="mbg", visits=(Action("phone", 0, 2.0),))
    world = World(truth, customers=2_000, seed=4)
    world.until(112)
    effect = true_effect(world, plan_for(world, 112), horizon_days=200)
    assert (effect["alive"] == 0).all()
    assert effect["purchases"].sum() > 200
    assert (effect["purchases"] >= 0).all()


def test_each_offer_is_redeemed_at_a_purchase_or_expires() -> None:
    """One end follows each offer: a redemption at a purchase within its time, or the expiry the morning after."""
    world = World(replace(QUIET, redemption_share=0.5), customers=500, seed=4)
    world.until(112)
    world.act(plan_for(world, 112, "coupon", plan_item=[f"P{row}" for row in range(500)]))
    log = world.until(160).to_pandas()
    offers = log[log["event_type"] == "incentive"].pivot(index="plan_item", columns="outcome", values="event_time")
    assert len(offers) == 500
    assert (offers["redeemed"].isna() != offers["expired"].isna()).all()
    assert ((offers["expired"] - offers["sent"]).dt.days.dropna() >= 20).all()
    redeemed, key = log[log["outcome"] == "redeemed"], ["customer_id", "event_time"]
    assert (
        redeemed[key]
        .merge(log.loc[log["event_type"] == "purchase", key], how="left", indicator=True)["_merge"]
        .eq("both")
        .all()
    )
    assert (redeemed["event_time"] < pd.Timestamp("2023-01-01") + pd.Timedelta(days=112 + 22)).all()
    assert 0.15 < len(redeemed) / 500 < 0.5
