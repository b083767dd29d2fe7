"""The customers of a world are those of `simulate`, with preferences, places, reps and opt-outs."""

from dataclasses import replace

import numpy as np
import pandas as pd

from features.simulate import Truth, World, simulate
from features.simulate.population import draw_population
from features.simulate.seasonal_time import seasonal_clock

CLOCK = seasonal_clock(Truth(), 1_200)


def test_the_customers_are_those_of_simulate() -> None:
    """The same truth and seed draw the same rates, spend, levels, groups and effects."""
    _, expected = simulate(customers=300, seed=5)
    found = World(customers=300, seed=5).truth_table()
    columns = ["first_purchase", "rate", "dropout_probability", "mean_spend", "satisfaction_level", "visits_at_random"]
    columns += [name for name in expected if name.startswith("effect_")]
    pd.testing.assert_frame_equal(found[columns], expected[columns])


def test_a_channels_spread_has_mean_one_and_an_order_of_its_own() -> None:
    """With `channel_spread` the best channel differs between customers, and the mean effect stays."""
    truth = Truth(channel_spread=0.6, response_spread=0.0)
    population = draw_population(truth, CLOCK, 8_000, seed=1)
    np.testing.assert_allclose(population.effects.mean(0), 1, atol=0.04)
    best = np.bincount(population.effects[:, :3].argmax(1), minlength=3) / 8_000
    np.testing.assert_allclose(best, 1 / 3, atol=0.03)
    plain = draw_population(replace(truth, channel_spread=0.0), CLOCK, 100, seed=1)
    assert (plain.effects == 1).all()
    assert (plain.preferences == 0).all()


def test_a_territory_lies_together() -> None:
    """Each rep has customers, and they are nearer to each other than to those of the others."""
    population = draw_population(Truth(reps=6), CLOCK, 3_000, seed=2)
    assert set(population.rep) == set(range(6))
    within = [population.places[population.rep == rep].std(0).max() for rep in range(6)]
    assert max(within) < population.places.std(0).min() / 2


def test_opt_outs_are_known_once_they_happen() -> None:
    """The firm's table shows an opt-out from its day on, and not before; its row says when it was recorded."""
    world = World(Truth(opt_out_share=0.4, reps=2, days=300, acquisition_days=30), customers=400, seed=3)
    world.until(60)
    before = world.customers().set_index("customer_id")
    world.until(299)
    after = world.customers().set_index("customer_id")
    assert all(set(before["opted_out"][one]) <= set(after["opted_out"][one]) for one in before.index)
    share = after["opted_out"].map(len).mean() / 3
    assert abs(share - 0.4) < 0.06
    assert before["opted_out"].map(len).sum() < after["opted_out"].map(len).sum() / 2
    assert (after["recorded_at"] < pd.Timestamp("2023-01-01") + pd.Timedelta(days=299)).all()
