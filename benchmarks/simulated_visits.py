"""Customers of a simulated world: what is known of them at a moment, what they buy since, and visits to them."""

import numpy as np
import pandas as pd

from features.simulate import Truth, World

DAY = pd.Timedelta(days=1)
VISITS = Truth(days=420, acquisition_days=280, incentives=())
START = 308  # the first day of a campaign period
HORIZON = 56


def features_at(world: World) -> pd.DataFrame:
    """Return what the log says of each customer now: purchases, spend and visits, by how long ago; NaN for never."""
    log = world.log().to_pandas()
    now = pd.Timestamp(world.truth.start) + world.day * DAY
    ids = world.truth_table().index
    ago = (now - log["event_time"]) / DAY
    columns = {}
    for kind in ("purchase", "visit", "usage", "feedback"):
        rows = log[log["event_type"] == kind].assign(ago=ago)
        by = rows.groupby("customer_id")["ago"]
        columns[f"{kind}_last"], columns[f"{kind}_count"] = by.min(), by.size()
        for days in (30, 90, 365):
            columns[f"{kind}_{days}"] = rows[rows["ago"] < days].groupby("customer_id").size()
    purchases = log[log["event_type"] == "purchase"].assign(ago=ago, day=log["event_time"].dt.normalize())
    by = purchases.groupby("customer_id")
    columns["T"], columns["spend"] = by["ago"].max(), by["amount"].sum()
    columns["spend_365"] = purchases[purchases["ago"] < 365].groupby("customer_id")["amount"].sum()
    columns["satisfaction"] = log.groupby("customer_id")["satisfaction"].mean()
    columns["frequency"] = by["day"].nunique() - 1
    columns["recency"] = (by["day"].max() - by["day"].min()) / DAY
    table = pd.DataFrame(columns).reindex(ids)
    counts = [name for name in table if name.split("_")[-1] in ("count", "30", "90", "365")]
    table = table.fillna(dict.fromkeys(counts, 0.0))
    return table.assign(T=np.maximum(np.floor(table["T"]), table["recency"]))


def bought_between(world: World, since: pd.Series) -> pd.Series:
    """Return the purchases of each customer since an earlier count."""
    return world.truth_table()["purchases"].reindex(since.index) - since


def visit_all(world: World, day: int, days: int = 28, seed: int = 0) -> pd.DataFrame:
    """Return a plan that visits every known customer once, on any workday, in the campaigns' mix of channels."""
    rng = np.random.default_rng(seed)
    table = world.truth_table()
    ids = table.index[table["first_purchase"] < pd.Timestamp(world.truth.start) + day * DAY]
    shares = np.array([visit.per_year for visit in world.truth.visits])
    channels = rng.choice([visit.channel for visit in world.truth.visits], len(ids), p=shares / shares.sum())
    workdays = [one for one in range(day, day + days) if (pd.Timestamp(world.truth.start) + one * DAY).day_of_week < 5]
    return pd.DataFrame(
        {"customer_id": ids, "day": rng.choice(workdays, len(ids)), "event_type": "visit", "channel": channels}
    )
