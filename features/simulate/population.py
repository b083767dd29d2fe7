"""The customers of a world: those of `simulate`, with preferences for channels, places, sales reps and opt-outs."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.simulate.customers import Customers, draw_customers
from features.simulate.keyed_random import KeyedRandom, Purpose
from features.simulate.seasonal_time import Clock, Floats, to_timestamps
from features.simulate.truth import Action, Truth

BLOCK = 10_000


class Population(NamedTuple):
    """One row a customer; actions are the visits and then the incentives of the truth.

    Attributes
    ----------
    customers : Customers
    effects : ndarray, shape (customers, actions)
        Effect of each action relative to what the truth says of an average customer.
    preferences : ndarray, shape (customers, actions)
        Change of the log odds of contact, interest and redemption by channel; 0 without `channel_spread`.
    online_share : ndarray, shape (customers,)
    rep : ndarray of int, shape (customers,)
        Position of the sales rep; -1 without reps.
    places : ndarray, shape (customers, 2)
        Latitude and longitude in degrees.
    rep_skill : ndarray, shape (reps,)
        Factor of the effects of the rep's visits.
    opt_outs : ndarray, shape (customers, visits)
        Day from which the customer wants no visits by this channel; infinity: never.
    """

    customers: Customers
    effects: Floats
    preferences: Floats
    online_share: Floats
    rep: NDArray[np.int64]
    places: Floats
    rep_skill: Floats
    opt_outs: Floats


def draw_population(truth: Truth, clock: Clock, count: int, seed: int) -> Population:
    """Draw the customers; the first ones of a larger population are those of a smaller one."""
    # With effects of 1 the effects drawn are the responses; they take no random numbers of their own.
    unit = replace(truth, visits=_unit(truth.visits), incentives=_unit(truth.incentives))
    parts = []
    for number in range(-(-count // BLOCK)):
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        parts.append(draw_customers(unit, clock, BLOCK, rng))
    customers = Customers(*[np.concatenate(column)[:count] for column in zip(*parts, strict=True)])
    responses = np.hstack([customers.visit_effects, customers.incentive_effects])

    chances, spread = KeyedRandom((seed,)), truth.channel_spread
    rng = chances.generator(Purpose.PREFERENCES)
    latent = rng.standard_normal((count, len(truth.actions)))
    online_share = chances.generator(Purpose.CHANNELS).beta(0.7, 0.7, count)
    rep, places, skill = _territories(truth, count, chances)
    opts = chances.generator(Purpose.OPT_OUTS).random((count, len(truth.visits), 2))
    since = customers.first_purchase[:, None]
    opt_out_day = since + opts[..., 1] * np.maximum(truth.days - since, 0.0)
    return Population(
        customers=customers,
        effects=responses * np.exp(spread * latent - spread**2 / 2),
        preferences=spread * latent,
        online_share=online_share,
        rep=rep,
        places=places,
        rep_skill=skill,
        opt_outs=np.where(opts[..., 0] < truth.opt_out_share, opt_out_day, np.inf),
    )


def _unit(actions: tuple[Action, ...]) -> tuple[Action, ...]:
    return tuple(replace(action, effect=1.0) for action in actions)


def _territories(truth: Truth, count: int, chances: KeyedRandom) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Draw places in clusters, of which each rep serves one."""
    rng = chances.generator(Purpose.PLACES, 0)
    clusters = truth.reps or 5
    middles = np.column_stack([rng.uniform(47, 54, clusters), rng.uniform(7, 14, clusters)])
    skill = np.exp(truth.rep_skill_spread * rng.standard_normal(truth.reps) - truth.rep_skill_spread**2 / 2)
    cluster = (chances.generator(Purpose.PLACES, 1).random(count) * clusters).astype(np.int64)
    places = middles[cluster] + 0.15 * chances.generator(Purpose.PLACES, 2).standard_normal((count, 2))
    return (cluster if truth.reps else np.full(count, -1)), places, skill


def customer_ids(count: int) -> list[str]:
    """Return the ids of the customers, as `simulate` names them."""
    return [f"C{row:07d}" for row in range(1, count + 1)]


def customers_table(truth: Truth, population: Population, day: float) -> pd.DataFrame:
    """Return what the firm knows of its customers at a time: rep, territory, place, opt-outs, preferred channel."""
    count = len(population.rep)
    channels = np.array([visit.channel for visit in truth.visits])
    out = population.opt_outs <= day
    changed = np.where(out, population.opt_outs, population.customers.first_purchase[:, None]).max(1, initial=0.0)
    rows = pd.DataFrame(
        {
            "customer_id": customer_ids(count),
            "rep": pd.array([f"R{rep + 1:02d}" if rep >= 0 else None for rep in population.rep], dtype="str"),
            "territory": pd.array([f"T{rep + 1:02d}" if rep >= 0 else None for rep in population.rep], dtype="str"),
            "latitude": population.places[:, 0].round(5),
            "longitude": population.places[:, 1].round(5),
            "opted_out": [list(channels[row]) for row in out],
        }
    )
    if truth.channel_spread and len(channels):
        rows["preferred_channel"] = channels[population.preferences[:, : len(channels)].argmax(1)]
    rows["recorded_at"] = to_timestamps(truth, np.maximum(changed, population.customers.first_purchase))
    return rows[population.customers.first_purchase < day].reset_index(drop=True)
