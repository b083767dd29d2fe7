"""The loyalty score of one customer in plain Python; equals `features.loyalty.scoring.score` to the last bit."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from features.loyalty.formula import BAND_TOLERANCE, Formula
from features.loyalty.formula_checks import require_columns


class CustomerScore(NamedTuple):
    """One customer's loyalty score; null is None.

    Attributes
    ----------
    loyalty_score : float or None
        0..100; None when no part with a weight has data.
    parts : dict of str to float or None
        P_i of each part, 0..1; None for a part that is left out.
    contributions : dict of str to float or None
        Points of each part, which add up to the score; None where the part is left out or there is no score.
    coverage : float
        Share of the total weight that had data, 0..1.
    band : str or None
        None without a score.
    """

    loyalty_score: float | None
    parts: dict[str, float | None]
    contributions: dict[str, float | None]
    coverage: float
    band: str | None


def score_one(row: Mapping[str, float | None], formula: Formula) -> CustomerScore:
    """Compute the loyalty score, 100 sum(P_i W_i) / sum(W_i), of one customer.

    Parameters
    ----------
    row : mapping of str to float or None
        Features by column name, with at least `formula.columns`; None or NaN for null.
    formula : Formula

    Returns
    -------
    CustomerScore

    Raises
    ------
    FormulaError
        When a column is absent.

    Examples
    --------
    >>> from features.loyalty.formula import load_formula
    >>> formula = load_formula().only("amount")
    >>> score_one({"net_spend_365": 450.0}, formula)[:2]
    (45.0, {'amount': 0.45})
    """
    require_columns(row, formula.columns, "the formula's parts")
    parts: dict[str, float | None] = {}
    total = weight = 0.0
    # The operations and their order are those of part_scores and combine_parts: that makes the results equal.
    for part in formula.parts:
        parts[part.name] = None
        if part.data is not None and not ((data := row[part.data]) is not None and data > 0):
            continue
        value = row[part.column]
        if value is None or value != value:
            continue
        p = float(value) / part.maximum
        p = (0.0 if p < 0.0 else 1.0 if p > 1.0 else p) + 0.0
        total += part.weight * p
        weight += part.weight
        parts[part.name] = p
    coverage = weight / formula.total_weight
    if not weight > 0:
        return CustomerScore(None, parts, dict.fromkeys(parts), coverage, None)
    points = min(100.0 * total / weight, 100.0)
    contributions = {
        part.name: None if (known := parts[part.name]) is None else 100.0 * (part.weight * known) / weight
        for part in formula.parts
    }
    band = bisect_right(formula.thresholds, points + BAND_TOLERANCE) - 1
    return CustomerScore(points, parts, contributions, coverage, formula.bands[band].name)
