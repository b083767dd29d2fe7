"""What plans are worth where the truth is known: beside simple rules, and over three rounds of learning.

`benchmarks.planning_worlds` runs both.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import sparse

from benchmarks.simulated_visits import HORIZON, bought_between, features_at
from features.simulate import Truth, World
from planning.allocation.allocate import allocate
from planning.causal_inference.randomised_effect import randomised_effect
from training.models.btyd.bg_nbd import BGNBD


def value(
    runs: int, customers: int = 20_000, truth: Truth | None = None, futures: int = 6, share: float = 0.05
) -> pd.DataFrame:
    """Return a row a world: what each plan of visits by phone is worth in spend, in 56 days.

    Whoever is visited changes nobody else, so one pair of worlds, in which everybody is visited or nobody, gives the
    value of every plan.
    """
    truth = replace(Truth(days=860, acquisition_days=600), visit_random_share=0.3) if truth is None else truth
    rows = []
    for seed in range(runs):
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


CATALOGUE = {"face_to_face": (0.50 / 3, 45.0, 2.0), "phone": (0.25, 12.0, 0.4), "email": (0.10 * 3, 1.0, 0.05)}
"""Guessed effect (wrong by a factor of three in two of three), minutes, cost."""


def rounds(runs: int, customers: int = 8_000, minutes: float = 6_000.0, effects: bool = True) -> pd.DataFrame:
    """Return a row a world: the true value of three plans and their sizes; the later ones learn from the hold-outs."""
    truth = Truth(days=700, acquisition_days=400, incentives=())
    truth = truth if effects else truth.without_effects()
    rows = []
    for seed in range(runs):
        world = World(truth, customers, seed)
        world.until(448)
        prior = {name: (guess, guess) for name, (guess, _, _) in CATALOGUE.items()}  # mean and its error
        row = {}
        for number in range(1, 4):
            start = world.day
            x = features_at(world)
            x = x[x["T"].notna()]
            bought = BGNBD(penalizer=0.001).fit(x).expected_purchases(x, 28)
            amount = ((x["spend"] + 100) / (x["purchase_count"] + 3)).to_numpy()
            options = pd.concat(
                [
                    pd.DataFrame(
                        {
                            "customer": np.arange(len(x)),
                            "action": name,
                            "value": 0.4 * bought * amount * prior[name][0] - cost,
                            "minutes": needed,
                        }
                    )
                    for name, (_, needed, cost) in CATALOGUE.items()
                ],
                ignore_index=True,
            )
            usage = sparse.csr_array(options[["minutes"]].to_numpy())
            picked = options[allocate(options, usage, np.array([minutes])).chosen]
            plan = pd.DataFrame(
                {"customer_id": x.index[picked["customer"]], "day": start, "event_type": "visit",
                 "channel": picked["action"].to_numpy()}
            )  # fmt: skip
            row |= {f"round {number}": _true_value(world, plan), f"size {number}": float(len(plan))}
            rng = np.random.default_rng((seed, number))
            control = rng.random(len(plan)) < 0.3
            before = world.truth_table()["purchases"]
            world.act(plan[~control])
            world.until(start + 28, campaigns=False)
            y = bought_between(world, before[plan["customer_id"]]).to_numpy(float)
            expected = bought[picked["customer"]]
            for name in CATALOGUE:
                rows_of = (plan["channel"] == name).to_numpy()
                if min((rows_of & control).sum(), (rows_of & ~control).sum()) >= 20:
                    found = randomised_effect(y[rows_of], ~control[rows_of], expected[rows_of])
                    scale = max(expected[rows_of].mean(), 1e-9)
                    prior[name] = _updated(prior[name], found.estimate / scale, found.standard_error / scale)
        rows.append(row)
    return pd.DataFrame(rows)


def _updated(prior: tuple[float, float], estimate: float, error: float) -> tuple[float, float]:
    weights = 1 / prior[1] ** 2, 1 / error**2
    return (prior[0] * weights[0] + estimate * weights[1]) / sum(weights), sum(weights) ** -0.5


def _true_value(world: World, plan: pd.DataFrame, futures: int = 6) -> float:
    table = world.truth_table()
    gain = pd.Series(0.0, table.index)
    for future in range(futures):
        acted, idle = world.copy(future), world.copy(future)
        acted.act(plan)
        for twin in (acted, idle):
            twin.until(world.day + 28, campaigns=False)
        gain += (acted.truth_table()["purchases"] - idle.truth_table()["purchases"]) / futures
    costs = plan["channel"].map({name: cost for name, (_, _, cost) in CATALOGUE.items()}).sum()
    return float(0.4 * (gain * table["mean_spend"]).sum() - costs)
