"""The layout of the event store: its columns, their dtypes and absent values, the order of rows, the coded words.

Everything that writes, reads or sorts stored events takes these facts from here: the store itself, ingestion, and
every engine that computes features.
"""

from collections.abc import Mapping

import numpy as np

from features.schema import WORDS

DTYPES: Mapping[str, type[np.generic]] = {
    "time": np.int64,  # microseconds since 1970-01-01 UTC
    "day": np.int32,  # of the time in the business time zone, counted from 1970-01-01
    "kind": np.uint8,  # position in schema.EVENT_TYPES
    "cents": np.int64,
    "channel": np.uint8,  # position in CODED_WORDS
    "goal": np.uint8,
    "outcome": np.uint8,
    "satisfaction": np.int32,  # thousandths of a rating
    "loyalty": np.int32,
    "known_from": np.int64,  # microseconds; this version of the event is known after known_from ...
    "known_until": np.int64,  # ... up to and including known_until
}
"""The columns and their dtypes."""

ABSENT: Mapping[str, int] = {
    "cents": -1,
    "channel": 255,
    "goal": 255,
    "outcome": 255,
    "satisfaction": -1,
    "loyalty": -1,
    "content": -1,
    "plan_item": -1,
    "known_from": np.iinfo(np.int64).min,
    "known_until": np.iinfo(np.int64).max,
}
"""What stands for null, in the columns that may be null."""

RECORD_COLUMNS = ("known_from", "known_until")
"""When an event was known; a log that never says so has neither column."""

IDENTITY_DTYPES: Mapping[str, type[np.generic]] = {
    "reference": np.int64,  # a hash of the source's own id, 0 without one
    "sale_reference": np.int64,  # of a return, the hash of the reference of its purchase, 0 without one
    "details": np.int64,  # a hash of columns that are not stored, which distinguish parts of one event
}
"""Columns by which rows that are added later are recognised. A log without has no such files."""

TEXT_DTYPES: Mapping[str, type[np.generic]] = {
    "content": np.int32,
    "plan_item": np.int32,
}
"""Texts that the store keeps as positions in a list of its own, where a log has them. No feature reads them, and they
are no part of an event's identity."""

TEXT_KINDS: Mapping[str, tuple[str, ...]] = {"content": ("visit",), "plan_item": ("visit", "incentive")}
"""The event types of which these texts are kept."""

SALE_COLUMNS = ("reference", "sale_reference")
"""How a return names its purchase; the kernels read both, of a log that has both."""

EVENT_COLUMNS = tuple(name for name in DTYPES if name not in RECORD_COLUMNS)
"""The columns that every store has, in the order in which the kernels take them."""


def kernel_columns(recorded: bool, names_sales: bool) -> tuple[str, ...]:
    """Return the columns that a kernel takes, in order.

    Parameters
    ----------
    recorded, names_sales : bool
        Whether it reads `RECORD_COLUMNS`, and `SALE_COLUMNS`.
    """
    return EVENT_COLUMNS + (SALE_COLUMNS if names_sales else ()) + (RECORD_COLUMNS if recorded else ())


SORT_ORDER = (
    *("time", "kind"),
    *("loyalty", "satisfaction", "outcome", "goal", "channel", "cents", "day"),
    *SALE_COLUMNS,
    *("known_until", "known_from"),
)
"""How the rows of a customer are sorted, ascending. Content breaks ties, so the order of rows in a source never shows;
when an event was known comes last, so a correction does not move an event among its equals."""

VERSION_ORDER = ("time", "cents", "channel", "goal", "outcome", "satisfaction", "loyalty", "sale_reference")
"""What decides between versions of one event that were recorded at the same time: the greatest wins, null is lowest."""

WORD_LISTS = {"channel": "channels", "goal": "goals", "outcome": "outcomes"}
"""The columns of words, and the lists of `EventWords` that their codes are positions of."""

CODED_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    column: getattr(WORDS, lists) for column, lists in WORD_LISTS.items()
}
"""The words of a column by event type; a code is a word's position. Other event types have free text, not stored."""

KIND_CODES: Mapping[str, int] = {name: code for code, name in enumerate(WORDS.types)}
"""The code of each event type in the column `kind`."""
