"""Effects on single customers are used only where outcomes at random show them beyond a plain forecast."""

import numpy as np
import pandas as pd
import pytest

from planning.effects.decisions import decisions
from planning.effects.uplift_by_action import FEWEST, KNOWN, uplift_by_action, with_known_facts
from tests.planning.shops import shop


def rows(n, gain, seed=1, share=0.5):
    """Decisions with features of before; `gain` maps the features to the purchases that the action adds."""
    rng = np.random.default_rng(seed)
    facts = pd.DataFrame({name: rng.normal(size=n) for name in KNOWN})
    facts["expected_purchases"] = rng.gamma(4.0, 0.5, n)
    treated = rng.random(n) < 1 - share
    rate = facts["expected_purchases"] + treated * gain(facts)
    return facts.assign(
        action="call",
        plan_id="week",
        customer_id=[f"C{k:05}" for k in range(n)],
        treated=treated,
        propensity=np.where(treated, 1 - share, share),
        purchases=rng.poisson(np.maximum(rate, 0)).astype(float),
    )


@pytest.fixture(scope="module")
def responsive():
    """Customers of whom those with many calls respond to one more, and what was learnt of them."""
    table = rows(3000, lambda facts: 1.0 * (facts["visits_phone"] > 0))
    return table, uplift_by_action(table)["call"]


def test_differences_beyond_the_forecast_are_found_and_used(responsive):
    """Where the channel history tells who responds, effects are by customer, calibrated, and better than a forecast."""
    table, found = responsive
    assert found.by_customer
    assert not found.response_is_as_good
    assert found.slope.low < 1.1
    assert found.slope.high > 0.8
    difference, errors = found.beside_proportional(table)
    many = (table["visits_phone"] > 0).to_numpy()
    assert difference[many].mean() > 0.15 > -0.15 > difference[~many].mean()
    assert (errors >= 0).all()


def test_of_customers_unlike_those_seen_nothing_is_claimed(responsive):
    """Whose forecast is outside the range of those seen has the action's own effect."""
    _, found = responsive
    others = rows(20, lambda facts: 0.0).assign(expected_purchases=50.0)
    assert (found.beside_proportional(others)[0] == 0).all()
    assert (found.beside_proportional(others.assign(expected_purchases=np.nan))[1] == 0).all()


def test_effects_in_proportion_to_the_forecast_are_left_to_it():
    """In at least 3 of 4 logs in which a forecast tells all, the plan keeps the action's mean, and says so."""
    kept = [
        uplift_by_action(rows(1000, lambda facts: 0.2 * facts["expected_purchases"], seed))["call"] for seed in range(4)
    ]
    assert sum(not each.by_customer for each in kept) >= 3
    assert sum(each.response_is_as_good for each in kept) >= 3


def test_too_few_customers_and_rows_not_drawn_teach_nothing():
    """Fewer than needed in a group, or propensities of 1."""
    few = rows(2 * FEWEST - 20, lambda facts: 0.0)
    assert uplift_by_action(few) == {}
    assert uplift_by_action(rows(1000, lambda facts: 0.0).assign(propensity=1.0)) == {}


def test_the_facts_are_those_of_the_plans_cutoff(tmp_path):
    """What the log says after it changes none of them."""
    store, plans, log = shop(tmp_path, 150, rounds=2, seed=5)
    table = with_known_facts(store, plans, decisions(store, plans, 60))
    assert set(KNOWN) <= set(table)
    row = table.iloc[0]
    before = log[(log["customer_id"] == row["customer_id"]) & (log["event_time"] < pd.Timestamp(row["start"]))]
    days = before.loc[before["event_type"] == "purchase", "event_time"].dt.date.nunique()
    assert row["frequency"] == pytest.approx(days - 1)
