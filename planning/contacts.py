"""Which visits and incentives of the log are contacts: those that reached a customer because somebody acted."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.store.event_store import EventStore
from features.store.layout import CODED_WORDS, KIND_CODES
from training.net_spend import EARLIEST, rows_known

NO_CONTACTS = {"visit": ("no_contact",), "incentive": ("redeemed", "expired")}
"""Outcomes that say nothing was done: a visit that met nobody, and what became later of an incentive that was sent. A
redemption happens at a purchase, so to count it as a contact would make the outcome its own cause."""


def contact_rows(
    part: EventStore, kind: str, start: int, end: int, known_at: AsOf | None, channel: str | None = None
) -> NDArray[np.int64]:
    """Return the positions of the contacts in `[start, end)` (microseconds, UTC).

    Parameters
    ----------
    part : EventStore
        A store, or one bucket of it.
    kind : {"visit", "incentive"}
    start, end : int
    known_at : AsOf or None
        As in `training.net_spend.rows_known`.
    channel : str, optional
        Only contacts of this channel; none has a channel that the log's words do not have.
    """
    rows = rows_known(part, (KIND_CODES[kind],), start, known_at)
    rows = rows[part.columns["time"][rows] < end]
    words = CODED_WORDS["outcome"][kind]
    rows = rows[~np.isin(part.columns["outcome"][rows], [words.index(word) for word in NO_CONTACTS[kind]])]
    if channel is not None:
        channels = CODED_WORDS["channel"][kind]
        code = channels.index(channel) if channel in channels else -1
        rows = rows[part.columns["channel"][rows] == code]
    return rows


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
