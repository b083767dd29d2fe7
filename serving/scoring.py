"""Scores of a whole base, streamed: the feature table a chunk of customers at a time, the rule over it, to a file."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.definitions import COLUMN_NAMES, COLUMNS
from features.files import whole_file
from features.formula import score
from features.rule import Formula, FormulaError
from features.store import EventStore
from features.table import CHUNK, AsOf, feature_chunks

NOBODY = pd.DataFrame(index=pd.Index([], dtype="str", name="customer_id"), columns=list(COLUMN_NAMES), dtype="float64")
MONEY = frozenset(column.name for column in COLUMNS if column.unit == "currency")


@dataclass(frozen=True)
class Summary:
    """What was scored: customers, those of each band, the mean score, and the parts the log says nothing of."""

    customers: int
    bands: dict[str, int]
    mean_score: float
    left_out: tuple[str, ...]


def write_scores(
    store: EventStore,
    as_of: AsOf,
    formula: Formula,
    path: str | Path,
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the rule score, its parts, contributions and band of every customer known at `as_of` to a Parquet file.

    The columns are those of `features.formula.score`, after `customer_id`; memory holds one chunk of customers.
    Raises FormulaError as `formula_for` does.
    """
    rule = formula_for(store, formula)
    bands = dict.fromkeys((band.name for band in rule.bands), 0)
    customers, scored, total = 0, 0, 0.0
    with whole_file(path) as part, pq.ParquetWriter(part, _rows(score(NOBODY, rule)).schema) as writer:
        for _, table in feature_chunks(store, [as_of], chunk):
            scores = score(table, rule)
            writer.write_table(_rows(scores))
            customers += len(scores)
            scored += int(scores["loyalty_score"].count())
            total += float(scores["loyalty_score"].sum())
            for name, count in scores["band"].value_counts().items():
                bands[str(name)] += int(count)
            if progress:
                progress(chunk)
    left_out = tuple(part.name for part in formula.parts if part not in rule.parts)
    return Summary(customers, bands, total / scored if scored else math.nan, left_out)


def _rows(scores: pd.DataFrame) -> pa.Table:
    """Return scores as they stand in the file: `customer_id` first, the band as text."""
    return pa.Table.from_pandas(scores.astype({"band": "str"}).reset_index(), preserve_index=False)


def formula_for(store: EventStore, formula: Formula) -> Formula:
    """Return the formula for this log: without the parts in money when no event of the log has an amount.

    The whole log decides, not each customer: otherwise a first purchase with a small amount would bring the amount
    part in and lower a score. Raises FormulaError for a column that is no feature, and when no part is left.
    """
    for column in formula.columns:
        if column not in COLUMN_NAMES:
            near = ", ".join(get_close_matches(column, COLUMN_NAMES, 3)) or "docs/columns.md lists them"
            raise FormulaError(f"the formula reads {column!r}, which is no feature: did you mean one of {near}?")
    if store.manifest["priced_events"]:
        return formula
    parts = tuple(part for part in formula.parts if part.column not in MONEY)
    if not any(part.weight for part in parts):
        raise FormulaError("the log has no amounts, and the formula scores nothing else: give it other parts")
    return replace(formula, parts=parts)
