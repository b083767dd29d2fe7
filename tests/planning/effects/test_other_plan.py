"""What another plan would have brought: its interval holds the truth, and it is refused where the draws are silent."""

import numpy as np
import pandas as pd
import pytest

from features.errors import HorizonNotOverError, PlanError, TooLittleDataError
from planning.effects.other_plan import other_plan
from planning.plan_folder import Plan
from tests.planning.effects.test_five_measures import rows
from tests.planning.shops import plan_of

WEEK = "2024-W26"


def carried_out(seed=1, n=1500, gain=0.5):
    """Decisions of a plan, half calls and half coupons, and the plan itself."""
    table = rows(np.random.default_rng(seed), n, gain=gain)
    table["action"] = np.where(np.arange(n) % 2 == 0, "call", "coupon")
    plan = plan_of(table["customer_id"].tolist(), table["treated"].to_numpy(), table["action"], "2024-06-29", 1)
    return table.assign(plan_id=plan.plan_id), plan


def other(plan, items, name="other", week=None):
    """A plan of the same week with some other rows."""
    return Plan(items.assign(plan_id=name), {**plan.manifest, "plan_id": name, "week": week or plan.manifest["week"]})


def test_the_same_plan_again_has_the_same_value():
    """Every weight is 1: the outcome's mean, as sure as all customers, and no difference."""
    table, plan = carried_out()
    found = other_plan(table, [plan], other(plan, plan.items))
    value = found.values["purchases"]
    assert value.snips.value == pytest.approx(table["purchases"].mean())
    assert value.effective_sample_size == pytest.approx(len(table))
    assert found.differences["purchases"].value == pytest.approx(0)
    assert (found.customers, found.excluded, found.outside) == (len(table), 0, 0)


def test_a_plan_of_nothing_has_the_value_of_those_left_alone():
    """Only they did what it does."""
    table, plan = carried_out()
    found = other_plan(table, [plan], other(plan, plan.items.iloc[:0]))
    left = table.loc[~table["treated"], "purchases"]
    assert found.values["purchases"].snips.value == pytest.approx(left.mean())
    assert found.values["purchases"].effective_sample_size == pytest.approx(len(left))
    assert found.differences["purchases"].high < 0


def test_intervals_hold_the_truth():
    """Of a plan that leaves out the calls to customers who buy much: in at least 25 of 30 draws (95 %: 28)."""
    held, narrower = 0, []
    for seed in range(30):
        table, plan = carried_out(seed, 1200)
        rate = table["expected_purchases"].to_numpy()
        keep = ~((table["action"] == "call") & (rate > 1.5)).to_numpy()
        found = other_plan(table, [plan], other(plan, plan.items[keep]))
        truth = float(np.mean(rate * (1 + 0.5 * 0.8 * keep)))
        value = found.values["purchases"]
        held += value.doubly_robust.low <= truth <= value.doubly_robust.high
        narrower.append(value.doubly_robust.standard_error < value.snips.standard_error)
    # The customers' own rates vary from draw to draw as their purchases do.
    assert held >= 25
    assert np.mean(narrower) > 0.9


def test_what_the_draw_gave_to_nobody_is_excluded_and_counted():
    """Another action for a customer, and customers who were not planned."""
    table, plan = carried_out()
    items = plan.items.copy()
    items.loc[:99, "action"] = "visit"
    more = plan.items.head(30).assign(customer_id=[f"new{k}" for k in range(30)])
    found = other_plan(table, [plan], other(plan, pd.concat([items, more])))
    assert (found.customers, found.excluded, found.outside) == (len(table) - 100, 100, 30)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda plan: plan, PlanError, "is the plan that was carried out"),
        (lambda plan: other(plan, plan.items, week="2024-W40"), PlanError, "no plan of week 2024-W40 was carried out"),
        (
            lambda plan: other(plan, plan.items.assign(action="visit")),
            TooLittleDataError,
            "only 0 have the same action",
        ),
    ],
)
def test_refusals_have_a_reason(change, error, message):
    """A week without a plan, the plan itself, and a plan that has nothing in common."""
    table, plan = carried_out(n=300)
    with pytest.raises(error, match=message):
        other_plan(table, [plan], change(plan))


def test_too_few_customers_are_refused():
    """With the effective sample size that there is, and the one expected; so is a plan without a hold-out."""
    table, plan = carried_out(n=60)
    with pytest.raises(TooLittleDataError, match=r"they say as much as 60 customers .* expected 100 or more"):
        other_plan(table, [plan], other(plan, plan.items))
    whole = Plan(plan.items.assign(propensity=1.0), plan.manifest)
    with pytest.raises(TooLittleDataError, match="left nobody alone at random"):
        other_plan(table.assign(propensity=1.0), [whole], other(plan, plan.items))
    table, plan = carried_out(n=300)
    with pytest.raises(HorizonNotOverError, match="is not over"):
        other_plan(table.iloc[:0], [plan], other(plan, plan.items))
