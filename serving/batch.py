"""Scores of a whole base, streamed: features a chunk of customers at a time, rule and model over them, to a file."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import CHUNK, feature_chunks
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts, score
from features.store.event_store import EventStore
from serving.batch_lookup import FACTS
from training.models.customer_model import CustomerModel

NOBODY = pd.DataFrame(index=pd.Index([], dtype="str", name="customer_id"), columns=list(FEATURE_NAMES), dtype="float64")
DISCOUNT_RATE = 0.10
ROW_GROUP = 20_000
"""Rows are in order of customer_id, so that a look-up reads the groups its ids can be in; small ones read quickly."""


@dataclass(frozen=True)
class Forecasts:
    """What the model is asked for: its version, the horizon, and the days of customer value (None: no value)."""

    model: CustomerModel
    version: str
    horizon_days: int
    value_days: int | None = None
    discount_rate: float = DISCOUNT_RATE


@dataclass(frozen=True)
class Summary:
    """What was scored: customers, those of each band, the mean score, and the parts the log says nothing of.

    With a model also the purchase occasions it expects in all, and how many customers it expects to stay away.
    """

    customers: int
    bands: dict[str, int]
    mean_score: float
    left_out: tuple[str, ...]
    expected_purchases: float | None = None
    expected_to_stay_away: float | None = None


def write_scores(
    store: EventStore,
    as_of: AsOfLike,
    formula: Formula,
    path: str | Path,
    forecasts: Forecasts | None = None,
    chunk: int = CHUNK,
    progress: Callable[[int], None] | None = None,
) -> Summary:
    """Write the rule score of every customer known at `as_of`, and the model's forecasts if asked for, to Parquet.

    The columns are `customer_id`, those of `features.loyalty.scoring.score`, and with `forecasts` those of
    `CustomerModel.predict` (`low` and `high` as `expected_purchases_low`, `_high`) and `customer_value`; null where
    there is none. The file's metadata say date, horizon and versions under `FACTS`. Memory holds one chunk of
    customers. Raises FormulaError as `drop_unpriced_parts` does, ModelError as the model does.
    """
    rule = drop_unpriced_parts(store, formula)
    day = AsOf.parse(as_of, store.timezone).day
    bands = dict.fromkeys((band.name for band in rule.bands), 0)
    customers, scored, total, bought, away = 0, 0, 0.0, 0.0, 0.0
    schema = _rows(_scores(NOBODY, rule, forecasts, day)).schema
    schema = schema.with_metadata({**(schema.metadata or {}), FACTS: _facts(store, as_of, rule, forecasts)})
    with atomic_write(path) as part, pq.ParquetWriter(part, schema) as writer:
        for _, table in feature_chunks(store, [as_of], chunk):
            scores = _scores(table, rule, forecasts, day)
            writer.write_table(_rows(scores).cast(schema), row_group_size=ROW_GROUP)
            customers += len(scores)
            scored += int(scores["loyalty_score"].count())
            total += float(scores["loyalty_score"].sum())
            for name, count in scores["band"].value_counts().items():
                bands[str(name)] += int(count)
            if forecasts:
                bought += float(scores["expected_purchases"].sum())
                away += float(scores["churn_probability"].sum())
            if progress:
                progress(chunk)
    left_out = tuple(part.name for part in formula.parts if part not in rule.parts)
    mean = total / scored if scored else math.nan
    return Summary(customers, bands, mean, left_out, *((bought, away) if forecasts else (None, None)))


def _scores(table: pd.DataFrame, rule: Formula, forecasts: Forecasts | None, day: int) -> pd.DataFrame:
    """Return what is said of each customer of the feature table, a column a statement."""
    scores = score(table, rule)
    if forecasts is None:
        return scores
    names = {"low": "expected_purchases_low", "high": "expected_purchases_high"}
    found = forecasts.model.predict(table, day, forecasts.horizon_days).rename(columns=names)
    if forecasts.value_days is not None:
        found["customer_value"] = forecasts.model.customer_value(
            table, day, forecasts.value_days, forecasts.discount_rate
        )
    return pd.concat([scores, found], axis=1)


def _rows(scores: pd.DataFrame) -> pa.Table:
    """Return scores as they stand in the file: `customer_id` first, the band as text."""
    return pa.Table.from_pandas(scores.astype({"band": "str"}).reset_index(), preserve_index=False)


def _facts(store: EventStore, as_of: AsOfLike, rule: Formula, forecasts: Forecasts | None) -> bytes:
    said: dict[str, object] = {
        "as_of": str(as_of),
        "timezone": store.timezone,
        "data_digest": store.manifest["digest"],
        "formula_version": rule.version,
    }
    if forecasts:
        said |= {"model_version": forecasts.version, "horizon_days": forecasts.horizon_days}
        if forecasts.value_days is not None:
            said |= {"value_days": forecasts.value_days, "discount_rate": forecasts.discount_rate}
    return json.dumps(said).encode()
