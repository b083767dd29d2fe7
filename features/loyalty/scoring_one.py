"""The loyalty score of one customer in plain Python, equal to `features.loyalty.scoring.score` to the last bit."""

from bisect import bisect_right
from collections.abc import Mapping
from typing import NamedTuple

from features.loyalty.formula import BAND_TOLERANCE, Formula, require_columns


class CustomerScore(NamedTuple):
    """One customer's row of `score`: None for what is null there.

    `loyalty_score` and `band` are None, and so is every contribution, when no part with a weight has data; a part that
    is left out is None in `parts` (P_i, 0..1) and `contributions` (points that add up to the score).
    """

    loyalty_score: float | None
    parts: dict[str, float | None]
    contributions: dict[str, float | None]
    coverage: float
    band: str | None


def score_one(row: Mapping[str, float | None], formula: Formula) -> CustomerScore:
    """Return what `score` gives for one customer, equal to the last bit.

    Takes feature values by column name, None or NaN for null. Raises FormulaError for absent columns.
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
