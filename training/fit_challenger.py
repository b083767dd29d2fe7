"""From a log to a challenger: candidates are tried on past windows; the best is fitted, judged and registered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType

import pandas as pd

from features.as_of import AsOfLike
from features.errors import InvalidArgumentError, ModelError, TrackingError
from features.known_names import check_name
from features.loyalty.formula import Formula
from features.loyalty.scoring import drop_unpriced_parts
from features.store.event_store import EventStore
from training.evaluation.catalog import chosen_metrics
from training.fit import StepProgress, fit_candidates
from training.fit_record import DATA_DIGEST, record_challenger, record_start
from training.gate import Verdict
from training.judging import judge, judge_refit, mean_loss
from training.models.bundle import CHAMPION
from training.models.catalog import MODELS
from training.models.customer_model import CustomerModel
from training.refit_gate import refit_figures
from training.registry.entities import ModelVersion, gate_figures
from training.registry.mlflow_client import Tracking
from training.registry.runs import log_text, run_measures, start_run
from training.registry.versions import load, version
from training.settings import CandidateSettings, FitSettings, GateLimits, RefitLimits, TrialSettings
from training.targets import log_end
from training.trials import CHAMPION_RECIPE, Trial, best_candidate, measures_of_trials, run_trials, trial_starts
from training.windows import past_midnight

RECIPE_VERDICT_FILE = "recipe_verdict.json"
"""The verdict on the best candidate as a new recipe, beside the one that `promote` follows."""


@dataclass(frozen=True)
class ChallengerSettings:
    """What a fit tries, and what the gate requires.

    Attributes
    ----------
    candidates : CandidateSettings
        Which models are tried, and the baselines they are compared with.
    fit, trials, limits, refit
        See the classes.
    """

    candidates: CandidateSettings = field(default_factory=CandidateSettings)
    fit: FitSettings = field(default_factory=FitSettings)
    trials: TrialSettings = field(default_factory=TrialSettings)
    limits: GateLimits = field(default_factory=GateLimits)
    refit: RefitLimits = field(default_factory=RefitLimits)


@dataclass(frozen=True)
class Challenger:
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


def fit_challenger(
    store: EventStore,
    tracking: Tracking,
    formula: Formula,
    *,
    settings: ChallengerSettings = ChallengerSettings(),
    seed: int = 0,
    quick: bool = False,
    as_of: AsOfLike | None = None,
    only: Sequence[str] = (),
    tags: Mapping[str, str] = MappingProxyType({}),
    progress: StepProgress | None = None,
) -> Challenger:
    """Fit candidates on past windows of the log, try them on what followed, and register the best as challenger.

    At each trial date every candidate learns from what was known by then and forecasts the days after it, beside every
    baseline and the champion. The candidate with the lowest losses is fitted to the whole log and judged by the gate.
    Where that is the recipe of the champion, or is not better than it beyond doubt, the recipe of the champion is
    fitted anew, and the gate asks whether this refit is sound. Everything is tracked; each trial is a run within the
    run. A champion that cannot be loaded takes no part, and the verdict says so.

    Parameters
    ----------
    store : EventStore
    tracking : Tracking
        Where runs and versions are kept, see `open_tracking`.
    formula : Formula
        The loyalty formula that the version carries.
    settings : ChallengerSettings
    seed : int
        Of the draw of customers and of the spend model.
    quick : bool
        One candidate, fewer trials, fewer customers.
    as_of : AsOf, str, datetime.date or datetime.datetime, optional
        A past date: nothing that happened or was recorded at or after its midnight has a part in the fit, its trials or
        the verdict. Without it the whole log counts.
    only : sequence of str
        Names of the candidates of this fit, in place of those of the settings. The best of them is registered even
        where the recipe of the champion is better, so that it can be looked at, or promoted by force.
    tags : mapping of str to str
        Further tags of the version, by which its caller finds it again.
    progress : callable, optional
        Called with the name of each step as it begins.

    Returns
    -------
    Challenger

    Raises
    ------
    TooLittleDataError
        When the log is too short for one trial.
    TrackingError
        When runs or versions cannot be written.
    """
    report = progress or (lambda step: None)
    known_at = None if as_of is None else past_midnight(store, as_of)
    end = known_at or log_end(store)
    formula = drop_unpriced_parts(store, formula, end)
    count = settings.trials.quick_count if quick else settings.trials.count
    starts = trial_starts(store, end, count, settings.trials)
    champion = version(tracking, CHAMPION)
    champion_model, problem = load_champion(tracking, champion, store.rating_maximum)
    if problem:
        report(problem)
    candidates = chosen = tuple(dict.fromkeys(only)) or settings.candidates.tried(quick)
    metrics = settings.trials.metrics
    for name in (*only, *settings.candidates.baselines):
        check_name("unknown model", name, MODELS, InvalidArgumentError)
    recipe = champion.candidate if champion and champion_model else None
    if recipe not in (*candidates, *MODELS):
        recipe = None  # a version of an earlier release, or of a package that is not installed
    if recipe and recipe not in candidates:
        candidates = (*candidates, recipe)
    chosen_metrics(metrics)  # an unknown name is found before anything is fitted
    fit = partial(fit_candidates, store, formula=formula, settings=settings.fit, seed=seed, quick=quick)
    facts = {
        DATA_DIGEST: store.manifest["digest"],
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
        record_start(run, store, end)
        trials: list[Trial] = []
        for start in starts:
            report(f"trial at {start.date}: fitting {', '.join(candidates)}")
            fitted = fit(start, candidates=candidates)
            at_start = run_trials(
                store,
                start,
                end,
                fitted,
                champion_at(recipe, champion_model, fitted, str(start.date)),
                formula,
                baselines=settings.candidates.baselines,
                settings=settings.trials,
                seed=seed,
                progress=report,
            )
            trials += at_start
            params = {name: model.purchases.get_params(deep=False) for name, model in fitted.items()}
        if champion and champion_model and not all(trial.champion_forecast is not None for trial in trials):
            recipe, champion_model = None, None
            problem = unusable(champion, "it does not forecast for all customers")
            trials = [replace(trial, others=trial.baselines) for trial in trials]
        best = best_candidate(trials, chosen if only else candidates)
        report(f"fitting {best} to everything until {end.date}")
        model = fit(end, candidates=(best,), progress=progress)[best]
        report("judging it")
        in_service = champion if champion_model else None
        verdict = None
        if best != recipe:
            verdict = judge(trials, best, model, end.day, in_service, settings.limits)
            log_text(run, RECIPE_VERDICT_FILE, verdict.to_json())
        refit = best == recipe or not (only or (verdict and verdict.passed))
        if champion and champion_model and recipe and refit:
            if best != recipe:
                report(f"{best} is not better than {recipe} beyond doubt: fitting {recipe} to everything")
                best, model = recipe, fit(end, candidates=(recipe,))[recipe]
            last_fit = gate_figures(run_measures(tracking, champion.run_id))
            verdict = judge_refit(
                store,
                trials,
                best,
                model,
                champion,
                champion_model,
                last_fit,
                settings.limits,
                settings.refit,
                known_at,
            )
        assert verdict is not None
        if champion and problem:
            verdict = replace(verdict, reasons=(*verdict.reasons, problem), champion=champion.number)
        figures = refit_figures(store, mean_loss(trials, best), known_at)
        verdict = replace(verdict, figures={**verdict.figures, **figures})
        table, by_segment = measures_of_trials(trials, best, metrics), trials[-1].by_segment(best, metrics)
        report("registering it")
        made = record_challenger(run, store, trials, model, best, verdict, params, metrics, tags)
    return Challenger(made, best, verdict, table, by_segment)


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


def champion_at(
    recipe: str | None, model: CustomerModel | None, fitted: Mapping[str, CustomerModel], date: str
) -> dict[str, CustomerModel]:
    """Return the champion as it could have been at an ISO date, by the name of its row.

    That is the champion itself where it learnt from nothing later than the date, else its recipe as fitted at the date,
    or the first candidate's where its own is not known. Without a champion there is no row.
    """
    if model is None:
        return {}
    if model.card.as_of <= date:
        return {CHAMPION: model}
    return {CHAMPION_RECIPE: fitted[recipe] if recipe else next(iter(fitted.values()))}
