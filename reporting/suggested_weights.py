"""The rule's weights: what the outcomes would suggest, and what that would have gained later. Never applied."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import AsOf, day_date
from features.loyalty.formula import Formula
from features.loyalty.scoring import assign_bands, combine_parts, part_scores
from features.store.event_store import EventStore
from reporting.comparison import Comparison
from training.evaluation.intervals import bootstrap, bootstrap_draws
from training.windows import LEAST_HISTORY, activity, window

Floats = NDArray[np.float64]

STEP = 0.05
"""Weights move by so much of their sum: finer ones would follow noise, and nobody remembers them."""
CUSTOMERS = 20_000
"""So many customers tell the weights; more would not move them by a step."""
FEWEST = 50
"""With fewer customers, or with all of them alike, nothing is suggested."""


@dataclass(frozen=True)
class Suggestion:
    """Weights that order customers as their purchases did in an earlier window, tried on the window after it.

    `weights`: `part`, `now` and `suggested` (shares of the sum, 0 to 1), `with_data` (share of the customers). `gain`:
    one row a window, `learnt` and `later`: `from`, `days`, `customers`, the rank correlation of score and purchases
    `now` and `suggested`, their `difference`, and its 95 % interval `low`, `high` (of the later window alone). `moved`:
    customers of the later window who would change band. `reason` says why nothing is suggested; else it is empty.
    """

    weights: pd.DataFrame
    gain: pd.DataFrame
    moved: int
    reason: str = ""


def suggest(store: EventStore, comparison: Comparison) -> Suggestion:
    """Learn weights from the horizon before the comparison's date, and try them on its outcome.

    Nothing after the date has a say in the weights. Only parts that had data then are moved.
    """
    formula, horizon = comparison.formula, comparison.horizon
    day = AsOf.parse(comparison.as_of, store.timezone).day
    total = formula.total_weight
    later = part_scores(comparison.features, formula)
    table = pd.DataFrame(
        {
            "part": [part.name for part in formula.parts],
            "now": [part.weight / total for part in formula.parts],
            "suggested": [part.weight / total for part in formula.parts],
            "with_data": [float(np.mean(~np.isnan(later[part.name]))) for part in formula.parts],
        }
    )
    nothing = pd.DataFrame(columns=["window", "from", "days", "customers", "now", "suggested", "difference"])
    start = day - horizon
    if start - activity(store, day).first_day < LEAST_HISTORY:
        return Suggestion(table, nothing, 0, "short_history")
    then = window(store, start, [horizon], day_date(day))
    if len(then.features) < FEWEST or horizon not in then.purchases:
        return Suggestion(table, nothing, 0, "few_customers")
    y = then.purchases[horizon]
    rows = np.unique(np.linspace(0, len(y) - 1, min(len(y), CUSTOMERS)).astype(int))
    learnt = {name: values[rows] for name, values in part_scores(then.features, formula).items()}
    movable = [name for name, values in learnt.items() if np.nanmax(values, initial=0) > 0 and _varies(values)]
    if len(movable) < 2 or np.ptp(y[rows]) == 0:
        return Suggestion(table, nothing, 0, "one_part" if len(movable) < 2 else "no_difference")
    found = _climbed(learnt, y[rows], formula, movable)
    table["suggested"] = [found.part(name).weight / total for name in table["part"]]
    gain = pd.DataFrame(
        [
            _tried("learnt", str(day_date(start)), horizon, learnt, y[rows], formula, found),
            _tried("later", comparison.as_of, horizon, later, comparison.purchases.to_numpy(), formula, found),
        ]
    )
    before, after = (assign_bands(combine_parts(later, rule)[0], rule).codes for rule in (formula, found))
    return Suggestion(table, gain, int(np.count_nonzero(before != after)))


def _varies(values: Floats) -> bool:
    known = values[~np.isnan(values)]
    return bool(len(known) and np.ptp(known) > 0)


def _climbed(parts: Mapping[str, Floats], y: NDArray[np.int64], formula: Formula, movable: list[str]) -> Formula:
    """Return the formula after every move of a step from one part to another that orders the customers better."""
    step = STEP * formula.total_weight
    best, fit = formula, _fit(parts, y, formula)
    while True:
        tried = [
            moved for giver in movable for taker in movable if (moved := _moved(best, giver, taker, step)) is not None
        ]
        fits = [_fit(parts, y, each) for each in tried]
        if not fits or max(fits) <= fit + 1e-6:
            return best
        best, fit = tried[int(np.argmax(fits))], max(fits)


def _moved(formula: Formula, giver: str, taker: str, step: float) -> Formula | None:
    """Return the formula with `step` of weight taken from one part and given to another; None where there is less."""
    if giver == taker or formula.part(giver).weight < step - 1e-9:
        return None
    change = {giver: -step, taker: step}
    parts = tuple(replace(p, weight=max(0.0, p.weight + change.get(p.name, 0.0))) for p in formula.parts)
    return replace(formula, version=f"{formula.version.removesuffix(':suggested')}:suggested", parts=parts)


def _fit(parts: Mapping[str, Floats], y: NDArray[np.int64], formula: Formula) -> float:
    return float(pd.Series(combine_parts(parts, formula)[0]).rank().corr(pd.Series(y).rank()))


def _tried(
    name: str,
    start: str,
    days: int,
    parts: Mapping[str, Floats],
    y: NDArray[np.int64],
    formula: Formula,
    found: Formula,
) -> dict[str, object]:
    scores = [pd.Series(combine_parts(parts, rule)[0]) for rule in (formula, found)]
    outcome = pd.Series(y)

    def correlations(rows: NDArray[np.int64]) -> dict[str, float]:
        ranks = outcome.iloc[rows].rank()
        now, suggested = (float(score.iloc[rows].rank().corr(ranks)) for score in scores)
        return {"now": now, "suggested": suggested, "difference": suggested - now}

    row = {"window": name, "from": start, "days": days, "customers": len(y), **correlations(np.arange(len(y)))}
    interval = bootstrap(correlations, len(y), bootstrap_draws(len(y))).loc["difference"] if name == "later" else None
    low, high = (interval["low"], interval["high"]) if interval is not None else (np.nan, np.nan)
    return {**row, "low": low, "high": high}
