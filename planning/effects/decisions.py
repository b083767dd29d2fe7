"""What followed the decisions of past plans: one row a customer and plan, with what was known before and came after."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.store.event_store import EventStore
from features.store.layout import ABSENT, KIND_CODES
from planning.contacts import carried_out
from planning.erased_rows import with_kept_outcomes
from planning.plan_folder import Plan
from planning.plans_in_force import cutoff_of, monday_of, outcomes_from
from planning.records import current_records
from training.net_spend import events, rows_known
from training.targets import horizon_end, horizon_is_over, targets

WEEK = 7
RATINGS = ("satisfaction", "loyalty")


def measured_by(
    store: EventStore, plans: Sequence[Plan], folders: Sequence[Path]
) -> Callable[[Plan, int], pd.DataFrame]:
    """Return a function that gives the `decisions` of a plan, without rows until its horizon in days is over.

    Parameters
    ----------
    store : EventStore
    plans : sequence of Plan
        All plans: what was planned for a customer elsewhere is a part of the outcome. Copies of one count once.
    folders : sequence of Path
        Theirs. The records in them are read at each call, for they may have changed.
    """

    def measure(plan: Plan, horizon_days: int) -> pd.DataFrame:
        once = {**{each.plan_id: each for each in plans}, plan.plan_id: plan}
        rows = decisions(store, list(once.values()), horizon_days, records=latest_records(folders))
        return rows[rows["plan_id"] == plan.plan_id]

    return measure


def decisions(
    store: EventStore,
    plans: Sequence[Plan],
    horizon_days: int,
    *,
    records: pd.DataFrame | None = None,
    known_at: AsOfLike | None = None,
) -> pd.DataFrame:
    """Return the chosen customers of plans whose horizon is over, with their outcomes.

    Customers drawn to learn from (`exploration` of the manifest) are no part of it, in neither arm. Rows of erased
    customers have the outcomes that were measured before; without any over this horizon they are left out.

    Parameters
    ----------
    store : EventStore
        The log, with what happened after the plans.
    plans : sequence of Plan
    horizon_days : int
        Days during which outcomes count, from the Monday of a plan's week on, or from its cutoff if that is later, for
        those left alone as for the others.
    records : pandas.DataFrame, optional
        The latest record of each plan item: `plan_item`, `status`, and `cost` (currency, may be null).
    known_at : AsOf, str, datetime.date or datetime.datetime, optional
        Use only what was known then, as a plan made then must.

    Returns
    -------
    pandas.DataFrame
        `plan_id, week, plan_item, customer_id, start` (the date from which on outcomes count), `action, event_type,
        channel, arm, propensity`; `treated` (bool, the arm `do`); `carried_out` (bool: a record says so, or the log
        does, see `planning.contacts.carried_out`); `cost` (currency, 0 where it was not done); `purchases` and `spend`
        (net of returns) in the horizon; `purchases_before`, `spend_before` in as many days before the cutoff;
        `satisfaction` and `loyalty` (the mean rating given in the horizon, null where nobody asked);
        `planned_in_horizon` (actions planned for the customer, this one and those of later plans that begin in the
        horizon); and what the plan knew: `loyalty_score, expected_purchases, expected_spend, churn_probability`.
    """
    known = None if known_at is None else AsOf.parse(known_at, store.timezone)
    rounds = [
        _decisions_of(store, plan, horizon_days, known)
        for plan in plans
        if horizon_is_over(store, outcomes_from(plan, store.timezone), horizon_days, known)
    ]
    if not rounds:
        return pd.DataFrame(columns=COLUMNS)
    table = pd.concat(rounds, ignore_index=True)
    table["planned_in_horizon"] = _planned_in_horizon(store, plans, horizon_days, table)
    table = with_kept_outcomes(table, horizon_days)
    if records is not None and len(records):
        latest = records.drop_duplicates("plan_item", keep="last").set_index("plan_item")
        table["carried_out"] |= table["plan_item"].map(latest["status"]).eq("done")
        if "cost" in latest:
            table["cost"] = table["plan_item"].map(latest["cost"]).astype(float).fillna(table["cost"])
    table["cost"] = table["cost"].where(table["carried_out"], 0.0)
    return table[COLUMNS]


COLUMNS = [
    *("plan_id", "week", "plan_item", "customer_id", "start", "action", "event_type", "channel", "arm", "propensity"),
    *("treated", "carried_out", "cost", "purchases", "spend", "purchases_before", "spend_before", *RATINGS),
    *("planned_in_horizon", "loyalty_score", "expected_purchases", "expected_spend", "churn_probability"),
]


def _decisions_of(store: EventStore, plan: Plan, horizon_days: int, known: AsOf | None) -> pd.DataFrame:
    zone = store.timezone
    cutoff, start = cutoff_of(plan, zone), outcomes_from(plan, zone)
    # Those drawn to learn from were not chosen and buy less; half of them are left alone, in which they would pass for
    # the hold-out of the chosen.
    chosen = ~plan.items["plan_item"].isin(plan.manifest.get("exploration", []))
    table = plan.items[chosen].reset_index(drop=True)
    customers = pd.Index(table["customer_id"])
    after = _outcomes(store, start, horizon_days, known).reindex(customers, fill_value=0)
    before = _outcomes(store, _earlier(store, cutoff, horizon_days), horizon_days, cutoff).reindex(
        customers, fill_value=0
    )
    week_end, end = horizon_end(store, monday_of(plan, zone), WEEK), horizon_end(store, start, horizon_days)
    rated = ratings(store, start, end, known).reindex(customers)
    return table.assign(
        week=str(plan.manifest.get("week", "")),
        start=str(start.date),
        treated=(table["arm"] == "do").to_numpy(bool),
        carried_out=carried_out(store, table, cutoff, week_end, end, known),
        cost=table["cost_expected"].astype(float).fillna(0.0),
        **{name: after[name].to_numpy(float) for name in ("purchases", "spend")},
        **{f"{name}_before": before[name].to_numpy(float) for name in ("purchases", "spend")},
        **{name: rated[name].to_numpy(float) for name in RATINGS},
    )


def _planned_in_horizon(
    store: EventStore, plans: Sequence[Plan], horizon_days: int, table: pd.DataFrame
) -> NDArray[np.float64]:
    """Return how many actions all plans have for the customer of each row within its horizon."""
    planned = pd.concat(
        plan.items.loc[plan.items["arm"] == "do", ["customer_id"]].assign(
            day=float(outcomes_from(plan, store.timezone).day)
        )
        for plan in plans
    )
    rows = table[["customer_id"]].assign(row=np.arange(len(table)), start=0.0)
    for plan in plans:
        rows.loc[(table["plan_id"] == plan.plan_id).to_numpy(bool), "start"] = float(
            outcomes_from(plan, store.timezone).day
        )
    pairs = rows.merge(planned, on="customer_id")
    pairs = pairs[(pairs["day"] >= pairs["start"]) & (pairs["day"] < pairs["start"] + horizon_days)]
    return np.bincount(pairs["row"], minlength=len(table)).astype(float)


def _earlier(store: EventStore, start: AsOf, days: int) -> AsOf:
    local = pd.Timestamp(start.time, unit="us", tz="UTC").tz_convert(store.timezone).tz_localize(None)
    return AsOf.parse(local - timedelta(days=days), store.timezone)


def _outcomes(store: EventStore, start: AsOf, days: int, known: AsOf | None) -> pd.DataFrame:
    outcomes = targets(store, start, [days], known)
    return outcomes[[f"purchases_{days}", f"spend_{days}"]].set_axis(["purchases", "spend"], axis="columns")


def ratings(store: EventStore, start: AsOf, end: AsOf, known: AsOf | None = None) -> pd.DataFrame:
    """Return each customer's mean `satisfaction` and `loyalty` rating in `[start, end)`, null without one."""
    parts = []
    for customers, part in store.buckets:
        rows = rows_known(part, tuple(KIND_CODES.values()), start.time, known)
        rows = rows[part.columns["time"][rows] < end.time]
        customer, *values = events(part, rows, *RATINGS)
        means = {}
        for name, rating in zip(RATINGS, values, strict=True):
            given = rating != ABSENT[name]
            count = np.bincount(customer[given], minlength=part.n_customers)
            total = np.bincount(customer[given], rating[given] / 1000, minlength=part.n_customers)
            means[name] = np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0)
        parts.append(pd.DataFrame(means, index=np.asarray(store.customer_ids, object)[customers]))
    return pd.concat(parts)


def latest_records(folders: Sequence[Path]) -> pd.DataFrame:
    """Return the latest record of each row of plans: `plan_item`, `status` and `cost`.

    Parameters
    ----------
    folders : sequence of Path
        Plan folders; those without records add none.
    """
    tables = [table for folder in folders if len(table := current_records(folder))]
    if not tables:
        return pd.DataFrame(columns=["plan_item", "status", "cost"])
    table = pd.concat(tables, ignore_index=True)
    table = table[table["plan_item"].notna()].sort_values("recorded_at", kind="stable")
    return table.drop_duplicates("plan_item", keep="last", ignore_index=True)[["plan_item", "status", "cost"]]
