"""Features to scores: one customer in plain Python, many as columns; the rule always, the model where there is one."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from features.loyalty.formula import Formula
from features.loyalty.scoring import score
from features.loyalty.scoring_one import score_one as formula_score
from serving.response_types import Interval, Part, Score
from serving.state import InService
from training.models.bundle import OUTPUTS

NO_SCORE = "no part of the rule has data"
NEVER_BOUGHT = "never bought before as_of"
NO_MODEL = "no model is in service"
NO_NUMBER = "the model has no finite number for these features"


def score_one(customer_id: str, features: Mapping[str, float], now: InService, day: int, horizon_days: int) -> Score:
    """Return one customer's score from their row of the feature table, NaN for null, its columns in order.

    `day`: of `as_of`, from 1970 in the business time zone. Equals the row of `score_many`, the model's numbers to
    rounding.
    """
    rule = formula_score(features, now.formula)
    said = Score(customer_id=customer_id, coverage=rule.coverage, loyalty_parts=_parts(rule.parts, rule.contributions))
    absent = {}
    if rule.loyalty_score is None:
        absent["loyalty_score"] = NO_SCORE
    else:
        said.loyalty_score = rule.loyalty_score
        said.band = rule.band or UNSET
    if now.champion is None:
        absent["forecast"] = NO_MODEL
    elif not features["purchase_days"] > 0:
        absent["forecast"] = NEVER_BOUGHT
    else:
        try:
            forecast = now.champion.compiled_model.predict(list(features.values()), day, horizon_days)
        except (ArithmeticError, ValueError):
            forecast = None
        if forecast is None or not math.isfinite(sum(forecast)):
            absent["forecast"] = NO_NUMBER
        else:
            _set_forecast(said, *forecast)
    if absent:
        said.absent = absent
    return said


def score_many(features: pd.DataFrame, now: InService, day: int, horizon_days: int) -> pd.DataFrame:
    """Return the scores of a feature table, a row a customer, indexed like it.

    Columns: those of `features.loyalty.scoring.score`, with a model those of `CustomerModel.predict` (all NaN where one
    is not finite), and `no_forecast`: why there is none, null where there is one.
    """
    found = score(features, now.formula)
    reason = np.full(len(features), None, object)
    if now.champion is None:
        reason[:] = NO_MODEL
    else:
        # A row may be so odd that a step of the model overflows: what is not finite is left out below.
        with np.errstate(all="ignore"):
            forecast = now.champion.model.predict(features, day, horizon_days)
        values = forecast.to_numpy(copy=True)
        finite = np.isfinite(values).all(axis=1)
        values[~finite] = np.nan
        reason[~finite] = NO_NUMBER
        reason[~(features["purchase_days"] > 0).to_numpy()] = NEVER_BOUGHT
        found = pd.concat([found, pd.DataFrame(values, features.index, list(OUTPUTS))], axis=1)
    found["no_forecast"] = pd.Series(reason, features.index, dtype=object)  # pandas would make texts of it, None NaN
    return found


def scores_of(found: pd.DataFrame, formula: Formula) -> Iterator[Score]:
    """Yield the rows of `score_many`, or of a part of it, as the answer has them."""
    columns = {name: found[name].to_numpy(object).tolist() for name in found.columns}
    nulls = [None] * len(found)
    names = [part.name for part in formula.parts]
    parts = zip(*(columns[f"part_{name}"] for name in names), strict=True)
    contributions = zip(*(columns[f"contribution_{name}"] for name in names), strict=True)
    forecasts = zip(*(columns.get(name, nulls) for name in OUTPUTS), strict=True)
    rows = zip(
        found.index, columns["loyalty_score"], columns["coverage"], columns["band"], columns["no_forecast"], strict=True
    )
    for (customer_id, points, coverage, band, reason), p, c, forecast in zip(
        rows, parts, contributions, forecasts, strict=True
    ):
        shown = _parts(dict(zip(names, p, strict=True)), dict(zip(names, c, strict=True)))
        said = Score(customer_id=str(customer_id), coverage=coverage, loyalty_parts=shown)
        absent = {}
        if points == points:
            said.loyalty_score, said.band = points, band
        else:
            absent["loyalty_score"] = NO_SCORE
        if reason is None:
            _set_forecast(said, *forecast)
        else:
            absent["forecast"] = reason
        if absent:
            said.absent = absent
        yield said


def stored_score(row: Mapping[str, Any]) -> Score:
    """Return a row of a file of batch scores (`serving.batch.write_scores`) as an answer has it."""
    names = [name.removeprefix("part_") for name in row if name.startswith("part_")]
    p, c = ({name: row[f"{kind}_{name}"] for name in names} for kind in ("part", "contribution"))
    said = Score(customer_id=row["customer_id"], coverage=row["coverage"], loyalty_parts=_parts(p, c))
    absent = {}
    if row["loyalty_score"] is None:
        absent["loyalty_score"] = NO_SCORE
    else:
        said.loyalty_score, said.band = row["loyalty_score"], row["band"]
    forecast = [row.get(name) for name in ("expected_purchases", "expected_purchases_low", "expected_purchases_high")]
    forecast += [row.get(name) for name in ("churn_probability", "expected_spend")]
    if None not in forecast:
        _set_forecast(said, *forecast)
    elif "expected_purchases" in row:
        absent["forecast"] = NEVER_BOUGHT
    else:
        absent["forecast"] = NO_MODEL
    if absent:
        said.absent = absent
    return said


def row_of(values: Sequence[float | None]) -> dict[str, float]:
    """Return a row of the feature table, values in order of its columns, by name; null as NaN."""
    return dict(zip(FEATURE_NAMES, [math.nan if value is None else value for value in values], strict=True))


def _parts(scores: Mapping[str, float | None], contributions: Mapping[str, float | None]) -> dict[str, Part]:
    shown = {}
    for name, p in scores.items():
        if p is not None and p == p:
            points = contributions[name]
            shown[name] = Part(p, UNSET if points is None or points != points else points)
    return shown


def _set_forecast(said: Score, expected: Any, low: Any, high: Any, none: Any, spend: Any) -> None:
    said.expected_purchases = expected
    said.expected_purchases_interval = Interval(low, high)
    said.churn_probability = none
    said.expected_spend = spend
