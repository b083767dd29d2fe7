"""Scores customers by their features, one in plain Python or many as a table: the rule, and the model if any."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
from msgspec import UNSET

from features.loyalty.scoring_one import score_one
from features.segments.assignment import COLUMNS, assign, assign_one
from serving.response_types import Interval, Part, Rfm, Score
from serving.state import Challenger, ServedModel, ServiceState
from training.models.arrays import Floats
from training.models.bundle import OUTPUTS

if TYPE_CHECKING:
    import pandas as pd

NO_SCORE = "no part of the rule has data"
NEVER_BOUGHT = "never bought before as_of"
NO_MODEL = "no model is in service"
NO_NUMBER = "the model has no finite number for these features"
BATCH_OUTPUTS = (
    *("expected_purchases", "expected_purchases_low", "expected_purchases_high"),
    *("churn_probability", "expected_spend"),
)
"""OUTPUTS of a model, as the columns of a file of batch scores are named."""


def score_row(
    customer_id: str, features: Mapping[str, float], state: ServiceState, day: int, horizon_days: int
) -> Score:
    """Return the scores of one customer.

    Parameters
    ----------
    customer_id : str
        Copied to the result.
    features : mapping of str to float
        A row of the feature table, its columns in order, NaN for null.
    state : ServiceState
        The formula, and the model if there is one.
    day : int
        Day of `as_of` in the business time zone, counted from 1970-01-01.
    horizon_days : int
        Days to forecast.

    Returns
    -------
    Score
        Equal to the row of `score_table`, the model's numbers up to rounding.
    """
    rule = score_one(features, state.formula)
    model, forecast, reason = _forecast_one(customer_id, features, state, day, horizon_days)
    numbers = (rule.loyalty_score, rule.band, rule.coverage, rule.parts, rule.contributions)
    scores = _score(customer_id, *numbers, forecast, reason)
    if model is not None and state.canary is not None:
        scores.model_version = model.version
    if state.segmentation is not None and (found := assign_one(features, state.segmentation)):
        scores.rfm, scores.segment = Rfm(*found.classes), found.segment
    return scores


def _forecast_one(
    customer_id: str, features: Mapping[str, float], state: ServiceState, day: int, horizon_days: int
) -> tuple[ServedModel | None, Sequence[float], str | None]:
    """Return the model that answers a customer, its forecast, and the reason if there is none.

    A canary that fails, however it does, is counted, and the champion answers.
    """
    if state.model is None:
        return None, (), NO_MODEL
    canary = state.canary
    if canary is not None and not canary.answers(customer_id):
        canary = None
    if not features["purchase_days"] > 0:
        return (canary.model if canary else state.model), (), NEVER_BOUGHT
    values = list(features.values())
    if canary is not None:
        with suppress(Exception):  # it may be a model from outside: whatever it raises, the champion answers
            forecast = canary.model.forecast_one(values, day, horizon_days)
            if math.isfinite(sum(forecast)):
                return canary.model, forecast, None
        canary.count_faults(1)
    try:
        forecast = state.model.forecast_one(values, day, horizon_days)
    except (ArithmeticError, ValueError):
        return state.model, (), NO_NUMBER
    return state.model, forecast, None if math.isfinite(sum(forecast)) else NO_NUMBER


def score_table(features: "pd.DataFrame", state: ServiceState, day: int, horizon_days: int) -> "pd.DataFrame":
    """Return the scores of a feature table, one row a customer, with the same index.

    Parameters
    ----------
    features : DataFrame
        The feature table, indexed by `customer_id`.
    state, day, horizon_days
        As for `score_row`.

    Returns
    -------
    DataFrame
        The columns of `features.loyalty.scoring.score`; with a model those of `CustomerModel.predict`, NaN in all of
        them where one is not finite; `no_forecast`, the reason why there is no forecast, null where there is one; and
        while a canary runs `model_version`, that of the model of each row.
    """
    # A worker loads pandas with its first table.
    import pandas as pd

    from features.loyalty.scoring import score

    scores = score(features, state.formula)
    reason = np.full(len(features), None, object)
    if state.model is None:
        reason[:] = NO_MODEL
    else:
        # Extreme rows may overflow a step of the model; what is not finite is left out below.
        with np.errstate(all="ignore"):
            values = state.model.forecast_table(features, day, horizon_days)
            if state.canary is not None:
                args = (features, state.model, state.canary, day, horizon_days)
                scores["model_version"] = pd.Series(_replace_by_canary(values, *args), features.index, dtype="str")
        finite = np.isfinite(values).all(axis=1)
        values[~finite] = np.nan
        reason[~finite] = NO_NUMBER
        reason[~(features["purchase_days"] > 0).to_numpy()] = NEVER_BOUGHT
        scores = pd.concat([scores, pd.DataFrame(values, features.index, list(OUTPUTS))], axis=1)
    if state.segmentation is not None:
        scores = pd.concat([scores, assign(features, state.segmentation)], axis=1)
    scores["no_forecast"] = pd.Series(reason, features.index, dtype=object)  # as texts pandas would make NaN of None
    return scores


def _replace_by_canary(
    values: Floats, features: "pd.DataFrame", champion: ServedModel, canary: Challenger, day: int, horizon_days: int
) -> list[str]:
    """Put a canary's forecasts in the place of the champion's for its customers; return the version of each row."""
    rows = np.flatnonzero([canary.answers(str(customer_id)) for customer_id in features.index])
    forecasts = np.full((len(rows), len(OUTPUTS)), np.nan)
    with suppress(Exception):  # it may be a model from outside: whatever it raises, the champion answers
        forecasts = canary.model.forecast_table(features.iloc[rows], day, horizon_days)
    finite = np.isfinite(forecasts).all(axis=1)
    values[rows[finite]] = forecasts[finite]
    never_bought = ~(features["purchase_days"].to_numpy()[rows] > 0)
    canary.count_faults(int((~finite & ~never_bought).sum()))
    versions = np.full(len(features), champion.version, object)
    versions[rows[finite | never_bought]] = canary.model.version
    return versions.tolist()


def scores_of_table(table: "pd.DataFrame") -> Iterator[Score]:
    """Yield the rows of `score_table`, or of a part of it, as responses have them."""
    columns = [table[name].to_numpy(object).tolist() for name in table.columns]
    parts = _part_names(table.columns)
    for customer_id, *values in zip(table.index, *columns, strict=True):
        row = dict(zip(table.columns, values, strict=True))
        yield _score_of_row(str(customer_id), row, parts, OUTPUTS, row["no_forecast"])


def score_of_batch(row: Mapping[str, Any]) -> Score:
    """Return a row of a file of batch scores (`serving.batch.write_scores`) as responses have it."""
    reason = None
    if row.get("expected_purchases") is None:
        reason = NEVER_BOUGHT if "expected_purchases" in row else NO_MODEL
    return _score_of_row(row["customer_id"], row, _part_names(row), BATCH_OUTPUTS, reason)


def _part_names(columns: Iterable[str]) -> list[str]:
    return [name.removeprefix("part_") for name in columns if name.startswith("part_")]


def _score_of_row(
    customer_id: str, row: Mapping[str, Any], names: list[str], outputs: Sequence[str], no_forecast: str | None
) -> Score:
    parts, contributions = ({name: row[f"{kind}_{name}"] for name in names} for kind in ("part", "contribution"))
    rule = (row["loyalty_score"], row["band"], row["coverage"], parts, contributions)
    scores = _score(customer_id, *rule, [row.get(name) for name in outputs], no_forecast)
    segment = row.get("segment")
    if segment is not None and segment == segment:
        scores.rfm, scores.segment = Rfm(*(int(row[name]) for name in COLUMNS[:3])), segment
    if (version := row.get("model_version")) is not None:
        scores.model_version = version
    return scores


def _score(
    customer_id: str,
    points: float | None,
    band: str | None,
    coverage: float,
    part_scores: Mapping[str, float | None],
    contributions: Mapping[str, float | None],
    forecast: Sequence[Any],
    no_forecast: str | None,
) -> Score:
    parts = {name: Part(p, _known(contributions[name])) for name, p in part_scores.items() if p is not None and p == p}
    scores = Score(customer_id=customer_id, coverage=coverage, loyalty_parts=parts)
    absent = {}
    if points is None or points != points:
        absent["loyalty_score"] = NO_SCORE
    else:
        scores.loyalty_score, scores.band = points, band or UNSET
    if no_forecast is None:
        scores.expected_purchases, low, high, scores.churn_probability, scores.expected_spend = forecast
        scores.expected_purchases_interval = Interval(low, high)
    else:
        absent["forecast"] = no_forecast
    if absent:
        scores.absent = absent
    return scores


def _known(value: Any) -> Any:
    """Return the value, UNSET for None and NaN."""
    return UNSET if value is None or value != value else value
