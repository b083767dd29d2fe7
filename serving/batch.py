"""Scores all customers of a store into a file, a chunk of customers at a time."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow as pa

from features.as_of import AsOf, AsOfLike
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import CHUNK, feature_chunks
from features.loyalty.base_indices import index_values, indices_of
from features.loyalty.formula import Formula
from features.loyalty.indices_over_time import with_rating_scale
from features.loyalty.scoring import Floats, drop_unpriced_parts, score
from features.segments.assignment import assign
from features.segments.segmentation import Segmentation
from features.store.event_store import EventStore
from features.table_files import table_writer
from serving.batch_forecasts import Forecaster, Forecasts
from serving.batch_lookup import FACTS

EMPTY_TABLE = pd.DataFrame(
    index=pd.Index([], dtype="str", name="customer_id"), columns=list(FEATURE_NAMES), dtype="float64"
)
LEADERS = 5
ROW_GROUP = 20_000
"""Rows are ordered by customer_id, so that a look-up reads only the row groups of its ids; small ones read quickly."""


@dataclass(frozen=True)
class Summary:
    """Totals of the scores written.

    Attributes
    ----------
    customers : int
        Number of customers.
    bands : dict of str to int
        Customers in each band.
    mean_score : float
        Mean loyalty score; NaN without any.
    left_out : tuple of str
        Parts of the formula that were left out, because the log has no data for them.
    leaders : pandas.DataFrame
        The customers with the highest loyalty scores, with the points of each part and, with a model, the forecast;
        indexed by `customer_id`.
    tied : int
        How many customers have the score of the last leader.
    indices : pandas.DataFrame
        The indices of the base, see `features.loyalty.base_indices.base_indices`.
    segments : dict of str to int
        Customers in each RFM segment; empty without segments.
    expected_purchases, expected_to_stay_away : float, optional
        With a model, the sums of expected purchase occasions and of churn probabilities.
    """

    customers: int
    bands: dict[str, int]
    mean_score: float
    left_out: tuple[str, ...]
    leaders: pd.DataFrame = field(compare=False)
    tied: int
    indices: pd.DataFrame = field(compare=False)
    segments: dict[str, int] = field(default_factory=dict)
    expected_purchases: float | None = None
    expected_to_stay_away: float | None = None


def write_scores(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    path: str | Path,
    forecasts: Forecasts | None = None,
    segmentation: Segmentation | None = None,
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the scores of every customer known at `as_of` to a file, ordered by `customer_id`.

    Parameters
    ----------
    store : EventStore
        The events.
    as_of : str, date, datetime or AsOf
        The cutoff.
    formula : Formula
        The loyalty rule; its parts in currency are left out if the log has no amounts.
    path : str or Path
        The file, replaced in one step at the end. Its ending is the format: `.parquet`, `.csv`, `.xlsx` or `.arrow`;
        of these Parquet and Arrow keep the metadata, which the service needs.
    forecasts : Forecasts, optional
        What to forecast with which model; None writes the rule alone.
    segmentation : Segmentation, optional
        RFM segments with boundaries; their classes and names are columns then.
    chunk : int
        Customers in memory at a time.
    progress : callable, optional
        Called with the number of customers of each chunk.

    Returns
    -------
    Summary
        Totals. The file's columns are `customer_id`, those of `features.loyalty.scoring.score`, and with `forecasts`
        those of `CustomerModel.predict` (`low` and `high` as `expected_purchases_low`, `_high`) and `customer_value`;
        null where a value is not known. Its metadata has cutoff, horizon and versions under `FACTS`.

    Raises
    ------
    FormulaError
        When no part of the formula has data in the log.
    ModelError
        When the model cannot forecast at this cutoff, or learnt from ratings of another scale.
    """
    if forecasts:
        forecasts.model.card.require_rating_scale(store.rating_maximum)
    rule = drop_unpriced_parts(store, formula)
    day = AsOf.parse(as_of, store.timezone).day
    bands = dict.fromkeys((band.name for band in rule.bands), 0)
    customers, scored, total, purchases, churned = 0, 0, 0.0, 0.0, 0.0
    sizes = {segment.name: 0 for segment in segmentation.segments} if segmentation else {}
    scaled = with_rating_scale(formula, store.rating_maximum)
    values: list[dict[str, Floats]] = []
    forecaster = forecasts.of_table if forecasts else None
    schema = score_schema(store, as_of, rule, forecasts, segmentation)
    leaders, tied = _leaders(scored_table(EMPTY_TABLE, rule, forecaster, day, None)), 0
    with table_writer(path, schema, ROW_GROUP) as writer:
        for _, table in feature_chunks(store, [as_of], chunk):
            scores = scored_table(table, rule, forecaster, day, segmentation)
            values.append(index_values(table, scaled))
            writer.write_table(score_rows(scores, schema))
            leaders, tied = _with_leaders_of(scores, leaders, tied)
            customers += len(scores)
            scored += int(scores["loyalty_score"].count())
            total += float(scores["loyalty_score"].sum())
            for name, count in scores["band"].value_counts().items():
                bands[str(name)] += int(count)
            for name, count in scores["segment"].value_counts().items() if segmentation else ():
                sizes[str(name)] += int(count)
            if forecasts:
                purchases += float(scores["expected_purchases"].sum())
                churned += float(scores["churn_probability"].sum())
            if progress:
                progress(chunk)
    left_out = tuple(part.name for part in formula.parts if part not in rule.parts)
    mean = total / scored if scored else math.nan
    totals = (purchases, churned) if forecasts else (None, None)
    indices = indices_of(values, scaled)
    return Summary(customers, bands, mean, left_out, leaders, tied, indices, sizes, *totals)


def _leaders(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the customers with the highest loyalty scores, in order; of equal ones the first by id."""
    named = {"loyalty_score", "expected_purchases", "churn_probability"}
    columns = [name for name in scores if name in named or str(name).startswith("contribution_")]
    known = scores.loc[scores["loyalty_score"].notna(), columns]
    return known.sort_values("loyalty_score", ascending=False, kind="stable").head(LEADERS)


def _with_leaders_of(scores: pd.DataFrame, leaders: pd.DataFrame, tied: int) -> tuple[pd.DataFrame, int]:
    """Return the leaders of these customers and those before, and how many of all have the score of the last one."""
    together = pd.concat([leaders, scores])
    found = _leaders(together)
    if found.empty:
        return found, 0
    last = found["loyalty_score"].iloc[-1]
    if len(leaders) == LEADERS and leaders["loyalty_score"].iloc[-1] == last:
        return found, tied + int((scores["loyalty_score"] == last).sum())
    return found, int((together["loyalty_score"] == last).sum())  # who was above the old last one is a leader


def scored_table(
    table: pd.DataFrame, rule: Formula, forecaster: Forecaster | None, day: int, segmentation: Segmentation | None
) -> pd.DataFrame:
    """Return the scores of a feature table, one row a customer; `day` is the cutoff in days since 1970."""
    scores = score(table, rule)
    if segmentation is not None:
        scores = pd.concat([scores, assign(table, segmentation)], axis=1)
    if forecaster is None:
        return scores
    names = {"low": "expected_purchases_low", "high": "expected_purchases_high"}
    return pd.concat([scores, forecaster(table, day).rename(columns=names)], axis=1)


def score_rows(scores: pd.DataFrame, schema: pa.Schema | None = None) -> pa.Table:
    """Return scores as rows of the file: `customer_id` first, the band as text."""
    rows = pa.Table.from_pandas(scores.astype({"band": "str"}).reset_index(), preserve_index=False)
    return rows if schema is None else rows.cast(schema)


def score_schema(
    store: EventStore, as_of: AsOfLike, rule: Formula, forecasts: Forecasts | None, segmentation: Segmentation | None
) -> pa.Schema:
    """Return the schema of the file, whose metadata has cutoff, horizon and versions under `FACTS`."""
    day = AsOf.parse(as_of, store.timezone).day
    schema = score_rows(
        scored_table(EMPTY_TABLE, rule, forecasts.of_table if forecasts else None, day, segmentation)
    ).schema
    facts: dict[str, object] = {
        "as_of": str(as_of),
        "timezone": store.timezone,
        "data_digest": store.manifest["digest"],
        "formula_version": rule.version,
    }
    if segmentation:
        facts["segments_version"] = segmentation.version
    if forecasts:
        facts |= {"model_version": forecasts.version, "horizon_days": forecasts.horizon_days}
        if forecasts.value_days is not None:
            facts |= {"value_days": forecasts.value_days, "discount_rate": forecasts.discount_rate}
    return schema.with_metadata({**(schema.metadata or {}), FACTS: json.dumps(facts).encode()})
