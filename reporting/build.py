"""The report as a whole: from a store to tables, and from tables to a folder of files."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from features.as_of import AsOf, AsOfLike, day_date
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.loyalty.sensitivity import sensitivity
from features.store.event_store import EventStore
from reporting import tables as of
from reporting.change import Change, change_since
from reporting.comparison import Comparison, compare, model_as_of
from reporting.customers import customer_table, cut
from reporting.explanations import reasons
from reporting.suggested_weights import Suggestion, suggest
from training.registry.mlflow_client import Tracking

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """A comparison, what it says of weights, of change since a date (None: nobody was known then), and every table."""

    comparison: Comparison
    suggestion: Suggestion
    since: str
    change: Change | None
    tables: dict[str, pd.DataFrame]

    @property
    def cuts(self) -> tuple[float, float]:
        """The loyalty score and the expected purchases from which on a customer is high (see `quadrant`)."""
        customers = self.tables["customers"]
        by_model = customers["quadrant"].isin(["both", "model_only"])
        return cut(customers["loyalty_score"]), float(customers.loc[by_model, "expected_purchases"].min())


def make_report(
    store: EventStore,
    as_of: AsOfLike | None,
    horizon: int,
    formula: Formula,
    since: AsOfLike | None = None,
    formula_then: Formula | None = None,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Return the report: see `comparison.compare` for the arguments and what is raised.

    `since`: the earlier date of what changed (None: a horizon before); `formula_then`: the rule at that date, where it
    was another.
    """
    say = progress or (lambda step: None)
    formula, before = drop_unpriced_parts(store, formula), drop_unpriced_parts(store, formula_then or formula)
    comparison = compare(store, as_of, horizon, formula, tracking, quick, progress)
    say("weights")
    suggestion = suggest(store, comparison)
    day = AsOf.parse(comparison.as_of, store.timezone).day
    then = str(day_date(day - horizon if since is None else AsOf.parse(since, store.timezone).day))
    say(f"what changed since {then}")
    change = _change(store, comparison, then, before, tracking, quick, since is not None)
    say("tables")
    why = reasons(comparison.chosen.model.purchases, comparison.features, day, horizon)
    return Report(comparison, suggestion, then, change, _tables(comparison, suggestion, change, why))


def _change(
    store: EventStore,
    comparison: Comparison,
    then: str,
    formula_then: Formula,
    tracking: Tracking | None,
    quick: bool,
    asked: bool,
) -> Change | None:
    """Return the change since the date; None when nobody had bought by then and nobody asked for that date."""
    try:
        earlier = model_as_of(store, then, formula_then, tracking, quick)
    except TooLittleDataError:
        if asked:
            raise
        return None
    formulas, models = (formula_then, comparison.formula), (earlier, comparison.chosen)
    return change_since(store, then, comparison.as_of, comparison.horizon, formulas, models)


def _tables(
    comparison: Comparison, suggestion: Suggestion, change: Change | None, why: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    customers = customer_table(comparison)
    none = pd.DataFrame()
    return {
        "headline": of.headline(comparison),
        "customers": customers.reset_index(),
        "why": why.reset_index(),
        "absent": comparison.absent.reset_index(),
        "measures": of.measure_table(comparison),
        "differences": of.difference_table(comparison),
        "gain": of.gain(comparison),
        "reliability": of.reliability_table(comparison),
        "deciles": of.decile_table(comparison),
        "quadrants": of.quadrant_table(customers),
        "agreement": of.agreement(customers),
        "segments": of.segment_table(comparison),
        "sensitivity": sensitivity(comparison.features, comparison.formula),
        "weights": suggestion.weights,
        "weights_gain": suggestion.gain,
        "change_of_the_base": change.bridge if change else none,
        "change_of_the_rule": change.rule.reset_index() if change else none,
        "change_of_the_model": change.model.reset_index() if change else none,
        "change_absent": change.absent.reset_index() if change else none,
    }
