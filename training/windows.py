"""Rolling windows: what was known at earlier dates, and what followed within each horizon."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from features.as_of import AsOf, AsOfLike
from features.engines.feature_table import feature_table, known_customers
from features.errors import InvalidArgumentError, TooLittleDataError
from features.store.event_store import EventStore
from features.store.layout import ABSENT
from features.store.log_dates import dates_every, first_day, last_day
from training.models.purchases.level_calibration import LEVEL_HISTORY_DAYS, LEVEL_HORIZONS, YEAR_AGO_DAYS
from training.models.window import Activity, PurchaseDays, Window
from training.targets import log_end, outcomes, purchases_between

REPEATS = 4
"""How many windows of each horizon, end to end, before the date of the fit."""
OLDEST = 546
"""How many days before the date of the fit a window may start: older ones describe another business."""
LEAST_HISTORY = 60
"""How many days of the log a window needs before it starts, at least."""
HISTORY_SHARE = 0.75
"""And at least this share of its horizon."""


def window_plan(first_day: int, day: int, horizons: Sequence[int]) -> dict[int, list[int]]:
    """Return the windows to learn from at `day`: for each start day the horizons that are over by then.

    These are the last `REPEATS` windows of each horizon, end to end, each with enough history (`HISTORY_SHARE`,
    `LEAST_HISTORY`); and the window a year ago in the steps of the level calibration, where the log is long enough.

    Examples
    --------
    >>> window_plan(first_day=0, day=200, horizons=[30, 90])
    {80: [30], 110: [30, 90], 140: [30], 170: [30]}
    """
    plan: dict[int, set[int]] = {}
    for horizon_days in horizons:
        oldest = day - min(OLDEST, REPEATS * horizon_days)
        for start in range(day - horizon_days, oldest - 1, -horizon_days):
            if start - first_day < max(HISTORY_SHARE * horizon_days, LEAST_HISTORY):
                break
            plan.setdefault(start, set()).add(horizon_days)
    if day - YEAR_AGO_DAYS - first_day >= LEVEL_HISTORY_DAYS:
        plan.setdefault(day - YEAR_AGO_DAYS, set()).update(LEVEL_HORIZONS)
    return {start: sorted(planned) for start, planned in sorted(plan.items())}


def window(
    store: EventStore,
    as_of: AsOfLike,
    horizons: Sequence[int],
    known_at: AsOfLike | None = None,
) -> Window:
    """Return the features at the midnight of `as_of` of everyone who had bought, and what they bought afterwards.

    Nothing of the outcome decides who is in the window.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, str, datetime.date or datetime.datetime
    horizons : sequence of int
        Days; horizons that were not over at `known_at` are left out.
    known_at : AsOf, str, datetime.date or datetime.datetime, optional
        As in `targets`; without it the end of the log.
    """
    start = midnight(store, as_of)
    features = feature_table(store, start)
    bought = (features["purchase_days"] > 0).to_numpy()
    customers = known_customers(store, start)[bought]
    over = outcomes(store, start, horizons, known_at)
    return Window(
        start.day,
        features[bought],
        {h: outcome.purchases[customers] for h, outcome in over.items()},
        {h: outcome.cents[customers] / 100 for h, outcome in over.items()},
    )


def backtest_dates(
    store: EventStore,
    every_days: int,
    horizon_days: int,
    since: AsOfLike | None = None,
    until: AsOfLike | None = None,
) -> list[AsOf]:
    """Return midnights at equal distances, ascending, counted back from the last.

    Parameters
    ----------
    store : EventStore
    every_days : int
        Days between two dates.
    horizon_days : int
        The shortest horizon.
    since : AsOf, str, datetime.date or datetime.datetime, optional
        No date before it; without it `LEAST_HISTORY` days after the first event.
    until : AsOf, str, datetime.date or datetime.datetime, optional
        The last date; without it the last one whose horizon is over.

    Raises
    ------
    TooLittleDataError
        When the log has no room for a date and `since` and `until` are left to it.
    InvalidArgumentError
        When there is no date between them.
    """
    first, last = first_day(store), last_day(store)
    if first is None or last is None:
        raise TooLittleDataError("the log has no events: a backtest needs purchases")
    begin, end = first + LEAST_HISTORY, last + 1 - horizon_days
    if since is None and until is None and begin > end:
        raise TooLittleDataError(
            f"the log is {last + 1 - first} days long: dates before a horizon of {horizon_days} days need at least "
            f"{LEAST_HISTORY + horizon_days}; give fewer --horizon-days, or --as-of"
        )
    return dates_every(
        store,
        every_days,
        AsOf.at_midnight(begin, store.timezone) if since is None else since,
        AsOf.at_midnight(end, store.timezone) if until is None else until,
    )


def activity(store: EventStore, as_of: AsOfLike) -> Activity:
    """Return the daily purchase occasions known at the midnight of `as_of`, first and repeat ones apart."""
    cutoff = midnight(store, as_of)
    customer, days, _, _ = purchases_between(store, ABSENT["known_from"], cutoff)
    if not len(customer):
        return Activity(cutoff.day, np.zeros(0, np.int64), np.zeros(0, np.int64))
    first_of_customer = np.append(True, customer[1:] != customer[:-1])
    first_of_day = first_of_customer | np.append(True, days[1:] != days[:-1])
    first_day = int(days.min())
    length = cutoff.day - first_day
    return Activity(
        first_day,
        np.bincount(days[first_of_customer] - first_day, minlength=length),
        np.bincount(days[first_of_day & ~first_of_customer] - first_day, minlength=length),
    )


def purchase_days(store: EventStore, as_of: AsOfLike, features: pd.DataFrame) -> PurchaseDays:
    """Return the days known at the midnight of `as_of` on which the customers of a feature table bought."""
    customer, days, _, _ = purchases_between(store, ABSENT["known_from"], midnight(store, as_of))
    row = features.index.get_indexer(pd.Index(store.customer_ids))[customer]
    new = np.append(True, (customer[1:] != customer[:-1]) | (days[1:] != days[:-1]))[: len(days)] & (row >= 0)
    return PurchaseDays(row[new], days[new].astype(np.int64))


def midnight(store: EventStore, as_of: AsOfLike) -> AsOf:
    """Return the midnight that begins the business day of `as_of`."""
    cutoff = AsOf.parse(as_of, store.timezone)
    return AsOf.at_midnight(cutoff.day, store.timezone)


def past_midnight(store: EventStore, as_of: AsOfLike) -> AsOf:
    """Return the midnight that begins the business day of `as_of`.

    Raises InvalidArgumentError after the end of the log: the days up to it would count as days without a purchase.
    """
    cutoff, end = midnight(store, as_of), log_end(store)
    if cutoff.day > end.day:
        raise InvalidArgumentError(
            f"the log ends before {end.date}, so nothing is known of the days up to {cutoff.date}: give --as-of "
            f"{end.date} or an earlier date"
        )
    return cutoff
