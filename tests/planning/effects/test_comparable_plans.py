"""Whether two plans of a week can be compared is known from the plans alone, before any outcome is read."""

import numpy as np
import pytest

from features.errors import PlanError, TooLittleDataError
from planning.effects.comparable_plans import check_other_plan, overlap_of
from planning.plan_folder import Plan
from tests.planning.shops import plan_of


def planned(n: int = 400) -> Plan:
    """Half of the customers get a call, half a coupon; each with probability one half."""
    treated = np.arange(n) % 4 < 2
    actions = np.where(np.arange(n) % 2 == 0, "call", "coupon")
    return plan_of([f"C{number}" for number in range(n)], treated, actions, "2024-06-29", 1)


def other(plan: Plan, items, **manifest: object) -> Plan:
    return Plan(items.assign(plan_id="other"), {**plan.manifest, "plan_id": "other", **manifest})


def test_a_plan_with_half_in_common_is_taken() -> None:
    """The plan of its week is given back; one with less in common is refused, with how much there is."""
    plan = planned()
    items = plan.items.copy()
    items.loc[:199, "action"] = "visit"
    assert check_other_plan([plan], other(plan, items)) is plan
    items.loc[200, "action"] = "visit"
    with pytest.raises(TooLittleDataError, match="of the 400 customers of other only 199 have the same action"):
        check_other_plan([plan], other(plan, items))


def test_weights_are_those_of_the_other_plan() -> None:
    """Equal plans agree everywhere; in a plan of nothing everybody belongs to those left alone."""
    plan = planned()
    rows = plan.items.assign(treated=plan.items["arm"] == "do")
    same = overlap_of(rows, plan, other(plan, plan.items))
    assert same.possible.all()
    assert same.probability == pytest.approx(plan.items["propensity"].to_numpy(float))
    nothing = overlap_of(rows, plan, other(plan, plan.items.iloc[:0]))
    assert (nothing.probability == ~rows["treated"]).all()


def test_weeks_and_the_plan_itself_are_named() -> None:
    """A week without a plan with those that there are."""
    plan = planned()
    week = plan.manifest["week"]
    with pytest.raises(PlanError, match=f"no plan of week 2030-W01 was carried out, only of {week}"):
        check_other_plan([plan], other(plan, plan.items, week="2030-W01"))
    with pytest.raises(PlanError, match="is the plan that was carried out"):
        check_other_plan([plan], plan)
