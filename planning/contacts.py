"""Which visits and incentives of the log are contacts: those that reached a customer because somebody acted."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.store.event_store import EventStore
from features.store.layout import CODED_WORDS, KIND_CODES
from features.store.text_codes import texts_of
from training.net_spend import EARLIEST, events, rows_known

NO_CONTACTS = {"visit": ("no_contact",), "incentive": ("redeemed", "expired")}
"""Outcomes that say nothing was done: a visit that met nobody, and what became later of an incentive that was sent. A
redemption happens at a purchase, so to count it as a contact would make the outcome its own cause."""


def contact_rows(part: EventStore, kind: str, start: int, end: int, known_at: AsOf | None) -> NDArray[np.int64]:
    """Return the positions of the contacts in `[start, end)` (microseconds, UTC).

    Parameters
    ----------
    part : EventStore
        A store, or one bucket of it.
    kind : {"visit", "incentive"}
    start, end : int
    known_at : AsOf or None
        As in `training.net_spend.rows_known`.
    """
    rows = rows_known(part, (KIND_CODES[kind],), start, known_at)
    rows = rows[part.columns["time"][rows] < end]
    words = CODED_WORDS["outcome"][kind]
    return rows[~np.isin(part.columns["outcome"][rows], [words.index(word) for word in NO_CONTACTS[kind]])]


def last_contact_day(store: EventStore, cutoff: AsOf) -> pd.Series:
    """Return the day of each customer's last contact before a cutoff, as it was known then.

    Returns
    -------
    pandas.Series of float
        Indexed by `customer_id`: days since 1970-01-01 in the business time zone, null without a contact.
    """
    last = np.full(store.n_customers, np.nan)
    for customers, part in store.buckets:
        for kind in NO_CONTACTS:
            rows = contact_rows(part, kind, EARLIEST, cutoff.time, cutoff)
            owners = customers[np.searchsorted(part.offsets, rows, side="right") - 1]
            np.fmax.at(last, owners, part.columns["day"][rows].astype(float))
    return pd.Series(last, pd.Index(pd.array(store.customer_ids, dtype="str"), name="customer_id"))


def carried_out(
    store: EventStore, items: pd.DataFrame, start: AsOf, week_end: AsOf, end: AsOf, known_at: AsOf | None = None
) -> pd.Series:
    """Return which rows of a plan the log shows as carried out.

    A contact that names a row's `plan_item` carries that row out and no other, whatever its channel and day, since a
    rep may call instead of visit, and later. Contacts without a plan item are matched by customer, event type and
    channel within the week; for the rows to be done only where the log names no row of this plan with their event type
    and channel, because it then says itself which of its contacts were planned.

    Parameters
    ----------
    store : EventStore
    items : DataFrame, shape (n, columns)
        Rows of a plan: `plan_item, customer_id, event_type, channel, arm`.
    start, week_end, end : AsOf
        The plan's cutoff, the end of its week and that of its horizon.
    known_at : AsOf, optional
        Use only what was known then.

    Returns
    -------
    Series of bool, shape (n,)
        With the index of `items`. For a row that was left alone: whether the customer was contacted all the same.
    """
    kinds = [kind for kind in NO_CONTACTS if (items["event_type"] == kind).any()]
    contacts = pd.concat([_contacts(store, kind, start, end, known_at) for kind in kinds]) if kinds else _NONE
    named = items["plan_item"].isin(contacts["plan_item"].dropna())
    keys = ["event_type", "channel"]
    words = pd.MultiIndex.from_frame(items[keys])
    known_by_item = pd.Series(words.isin(words[named]), items.index) & (items["arm"] == "do")
    in_week = contacts[contacts["plan_item"].isna() & (contacts["time"] < week_end.time)]
    unnamed = pd.MultiIndex.from_frame(in_week[["customer_id", *keys]])
    alike = pd.Series(pd.MultiIndex.from_frame(items[["customer_id", *keys]]).isin(unnamed), items.index)
    return named | (alike & ~known_by_item)


_NONE = pd.DataFrame(columns=["customer_id", "event_type", "channel", "plan_item", "time"])


def _contacts(store: EventStore, kind: str, start: AsOf, end: AsOf, known_at: AsOf | None) -> pd.DataFrame:
    """Return the contacts of a kind in `[start, end)`."""
    channels = np.array([*CODED_WORDS["channel"][kind], None], dtype=object)
    parts = []
    for customers, part in store.buckets:
        rows = contact_rows(part, kind, start.time, end.time, known_at)
        owner, channel, time = events(part, rows, "channel", "time")
        parts.append(
            pd.DataFrame(
                {
                    "customer_id": np.asarray(store.customer_ids, object)[customers[owner]],
                    "event_type": kind,
                    "channel": channels[np.minimum(channel, len(channels) - 1)],
                    "plan_item": texts_of(part, "plan_item", rows).to_pandas().astype(object),
                    "time": time,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
