"""The planning table: what conditions of the catalogue read, one row a customer known at the cutoff."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.errors import PlanError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from planning.contacts import last_contact_day
from planning.options.forecasts import Forecasts
from planning.text_rows import YES

RATINGS = ("satisfaction", "loyalty")
LISTS = ("opted_out", "needs")
WORDS = ("rep", "territory", "preferred_channel")
ONLY_REP = "the team"
"""The rep of everybody where no customer has one: a plan for a firm that has not divided its customers."""


def planning_table(
    store: EventStore,
    cutoff: AsOf,
    features: pd.DataFrame,
    forecasts: Forecasts,
    formula: Formula,
    customers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return features, forecasts, score, last ratings and the facts of the customers' table.

    Parameters
    ----------
    store : EventStore
    cutoff : AsOf
    features : DataFrame, shape (n, columns)
        The feature table at the cutoff.
    forecasts : Forecasts
        Of the same customers.
    formula : Formula
        The loyalty rule.
    customers : DataFrame, optional
        The customers' table as known at the cutoff, indexed by `customer_id`.

    Returns
    -------
    DataFrame, shape (n, columns)
        Indexed like `features`. Beside the features and forecasts: `loyalty_score`; `satisfaction_last`,
        `days_since_satisfaction_rating` and the same of loyalty (NaN for who was never asked);
        `days_since_last_contact` (NaN without one; a redemption is none); `rep`, `territory`,
        `preferred_channel` (None where unknown); `opted_out` and `needs` (lists of words); `complaint_open`;
        `customer_recorded_at` (NaT where the table has no row, or one known from the beginning); `not_opted_out` (as
        `planning.customers.known_customers.customers_at` gives it); and the firm's own attributes. If no customer has a
        rep, `rep` is `ONLY_REP` for everybody.

    Raises
    ------
    PlanError
        When `opted_out` or `needs` has a text in place of a list of words.
    """
    scores = score(features, drop_unpriced_parts(store, formula, cutoff))["loyalty_score"]
    table = pd.concat([features, forecasts.table, scores], axis=1)
    for name in RATINGS:
        rating, day = last_ratings(store, cutoff, name)
        table[f"{name}_last"] = rating.reindex(table.index)
        table[f"days_since_{name}_rating"] = cutoff.day - day.reindex(table.index)
    table["days_since_last_contact"] = cutoff.day - last_contact_day(store, cutoff).reindex(table.index)
    if customers is None:
        customers = pd.DataFrame(index=pd.Index([], dtype="str"))
    known = customers.reindex(table.index)
    recorded = known.get("recorded_at", pd.Series(pd.NaT, table.index))
    table["customer_recorded_at"] = pd.to_datetime(recorded, utc=True)
    for name in WORDS:
        words = known.get(name, pd.Series(None, table.index, dtype=object)).astype(object)
        table[name] = words.where(words.notna(), None)
    for name in LISTS:
        cells = known.get(name, pd.Series(None, table.index, dtype=object))
        for customer_id, cell in cells.items():
            if isinstance(cell, str):
                raise PlanError(f"{name} of {customer_id} is {cell[:40]!r}, expected a list of words, like ['email']")
        lists = [[] if np.isscalar(cell) or cell is None else [str(word) for word in cell] for cell in cells]
        table[name] = pd.Series(lists, table.index, dtype=object)
    permitted = known.get("not_opted_out", pd.Series(None, table.index, dtype=object))
    table["not_opted_out"] = permitted.map(lambda cell: cell if isinstance(cell, dict) else {})
    complaints = known.get("complaint_open", pd.Series(False, table.index))
    table["complaint_open"] = complaints.map(lambda cell: cell is True or str(cell).lower() in YES)
    if table["rep"].isna().all():
        table["rep"] = ONLY_REP
    own = [name for name in known if name not in table and name != "recorded_at"]
    return pd.concat([table, known[own]], axis=1)


def last_ratings(store: EventStore, cutoff: AsOf, name: str) -> tuple[pd.Series, pd.Series]:
    """Return the last rating of each customer who was asked, and the day when it was given.

    Parameters
    ----------
    store : EventStore
    cutoff : AsOf
    name : {"satisfaction", "loyalty"}

    Returns
    -------
    rating, day : Series, shape (n_rated,)
        Indexed by `customer_id`: in the log's scale, and in days since 1970-01-01 in the business time zone.
    """
    parts_of_buckets = list(_last_ratings(store, cutoff, name))
    customers, ratings, days = (np.concatenate(parts) for parts in zip(*parts_of_buckets, strict=True))
    ids = pd.Index(np.asarray(store.customer_ids.take(customers), dtype=object).astype(str), name="customer_id")
    return pd.Series(ratings / 1000, ids, dtype=float), pd.Series(days, ids, dtype=float)


def _last_ratings(store: EventStore, cutoff: AsOf, name: str) -> Iterator[tuple[NDArray[np.int64], ...]]:
    for customers, part in store.buckets:
        rows = np.flatnonzero(part.known_events(cutoff) & (part.columns[name] >= 0))
        owner = np.searchsorted(part.offsets, rows, side="right") - 1
        last = np.flatnonzero(np.diff(owner, append=-1))  # rows of a customer are sorted by time
        rows, owner = rows[last], owner[last]
        yield customers[owner], np.asarray(part.columns[name][rows], np.int64), np.asarray(part.columns["day"][rows])
