"""From a log to a challenger: candidates are tried on past windows; the best is fitted, judged and registered."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import pandas as pd

from features.as_of import AsOf
from features.errors import ModelError, TrackingError
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.evaluation.catalog import chosen_metrics
from training.evaluation.plots import decile_plot, gain_plot, reliability_plot
from training.fit import StepProgress, fit_candidates
from training.gate import Verdict, gate
from training.models.bundle import CHALLENGER, CHAMPION
from training.models.compiled.compiled_model import CompiledModel
from training.models.customer_model import CustomerModel
from training.paired_losses import paired_losses
from training.promote import record_verdict
from training.registry.entities import CANDIDATE, ModelVersion
from training.registry.mlflow_client import Tracking
from training.registry.runs import Run, log_figure, log_metrics, log_params, nested_run, start_run
from training.registry.versions import load, register, version
from training.settings import CandidateSettings, FitSettings, GateLimits, TrialSettings
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


@dataclass(frozen=True)
class RetrainSettings:
    """What `retrain` tries, and what the gate requires.

    Attributes
    ----------
    candidates : CandidateSettings
        Which models are tried, and the baselines they are compared with.
    fit, trials, limits
        See the classes.
    """

    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    trials: TrialSettings = field(default_factory=TrialSettings)
    limits: GateLimits = field(default_factory=GateLimits)


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
    by_segment : pandas.DataFrame
        Its measures in the last trial for each segment of customers, and how many `customers` are in it.
    """

    version: ModelVersion
    candidate: str
    verdict: Verdict
    measures: pd.DataFrame
    by_segment: pd.DataFrame


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
    candidates, metrics = settings.candidates.tried(quick), settings.trials.metrics
    chosen_metrics(metrics)  # an unknown name is found before anything is fitted
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
        "candidates": list(candidates),
        "baselines": list(settings.candidates.baselines),
        "champion": champion.number if champion else None,
    }
    with start_run(tracking, f"fit {end.date}", facts) as run:
        trials: list[Trial] = []
        for start in starts:
            report(f"trial at {start.date}: fitting {', '.join(candidates)}")
            fitted = fit(start, candidates=candidates)
            rival = champion_at(champion, champion_model, fitted, str(start.date))
            at_start = run_trials(
                store,
                start,
                end,
                fitted,
                rival,
                formula,
                baselines=settings.candidates.baselines,
                settings=settings.trials,
                seed=seed,
                progress=report,
            )
            for name, model in fitted.items():
                recipe = {**model.purchases.get_params(deep=False), CANDIDATE: name, "date": str(start.date)}
                with nested_run(run, f"{name} at {start.date}", recipe) as nested:
                    log_trials(nested, at_start, name, metrics)
            trials += at_start
        if champion and champion_model and not all(CHAMPION in trial.others for trial in trials):
            champion_model, problem = None, unusable(champion, "it does not forecast for all customers")
            trials = [replace(trial, others=without_champion(trial)) for trial in trials]
        best = best_candidate(trials, candidates)
        report(f"fitting {best} to everything until {end.date}")
        model = fit(end, candidates=(best,), progress=progress)[best]
        log_params(
            run, {CANDIDATE: best, "feature_columns": model.card.feature_columns, "horizons": model.card.horizons}
        )
        report("judging it")
        verdict = judge(trials, best, model, end.day, champion if champion_model else None, settings.limits)
        if champion and problem:
            verdict = replace(verdict, reasons=(*verdict.reasons, problem), champion=champion.number)
        record_verdict(run, verdict)
        log_metrics(run, verdict.figures)
        _log_plots(run, trials[-1], best)
        report("registering it")
        made = register(run, model, tags={CANDIDATE: best, "formula_version": formula.version})
    by_segment = trials[-1].by_segment(best, metrics)
    return RetrainResult(made, best, verdict, measures_of_trials(trials, best, metrics), by_segment)


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
        return None, unusable(champion, str(error))


def unusable(champion: ModelVersion, reason: str) -> str:
    """Return the line about a champion that cannot be compared with."""
    return (
        f"not compared with champion version {champion.number}, which cannot be loaded ({reason}): "
        "promote with --force and --reason, or go back to another version"
    )


def without_champion(trial: Trial) -> dict[str, pd.DataFrame]:
    """Return the forecasts of the baselines of a trial."""
    return {name: forecast for name, forecast in trial.others.items() if name != CHAMPION}


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
    return fitted.get(champion.candidate, next(iter(fitted.values())))


def best_candidate(trials: Sequence[Trial], candidates: Iterable[str]) -> str:
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
        compiled=CompiledModel.is_possible(model),
        limits=limits,
    )


def _log_plots(run: Run, trial: Trial, candidate: str) -> None:
    """Keep the plots of one trial with the run."""
    forecast, title = trial.candidates[candidate], f"{trial.horizon_days} days from {trial.date}"
    peers = {name: other for name, other in trial.others.items() if name in ("rule", "bg_nbd")}
    log_figure(run, "reliability", reliability_plot(trial.purchases, forecast, title))
    log_figure(run, "gain", gain_plot(trial.purchases, {"model": forecast, **peers}, title))
    log_figure(run, "deciles", decile_plot(trial.purchases, forecast, title))
