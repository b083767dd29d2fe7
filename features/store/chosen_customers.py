"""The events of some customers of a store, in memory: what is computed of them costs as if there were no others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.store.event_store import EventStore
from features.store.layout import ABSENT, DTYPES, IDENTITY_DTYPES, TEXT_DTYPES


def events_of_customers(store: EventStore, customers: NDArray[np.int64]) -> EventStore:
    """Return a store of some customers alone, whose manifest, the end of the log with it, is that of the whole.

    Parameters
    ----------
    store : EventStore
    customers : numpy.ndarray of int64, shape (n,)
        Ascending positions in the store.

    Returns
    -------
    EventStore
        In one bucket, in memory; only the rows of these customers were read.
    """
    sizes = np.zeros(len(customers), np.int64)
    for rows, (places, part) in store.by_bucket(customers):
        sizes[rows] = part.offsets[places + 1] - part.offsets[places]
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    kinds = ((store.columns, DTYPES), (store.identity, IDENTITY_DTYPES), (store.text_codes, TEXT_DTYPES))
    columns, identity, text_codes = (_empty_columns(stored, dtypes, int(offsets[-1])) for stored, dtypes in kinds)
    for rows, (places, part) in store.by_bucket(customers):
        source, target = _rows_of(part.offsets, places), _rows_of(offsets, rows)
        for chosen, stored in ((columns, part.columns), (identity, part.identity), (text_codes, part.text_codes)):
            for name in chosen.keys() & stored.keys():
                chosen[name][target] = stored[name][source]
    for column in (*columns.values(), *identity.values()):
        column.flags.writeable = False  # as in a mapped store, so that the same machine code serves
    ids = store.customer_ids.take(customers)
    return EventStore(store.folder, store.manifest, offsets, columns, ids, identity, (), text_codes, store.texts)


def _empty_columns(
    stored: Mapping[str, NDArray[Any]], dtypes: Mapping[str, type[np.generic]], rows: int
) -> dict[str, NDArray[Any]]:
    return {name: np.full(rows, ABSENT.get(name, 0), dtype) for name, dtype in dtypes.items() if name in stored}


def _rows_of(offsets: NDArray[np.int64], customers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows of customers, one after the other."""
    sizes = offsets[customers + 1] - offsets[customers]
    ends = np.cumsum(sizes)
    rows: NDArray[np.int64] = np.arange(int(sizes.sum())) + np.repeat(offsets[customers] - (ends - sizes), sizes)
    return rows
