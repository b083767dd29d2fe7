"""The loyalty score of each customer, vectorised over a feature table.

    Loyalty = sum(P_i * W_i) / sum(W_i),    P_i = min(value_i / maximum_i, 1)

P_i scores one behaviour (purchases, amount, usage, feedback or visits) in a stated window; W_i is its weight. Weights,
maxima and bands are data: see `features.loyalty.formula` and formula.toml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from features.as_of import AsOf
from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.errors import FormulaError
from features.loyalty.formula import BAND_TOLERANCE, Formula
from features.loyalty.formula_checks import require_columns
from features.store.event_store import EventStore
from features.store.layout import ABSENT

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

MONEY = frozenset(column.name for column in FEATURE_COLUMNS if column.unit == "currency")


def drop_unpriced_parts(store: EventStore, formula: Formula, as_of: AsOf | None = None) -> Formula:
    """Return the formula without its parts in money if no event of the log, or none known at a cutoff, has an amount.

    This is decided for the whole log, not for each customer: otherwise a first purchase with a small amount would
    bring the amount part in and lower the score.

    Parameters
    ----------
    store : EventStore
    formula : Formula
    as_of : AsOf, optional
        The cutoff; without it the whole log counts.

    Returns
    -------
    Formula
        The same formula when there are amounts.

    Raises
    ------
    FormulaError
        When a part reads a column that is not a feature, or when no part with a weight is left.
    """
    for column in formula.columns:
        if column not in FEATURE_NAMES:
            suggestions = ", ".join(get_close_matches(column, FEATURE_NAMES, 3)) or "docs/columns.md lists them"
            raise FormulaError(f"the formula reads {column!r}, which is no feature: did you mean one of {suggestions}?")
    if store.manifest["priced_events"] and (as_of is None or _any_amount_known(store, as_of)):
        return formula
    parts = tuple(part for part in formula.parts if part.column not in MONEY)
    if not any(part.weight for part in parts):
        raise FormulaError("the log has no amounts, and the formula scores nothing else: give it other parts")
    return replace(formula, parts=parts)


def _any_amount_known(store: EventStore, as_of: AsOf) -> bool:
    """Return whether an event known at a cutoff has an amount."""
    for _, part in store.buckets:
        known = (part.columns["cents"] != ABSENT["cents"]) & (part.columns["time"] < as_of.time)
        if store.recorded:
            known &= part.columns["known_from"] < as_of.time
        if known.any():
            return True
    return False


def score(features: "pd.DataFrame", formula: Formula) -> "pd.DataFrame":
    """Compute the loyalty score, 100 sum(P_i W_i) / sum(W_i), of every customer.

    A part is left out of both sums where its column is null, or its `data` column is 0 or null.

    Parameters
    ----------
    features : DataFrame, shape (n_customers, n_features)
        The feature table, with at least `formula.columns`.
    formula : Formula

    Returns
    -------
    DataFrame, shape (n_customers, 3 + 2 n_parts)
        Indexed like `features`, with the columns

        - `loyalty_score`: float64, 0..100; NaN when no part with a weight has data,
        - `coverage`: float64, 0..1, the share of the total weight that had data,
        - `band`: ordered categorical, null without a score,
        - `part_<name>`: float64, P_i in 0..1; NaN where the part is left out,
        - `contribution_<name>`: float64, the points 100 P_i W_i / sum(W_i), which add up to the score; NaN where the
          part is left out or there is no score.

    Raises
    ------
    FormulaError
        When a column is absent or not numeric.

    Examples
    --------
    >>> import pandas as pd
    >>> from features.loyalty.formula import load_formula
    >>> formula = load_formula().only("purchases")
    >>> features = pd.DataFrame({"net_purchase_days_365": [3.0, 9.0, 20.0]}, index=["a", "b", "c"])
    >>> score(features, formula)[["loyalty_score", "band"]]
       loyalty_score    band
    a           25.0  bronze
    b           75.0    gold
    c          100.0    gold
    """
    import pandas as pd

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


def part_scores(features: "pd.DataFrame", formula: Formula) -> dict[str, Floats]:
    """Return P_i of each part by name: float64 arrays of shape (n_customers,) in 0..1, NaN where it is left out."""
    columns = numeric_columns(features, formula.columns, "the formula's parts")
    arrays = dict(zip(formula.columns, columns, strict=True))
    scores = {}
    for part in formula.parts:
        with np.errstate(over="ignore"):
            p = arrays[part.column] / part.maximum
        # + 0.0 turns a -0.0 that clipping may leave into the 0.0 of score_one.
        p = np.clip(p, 0.0, 1.0) + 0.0
        scores[part.name] = p if part.data is None else np.where(arrays[part.data] > 0, p, np.nan)
    return scores


def combine_parts(parts: Mapping[str, Floats], formula: Formula) -> tuple[Floats, Floats]:
    """Return the score 100 sum(P_i W_i) / sum(W_i), NaN without data, and sum(W_i), each of shape (n_customers,)."""
    size = len(parts[formula.parts[0].name])
    total, weight = np.zeros(size), np.zeros(size)
    for part in formula.parts:
        p = parts[part.name]
        present = ~np.isnan(p)
        np.add(total, part.weight * p, out=total, where=present)
        np.add(weight, part.weight, out=weight, where=present)
    points = np.full(size, np.nan)
    np.divide(100.0 * total, weight, out=points, where=weight > 0)
    # Rounding can make a full score 100.00000000000001.
    return np.minimum(points, 100.0), weight


def assign_bands(points: Floats, formula: Formula) -> "pd.Categorical[str]":
    """Return the band of each score as an ordered categorical, null (code -1) without a score."""
    import pandas as pd

    codes = np.searchsorted(formula.thresholds, points + BAND_TOLERANCE, side="right") - 1
    codes = np.where(np.isnan(points), -1, codes)
    return pd.Categorical.from_codes(codes, pd.Index([band.name for band in formula.bands]), ordered=True)


def numeric_columns(features: "pd.DataFrame", names: Sequence[str], use: str) -> list[Floats]:
    """Return the columns as float64 arrays, null as NaN; raises FormulaError when one is absent or not numeric."""
    require_columns(features.columns, names, use)
    arrays = []
    for name in names:
        try:
            arrays.append(features[name].to_numpy(dtype=np.float64, na_value=np.nan))
        except (TypeError, ValueError):
            problem = f"features.{name}: found {features[name].dtype}"
            raise FormulaError(f"{problem}, expected numbers; convert the column") from None
    return arrays
