"""What it is worth that the channel follows each customer's preference: a plan beside the best single channel.

`benchmarks.planning_worlds channels` runs it.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.simulated_visits import HORIZON, START, VISITS, bought_between, features_at
from features.errors import TooLittleDataError
from features.simulate import Action, Truth, World
from planning.causal_inference.randomised_effect import randomised_effect
from planning.effects.posterior_effects import posterior
from training.models.btyd.bg_nbd import BGNBD

CHANNELS = ("face_to_face", "phone", "email")
GUESS = 0.25
"""The mean effect of a visit by any channel, and the guess before any was seen, with as large a standard deviation."""
SHARE = 0.05
"""Of the customers who are visited."""


def channels(
    seeds: Iterable[int], customers: int = 8_000, spread: float = 0.8, futures: int = 6, history: int = START
) -> pd.DataFrame:
    """Return a row a world: what plans are worth in spend, in 56 days, that visit one customer in twenty.

    Channels have the same effect on average and differ between customers (`Truth.channel_spread`). A first round at
    random shows what each channel does to customers who prefer it, as the customers' table says, and to others: these
    are six actions, whose guesses it corrects as `regulars plan` does. Then `by preference` chooses customers and
    channels, `by <channel>` customers alone, both by the same effects and forecast.
    """
    truth = replace(VISITS, visits=tuple(Action(name, 0.5, GUESS) for name in CHANNELS), channel_spread=spread)
    return pd.DataFrame([_row(truth, customers, seed, futures, history) for seed in seeds])


def _row(truth: Truth, customers: int, seed: int, futures: int, history: int) -> dict[str, float]:
    world = World(truth, customers, seed)
    world.until(history)
    effects = _effects_of_a_round(world, seed)

    start, x, table, prefers = world.day, features_at(world), world.truth_table(), _preferred(world)
    known = x.index[x["T"].notna()]
    x, table, prefers = x.loc[known], table.loc[known], prefers.loc[known]
    gains = np.zeros((len(known), len(CHANNELS)))
    for future in range(futures):
        bought = []
        for channel in (*CHANNELS, None):
            twin = world.copy(future)
            if channel is not None:
                twin.act(_visits(known, start, channel))
            twin.until(start + HORIZON, campaigns=False)
            bought.append(twin.truth_table()["purchases"].loc[known].to_numpy(float))
        gains += (np.column_stack(bought[:-1]) - bought[-1][:, None]) / futures
    gains *= table[["mean_spend"]].to_numpy()

    amount = (x["spend"] + 3 * table["mean_spend"].mean()) / (x["purchase_count"] + 3)
    forecast = BGNBD(penalizer=0.001).fit(x).expected_purchases(x, HORIZON) * amount.to_numpy(float)
    scores = forecast[:, None] * np.column_stack(
        [np.where(prefers == name, effects[name, True], effects[name, False]) for name in CHANNELS]
    )
    n = round(SHARE * len(known))
    row = {f"by {name}": _worth(scores[:, [each]], gains[:, [each]], n) for each, name in enumerate(CHANNELS)}
    row["best single channel"] = max(row.values())
    row["by preference"] = _worth(scores, gains, n)
    state = (table["rate"] * table["alive_until"].isna() * table["mean_spend"]).to_numpy(float)
    responses = table[[f"effect_{name}" for name in CHANNELS]].to_numpy(float)
    row["known state and responses"] = _worth(state[:, None] * responses, gains, n)
    return row | {f"{name}, {'' if own else 'not '}preferred": change for (name, own), change in effects.items()}


def _effects_of_a_round(world: World, seed: int) -> dict[tuple[str, bool], float]:
    """Return each channel's relative effect on customers who prefer it and on others; the world goes on by 56 days."""
    x, prefers, before = features_at(world), _preferred(world), world.truth_table()["purchases"]
    known = x.index[x["T"].notna()]
    drawn = np.random.default_rng(seed).choice(len(CHANNELS) + 1, len(known), p=[1 / 6] * 3 + [1 / 2])
    for number, name in enumerate(CHANNELS):
        world.act(_visits(known[drawn == number], world.day, name))
    world.until(world.day + HORIZON, campaigns=False)
    bought = bought_between(world, before[known]).to_numpy(float)
    covariates = np.log1p(x.loc[known, ["purchase_365", "purchase_90", "purchase_last", "frequency"]].fillna(999.0))
    effects = {}
    for number, name in enumerate(CHANNELS):
        for own in (True, False):
            some = ((prefers.loc[known] == name).to_numpy() == own) & np.isin(drawn, [number, len(CHANNELS)])
            effects[name, own] = GUESS
            try:
                seen = randomised_effect(bought[some], drawn[some] == number, covariates.to_numpy(float)[some])
            except TooLittleDataError:
                continue
            # A visit acts for half of the horizon.
            change, error = (2 * each / seen.mean_control for each in (seen.estimate, seen.standard_error))
            effects[name, own] = posterior(GUESS, GUESS, change, error)[0]
    return effects


def _preferred(world: World) -> pd.Series:
    """Return the channel that each customer prefers, as the firm's table has it."""
    table = world.customers().set_index("customer_id")["preferred_channel"]
    return table.reindex(world.truth_table().index).astype(object)


def _visits(customers: pd.Index, day: int, channel: str) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": customers, "day": day, "event_type": "visit", "channel": channel})


def _worth(scores: np.ndarray, gains: np.ndarray, n: int) -> float:
    """Return what the best n customers by score gain, each by the best of the columns."""
    best = scores.argmax(axis=1)
    rows = np.argsort(-scores.max(axis=1), kind="stable")[:n]
    return float(gains[rows, best[rows]].sum())
