"""The purchase days of customers in the weeks before a cutoff, as sequence models read them."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.store.event_store import EventStore
from features.store.layout import ABSENT
from training.models.window import Window
from training.targets import purchases_between

Ints = NDArray[np.int64]
BEFORE = 8
"""Stands for a week before the first purchase; counts are 0 to 7."""
MOST_WEEKS = 104
WEEKS_OF_YEAR = 53


class WeeklyCounts(NamedTuple):
    """Weeks that end at a cutoff.

    Attributes
    ----------
    counts : ndarray of int64, shape (n, weeks)
        Purchase days in each week, `BEFORE` before the first purchase.
    day : int
        The cutoff, in days since 1970.
    """

    counts: Ints
    day: int

    def calendar(self, first: int, last: int) -> Ints:
        """Return the week of the year, from 0, of weeks numbered from the cutoff on: -1 is the last before it."""
        starts = np.datetime64(self.day, "D") + 7 * np.arange(first, last)
        day_of_year = (starts - starts.astype("datetime64[Y]")).astype(np.int64)
        return np.asarray(day_of_year // 7)


def weekly_counts(store: EventStore, current: Window) -> WeeklyCounts:
    """Return the purchase days of a window's customers in the weeks before its cutoff, in the order of its rows."""
    cutoff = AsOf.at_midnight(current.day, store.timezone)
    customer, days, _, _ = purchases_between(store, ABSENT["known_from"], cutoff)
    occasions = pd.DataFrame({"customer": customer, "day": days}).drop_duplicates()
    rows = current.features.index.get_indexer(pd.Index(store.customer_ids)[occasions["customer"]])
    return counted(rows, occasions["day"].to_numpy(), len(current.features), current.day)


def counted(rows: Ints, days: Ints, customers: int, day: int) -> WeeklyCounts:
    """Return the counts of purchase days.

    Parameters
    ----------
    rows : ndarray of int64, shape (k,)
        The customer of each purchase day, 0 to `customers` - 1; -1 is nobody.
    days : ndarray of int64, shape (k,)
        Days since 1970, before `day`.
    customers, day : int
        How many customers, and the cutoff.
    """
    rows, days = rows[rows >= 0], days[rows >= 0]
    back = (day - 1 - days) // 7  # 0: the last week before the cutoff
    weeks = int(min(back.max(initial=0) + 1, MOST_WEEKS))
    counts = np.zeros((customers, weeks), np.int64)
    inside = back < weeks
    np.add.at(counts, (rows[inside], weeks - 1 - back[inside]), 1)
    first = np.full(customers, weeks - 1)
    np.minimum.at(first, rows, np.maximum(weeks - 1 - back, 0))
    counts[np.arange(weeks) < first[:, None]] = BEFORE
    return WeeklyCounts(counts, day)
