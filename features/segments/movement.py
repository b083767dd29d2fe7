"""Sizes and spend of segments at several dates, and who moved from which to which."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import CHUNK, chunk_size, feature_chunks
from features.segments.assignment import assign
from features.segments.segmentation import Segmentation
from features.store.event_store import EventStore

NONE = "none"
"""Instead of a segment: known, but never bought or without a value."""
UNKNOWN = "unknown"
"""Instead of a segment: not known at the earlier date."""


class Movement(NamedTuple):
    """Segments over time.

    Attributes
    ----------
    sizes : pandas.DataFrame
        `as_of` (ISO date), `segment`, `customers`, `share` (of those with a segment, 0 to 1) and `monetary` (the sum of
        the monetary column), a row for each date and segment; `none` counts customers without one.
    moves : pandas.DataFrame
        `since`, `as_of` (ISO dates), `from_segment`, `to_segment` and `customers`: how many were in one segment at a
        date and in the other at the next; those who stayed are there too.
    """

    sizes: pd.DataFrame
    moves: pd.DataFrame


def segment_movement(
    store: EventStore,
    segmentation: Segmentation,
    dates: Sequence[AsOf],
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> Movement:
    """Return sizes and spend of the segments at each date, and the moves from each date to the next.

    Parameters
    ----------
    store : EventStore
    segmentation : Segmentation
        With boundaries.
    dates : sequence of AsOf
        Ascending.
    chunk : int
        Rows in memory at a time, as `feature_chunks` has it.
    progress : callable, optional
        Called after each chunk with its number of customers.

    Raises
    ------
    SegmentsError
        When the boundaries are not learnt.
    """
    names = [segment.name for segment in segmentation.segments]
    money = segmentation.columns["monetary"]
    sizes: Counter[tuple[str, str]] = Counter()
    spend: dict[tuple[str, str], float] = {}
    moves: Counter[tuple[str, str, str, str]] = Counter()
    before, since = pd.Series(dtype="str"), ""
    for as_of, table in feature_chunks(store, list(dates), chunk):
        date = str(as_of.date)
        now = assign(table, segmentation)["segment"].fillna(NONE)
        sizes.update((date, str(name)) for name in now)
        for name, total in table[money].groupby(now).sum().items():
            spend[date, str(name)] = spend.get((date, str(name)), 0.0) + float(total)
        if as_of != dates[0]:
            earlier = before.reindex(now.index).fillna(UNKNOWN)
            moves.update((since, date, str(a), str(b)) for a, b in zip(earlier, now, strict=True))
        before, since = now, date
        if progress and as_of == dates[-1]:
            progress(chunk_size(len(dates), chunk))
    rows = []
    for as_of in dates:
        date = str(as_of.date)
        total = sum(sizes[date, name] for name in names)
        for name in [*names, NONE]:
            share = sizes[date, name] / total if total and name != NONE else None
            rows.append((date, name, sizes[date, name], share, spend.get((date, name), 0.0)))
    order = {name: position for position, name in enumerate([UNKNOWN, *names, NONE])}
    ordered = sorted(moves.items(), key=lambda each: (each[0][1], order[each[0][2]], order[each[0][3]]))
    return Movement(
        pd.DataFrame(rows, columns=["as_of", "segment", "customers", "share", "monetary"]).astype({"share": float}),
        pd.DataFrame(
            [(*move, count) for move, count in ordered],
            columns=["since", "as_of", "from_segment", "to_segment", "customers"],
        ),
    )
