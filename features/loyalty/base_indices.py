"""Indices of a whole base of customers, and weighted means of tables.

    S, L, P = (1/n) sum(x_i / X)    satisfaction, loyalty and purchases over n customers

The CRM texts that this project implements define these indices as means; their code samples leave out 1/n. The
formulas are right, since an index must not grow with the number of customers, and are computed here.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.errors import FormulaError, InvalidArgumentError
from features.loyalty.formula import Formula
from features.loyalty.scoring import Floats, numeric_columns

INDICES = ("satisfaction", "loyalty", "purchases")


def base_index(values: ArrayLike | Sequence[float | None], maximum: float) -> float:
    """Compute (1/n) sum(x_i / X) over a base of customers.

    This is the satisfaction index S of satisfaction ratings, the loyalty index L of loyalty ratings, and the purchase
    index P of purchase counts.

    Parameters
    ----------
    values : array-like of float, shape (n_customers,)
        x_i of each customer; NaN and None are left out of the sum and of n.
    maximum : float
        X: the top of the rating scale, or the purchase count that counts as full; finite and > 0.

    Returns
    -------
    float
        0..1 when no value exceeds the maximum; NaN without values.

    Raises
    ------
    InvalidArgumentError
        When the maximum is not a finite number > 0.

    Examples
    --------
    The three indices as the sources' texts print them:

    >>> base_index([90, 80, 70, 60, 50], 100), base_index([95, 85, 75, 65, 55], 100), base_index([10, 5, 3, 2, 1], 10)
    (0.7, 0.75, 0.42)
    """
    if not (math.isfinite(maximum) and maximum > 0):
        raise InvalidArgumentError(f"maximum: found {maximum}, expected a finite number > 0; give the top of the scale")
    known = np.asarray(values, dtype=np.float64)
    known = known[~np.isnan(known)]
    # fsum is exact, so the order of the customers changes nothing.
    return math.fsum(known) / (len(known) * maximum) if len(known) else math.nan


def base_indices(features: pd.DataFrame, formula: Formula) -> pd.DataFrame:
    """Compute the satisfaction, loyalty and purchase index of a base from its feature table.

    A customer's rating is the mean of the last one given at a visit and the last one given as feedback, or the one
    there is. Purchase days in 365 days count up to the maximum, so that the index stays in 0..1.

    Parameters
    ----------
    features : DataFrame, shape (n_customers, n_features)
        The feature table.
    formula : Formula
        Its `maxima` are used.

    Returns
    -------
    DataFrame, shape (3, 3)
        Rows `satisfaction`, `loyalty` and `purchases`; columns `index` (0..1, NaN without values), `n` (customers with
        a value) and `maximum`.

    Raises
    ------
    FormulaError
        When a column is absent or not numeric, or a rating exceeds its maximum.
    """
    return indices_of([index_values(features, formula)], formula)


def index_values(features: pd.DataFrame, formula: Formula) -> dict[str, Floats]:
    """Return x_i, y_i and z_i of each customer, by the name of the index; NaN without a value.

    Raises
    ------
    FormulaError
        As `base_indices`.
    """
    names = [f"{at}_{rating}_last" for rating in ("satisfaction", "loyalty") for at in ("visit", "feedback")]
    columns = numeric_columns(features, [*names, "purchase_days_365"], "the base indices")
    s_visit, s_feedback, l_visit, l_feedback, days = columns
    return {
        "satisfaction": _rating("satisfaction", s_visit, s_feedback, formula.maxima.satisfaction),
        "loyalty": _rating("loyalty", l_visit, l_feedback, formula.maxima.loyalty),
        "purchases": np.minimum(days, formula.maxima.purchases),
    }


def indices_of(pieces: Sequence[Mapping[str, Floats]], formula: Formula) -> pd.DataFrame:
    """Return what `base_indices` returns, from the values of a base in pieces."""
    rows = []
    for name in INDICES:
        values = np.concatenate([np.empty(0), *(piece[name] for piece in pieces)])
        maximum = getattr(formula.maxima, name)
        rows.append((base_index(values, maximum), np.count_nonzero(~np.isnan(values)), maximum))
    return pd.DataFrame(rows, index=list(INDICES), columns=["index", "n", "maximum"])


def _rating(name: str, visit: Floats, feedback: Floats, maximum: float) -> Floats:
    highest = np.fmax.reduce(np.fmax(visit, feedback), initial=0.0)
    if highest > maximum:
        problem = f"maxima.{name}: found ratings up to {highest:g}, expected none above {maximum:g}"
        raise FormulaError(f"{problem}; set the maximum to the top of the rating scale")
    return np.where(np.isnan(visit), feedback, np.where(np.isnan(feedback), visit, (visit + feedback) / 2))


def weighted_mean(values: ArrayLike | Sequence[float | None], weights: ArrayLike | Sequence[float | None]) -> float:
    """Compute sum(value * weight) / sum(weight) of two columns, such as purchase_count and purchase_weight.

    Parameters
    ----------
    values, weights : array-like of float, shape (n,)
        Rows with a null (NaN or None) in either are left out of both sums. Weights are >= 0.

    Returns
    -------
    float
        NaN when the weights that are left sum to 0.

    Raises
    ------
    InvalidArgumentError
        When the shapes differ or a weight is negative.

    Examples
    --------
    >>> weighted_mean([10, 20, None], [3, 1, 5])
    12.5
    """
    value, weight = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if value.shape != weight.shape or value.ndim != 1:
        problem = f"weights: found shape {weight.shape}, expected {value.shape}"
        raise InvalidArgumentError(f"{problem}; give two columns of one table")
    if (weight < 0).any():
        raise InvalidArgumentError(f"weights: found {np.nanmin(weight)}, expected numbers >= 0; correct the column")
    both = ~(np.isnan(value) | np.isnan(weight))
    total = math.fsum(weight[both])
    return math.fsum(value[both] * weight[both]) / total if total > 0 else math.nan
