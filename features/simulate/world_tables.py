"""What a world knows, as tables: the truth about its customers, its campaigns' decisions, the records of plans."""

import numpy as np
import pandas as pd

from features.simulate.population import customer_ids
from features.simulate.responses import OUTCOMES
from features.simulate.seasonal_time import to_timestamps
from features.simulate.world_rows import Rows
from features.simulate.world_state import State


def truth_table(state: State, day: int) -> pd.DataFrame:
    """Return one row a customer, as `World.truth_table` describes it."""
    truth, drawn = state.truth, state.population.customers
    alive_until = np.where(state.alive_until < day, state.alive_until, np.inf)
    levels = state.levels(np.arange(state.count)) * truth.rating_max
    columns = {
        "first_purchase": to_timestamps(truth, drawn.first_purchase).astype("datetime64[us]"),
        "rate": drawn.rate,
        "dropout_probability": drawn.dropout_probability,
        "dropout_rate": drawn.dropout_rate,
        "alive_until": to_timestamps(truth, alive_until).astype("datetime64[us]"),
        "mean_spend": drawn.mean_spend,
        "satisfaction_level": levels[:, 0],
        "loyalty_level": levels[:, 1],
        "visits_at_random": drawn.visits_at_random,
        "incentives_at_random": drawn.incentives_at_random,
        "induced_purchases": state.induced_purchases.astype(int),
        "purchases": state.purchases.astype(int),
        "spend": state.spend,
    }
    for index, action in enumerate(truth.actions):
        columns[f"effect_{action.channel}"] = np.maximum(state.population.effects[:, index] * action.effect, -1.0)
    return pd.DataFrame(columns, index=pd.Index(customer_ids(state.count), name="customer_id"))


def decisions_table(state: State) -> pd.DataFrame:
    """Return one row a customer, period and type of event, as `World.decisions` describes it."""
    rows = _joined(state.decisions, ("customer", "day", "program", "action", "at_random", "propensity", "plan_item"))
    channels = [action.channel for action in state.truth.actions]
    at_random = rows["at_random"].astype(np.bool_)
    return pd.DataFrame(
        {
            "customer_id": _words(customer_ids(state.count), rows["customer"]),
            "start": to_timestamps(state.truth, rows["day"].astype(np.float64)),
            "event_type": _words(["visit", "incentive"], rows["program"]),
            "channel": _words(channels, rows["action"]),
            "at_random": at_random,
            "propensity": np.where(at_random, rows["propensity"], np.nan).astype(np.float64),
            "plan_item": _words(state.events.plan_items, rows["plan_item"]),
        }
    )


def records_table(state: State) -> pd.DataFrame:
    """Return one row a planned contact, as `World.records` describes it."""
    names = ("plan", "plan_item", "customer", "action", "content", "time", "status", "in_time")
    rows = _joined(state.records, (*names, "outcome", "satisfaction", "loyalty"))
    order = np.argsort(rows["plan"], kind="stable")
    rows = {name: column[order] for name, column in rows.items()}
    channels = [action.channel for action in state.truth.actions]
    skipped = rows["status"] == "skipped"
    # Who has no time left gives no reason of the customer's.
    reasons = np.where(skipped, np.where(rows["in_time"].astype(int) == 0, 1, 0), -1)
    rep = state.population.rep[rows["customer"].astype(np.int64)]
    time = to_timestamps(state.truth, rows["time"].astype(np.float64))
    return pd.DataFrame(
        {
            "plan_item": _words(state.events.plan_items, rows["plan_item"]),
            "customer_id": _words(customer_ids(state.count), rows["customer"]),
            "status": pd.array(rows["status"], dtype="str"),
            "reason": _words(["not_worth_it", "other"], reasons),
            "done_at": np.where(skipped, np.datetime64("NaT"), time),
            "channel": _words(channels, rows["action"]),
            "content": _words(state.events.contents, rows["content"]),
            "outcome": _words(list(OUTCOMES), np.nan_to_num(rows["outcome"].astype(np.float64), nan=-1.0)),
            "satisfaction": rows["satisfaction"].astype(np.float64),
            "loyalty": rows["loyalty"].astype(np.float64),
            "rep": _words([f"R{number + 1:02d}" for number in range(state.truth.reps)], rep),
        }
    )


def _joined(parts: list[Rows], names: tuple[str, ...]) -> Rows:
    return {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0) for name in names}


def _words(words: list[str], codes: np.ndarray) -> pd.api.extensions.ExtensionArray:
    with_null = np.array([*words, None], object)
    return pd.array(with_null[codes.astype(np.int64)], dtype="str")
