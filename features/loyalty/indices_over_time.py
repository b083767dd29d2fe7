"""The indices of a base of customers at several dates."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pandas as pd

from features.as_of import AsOf
from features.engines.feature_table import CHUNK, chunk_size, feature_chunks
from features.loyalty.base_indices import INDICES, index_values, indices_of
from features.loyalty.formula import Formula
from features.loyalty.scoring import Floats
from features.schema import RATING_MAXIMUM
from features.store.event_store import EventStore


def with_rating_scale(formula: Formula, rating_maximum: float) -> Formula:
    """Return the formula with the top of the log's rating scale as X and Y, where that is not the usual one."""
    if rating_maximum == RATING_MAXIMUM:
        return formula
    maxima = replace(formula.maxima, satisfaction=rating_maximum, loyalty=rating_maximum)
    return replace(formula, maxima=maxima)


def indices_at(
    store: EventStore,
    formula: Formula,
    dates: Sequence[AsOf],
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Compute the indices of a base at several dates.

    Parameters
    ----------
    store : EventStore
    formula : Formula
        Its `maxima` are used; X and Y are those of the log's rating scale where that is not the usual one.
    dates : sequence of AsOf
    chunk : int
        Rows in memory at a time, as `feature_chunks` has it.
    progress : callable, optional
        Called after each chunk with its number of customers.

    Returns
    -------
    DataFrame
        A row for each date, with `as_of` (ISO date), for each index `NAME` (0..1, NaN without values) and
        `NAME_customers` (customers with a value), and `customers` known at the date.

    Raises
    ------
    FormulaError
        When a rating exceeds its maximum.
    """
    scaled = with_rating_scale(formula, store.rating_maximum)
    pieces: dict[AsOf, list[dict[str, Floats]]] = {date: [] for date in dates}
    for as_of, table in feature_chunks(store, list(dates), chunk):
        pieces[as_of].append(index_values(table, scaled))
        if progress and as_of == dates[-1]:
            progress(chunk_size(len(dates), chunk))
    rows = []
    for date, parts in pieces.items():
        indices = indices_of(parts, scaled)
        row: dict[str, object] = {"as_of": str(date.date), "customers": sum(len(part["purchases"]) for part in parts)}
        for name in INDICES:
            values = indices.loc[name].to_numpy()
            row |= {name: float(values[0]), f"{name}_customers": int(values[1])}
        rows.append(row)
    return pd.DataFrame(rows)
