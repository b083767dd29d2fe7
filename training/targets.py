"""Outcomes: the purchase occasions and spend of each customer in `[as_of, as_of + horizon_days)`, and who churned."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, AsOfLike
from features.store.event_store import EventStore
from training.net_spend import PURCHASE, cents_left, events, moves_from, rows_known


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
        (float64, currency, net of returns: what is left, at the end of the horizon, of the purchases in it) and
        `returned_<h>` (float64, currency: what was returned of these purchases). Purchases without an amount count as
        0. Never null.

    Notes
    -----
    Returns are charged to purchases as in `features.engines.charging`. What a return in the horizon takes from
    purchases before it takes nothing from the horizon. A return after the horizon plays no part, so that every window
    is measured alike, whenever it is measured.
    """
    columns: dict[str, NDArray[np.generic]] = {}
    for horizon_days, outcome in outcomes(store, as_of, horizons, known_at).items():
        columns[f"purchases_{horizon_days}"] = outcome.purchases
        columns[f"churned_{horizon_days}"] = outcome.purchases == 0
        columns[f"spend_{horizon_days}"] = outcome.cents / 100
        columns[f"returned_{horizon_days}"] = outcome.returned_cents / 100
    return pd.DataFrame(columns, index=pd.Index(pd.array(store.customer_ids, dtype="str"), name="customer_id"))


class Outcome(NamedTuple):
    """What every customer of a store did in a horizon, in the store's order: arrays of int64, shape (n_customers,).

    Attributes
    ----------
    purchases : ndarray
        Purchase occasions.
    cents : ndarray
        What is left, at the end of the horizon, of the purchases in it.
    returned_cents : ndarray
        What was returned of them.
    """

    purchases: NDArray[np.int64]
    cents: NDArray[np.int64]
    returned_cents: NDArray[np.int64]


def outcomes(
    store: EventStore, as_of: AsOfLike, horizons: Sequence[int], known_at: AsOfLike | None = None
) -> dict[int, Outcome]:
    """Return what every customer did in each horizon that is over; parameters as in `targets`."""
    start = AsOf.parse(as_of, store.timezone)
    known = None if known_at is None else AsOf.parse(known_at, store.timezone)
    ends = {h: horizon_end(store, start, h).time for h in horizons if horizon_is_over(store, start, h, known)}
    done = {h: Outcome(*(np.zeros(store.n_customers, np.int64) for _ in Outcome._fields)) for h in ends}
    for customers, part in store.buckets if ends else ():
        moves = moves_from(part, start.time, known)
        bought = moves.where(moves.kind == PURCHASE)
        first_of_day = np.ones(len(bought.row), bool)
        first_of_day[1:] = (np.diff(bought.customer) != 0) | (np.diff(bought.day) != 0)
        for horizon_days, end in ends.items():
            inside, outcome = bought.time < end, done[horizon_days]
            customer, cents = bought.customer[inside], bought.cents[inside]
            size = part.n_customers
            outcome.purchases[customers] = np.bincount(customer[first_of_day[inside]], minlength=size)
            paid = np.bincount(customer, np.maximum(cents, 0), minlength=size).astype(np.int64)
            left = cents_left(part, moves.where(moves.time < end), start.time, end, known)
            outcome.cents[customers], outcome.returned_cents[customers] = left, paid - left
    return done


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
        rows = rows_known(part, (PURCHASE,), start, known_at)
        customer, *values = events(part, rows, "day", "time", "cents")
        of_buckets.append((customers[customer], *values))
    if len(of_buckets) == 1:
        return of_buckets[0]
    joint = [np.concatenate(values) for values in zip(*of_buckets, strict=True)]
    order = np.argsort(joint[0], kind="stable")
    return tuple(values[order] for values in joint)
