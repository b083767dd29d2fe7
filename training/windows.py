"""Rolling windows: what was known at earlier dates, and what each horizon brought after them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from features.as_of import AsOfLike, day_date
from features.engines.feature_table import feature_table
from features.store.event_store import EventStore
from features.store.layout import ABSENT
from training.models.purchases.level_calibration import LEVEL_HISTORY_DAYS, LEVEL_HORIZONS, YEAR_AGO_DAYS
from training.models.window import Activity, Window
from training.targets import purchases_between, targets

REPEATS = 4
"""How many windows of each horizon, one after the other, before the date of the fit."""
OLDEST = 546
"""Windows start at most so many days before the date of the fit: older ones tell of another firm."""
LEAST_HISTORY = 60


def window_plan(first_day: int, day: int, horizons: Sequence[int]) -> dict[int, list[int]]:
    """Return which windows to learn from at `day`: their start, and the horizons that are over by then.

    Of each horizon the last few windows, end to end, each with at least three quarters of its length as history; and
    the window a year ago, followed in steps, where it has the history to give a level.
    """
    plan: dict[int, set[int]] = {}
    for horizon in horizons:
        for start in range(day - horizon, day - min(OLDEST, REPEATS * horizon) - 1, -horizon):
            if start - first_day < max(0.75 * horizon, LEAST_HISTORY):
                break
            plan.setdefault(start, set()).add(horizon)
    if day - YEAR_AGO_DAYS - first_day >= LEVEL_HISTORY_DAYS:
        plan.setdefault(day - YEAR_AGO_DAYS, set()).update(LEVEL_HORIZONS)
    return {start: sorted(reach) for start, reach in sorted(plan.items())}


def window(
    store: EventStore,
    day: int,
    horizons: Sequence[int],
    known_at: AsOfLike | None = None,
    customers: NDArray[np.int64] | None = None,
) -> Window:
    """Return the window at a day's midnight, with those horizons that were over at `known_at` (None: by the log's end).

    Who is in it has a purchase known before that day, and nothing of the outcome decides it. `customers`: positions in
    the store, to take these alone.
    """
    as_of = day_date(day)
    features = feature_table(store, as_of, customers)
    features = features[features["purchase_days"] > 0]
    known = targets(store, as_of, horizons, known_at).reindex(features.index)
    reached = [h for h in horizons if f"purchases_{h}" in known]
    return Window(
        day,
        features,
        {h: known[f"purchases_{h}"].to_numpy(np.int64) for h in reached},
        {h: known[f"spend_{h}"].to_numpy(float) for h in reached},
    )


def activity(store: EventStore, day: int, customers: NDArray[np.int64] | None = None) -> Activity:
    """Return the daily purchase occasions known at a day's midnight, the first of each customer apart."""
    who, days, _, _ = purchases_between(store, ABSENT["known_from"], day_date(day))
    if customers is not None:
        chosen = np.isin(who, customers)
        who, days = who[chosen], days[chosen]
    if not len(who):
        return Activity(day, np.zeros(0, np.int64), np.zeros(0, np.int64))
    first_of_customer = np.append(True, who[1:] != who[:-1])
    first_of_day = first_of_customer | np.append(True, days[1:] != days[:-1])
    start = int(days.min())
    length = day - start
    return Activity(
        start,
        np.bincount(days[first_of_customer] - start, minlength=length),
        np.bincount(days[first_of_day & ~first_of_customer] - start, minlength=length),
    )
