"""Ranges of a store's customers: the shares of work that are computed, and written, independently of each other."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from features.engines.feature_table import CHUNK
from features.store.event_store import EventStore

EVENTS = 20_000_000
"""How many events a range has at most, unless one customer alone has more."""


class CustomerRange(NamedTuple):
    """Some customers of one bucket, one after another.

    Attributes
    ----------
    bucket : int
        The bucket's number.
    number : int
        The range's number among those of its bucket.
    first, last : int
        The positions in the bucket of the first customer and of that after the last one.
    """

    bucket: int
    number: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Where the rows of the range are in the folder of a date, as Hive and Spark name partitions.

        Examples
        --------
        >>> CustomerRange(bucket=3, number=0, first=0, last=100).name
        'bucket=003/part-00000'
        """
        return f"bucket={self.bucket:03d}/part-{self.number:05d}"


def customer_ranges(store: EventStore, customers: int = CHUNK, events: int = EVENTS) -> list[CustomerRange]:
    """Cut each bucket of a store into ranges of customers.

    Parameters
    ----------
    store : EventStore
    customers, events : int
        How many a range has at most. A customer with more events than that is a range of its own.

    Returns
    -------
    list of CustomerRange
        Every customer is in one of them; a bucket without customers has one range, which is empty.
    """
    return [
        CustomerRange(bucket, number, first, last)
        for bucket, (_, part) in enumerate(store.buckets)
        for number, (first, last) in enumerate(_bounds(part.offsets, customers, events))
    ]


def _bounds(offsets: NDArray[np.int64], customers: int, events: int) -> list[tuple[int, int]]:
    """Return first and last customer of each range."""
    bounds, first, total = [], 0, len(offsets) - 1
    while first < total:
        enough = int(np.searchsorted(offsets, offsets[first] + events, side="right")) - 1
        last = min(max(enough, first + 1), first + customers, total)
        bounds.append((first, last))
        first = last
    return bounds or [(0, 0)]
