import pytest

from features.errors import HorizonNotOverError, PlanError
from planning.effects.effects_of_plans import effects_of_plans
from tests.planning.shops import shop


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    store, plans, _ = shop(tmp_path_factory.mktemp("shop"), 1600, effect=1.0, rounds=2, done=0.6, satisfaction=1.0)
    return effects_of_plans(store, plans, 60)


def test_a_large_effect_is_found_in_every_way(found):
    """Purchases and satisfaction are up, more as done than as planned, and each action has an effect."""
    verdicts = {m.name: m.verdict for m in found.measures}
    assert verdicts["purchases"] == verdicts["satisfaction"] == "up"
    purchases = next(m for m in found.measures if m.name == "purchases").effect
    assert found.complier_effect.estimate == pytest.approx(purchases.estimate / 0.6, rel=0.1)
    assert set(found.by_action) == {"call", "coupon"}
    assert (found.decisions["lifetime"] >= found.decisions["spend"]).all()


def test_every_row_of_a_plan_is_accounted_for(found):
    """Planned and left alone are all rows of the plans, and what was done is counted among the planned."""
    assert found.plans["over"].all()
    assert found.plans[["planned", "control"]].to_numpy().sum() == 1600
    assert (found.plans["carried_out"] < found.plans["planned"]).all()
    assert (found.plans["control_contacted"] == 0).all()
    assert found.before_after["customers"].sum() == 1600


def test_plans_that_are_not_over_are_named_with_their_date(tmp_path):
    """Where no horizon is over, the error says from when on the first plan can be measured; without plans too."""
    store, plans, _ = shop(tmp_path, 100)
    with pytest.raises(HorizonNotOverError, match="90 days from 2024-09-27 on"):
        effects_of_plans(store, plans, 90)
    with pytest.raises(PlanError, match="no plan is given"):
        effects_of_plans(store, [], 90)


def test_replaced_plans_and_copies_are_left_out(tmp_path):
    """Beside the plan that replaces it, and with a copy of that, there is one plan to measure."""
    store, plans, _ = shop(tmp_path, 150, seed=1)
    old = type(plans[0])(plans[0].items.assign(plan_id="old"), {**plans[0].manifest, "plan_id": "old"})
    new = type(plans[0])(plans[0].items, {**plans[0].manifest, "replaces": ["old"]})
    once, all_of_them = effects_of_plans(store, [new], 60), effects_of_plans(store, [old, new, new], 60)
    assert all_of_them.plans["plan_id"].tolist() == ["week-1"]
    assert all_of_them.measures == once.measures


def test_a_plan_of_nothing_is_counted_and_breaks_nothing(tmp_path):
    """Beside another plan it has zeros; alone, no measure can be told."""
    store, plans, _ = shop(tmp_path, 150, seed=1)
    nothing = type(plans[0])(plans[0].items.iloc[:0], {**plans[0].manifest, "plan_id": "nothing"})
    both = effects_of_plans(store, [nothing, plans[0]], 60)
    assert both.plans.set_index("plan_id")["planned"].to_dict()["nothing"] == 0
    assert both.plans["planned"].sum() + both.plans["control"].sum() == 150
    assert {m.verdict for m in effects_of_plans(store, [nothing], 60).measures} == {"too_few"}
