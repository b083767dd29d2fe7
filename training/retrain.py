"""From a log to a challenger: candidates are tried on past windows; the best is fitted, judged and registered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from features.as_of import AsOf
from features.errors import InvalidArgumentError, ModelError, TrackingError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.evaluation.plots import decile_plot, gain_plot, reliability_plot
from training.fit import StepProgress, fit_candidates
from training.gate import Verdict, gate
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.customer_model import CustomerModel
from training.paired_losses import paired_losses
from training.promote import record_verdict
from training.registry.entities import ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.runs import Run, log_figure, log_metrics, log_params, nested_run, start_run
from training.registry.versions import load, register, version
from training.settings import FitSettings, GateLimits, TrialSettings
from training.targets import log_end
from training.trials import (
    Trial,
    log_trials,
    measures_of_trials,
    milliseconds_per_customer,
    run_trials,
    trial_days,
)
from training.windows import activity

RIDGES: dict[str, float | None] = {"standard": None, "bold": 300.0, "cautious": 15_000.0}
RECIPE = "candidate"
"""The tag of a version that names its candidate."""


@dataclass(frozen=True)
class RetrainSettings:
    """What `retrain` tries, and what the gate requires.

    Attributes
    ----------
    candidates : mapping of str to float or None
        For each candidate, how strongly the adjustments of customers are shrunk; None: chosen from the log. A quick fit
        tries the first one alone.
    fit, trials, limits
        See the classes.
    """

    candidates: Mapping[str, float | None] = field(default_factory=lambda: dict(RIDGES))
    fit: FitSettings = field(default_factory=FitSettings)
    trials: TrialSettings = field(default_factory=TrialSettings)
    limits: GateLimits = field(default_factory=GateLimits)

    def __post_init__(self) -> None:
        if not self.candidates:
            raise InvalidArgumentError("there are no candidates to fit: name at least one")

    def chosen_candidates(self, quick: bool) -> dict[str, float | None]:
        """Return the candidates to try."""
        return dict(list(self.candidates.items())[: 1 if quick else None])


@dataclass(frozen=True)
class RetrainResult:
    """A registered challenger.

    Attributes
    ----------
    version : ModelVersion
    candidate : str
        Name of the candidate that was best.
    verdict : Verdict
        The gate's, which `promote` will follow.
    measures : pandas.DataFrame
        Measures of its trials, indexed by `date`, `horizon` (days) and `forecast`.
    """

    version: ModelVersion
    candidate: str
    verdict: Verdict
    measures: pd.DataFrame


def retrain(
    store: EventStore,
    tracking: Tracking,
    formula: Formula,
    *,
    settings: RetrainSettings = RetrainSettings(),
    seed: int = 0,
    quick: bool = False,
    progress: StepProgress | None = None,
) -> RetrainResult:
    """Fit candidates on past windows of the log, try them on what followed, and register the best as challenger.

    At each trial date every candidate learns from what was known by then and forecasts the days after it, beside every
    baseline and the champion. The candidate with the lowest losses is fitted to the whole log and judged by the gate.
    Everything is tracked; each trial is a run within the run. A champion that cannot be loaded takes no part, and the
    verdict says so.

    Parameters
    ----------
    store : EventStore
    tracking : Tracking
        Where runs and versions are kept, see `open_tracking`.
    formula : Formula
        The loyalty formula that the version carries.
    settings : RetrainSettings
    seed : int
        Of the draw of customers and of the spend model.
    quick : bool
        One candidate, fewer trials, fewer customers.
    progress : callable, optional
        Called with the name of each step as it begins.

    Returns
    -------
    RetrainResult

    Raises
    ------
    TooLittleDataError
        When the log is too short for one trial.
    TrackingError
        When runs or versions cannot be written.
    """
    report = progress or (lambda step: None)
    formula = drop_unpriced_parts(store, formula)
    end = log_end(store)
    count = settings.trials.quick_count if quick else settings.trials.count
    days = trial_days(activity(store, end).first_day, end.day, count, settings.trials)
    starts = [AsOf.at_midnight(day, store.timezone) for day in days]
    champion = version(tracking, CHAMPION)
    champion_model, problem = load_champion(tracking, champion, store.rating_maximum)
    if problem:
        report(problem)
    candidates = settings.chosen_candidates(quick)
    fit = partial(fit_candidates, store, formula=formula, settings=settings.fit, seed=seed, quick=quick)
    facts = {
        "data_digest": store.manifest["digest"],
        "data_until": str(end.date),
        "customers": store.n_customers,
        "events": store.n_events,
        "formula_version": formula.version,
        "seed": seed,
        "quick": quick,
        "trials": [str(start.date) for start in starts],
        "candidates": candidates,
        "champion": champion.number if champion else None,
    }
    with start_run(tracking, f"fit {end.date}", facts) as run:
        trials: list[Trial] = []
        for start in starts:
            report(f"trial at {start.date}: fitting {', '.join(candidates)}")
            fitted = fit(start, ridges=candidates)
            rival = champion_at(champion, champion_model, fitted, str(start.date))
            at_start = run_trials(
                store, start, end, fitted, rival, formula, settings=settings.trials, seed=seed, progress=report
            )
            for name, ridge in candidates.items():
                recipe = {RECIPE: name, "date": str(start.date), "ridge": ridge}
                with nested_run(run, f"{name} at {start.date}", recipe) as nested:
                    log_trials(nested, at_start, name)
            trials += at_start
        best = best_candidate(trials, candidates)
        report(f"fitting {best} to everything until {end.date}")
        model = fit(end, ridges={best: candidates[best]}, progress=progress)[best]
        log_params(run, {RECIPE: best, "feature_columns": model.card.feature_columns, "horizons": model.card.horizons})
        report("judging it")
        verdict = judge(trials, best, model, end.day, champion if champion_model else None, settings.limits)
        if champion and problem:
            verdict = replace(verdict, reasons=(*verdict.reasons, problem), champion=champion.number)
        record_verdict(run, verdict)
        log_metrics(run, verdict.figures)
        _log_plots(run, trials[-1], best)
        report("registering it")
        made = register(run, model, tags={RECIPE: best, "formula_version": formula.version})
    return RetrainResult(made, best, verdict, measures_of_trials(trials, best))


def load_champion(
    tracking: Tracking, champion: ModelVersion | None, rating_maximum: float
) -> tuple[CustomerModel | None, str | None]:
    """Return the champion's model, or None and, in one line, why it cannot be loaded or used for this rating scale."""
    if champion is None:
        return None, None
    try:
        model = load(tracking, champion)
        model.card.require_rating_scale(rating_maximum)
        return model, None
    except (ModelError, TrackingError) as error:
        return None, (
            f"not compared with champion version {champion.number}, which cannot be loaded ({error}): "
            "promote with --force and --reason, or go back to another version"
        )


def champion_at(
    champion: ModelVersion | None, model: CustomerModel | None, fitted: Mapping[str, CustomerModel], date: str
) -> CustomerModel | None:
    """Return the champion as it could have been at an ISO date.

    That is the champion itself where it learnt from nothing later than the date, else its candidate as fitted at the
    date, or the first candidate where its own was not fitted.
    """
    if champion is None or model is None:
        return None
    if model.card.as_of <= date:
        return model
    return fitted.get(champion.tags.get(RECIPE, ""), next(iter(fitted.values())))


def best_candidate(trials: Sequence[Trial], candidates: Mapping[str, float | None]) -> str:
    """Return the candidate with the lowest losses over all trials, weighted equally; ties go to the first."""
    return min(candidates, key=lambda name: sum(trial.relative_loss(name) for trial in trials))


def judge(
    trials: Sequence[Trial],
    candidate: str,
    model: CustomerModel,
    day: int,
    champion: ModelVersion | None,
    limits: GateLimits,
) -> Verdict:
    """Return the gate's verdict on a candidate by its trials, and on its model by speed and columns."""
    losses = [
        paired_losses(
            trial.date,
            trial.horizon_days,
            trial.purchases,
            {CHALLENGER: trial.candidates[candidate], **trial.others},
        )
        for trial in trials
    ]
    features, horizon_days = trials[-1].features, trials[-1].horizon_days
    milliseconds = milliseconds_per_customer(lambda: model.predict(features, day, horizon_days), len(features))
    return gate(
        pd.concat(losses),
        milliseconds,
        model.card.feature_columns,
        champion=champion.number if champion else None,
        limits=limits,
    )


def _log_plots(run: Run, trial: Trial, candidate: str) -> None:
    """Keep the plots of one trial with the run."""
    forecast, title = trial.candidates[candidate], f"{trial.horizon_days} days from {trial.date}"
    peers = {name: other for name, other in trial.others.items() if name in ("rule", "bg_nbd")}
    log_figure(run, "reliability", reliability_plot(trial.purchases, forecast, title))
    log_figure(run, "gain", gain_plot(trial.purchases, {"model": forecast, **peers}, title))
    log_figure(run, "deciles", decile_plot(trial.purchases, forecast, title))
