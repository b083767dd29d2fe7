"""Small shops with known truth: a log, plans of two actions drawn at random, and what they changed."""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from planning.plan_folder import SCHEMA, Plan, plan_items

START = date(2024, 1, 1)
ACTIONS = {"call": ("visit", "phone"), "coupon": ("incentive", "coupon")}
COST = {"call": 4.0, "coupon": 1.0}


def plan_of(customers, arms, actions, day, number, share=0.2):
    """A plan for the week of a day, whose rows are the customers' arms, as `regulars plan` would write it."""
    plan_id = f"week-{number}"
    table = pd.DataFrame(
        {
            "plan_id": plan_id,
            "plan_item": plan_items(plan_id, customers),
            "customer_id": customers,
            "action": actions,
            "event_type": [ACTIONS[a][0] for a in actions],
            "channel": [ACTIONS[a][1] for a in actions],
            "arm": np.where(arms, "do", "leave"),
            "propensity": np.where(arms, 1 - share, share),
            "cost_expected": [COST[a] for a in actions],
            "expected_purchases": 1.0,
        }
    )
    missing = {name: pd.Series([None] * len(table), dtype=object) for name in SCHEMA.names if name not in table}
    week = f"{date.fromisoformat(str(day)):%G-W%V}"
    manifest = {"plan_id": plan_id, "as_of": str(day), "week": week, "timezone": "UTC"}
    return Plan(table.assign(**missing)[SCHEMA.names], manifest)


def shop(folder, customers=400, effect=0.0, rounds=1, seed=0, asked=(0.9, 0.9), satisfaction=0.0, done=1.0, horizon=60):
    """A store of half a year and of the rounds after it, and the plans; `effect` is a factor - 1 of the rate if done.

    Each round is of other customers. `asked` are the shares of the planned and of those left alone who give a rating;
    `satisfaction` is what being visited adds to it.
    """
    rng = np.random.default_rng(seed)
    names = np.array([f"C{k:05d}" for k in range(customers)])
    rate = rng.gamma(2.0, 0.01, customers)
    begin = 180
    rows = []

    def buys(who, first, days, factor):
        for k in np.flatnonzero(who):
            for _ in range(rng.poisson(rate[k] * days * (factor[k] if np.ndim(factor) else factor))):
                rows.append((names[k], first + rng.random() * days, "purchase", round(float(rng.gamma(4, 10)), 2)))

    everybody = np.ones(customers, bool)
    for k in range(customers):
        rows.append((names[k], rng.random() * 60, "purchase", round(float(rng.gamma(4, 10)), 2)))
    buys(everybody, 60, begin - 60, 1.0)
    of_round = rng.integers(0, rounds, customers)
    plans = []
    for number in range(rounds):
        day = begin + 7 * number
        chosen = of_round == number
        arms = rng.random(customers) < 0.8
        actions = np.where(rng.random(customers) < 0.5, "call", "coupon")
        plans.append(plan_of(names[chosen], arms[chosen], actions[chosen], START + timedelta(day), number + 1))
        carried = chosen & arms & (rng.random(customers) < done)
        for k in np.flatnonzero(carried):
            kind, channel = ACTIONS[actions[k]]
            rows.append((names[k], day + 1.5, kind, None, channel, "neutral" if kind == "visit" else "sent"))
        if day > begin:
            buys(chosen, begin, day - begin, 1.0)
        buys(chosen, day, horizon, 1 + effect * carried)
        rated = chosen & (rng.random(customers) < np.where(arms, *asked))
        for k in np.flatnonzero(rated):
            rating = float(np.clip(rng.normal(7 + satisfaction * carried[k], 1), 0, 10))
            rows.append((names[k], day + 20.0, "feedback", None, None, None, round(rating, 1), round(rating / 2, 1)))
    last = begin + 7 * (rounds - 1) + horizon
    rows.append((names[0], last + 0.5, "usage"))
    columns = ["customer_id", "day", "event_type", "amount", "channel", "outcome", "satisfaction", "loyalty"]
    log = pd.DataFrame([(*row, *[None] * (8 - len(row))) for row in rows], columns=columns)
    for name in ("amount", "satisfaction", "loyalty"):
        log[name] = log[name].astype(float)
    log["event_time"] = pd.Timestamp(START) + pd.to_timedelta(log.pop("day"), unit="D").dt.floor("s")
    folder.mkdir(parents=True, exist_ok=True)
    log.to_parquet(folder / "log.parquet")
    ingest(folder / "log.parquet", folder / "store")
    return open_store(folder / "store"), plans, log
