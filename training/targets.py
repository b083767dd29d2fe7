"""Outcomes: the purchase occasions and spend of each customer in `[as_of, as_of + horizon_days)`, and who churned."""

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
    """Return what every customer in the store did after a date.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
        Start of the horizons, inclusive.
    horizons : sequence of int
        Lengths in days. A horizon that is not over has no columns, see `horizon_is_over`.
    known_at : AsOf, str, datetime.date or datetime.datetime, optional
        Use only what was known at this moment, as a fit at an earlier date must. Without it the whole log counts, and
        corrected events count as last corrected.

    Returns
    -------
    pandas.DataFrame
        Indexed by `customer_id` in the store's order. For each horizon of h days: `purchases_<h>` (int64, purchase
        occasions: purchases of one business day count once), `churned_<h>` (bool, no purchase) and `spend_<h>`
        (float64, currency before returns; a purchase without an amount adds 0). Never null.
    """
    start = AsOf.parse(as_of, store.timezone)
    known = None if known_at is None else AsOf.parse(known_at, store.timezone)
    customer, day, time, cents = purchases_between(store, start.time, known)
    first_of_day = np.ones(len(customer), bool)
    first_of_day[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    columns: dict[str, NDArray[np.generic]] = {}
    for horizon_days in horizons:
        if horizon_is_over(store, start, horizon_days, known):
            inside = time < horizon_end(store, start, horizon_days).time
            counts = np.bincount(customer[inside & first_of_day], minlength=store.n_customers)
            columns[f"purchases_{horizon_days}"] = counts
            columns[f"churned_{horizon_days}"] = counts == 0
            spent = np.bincount(customer[inside], np.maximum(cents[inside], 0), minlength=store.n_customers)
            columns[f"spend_{horizon_days}"] = spent / 100
    return pd.DataFrame(columns, index=pd.Index(pd.array(store.customer_ids, dtype="str"), name="customer_id"))


def horizon_is_over(store: EventStore, as_of: AsOfLike, horizon_days: int, known_at: AsOfLike | None = None) -> bool:
    """Return whether the horizon was over at `known_at`, or without it, by the end of the log.

    Events after `known_at` play no part, not even whether there are any: the log counts as complete until then.
    """
    end = log_end(store) if known_at is None else AsOf.parse(known_at, store.timezone)
    return horizon_end(store, as_of, horizon_days).time <= end.time


def log_end(store: EventStore) -> AsOf:
    """Return the midnight after the business day of the last event; 1970-01-01 for a log without events."""
    last = store.manifest["last_time"]
    if last is None:
        return AsOf(0, 0)
    return AsOf.at_midnight(AsOf.at_time(last, store.timezone).day + 1, store.timezone)


def horizon_end(store: EventStore, as_of: AsOfLike, horizon_days: int) -> AsOf:
    """Return the end of `[as_of, as_of + horizon_days)`: the same time of day that many business days later."""
    local = pd.Timestamp(AsOf.parse(as_of, store.timezone).time, unit="us", tz="UTC").tz_convert(store.timezone)
    return AsOf.parse(local.tz_localize(None) + timedelta(days=horizon_days), store.timezone)


def purchases_between(store: EventStore, start: int, known_at: AsOf | None) -> tuple[NDArray[np.int64], ...]:
    """Return customer position, day, time and cents of the purchases from `start` (microseconds, UTC) on.

    They are in the store's order, as known at `known_at`, or as in the whole log without it.
    """
    of_buckets = []
    for customers, part in store.buckets:
        customer, *values = _purchases_between(part, start, known_at)
        of_buckets.append((customers[customer], *values))
    if len(of_buckets) == 1:
        return of_buckets[0]
    joint = [np.concatenate(values) for values in zip(*of_buckets, strict=True)]
    order = np.argsort(joint[0], kind="stable")
    return tuple(values[order] for values in joint)


def _purchases_between(store: EventStore, start: int, known_at: AsOf | None) -> tuple[NDArray[np.int64], ...]:
    columns = store.columns
    chosen = (columns["kind"] == PURCHASE) & (columns["time"] >= start)
    if known_at is not None:
        chosen &= columns["time"] < known_at.time
    if store.recorded:
        if known_at is None:
            chosen &= columns["known_until"] == ABSENT["known_until"]
        else:
            chosen &= (columns["known_from"] < known_at.time) & (columns["known_until"] >= known_at.time)
    rows = np.flatnonzero(chosen)
    customer = np.searchsorted(store.offsets, rows, side="right") - 1
    return customer, columns["day"][rows], columns["time"][rows], columns["cents"][rows]
