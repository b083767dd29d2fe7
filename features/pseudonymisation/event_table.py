"""The events of a store as a table in the contract's columns, without those that tell most of a person."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import AsOf
from features.schema import EVENT_TYPES
from features.store.event_store import EventStore
from features.store.layout import ABSENT, CODED_WORDS
from features.timezones import DAY, business_timezone

LEFT_OUT = ("content", "reference", "sale_reference", "plan_item", "recorded_at")
"""Columns of the contract that an export has not: free text, the source's own ids, and when something was entered."""
RATINGS = ("satisfaction", "loyalty")
SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us", "UTC")),
        ("event_type", pa.string()),
        ("amount", pa.float64()),
        *((name, pa.string()) for name in CODED_WORDS),
        *((name, pa.float64()) for name in RATINGS),
    ]
)


def event_table(
    store: EventStore, as_of: AsOf | None = None, *, exact_times: bool = False, digits: int | None = None
) -> pa.Table:
    """Return the events known at a cutoff as `regulars ingest` reads them, the latest version of each.

    Parameters
    ----------
    store : EventStore
    as_of : AsOf, optional
        The cutoff; without it all events.
    exact_times : bool
        Whether times stay as they are; else each is the midnight of its day in the business time zone.
    digits : int, optional
        Significant digits to which amounts are rounded.
    """
    tables = []
    for _, bucket in store.buckets:
        rows = np.flatnonzero(bucket.known_events(as_of))
        owners = np.repeat(np.arange(bucket.n_customers), np.diff(bucket.offsets))[rows]
        columns = {name: np.asarray(column)[rows] for name, column in bucket.columns.items()}
        time = columns["time"]
        if not exact_times:
            time, _ = business_timezone(store.timezone).to_utc(columns["day"].astype(np.int64) * DAY)
        amount = _numbers(columns["cents"], "cents", 100)
        words = [_words(columns, name) for name in CODED_WORDS]
        ratings = [_numbers(columns[name], name, 1000) for name in RATINGS]
        arrays = [
            bucket.customer_ids.take(pa.array(owners)),
            pa.array(time).cast(pa.timestamp("us", "UTC")),
            pa.array(EVENT_TYPES).take(pa.array(columns["kind"])),
            pa.array(rounded(amount, digits), from_pandas=True),
            *words,
            *(pa.array(each, from_pandas=True) for each in ratings),
        ]
        tables.append(pa.table(arrays, schema=SCHEMA))
    return pa.concat_tables(tables).combine_chunks()


def rounded(values: NDArray[np.float64], digits: int | None) -> NDArray[np.float64]:
    """Return numbers to so many significant digits; None leaves them as they are.

    Examples
    --------
    >>> rounded(np.array([1234.5, 0.0, 0.0678, np.nan]), 2).tolist()
    [1200.0, 0.0, 0.068, nan]
    """
    if digits is None:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = 10.0 ** (digits - 1 - np.floor(np.log10(np.abs(values))))
        shortened = np.round(values * scale) / scale
    return np.where((values == 0) | np.isnan(values), values, shortened)


def _numbers(stored: NDArray[Any], name: str, scale: float) -> NDArray[np.float64]:
    return np.where(stored == ABSENT[name], np.nan, stored / scale)


def _words(columns: dict[str, NDArray[Any]], name: str) -> pa.Array:
    """Return the words of a column, each by its event type."""
    words: NDArray[np.object_] = np.full(len(columns["kind"]), None, object)
    for code, event_type in enumerate(EVENT_TYPES):
        known = np.array([*CODED_WORDS[name].get(event_type, ()), None], object)
        rows = np.flatnonzero((columns["kind"] == code) & (columns[name] != ABSENT[name]))
        words[rows] = known[columns[name][rows]]
    return pa.array(words, pa.string())
