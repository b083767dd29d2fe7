"""The firm's own campaigns: at random in one group, by habit or knowledge in the other; every decision is kept."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.simulate import Action, Truth, World

TRUTH = Truth(days=400, acquisition_days=200, visits=(Action("phone", 2.0, 0.0), Action("email", 1.0, 0.0)))


def visited(truth: Truth) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the decisions on visits, and the purchases of the 28 days that followed each."""
    world = World(truth, customers=3_000, seed=4)
    log = world.until(400).to_pandas()
    decisions = world.decisions()
    decisions = decisions[(decisions["event_type"] == "visit") & (decisions["start"] == "2023-12-03 07:00:00")]
    bought = log[(log["event_type"] == "purchase") & (log["event_time"] >= "2023-12-03")]
    bought = bought[bought["event_time"] < "2023-12-31"].groupby("customer_id").size()
    return decisions, bought.reindex(decisions["customer_id"], fill_value=0)


def test_the_random_group_is_an_experiment() -> None:
    """Everybody in it has the logged propensity, nobody else has one, and contacts come as often as it says."""
    decisions, _ = visited(TRUTH)
    group = decisions[decisions["at_random"]]
    assert group["propensity"].nunique() == 1
    expected = 3.0 * 28 / 365.25
    assert group["propensity"].iloc[0] == pytest.approx(expected)
    assert group["channel"].notna().mean() == pytest.approx(expected, abs=0.04)
    assert (group["channel"] == "phone").sum() > 1.4 * (group["channel"] == "email").sum()
    assert decisions.loc[~decisions["at_random"], "propensity"].isna().all()


def test_private_knowledge_chooses_those_who_will_buy() -> None:
    """With it the visited buy more afterwards than without it, outside the random group alone."""
    ratio = {}
    for knowledge in (0.0, 1.0):
        decisions, bought = visited(replace(TRUTH, visit_confounding=0.0, private_knowledge=knowledge))
        for at_random in (False, True):
            rows = (decisions["at_random"] == at_random).to_numpy()
            hit = decisions["channel"].notna().to_numpy()
            ratio[knowledge, at_random] = bought[rows & hit].mean() / bought[rows & ~hit].mean()
    assert ratio[1.0, False] > 1.8
    assert all(0.7 < ratio[key] < 1.4 for key in ratio if key != (1.0, False))


def test_decisions_name_their_events() -> None:
    """With `plan_items` each visit in the log belongs to the decision of its customer and period."""
    world = World(replace(TRUTH, plan_items=True, visit_random_share=1.0), customers=300, seed=4)
    log = world.until(400).to_pandas()
    decisions = world.decisions().dropna(subset="plan_item").set_index("plan_item")
    events = log.dropna(subset="plan_item")
    visits = events[events["event_type"] == "visit"].set_index("plan_item")
    assert len(visits) > 100
    assert visits.index.is_unique
    joined = decisions.loc[visits.index]
    assert (joined["customer_id"] == visits["customer_id"]).all()
    assert (joined["channel"] == visits["channel"]).all()
    late = (visits["event_time"] - joined["start"]) / np.timedelta64(1, "D")
    assert late.between(0, 28).all()
