"""The sources' formulas: the rule score of each customer, and the indices of a whole base.

    Loyalty = sum(P_i * W_i) / sum(W_i)        P_i = min(value_i / maximum_i, 1), one customer
    S, L, P = (1/n) * sum(x_i / X)             satisfaction, loyalty, purchases, over n customers

Source: the customer loyalty indicator and the visit-plan indices of the CRM texts this project implements.
P_i scores a behaviour (purchases, amount, usage, feedback, visits) in a stated window, W_i is its weight. The
texts' code samples of S, L and P leave out 1/n; the formulas are right and are what is computed here.
Weights, maxima and bands are data: see rule.py and formula.toml.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.errors import FormulaError, InvalidArgumentError
from features.loyalty.formula import BAND_TOLERANCE, Formula, require_columns
from features.store.event_store import EventStore

Floats = NDArray[np.float64]

MONEY = frozenset(column.name for column in FEATURE_COLUMNS if column.unit == "currency")


def drop_unpriced_parts(store: EventStore, formula: Formula) -> Formula:
    """Return the formula for this log: without the parts in money when no event of the log has an amount.

    The whole log decides, not each customer: otherwise a first purchase with a small amount would bring the amount
    part in and lower a score. Raises FormulaError for a column that is no feature, and when no part is left.
    """
    for column in formula.columns:
        if column not in FEATURE_NAMES:
            near = ", ".join(get_close_matches(column, FEATURE_NAMES, 3)) or "docs/columns.md lists them"
            raise FormulaError(f"the formula reads {column!r}, which is no feature: did you mean one of {near}?")
    if store.manifest["priced_events"]:
        return formula
    parts = tuple(part for part in formula.parts if part.column not in MONEY)
    if not any(part.weight for part in parts):
        raise FormulaError("the log has no amounts, and the formula scores nothing else: give it other parts")
    return replace(formula, parts=parts)


def score(features: pd.DataFrame, formula: Formula) -> pd.DataFrame:
    """Loyalty = sum(P_i W_i) / sum(W_i) of every customer, times 100.

    Takes the feature table (one row a customer) with at least `formula.columns`. Gives a frame with the same
    index: `loyalty_score` (0..100; NaN when no part with a weight has data), `coverage` (share of the total
    weight that had data, 0..1), `band` (ordered categorical, null without a score), and for each part
    `part_<name>` (P_i, 0..1) and `contribution_<name>` (100 P_i W_i / sum(W_i), points that add up to the
    score), both NaN where the part is left out: its column null, or its `data` column 0 or null. Without a
    score all contributions are NaN. Raises FormulaError for absent columns and columns of text.
    """
    parts = part_scores(features, formula)
    points, weight = combine_parts(parts, formula)
    scored = ~np.isnan(points)
    columns: dict[str, Any] = {
        "loyalty_score": points,
        "coverage": weight / formula.total_weight,
        "band": assign_bands(points, formula),
    }
    columns |= {f"part_{name}": p for name, p in parts.items()}
    for part in formula.parts:
        contribution = np.full(len(features), np.nan)
        np.divide(100.0 * (part.weight * parts[part.name]), weight, out=contribution, where=scored)
        columns[f"contribution_{part.name}"] = contribution
    return pd.DataFrame(columns, index=features.index, copy=False)


def part_scores(features: pd.DataFrame, formula: Formula) -> dict[str, Floats]:
    """P_i of each part by name: an array over customers in 0..1, NaN where the part is left out."""
    columns = _columns(features, formula.columns, "the formula's parts")
    arrays = dict(zip(formula.columns, columns, strict=True))
    scores = {}
    for part in formula.parts:
        with np.errstate(over="ignore"):
            p = arrays[part.column] / part.maximum
        # + 0.0: clipping may leave -0.0, and which zero it leaves is not the same in score_one.
        p = np.clip(p, 0.0, 1.0) + 0.0
        scores[part.name] = p if part.data is None else np.where(arrays[part.data] > 0, p, np.nan)
    return scores


def combine_parts(parts: Mapping[str, Floats], formula: Formula) -> tuple[Floats, Floats]:
    """From the P_i of `part_scores` to sum(P_i W_i) / sum(W_i) times 100, NaN without data, and sum(W_i)."""
    size = len(parts[formula.parts[0].name])
    total, weight = np.zeros(size), np.zeros(size)
    for part in formula.parts:
        p = parts[part.name]
        present = ~np.isnan(p)
        np.add(total, part.weight * p, out=total, where=present)
        np.add(weight, part.weight, out=weight, where=present)
    points = np.full(size, np.nan)
    np.divide(100.0 * total, weight, out=points, where=weight > 0)
    # The product and the quotient round, so a full score can come out as 100.00000000000001.
    return np.minimum(points, 100.0), weight


def assign_bands(points: Floats, formula: Formula) -> "pd.Categorical[str]":
    """The band of each score, ordered from low to high; null (code -1) without a score."""
    codes = np.searchsorted(formula.thresholds, points + BAND_TOLERANCE, side="right") - 1
    codes = np.where(np.isnan(points), -1, codes)
    return pd.Categorical.from_codes(codes, pd.Index([band.name for band in formula.bands]), ordered=True)


def base_index(values: ArrayLike | Sequence[float | None], maximum: float) -> float:
    """(1/n) sum(x_i / X) over a base of customers: one number, 0..1 when no value exceeds the maximum.

    Satisfaction index S: x_i the satisfaction ratings, X the top of their scale. Loyalty index L: y_i the
    loyalty ratings, Y the top of their scale. Purchase index P: z_i the purchase counts, Z their configured
    maximum. NaN and None are left out of sum and n; NaN when none is left. Raises ValueError unless the
    maximum is finite and > 0.
    """
    if not (math.isfinite(maximum) and maximum > 0):
        raise InvalidArgumentError(f"maximum: found {maximum}, expected a finite number > 0; give the top of the scale")
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    # fsum is exact, so the order of the customers changes nothing.
    return math.fsum(known) / (len(known) * maximum) if len(known) else math.nan


def base_indices(features: pd.DataFrame, formula: Formula) -> pd.DataFrame:
    """S, L and P of the base from the feature table: rows `satisfaction`, `loyalty`, `purchases`.

    Columns: `index` (as base_index gives it, 0..1), `n` (customers with a value), `maximum` (of
    `formula.maxima`). A customer's rating is the mean of the last one given at a visit and the last one given
    as feedback, or the one there is. Purchase days in 365 count up to the maximum, like a P_i, so that P
    stays in 0..1. Raises FormulaError for absent columns and for ratings above their maximum.
    """
    names = [f"{at}_{rating}_last" for rating in ("satisfaction", "loyalty") for at in ("visit", "feedback")]
    columns = _columns(features, [*names, "purchase_days_365"], "the base indices")
    s_visit, s_feedback, l_visit, l_feedback, days = columns
    x, y, z = formula.maxima.satisfaction, formula.maxima.loyalty, formula.maxima.purchases
    values = {
        "satisfaction": (_rating("satisfaction", s_visit, s_feedback, x), x),
        "loyalty": (_rating("loyalty", l_visit, l_feedback, y), y),
        "purchases": (np.minimum(days, z), z),
    }
    rows = [(base_index(each, top), np.count_nonzero(~np.isnan(each)), top) for each, top in values.values()]
    return pd.DataFrame(rows, index=list(values), columns=["index", "n", "maximum"])


def _rating(name: str, visit: Floats, feedback: Floats, maximum: float) -> Floats:
    highest = np.fmax.reduce(np.fmax(visit, feedback), initial=0.0)
    if highest > maximum:
        found = f"maxima.{name}: found ratings up to {highest:g}, expected none above {maximum:g}"
        raise FormulaError(f"{found}; set the maximum to the top of the rating scale")
    return np.where(np.isnan(visit), feedback, np.where(np.isnan(feedback), visit, (visit + feedback) / 2))


def weighted_mean(values: ArrayLike | Sequence[float | None], weights: ArrayLike | Sequence[float | None]) -> float:
    """sum(value * weight) / sum(weight) of a table's two columns, such as purchase_count and purchase_weight.

    Rows with a null in either column are left out of both sums; NaN when the weights that are left sum to 0.
    ValueError for columns of different length and for negative weights.
    """
    value, weight = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if value.shape != weight.shape or value.ndim != 1:
        found = f"weights: found shape {weight.shape}, expected {value.shape}"
        raise InvalidArgumentError(f"{found}; give two columns of one table")
    if (weight < 0).any():
        raise InvalidArgumentError(f"weights: found {np.nanmin(weight)}, expected numbers >= 0; correct the column")
    both = ~(np.isnan(value) | np.isnan(weight))
    total = math.fsum(weight[both])
    return math.fsum(value[both] * weight[both]) / total if total > 0 else math.nan


def _columns(features: pd.DataFrame, names: Sequence[str], use: str) -> list[Floats]:
    require_columns(features.columns, names, use)
    arrays = []
    for name in names:
        try:
            arrays.append(features[name].to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            found = f"features.{name}: found {features[name].dtype}"
            raise FormulaError(f"{found}, expected numbers; convert the column") from None
    return arrays
