"""The report as a whole: the comparison, suggested weights, change since an earlier date, and every table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pandas as pd

from features.as_of import AsOf, AsOfLike
from features.errors import TooLittleDataError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.loyalty.sensitivity import sensitivity
from features.store.event_store import EventStore
from reporting import tables
from reporting.advice import advice
from reporting.base_over_time import base_over_time
from reporting.change import Change, change_since
from reporting.comparison import Comparison, compare, model_as_of
from reporting.contact_lists import contact_table
from reporting.customers import customer_table, high_threshold
from reporting.explanations import forecast_factors
from reporting.list_lengths import list_length_table
from reporting.log_warnings import Notice, bias_warning, log_warnings
from reporting.outliers import outlier_table
from reporting.returns import returns_summary, returns_table
from reporting.suggested_weights import Suggestion, suggest_weights
from reporting.swap_set import swap_table
from reporting.timelines import Timelines, timelines
from reporting.trials import earlier_dates, trial_comparisons, trial_table, verdict_table
from training.registry.mlflow_client import Tracking
from training.settings import BASELINES, FitSettings, TrialSettings

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Report:
    """A comparison and everything derived from it.

    Attributes
    ----------
    comparison : Comparison
        Rule and model on the same customers.
    suggestion : Suggestion
        Weights that the outcomes suggest.
    since : str
        The earlier date of the change, in ISO format.
    change : Change or None
        What changed since that date; None when no customer had bought by then.
    tables : dict of str to pandas.DataFrame
        Every table, by name; dictionary.toml describes their columns.
    timelines : Timelines
        The events of the compared customers, and their scores over time.
    warnings : list of (str, dict)
        What a reader has to know first, as keys and arguments of the page's texts.
    currency : str
        The code of the log's currency, such as GBP; empty where it was not named.
    """

    comparison: Comparison
    suggestion: Suggestion
    since: str
    change: Change | None
    tables: dict[str, pd.DataFrame]
    timelines: Timelines = field(default_factory=Timelines)
    warnings: list[Notice] = field(default_factory=list)
    currency: str = ""

    @property
    def advice(self) -> list[Notice]:
        """Which score to use for what and for whom, as keys and arguments of the page's texts."""
        return advice(self.tables, self.currency)

    @property
    def thresholds(self) -> tuple[float, float]:
        """The loyalty score and the expected purchases from which on a customer is high (see `quadrant`)."""
        customers = self.tables["customers"]
        by_model = customers["quadrant"].isin(["both", "model_only"])
        return high_threshold(customers["loyalty_score"]), float(customers.loc[by_model, "expected_purchases"].min())


def make_report(
    store: EventStore,
    as_of: AsOfLike | None,
    horizon_days: int,
    formula: Formula,
    since: AsOfLike | None = None,
    earlier_formula: Formula | None = None,
    tracking: Tracking | None = None,
    quick: bool = False,
    progress: Progress | None = None,
    settings: FitSettings = FitSettings(),
    *,
    baselines: Sequence[str] = BASELINES,
    metrics: Sequence[str] = (),
    trials: Sequence[str] = (),
    earlier: int = 0,
    currency: str = "",
) -> Report:
    """Return the analyst's report on the rule and the model at a past date.

    Parameters
    ----------
    store : EventStore
        The event log.
    as_of : AsOf, str, datetime.date, datetime.datetime or None
        The date to compare at; None is the latest date whose horizon the log covers.
    horizon_days : int
        Days from the date on.
    formula : Formula
        The rule. Parts whose columns the log has no data for are left out.
    since : AsOf, str, datetime.date, datetime.datetime or None
        The earlier date of the change; None is one horizon before the date.
    earlier_formula : Formula, optional
        The rule in use at the earlier date, if it was a different one.
    tracking : Tracking, optional
        Where the champion is registered.
    quick : bool
        Train on fewer customers.
    progress : callable, optional
        Called with the name of each step.
    settings : FitSettings
        What a model trained here learns from.
    baselines, metrics : sequence of str
        Names of the models to compare with, and of the metrics to report; all metrics without any.
    trials : sequence of str
        Further dates at which both sides are compared.
    earlier : int
        At how many dates before the cutoff, one horizon apart, both sides are compared too. Each trains a model.
    currency : str
        The code of the log's currency, shown with money.

    Returns
    -------
    Report

    Raises
    ------
    HorizonNotOverError
        When the log ends before the horizon does.
    TooLittleDataError
        When no customer had bought before the date, or before `since` where it is given.
    """
    report_step = progress or (lambda step: None)
    formula, earlier_formula = (
        drop_unpriced_parts(store, formula),
        drop_unpriced_parts(store, earlier_formula or formula),
    )
    comparison = compare(store, as_of, horizon_days, formula, tracking, quick, progress, settings, baselines)
    report_step("suggested weights")
    suggestion = suggest_weights(store, comparison)
    cutoff = comparison.cutoff
    earlier_day = cutoff.day - horizon_days if since is None else AsOf.parse(since, store.timezone).day
    earlier_cutoff = AsOf.at_midnight(earlier_day, store.timezone)
    report_step(f"change since {earlier_cutoff.date}")
    try:
        change = change_since(
            store,
            (earlier_cutoff, cutoff),
            horizon_days,
            (earlier_formula, formula),
            (
                model_as_of(store, earlier_cutoff, earlier_formula, tracking, quick, settings=settings),
                comparison.compared_model,
            ),
        )
    except TooLittleDataError:
        if since is not None:
            raise
        change = None
    earlier_trials = earlier_dates(store, cutoff, horizon_days, earlier, TrialSettings().least_history_days)
    further = trial_comparisons(
        store,
        [*trials, *earlier_trials],
        horizon_days,
        formula,
        tracking,
        baselines=baselines,
        quick=quick,
        settings=settings,
        progress=report_step,
    )
    report_step("tables")
    factors = forecast_factors(comparison.compared_model.model.purchases, comparison.features, cutoff.day, horizon_days)
    everything = _tables(comparison, suggestion, change, factors, metrics)
    everything |= {"trials": trial_table(further, metrics), "verdicts": verdict_table([*further, comparison])}
    report_step("the base over time")
    everything |= base_over_time(store, cutoff, formula).tables()
    warnings = [*_champion_warning(comparison), *log_warnings(store, cutoff, horizon_days)]
    expected = float(comparison.forecasts["model"]["expected_purchases"].sum())
    warnings += bias_warning(expected, float(comparison.purchases.sum()))
    report_step("timelines")
    history = timelines(store, comparison.features.index, cutoff, horizon_days, formula)
    return Report(comparison, suggestion, str(earlier_cutoff.date), change, everything, history, warnings, currency)


def _champion_warning(comparison: Comparison) -> list[Notice]:
    """Return why the champion was not compared, where it could not be used."""
    if comparison.compared_model.unusable is None:
        return []
    number, reason = comparison.compared_model.unusable
    return [("warning.champion", {"version": str(number), "reason": reason})]


def _tables(
    comparison: Comparison,
    suggestion: Suggestion,
    change: Change | None,
    factors: pd.DataFrame,
    metrics: Sequence[str],
) -> dict[str, pd.DataFrame]:
    customers = customer_table(comparison)
    outliers = outlier_table(customers.reset_index())
    empty = pd.DataFrame()
    return {
        "headline": tables.headline_table(comparison),
        "customers": customers.reset_index(),
        "why": factors.reset_index(),
        "list_lengths": list_length_table(comparison, outliers),
        "contact_lists": contact_table(comparison, customers.reset_index(), factors.reset_index()),
        "outliers": outliers,
        "absent": comparison.unmatched.reset_index(),
        "measures": tables.measure_table(comparison, metrics),
        "differences": tables.difference_table(comparison),
        "gain": tables.gain_table(comparison),
        "reliability": tables.reliability_table(comparison),
        "deciles": tables.decile_table(comparison),
        "quadrants": tables.quadrant_table(customers),
        "swap_set": swap_table(customers),
        "agreement": tables.agreement_table(customers),
        "segments": tables.segment_table(comparison, metrics),
        "returns": returns_table(comparison),
        "returns_total": returns_summary(comparison),
        "sensitivity": sensitivity(comparison.features, comparison.formula),
        "weights": suggestion.weights,
        "weights_gain": suggestion.gain,
        "change_of_the_base": change.bridge if change else empty,
        "change_of_the_rule": change.rule.reset_index() if change else empty,
        "change_of_the_model": change.model.reset_index() if change else empty,
        "change_absent": change.unmatched.reset_index() if change else empty,
    }
