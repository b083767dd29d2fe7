import numpy as np
import pandas as pd
import pytest

from planning.effects.effects_by_action import LEAST_CUSTOMERS, effects_by_action, effects_of_one_action, pooled_rounds
from tests.planning.effects.test_five_measures import rows


def test_actions_are_compared_with_their_own_customers_left_alone():
    """Two actions with different effects have different estimates; one with a single customer is left out."""
    table = pd.concat(
        [
            rows(np.random.default_rng(1), 4000, gain=0.5).assign(action="call"),
            rows(np.random.default_rng(2), 4000).assign(action="coupon"),
            rows(np.random.default_rng(3), 1).assign(action="new"),
        ],
        ignore_index=True,
    )
    found = effects_by_action(table)
    assert set(found) == {"call", "coupon"}
    assert found["call"].low > 0
    assert found["coupon"].low < 0 < found["coupon"].high


def test_an_action_is_counted_from_twenty_customers_of_each_group():
    """With fewer left alone, or none of them buying, it is not among what a plan learns."""
    table = rows(np.random.default_rng(1), 400, gain=0.5).assign(action="call")
    control = table[~table["treated"]]
    few = pd.concat([table[table["treated"]], control.head(LEAST_CUSTOMERS - 1)])
    assert set(effects_by_action(few)) == {"call"}
    assert effects_of_one_action(few) == {}
    assert set(effects_of_one_action(pd.concat([few, control.tail(1)]))) == {"call"}
    assert effects_of_one_action(table.assign(purchases=table["purchases"].where(table["treated"], 0))) == {}


def test_of_many_actions_in_a_horizon_one_is_credited_with_its_part():
    """Twelve weekly actions that together bring what they bring are worth a twelfth each, with its error."""
    table = rows(np.random.default_rng(2), 2000, gain=0.5).assign(action="call")
    once = effects_of_one_action(table)["call"]
    weekly = effects_of_one_action(table.assign(planned_in_horizon=12.0 * table["treated"]))["call"]
    assert weekly.estimate == pytest.approx(once.estimate / 12)
    assert weekly.standard_error == pytest.approx(once.standard_error / 12)
    assert once.estimate == pytest.approx(effects_by_action(table)["call"].estimate)


def test_the_error_is_as_wide_as_students_interval():
    """With few customers it is wider than that of a normal distribution."""
    table = rows(np.random.default_rng(3), 110, gain=0.5).assign(action="call")
    seen, once = effects_by_action(table)["call"], effects_of_one_action(table)["call"]
    assert once.standard_error > 1.01 * seen.standard_error
    assert 1.959964 * once.standard_error == pytest.approx((seen.high - seen.low) / 2)


def test_rounds_that_agree_are_pooled_and_those_that_differ_are_uncertain():
    """Equal rounds have their mean with a smaller error; rounds of different effects leave the next one uncertain."""

    def of(gains):
        parts = [rows(np.random.default_rng([5, k]), 3000, gain=gain) for k, gain in enumerate(gains)]
        return pd.concat([part.assign(plan_id=f"week-{k}", action="call") for k, part in enumerate(parts)])

    alike, apart = pooled_rounds(of([0.4] * 4))["call"], pooled_rounds(of([0.0, 1.5, 0.0, 1.5]))["call"]
    assert len(alike.rounds) == 4
    assert alike.standard_error < alike.rounds["error"].mean()
    assert alike.rounds["shrunk"].std() < alike.rounds["change"].std()
    assert apart.spread > 3 * alike.spread
    assert apart.next_error > 2 * alike.next_error


def test_one_round_is_no_pool():
    """Nor a second one with too few customers."""
    table = rows(np.random.default_rng(1), 400, gain=0.5).assign(action="call")
    few = table.head(20).assign(plan_id="other")
    assert pooled_rounds(table) == {}
    assert pooled_rounds(pd.concat([table, few])) == {}
