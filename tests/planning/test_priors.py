import numpy as np
import pandas as pd
import pytest

from planning.catalogue_file import load_catalogue
from planning.effects import Effect
from planning.priors import LEAST_CUSTOMERS, effects_by_action, effects_of_one_action, learned_catalogue, posterior
from tests.planning.test_outcomes import rows


def test_the_posterior_is_that_of_many_draws():
    """Mean and width are those of guesses that are weighted by how well they foretell what was seen."""
    rng = np.random.default_rng(1)
    guesses = rng.normal(0.1, 0.2, 400_000)
    weights = np.exp(-0.5 * ((0.3 - guesses) / 0.1) ** 2)
    mean = np.average(guesses, weights=weights)
    width = np.sqrt(np.average((guesses - mean) ** 2, weights=weights))
    assert posterior(0.1, 0.2, 0.3, 0.1) == pytest.approx((mean, width), rel=0.02)


def test_a_precise_observation_replaces_the_guess_and_a_vague_one_does_not():
    """Effects are relative changes while the action acts; other actions keep their guesses."""
    catalogue = load_catalogue("retail")
    first, other = catalogue.actions[:2]
    share = first.acts_days / 90
    sure = {first.name: Effect(0.4 * share, 1e-4, 0, 0, 1000, 200, 2 + 0.4 * share, 2.0)}
    learned = learned_catalogue(catalogue, sure, 90)
    assert learned.action(first.name).effect == pytest.approx(0.2, abs=0.001)
    assert learned.action(first.name).effect_width < 0.01
    assert learned.action(other.name) == other
    vague = {first.name: Effect(0.4, 50.0, 0, 0, 1000, 200, 2.4, 2.0)}
    assert learned_catalogue(catalogue, vague, 90).action(first.name).effect == pytest.approx(first.effect, abs=0.01)


def test_a_wrong_guess_is_mended_round_by_round():
    """With a guess three times too high, three rounds bring it nearer the truth in most of 20 seeds."""
    catalogue = load_catalogue("retail")
    first = catalogue.actions[0]
    nearer = 0
    for seed in range(20):
        table = pd.concat(
            rows(np.random.default_rng([seed, k]), 3000, gain=first.effect / 3).assign(plan_id=f"week-{k}")
            for k in range(3)
        ).assign(action=first.name)
        learned = learned_catalogue(catalogue, effects_by_action(table), first.acts_days).action(first.name)
        nearer += abs(learned.effect - first.effect / 3) < abs(first.effect - first.effect / 3)
        assert learned.effect_width < first.effect_width
    assert nearer >= 15


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


def test_an_action_is_learnt_from_twenty_customers_of_each_group():
    """With fewer left alone, or none of them buying, it is not among what a plan learns."""
    table = rows(np.random.default_rng(1), 400, gain=0.5).assign(action="call")
    left = table[~table["treated"]]
    few = pd.concat([table[table["treated"]], left.head(LEAST_CUSTOMERS - 1)])
    assert set(effects_by_action(few)) == {"call"}
    assert effects_of_one_action(few) == {}
    assert set(effects_of_one_action(pd.concat([few, left.tail(1)]))) == {"call"}
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
    seen, learnt = effects_by_action(table)["call"], effects_of_one_action(table)["call"]
    assert learnt.standard_error > 1.01 * seen.standard_error
    assert 1.959964 * learnt.standard_error == pytest.approx((seen.high - seen.low) / 2)
