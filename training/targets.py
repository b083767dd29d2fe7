"""What came true: purchase occasions of each customer in `[as_of, as_of + horizon)`, and whether there was none."""

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore
from features.store.layout import ABSENT

PURCHASE = EVENT_TYPES.index("purchase")


def targets(
    store: EventStore, as_of: AsOfLike, horizons: Sequence[int], known_at: AsOfLike | None = None
) -> pd.DataFrame:
    """Return `purchases_<h>`, `churned_<h>` and `spend_<h>` of every customer in the store, for horizons of h days.

    int64, bool and float64 (currency, before returns; a purchase without an amount adds 0), indexed by `customer_id`,
    in the store's order. Purchases of one business day count once. `known_at`: what was known at that moment alone, as
    a fit at an earlier date must see it; without it the whole log, corrected events as last corrected. A horizon that
    was not over by then has no columns (see `mature`).
    """
    start = AsOf.parse(as_of, store.timezone).time
    who, day, time, cents = purchases_between(store, start, known_at)
    first_of_day = np.ones(len(who), bool)
    first_of_day[1:] = (who[1:] != who[:-1]) | (day[1:] != day[:-1])
    columns: dict[str, NDArray[np.generic]] = {}
    for horizon in horizons:
        if mature(store, as_of, horizon, known_at):
            inside = time < horizon_end(store, as_of, horizon)
            counts = np.bincount(who[inside & first_of_day], minlength=store.n_customers)
            columns[f"purchases_{horizon}"] = counts
            columns[f"churned_{horizon}"] = counts == 0
            spent = np.bincount(who[inside], np.maximum(cents[inside], 0), minlength=store.n_customers)
            columns[f"spend_{horizon}"] = spent / 100
    return pd.DataFrame(columns, index=pd.Index(pd.array(store.customer_ids, dtype="str"), name="customer_id"))


def mature(store: EventStore, as_of: AsOfLike, horizon: int, known_at: AsOfLike | None = None) -> bool:
    """Return whether the horizon was over at `known_at`; without it, by the log's end, its last day taken for whole.

    What comes after `known_at` has no say, not even whether anything did: the log is taken for complete until then.
    """
    end = horizon_end(store, as_of, horizon)
    return end <= (log_end(store) if known_at is None else AsOf.parse(known_at, store.timezone).time)


def log_end(store: EventStore) -> int:
    """Return the midnight after the last event's business day, in microseconds UTC; 0 for a log without events."""
    last = store.manifest["last_time"]
    if last is None:
        return 0
    local = pd.Timestamp(last, unit="us", tz="UTC").tz_convert(store.timezone).tz_localize(None)
    return AsOf.parse(local.normalize() + timedelta(days=1), store.timezone).time


def horizon_end(store: EventStore, as_of: AsOfLike, horizon: int) -> int:
    """Return the end of `[as_of, as_of + horizon)` in microseconds UTC: so many days on by the business clock."""
    local = pd.Timestamp(AsOf.parse(as_of, store.timezone).time, unit="us", tz="UTC").tz_convert(store.timezone)
    return AsOf.parse(local.tz_localize(None) + timedelta(days=horizon), store.timezone).time


def purchases_between(store: EventStore, start: int, known_at: AsOfLike | None) -> tuple[NDArray[np.int64], ...]:
    """Return customer position, day, time and cents of the purchases from `start` (microseconds, UTC) on.

    In the store's order; known at `known_at`, or as the whole log has them.
    """
    columns = store.columns
    chosen = (columns["kind"] == PURCHASE) & (columns["time"] >= start)
    seen = None if known_at is None else AsOf.parse(known_at, store.timezone).time
    if seen is not None:
        chosen &= columns["time"] < seen
    if store.recorded:
        if seen is None:
            chosen &= columns["known_until"] == ABSENT["known_until"]
        else:
            chosen &= (columns["known_from"] < seen) & (columns["known_until"] >= seen)
    rows = np.flatnonzero(chosen)
    who = np.searchsorted(store.offsets, rows, side="right") - 1
    return who, columns["day"][rows], columns["time"][rows], columns["cents"][rows]
