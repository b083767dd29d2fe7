"""Weights of the rule that an earlier window's outcomes suggest, and their gain out of time; never applied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf
from features.loyalty.formula import Formula
from features.loyalty.scoring import assign_bands, combine_parts, part_scores
from features.store.event_store import EventStore
from reporting.comparison import Comparison
from training.evaluation.intervals import bootstrap, bootstrap_draws
from training.windows import LEAST_HISTORY as MINIMUM_HISTORY_DAYS
from training.windows import activity, window

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

STEP = 0.05
"""The step, a share of the sum of the weights: finer steps would fit noise."""
SAMPLE_CUSTOMERS = 20_000
"""Customers used to learn the weights; more do not move them by a step."""
MINIMUM_CUSTOMERS = 50
MINIMUM_IMPROVEMENT = 1e-6


@dataclass(frozen=True)
class Suggestion:
    """Weights learnt in the window before the comparison's date and evaluated on the comparison's own window.

    Attributes
    ----------
    weights : pandas.DataFrame
        One row per part: `part`; `now` and `suggested`, shares of the sum, 0 to 1; `with_data`, the share of the
        customers with data for the part.
    gain : pandas.DataFrame
        One row per window, `learnt` and `later`: `from`, `days`, `customers`, the rank correlation of score and
        purchases with the weights `now` and `suggested`, their `difference`, and its 95 % interval `low`, `high` (of
        the later window only).
    moved : int
        Customers of the later window who would change band.
    reason : str
        Why nothing is suggested: `short_history`, `few_customers`, `one_part` or `no_difference`; otherwise empty.
    """

    weights: pd.DataFrame
    gain: pd.DataFrame
    moved: int
    reason: str = ""


def suggest_weights(store: EventStore, comparison: Comparison) -> Suggestion:
    """Learn weights from the horizon before the comparison's date, and evaluate them on its outcome.

    Parameters
    ----------
    store : EventStore
        The event log. No event at or after the date affects the weights.
    comparison : Comparison
        The comparison whose rule is examined.

    Returns
    -------
    Suggestion
        The weights of parts without data in the earlier window stay as they are.
    """
    formula, horizon_days, cutoff = comparison.formula, comparison.horizon_days, comparison.cutoff
    total = formula.total_weight
    later_scores = part_scores(comparison.features, formula)
    weights = pd.DataFrame(
        {
            "part": [part.name for part in formula.parts],
            "now": [part.weight / total for part in formula.parts],
            "suggested": [part.weight / total for part in formula.parts],
            "with_data": [float(np.mean(~np.isnan(later_scores[part.name]))) for part in formula.parts],
        }
    )

    def nothing(reason: str) -> Suggestion:
        columns = ["window", "from", "days", "customers", "now", "suggested", "difference"]
        return Suggestion(weights, pd.DataFrame(columns=columns), 0, reason)

    start = AsOf.at_midnight(cutoff.day - horizon_days, store.timezone)
    if start.day - activity(store, cutoff).first_day < MINIMUM_HISTORY_DAYS:
        return nothing("short_history")
    earlier = window(store, start, [horizon_days], cutoff)
    if len(earlier.features) < MINIMUM_CUSTOMERS or horizon_days not in earlier.purchases:
        return nothing("few_customers")
    size = len(earlier.features)
    sample = np.unique(np.linspace(0, size - 1, min(size, SAMPLE_CUSTOMERS)).astype(int))
    purchases = earlier.purchases[horizon_days][sample]
    scores = {name: values[sample] for name, values in part_scores(earlier.features, formula).items()}
    movable = [name for name, values in scores.items() if np.nanmax(values, initial=0) > 0 and _varies(values)]
    if len(movable) < 2:
        return nothing("one_part")
    if np.ptp(purchases) == 0:
        return nothing("no_difference")
    suggested = _hill_climb(scores, purchases, formula, movable)
    weights["suggested"] = [suggested.part(name).weight / total for name in weights["part"]]
    formulas = (formula, suggested)
    later_purchases = comparison.purchases.to_numpy()
    gain = [
        {"window": "learnt", "from": str(start.date), "days": horizon_days}
        | _correlations(scores, purchases, formulas)
        | {"low": np.nan, "high": np.nan},
        {"window": "later", "from": comparison.as_of, "days": horizon_days}
        | _correlations(later_scores, later_purchases, formulas)
        | _interval(later_scores, later_purchases, formulas),
    ]
    before, after = (assign_bands(combine_parts(later_scores, rule)[0], rule).codes for rule in formulas)
    return Suggestion(weights, pd.DataFrame(gain), int(np.count_nonzero(before != after)))


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known) and np.ptp(known) > 0)


def _hill_climb(scores: Mapping[str, Floats], purchases: Counts, formula: Formula, movable: list[str]) -> Formula:
    """Return the formula after the best move of a step between two parts, repeated until no move improves it."""
    step = STEP * formula.total_weight
    best, best_correlation = formula, _correlation(scores, purchases, formula)
    while True:
        moves = [
            moved
            for source in movable
            for target in movable
            if (moved := _shift_weight(best, source, target, step)) is not None
        ]
        correlations = [_correlation(scores, purchases, move) for move in moves]
        if not correlations or max(correlations) <= best_correlation + MINIMUM_IMPROVEMENT:
            return best
        best, best_correlation = moves[int(np.argmax(correlations))], max(correlations)


def _shift_weight(formula: Formula, source: str, target: str, step: float) -> Formula | None:
    """Return the formula with `step` of weight moved from one part to another; None if the source has less."""
    if source == target or formula.part(source).weight < step - 1e-9:
        return None
    change = {source: -step, target: step}
    parts = tuple(replace(p, weight=max(0.0, p.weight + change.get(p.name, 0.0))) for p in formula.parts)
    return replace(formula, version=f"{formula.version.removesuffix(':suggested')}:suggested", parts=parts)


def _correlation(scores: Mapping[str, Floats], purchases: Counts, formula: Formula) -> float:
    """Return the rank correlation of the loyalty score and the purchases."""
    return float(pd.Series(combine_parts(scores, formula)[0]).rank().corr(pd.Series(purchases).rank()))


def _correlations(
    scores: Mapping[str, Floats], purchases: Counts, formulas: tuple[Formula, Formula]
) -> dict[str, float]:
    """Return the rank correlation with the weights `now` and `suggested`, and the difference."""
    now, suggested = (_correlation(scores, purchases, formula) for formula in formulas)
    return {"customers": len(purchases), "now": now, "suggested": suggested, "difference": suggested - now}


def _interval(scores: Mapping[str, Floats], purchases: Counts, formulas: tuple[Formula, Formula]) -> dict[str, float]:
    """Return the 95 % interval of the difference (bootstrap over customers)."""

    def sampled(rows: Counts) -> dict[str, float]:
        return _correlations({name: values[rows] for name, values in scores.items()}, purchases[rows], formulas)

    interval = bootstrap(sampled, len(purchases), bootstrap_draws(len(purchases)))
    return {end: interval[end].to_dict()["difference"] for end in ("low", "high")}
