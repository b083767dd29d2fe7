"""Makes rows of the forecast log: of customers for whom a model forecast, and of batch scores that were looked up."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from msgspec import UNSET
from numpy.typing import NDArray

from features.as_of import AsOf, microseconds, utc
from features.definitions import FEATURE_NAMES
from features.key_files import HASH_BYTES, keyed_hash
from features.timezones import DAY
from serving.api.parameters import ScoringContext
from serving.forecast_log.log_files import SCHEMA
from serving.forecast_log.pseudonyms import PseudonymKeys, key_id
from serving.response_types import LastScoresAnswer, Score
from serving.state import ServedModel
from training.models.bundle import CHAMPION, OUTPUTS

EARLY_DAYS = 7
SAMPLE_BITS = 32


class ForecastRows(NamedTuple):
    """Customers of an answer for whom one model forecast, or does so in shadow."""

    role: str
    model: ServedModel | None
    route: str
    ids: Sequence[str]
    values: NDArray[np.float64]
    context: ScoringContext


def forecast_table(rows: Sequence[ForecastRows], keys: PseudonymKeys, sample: float = 0.0) -> pa.Table:
    """Return the rows of the log for customers of one model, role, day and horizon, who are forecast together.

    Parameters
    ----------
    rows : sequence of ForecastRows
        At least one.
    keys : PseudonymKeys
    sample : float
        The share of customers whose features are in the log, 0 to 1: the same ones as long as a key is in use.

    Raises
    ------
    OSError, ValueError
        When a key cannot be read or made.
    """
    first, sizes = rows[0], [len(each.ids) for each in rows]
    model, size, context = first.model, sum(sizes), first.context
    values = np.concatenate([each.values for each in rows])
    forecast, early = np.full((2, size, len(OUTPUTS)), np.nan)
    if model is not None:
        forecast = _forecast(model, values, context.as_of.day, context.horizon_days)
        early = _forecast(model, values, context.as_of.day, EARLY_DAYS)
    asked = [each.context.latest - DAY for each in rows]
    names = [key_id(utc(each)) for each in asked]
    used = {name: keys.key(name) for name in set(names)}
    pseudonyms = [
        keyed_hash(customer_id, used[name]) for each, name in zip(rows, names, strict=True) for customer_id in each.ids
    ]

    def repeated(values: Sequence[object]) -> pa.Array:
        return pa.array([value for value, count in zip(values, sizes, strict=True) for _ in range(count)])

    columns = {
        "pseudonym": pa.array(pseudonyms, pa.binary(HASH_BYTES)),
        "key_id": repeated(names),
        "asked_at": repeated(asked),
        "as_of": repeated([each.context.as_of.time for each in rows]),
        "horizon_days": pa.repeat(pa.scalar(context.horizon_days, pa.int32()), size),
        **{each: pa.array(forecast[:, at], from_pandas=True) for at, each in enumerate(OUTPUTS)},
        "expected_purchases_7": pa.array(early[:, OUTPUTS.index("expected_purchases")], from_pandas=True),
        "churn_probability_7": pa.array(early[:, OUTPUTS.index("churn_probability")], from_pandas=True),
        "model_version": pa.repeat(pa.scalar(model and model.version, pa.string()), size),
        "model_digest": pa.repeat(pa.scalar(model and model.digest, pa.string()), size),
        "formula_version": repeated([each.context.state.formula.version for each in rows]),
        "role": pa.repeat(first.role, size),
        "route": repeated([each.route for each in rows]),
        "features": _features_of_sample(values, pseudonyms, sample),
    }
    return pa.table([columns[field.name].cast(field.type) for field in SCHEMA], schema=SCHEMA)


def _features_of_sample(values: NDArray[np.float64], pseudonyms: Sequence[bytes], sample: float) -> pa.Array:
    """Return the features of the customers of the sample, null for the others."""
    bound = sample * 2**SAMPLE_BITS
    chosen = np.array([int.from_bytes(each[: SAMPLE_BITS // 8], "big") < bound for each in pseudonyms], bool)
    ends = np.concatenate([[0], np.cumsum(chosen * len(FEATURE_NAMES))]).astype(np.int32)
    flat = pa.array(values[chosen].ravel(), pa.float64(), from_pandas=True)
    return pa.ListArray.from_arrays(pa.array(ends), flat, mask=pa.array(~chosen))


class LookedUp(NamedTuple):
    """Batch scores that were looked up: the route, the answer and when it was asked for."""

    route: str
    answer: LastScoresAnswer
    asked_at: datetime


def looked_up_table(request: LookedUp, keys: PseudonymKeys) -> pa.Table:
    """Return the rows of the log for batch scores; without features and 7-day forecast, which the batch does not have.

    Parameters
    ----------
    request : LookedUp
    keys : PseudonymKeys

    Raises
    ------
    OSError, ValueError
        When a key cannot be read or made.
    """
    route, answer, asked_at = request
    name, size = key_id(asked_at), len(answer.scores)
    key = keys.key(name)
    forecasts = list(zip(*map(_forecast_of, answer.scores), strict=True)) or [()] * len(OUTPUTS)
    columns = {
        "pseudonym": pa.array([keyed_hash(each.customer_id, key) for each in answer.scores], pa.binary(HASH_BYTES)),
        "key_id": pa.repeat(name, size),
        "asked_at": pa.repeat(microseconds(asked_at), size),
        "as_of": pa.repeat(AsOf.parse(answer.as_of, answer.timezone).time, size),
        "horizon_days": pa.repeat(answer.horizon_days or 0, size),
        **{each: pa.array(column, pa.float64()) for each, column in zip(OUTPUTS, forecasts, strict=True)},
        "model_version": pa.repeat(pa.scalar(answer.model_version or None, pa.string()), size),
        "formula_version": pa.repeat(answer.formula_version, size),
        "role": pa.repeat(CHAMPION, size),
        "route": pa.repeat(route, size),
    }
    present = [columns.get(field.name, pa.nulls(size, field.type)).cast(field.type) for field in SCHEMA]
    return pa.table(present, schema=SCHEMA)


def _forecast_of(score: Score) -> tuple[float | None, ...]:
    """Return the forecast of a score in the order of OUTPUTS; without any, nulls."""
    if score.expected_purchases is UNSET:
        return (None,) * len(OUTPUTS)
    interval = score.expected_purchases_interval
    low, high = (interval.low, interval.high) if interval is not UNSET else (None, None)
    values = (score.expected_purchases, low, high, score.churn_probability, score.expected_spend)
    return tuple(None if value is UNSET else value for value in values)


def _forecast(model: ServedModel, values: NDArray[np.float64], day: int, horizon_days: int) -> NDArray[np.float64]:
    """Return the forecasts of some rows, NaN in all of a row where one is not finite, as answers have them."""
    with np.errstate(all="ignore"):
        if model.compiled is not None:
            forecasts = model.compiled.predict_table(values, day, horizon_days)
        else:
            import pandas as pd

            forecasts = model.forecast_table(pd.DataFrame(values, columns=list(FEATURE_NAMES)), day, horizon_days)
    return np.where(np.isfinite(forecasts).all(axis=1, keepdims=True), forecasts, np.nan)
