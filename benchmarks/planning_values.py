"""What plans are worth where the truth is known: beside simple rules, and over three rounds of learning.

`benchmarks.planning_worlds` runs both.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.simulated_visits import HORIZON, bought_between, features_at
from features.simulate import Truth, World
from planning.allocation.allocate import allocate
from planning.allocation.limits import make_limits
from planning.catalogue.actions import Action, Catalogue, Pool
from planning.effects.effects_by_action import effects_of_one_action, pooled_rounds
from planning.effects.posterior_effects import posterior_catalogue
from planning.holdout import draw_arms
from training.models.btyd.bg_nbd import BGNBD


def value(
    seeds: Iterable[int], customers: int = 20_000, truth: Truth | None = None, futures: int = 6, share: float = 0.05
) -> pd.DataFrame:
    """Return a row a world: what each plan of visits by phone is worth in spend, in 56 days.

    Whoever is visited changes nobody else, so one pair of worlds, in which everybody is visited or nobody, gives the
    value of every plan.
    """
    truth = replace(Truth(days=860, acquisition_days=600), visit_random_share=0.3) if truth is None else truth
    rows = []
    for seed in seeds:
        world = World(truth, customers, seed)
        start = truth.days - 84 - truth.days % 28
        world.until(start)
        table, x = world.truth_table(), features_at(world)
        known = x.index[x["T"].notna()]
        table, x = table.loc[known], x.loc[known]
        plan = pd.DataFrame({"customer_id": known, "day": start, "event_type": "visit", "channel": "phone"})
        gain = pd.Series(0.0, known)
        for future in range(futures):
            visited, unvisited = world.copy(future), world.copy(future)
            visited.act(plan)
            for twin in (visited, unvisited):
                twin.until(start + HORIZON, campaigns=False)
            gain += (visited.truth_table()["purchases"] - unvisited.truth_table()["purchases"]).loc[known] / futures
        # Each purchase at the customer's own mean amount: the amounts' chance adds nothing but noise.
        gain *= table["mean_spend"]

        model = BGNBD(penalizer=0.001).fit(x)
        bought = model.expected_purchases(x, HORIZON)
        mean = table["mean_spend"].mean()
        amount = (x["spend"] + 3 * mean) / (x["purchase_count"] + 3)  # shrunk to the mean of all
        scores = {
            "forecast": bought * amount,
            "known state": table["rate"] * table["alive_until"].isna() * table["mean_spend"],
            "most loyal": x["spend_365"].fillna(0),
            "churn risk": model.no_purchase_probability(x, HORIZON),
            "random": pd.Series(np.random.default_rng(seed).random(len(known)), known),
        }
        n = round(share * len(known))
        row = {}
        for name, score in scores.items():
            # With one limit that takes one of each, the best plan is the highest scores.
            picked = np.argsort(-np.asarray(score, float), kind="stable")[:n]
            row[name] = float(gain.iloc[picked].sum())
        rows.append(row)
    return pd.DataFrame(rows)


WRONG = {"face_to_face": (0.50 / 3, 45.0, 2.0), "phone": (0.25, 12.0, 0.4), "email": (0.10 * 3, 1.0, 0.05)}
"""Guessed effect (wrong by a factor of three in two of three), minutes, cost."""
GUESSES = Catalogue(
    "1",
    "EUR",
    0.4,
    28,
    (Pool("minutes", "minutes", 6_000.0),),
    tuple(
        Action(name, "visit", name, guess, guess, cost=cost, minutes=minutes, pools=("minutes",), min_gap_days=0)
        for name, (guess, minutes, cost) in WRONG.items()
    ),
    holdout_share=0.3,
    exploration_share=0.0,
)


def rounds(seeds: Iterable[int], customers: int = 8_000, effects: bool = True) -> pd.DataFrame:
    """Return a row a world: the true value of three plans and their sizes; the later ones learn from the hold-outs.

    What a plan learns is what `regulars plan` learns: the guesses after the effects of all rounds so far, pooled.
    """
    truth = Truth(days=700, acquisition_days=400, incentives=())
    truth = truth if effects else truth.without_effects()
    rows = []
    for seed in seeds:
        world = World(truth, customers, seed)
        world.until(448)
        catalogue, shown, row = GUESSES, [], {}
        for number in range(1, 4):
            options = _options(world, catalogue)
            limits = make_limits(options, catalogue)
            chosen = allocate(options, limits.usage, limits.capacity).chosen
            drawn = draw_arms(options, chosen, f"{seed}-{number}", catalogue)
            plan = options.loc[drawn.index].join(drawn).assign(day=world.day)
            row |= {f"round {number}": _true_value(world, plan), f"size {number}": float(len(plan))}
            row |= {f"{action.name} {number}": action.effect for action in catalogue.actions}
            before = world.truth_table()["purchases"]
            treated = plan["arm"] == "do"
            world.act(plan.loc[treated, ["customer_id", "day", "event_type", "channel"]])
            world.until(world.day + 28, campaigns=False)
            bought = bought_between(world, before[plan["customer_id"]]).to_numpy(float)
            outcomes = {"plan_id": str(number), "treated": treated, "purchases": bought}
            shown.append(plan.assign(**outcomes, planned_in_horizon=treated.astype(float)))
            table = pd.concat(shown, ignore_index=True)
            seen = effects_of_one_action(table)
            catalogue = posterior_catalogue(GUESSES, seen, GUESSES.horizon_days, pooled_rounds(table))
        rows.append(row)
    return pd.DataFrame(rows)


def _options(world: World, catalogue: Catalogue) -> pd.DataFrame:
    """Return each customer with each action, and what it is expected to bring."""
    x = features_at(world)
    x = x[x["T"].notna()]
    bought = BGNBD(penalizer=0.001).fit(x).expected_purchases(x, catalogue.horizon_days)
    amount = ((x["spend"] + 100) / (x["purchase_count"] + 3)).to_numpy()
    parts = []
    for action in catalogue.actions:
        value = catalogue.margin * bought * amount * action.effect - action.cost
        columns = {"value": value, "value_expected": value, "cost_expected": action.cost, "minutes": action.minutes}
        words = {"action": action.name, "event_type": "visit", "channel": action.channel, "rep": None}
        known = {"expected_purchases": bought, "purchases_before": x["purchase_30"].to_numpy(float)}
        who = {"customer": np.arange(len(x)), "customer_id": x.index}
        parts.append(pd.DataFrame(who | words | columns | known))
    return pd.concat(parts, ignore_index=True)


def _true_value(world: World, plan: pd.DataFrame, futures: int = 6) -> float:
    table = world.truth_table()
    gain = pd.Series(0.0, table.index)
    for future in range(futures):
        acted, idle = world.copy(future), world.copy(future)
        acted.act(plan[["customer_id", "day", "event_type", "channel"]])
        for twin in (acted, idle):
            twin.until(world.day + 28, campaigns=False)
        gain += (acted.truth_table()["purchases"] - idle.truth_table()["purchases"]) / futures
    costs = plan["channel"].map({name: cost for name, (_, _, cost) in WRONG.items()}).sum()
    return float(0.4 * (gain * table["mean_spend"]).sum() - costs)
