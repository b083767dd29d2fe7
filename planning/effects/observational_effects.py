"""Effects of all visits and incentives in the log, planned or not: what can be said without a draw at random."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import feature_table
from features.errors import TooLittleDataError
from features.store.event_store import EventStore
from planning.causal_inference.doubly_robust import ObservationalEffect, aipw_effect
from planning.contacts import contact_rows
from planning.effects.decisions import WEEK
from training.net_spend import events
from training.targets import horizon_end, horizon_is_over, targets

MOST_ROWS = 20_000
KINDS = ("visit", "incentive")


def observational_effects(
    store: EventStore, starts: Sequence[AsOf], horizon_days: int, *, seed: int = 0
) -> Mapping[str, ObservationalEffect]:
    """Return the effect on purchases of a contact in the week after each date, by kind.

    All customers known at a date take part, those with a contact of the kind within a week against the others, with all
    features at the date as the reasons for which they may have been chosen. Purchases count after that week: one within
    it may be why there was a contact.

    Parameters
    ----------
    store : EventStore
    starts : sequence of AsOf
        Those for which the week and the horizon after it are not over are left out.
    horizon_days : int
    seed : int, default 0
        Of the sample of at most 20,000 customers and dates.

    Returns
    -------
    mapping of str to ObservationalEffect
        By `visit` and `incentive`; a kind with too few contacts, or without any counterpart, is left out.
    """
    over = [start for start in starts if horizon_is_over(store, start, WEEK + horizon_days)]
    tables = [_at(store, start, horizon_days) for start in over]
    if not tables:
        return {}
    table = pd.concat(tables)
    if len(table) > MOST_ROWS:
        rows = np.random.default_rng(seed).choice(len(table), MOST_ROWS, replace=False)
        table = table.iloc[np.sort(rows)]
    features = table.drop(columns=["purchases_after", *(f"{kind}_now" for kind in KINDS)])
    features = features.loc[:, features.nunique() > 1]
    effects = {}
    for kind in KINDS:
        try:
            effects[kind] = aipw_effect(
                table["purchases_after"], table[f"{kind}_now"], features, clusters=table.index, seed=seed
            )
        except TooLittleDataError:
            continue
    return effects


def _at(store: EventStore, start: AsOf, horizon_days: int) -> pd.DataFrame:
    table = feature_table(store, start)
    after = targets(store, horizon_end(store, start, WEEK), [horizon_days])[f"purchases_{horizon_days}"]
    contacts = {f"{kind}_now": _contacted(store, kind, start).reindex(table.index) for kind in KINDS}
    return table.assign(start_day=float(start.day), purchases_after=after.reindex(table.index), **contacts)


def _contacted(store: EventStore, kind: str, start: AsOf) -> pd.Series:
    """Return which customers had a contact of this kind in the week after a date."""
    end = horizon_end(store, start, WEEK)
    contacted = np.zeros(store.n_customers, bool)
    for customers, part in store.buckets:
        contacted[customers[events(part, contact_rows(part, kind, start.time, end.time, None))[0]]] = True
    return pd.Series(contacted, index=pd.Index(pd.array(store.customer_ids, dtype="str"), name="customer_id"))
