"""The steps of `regulars retrain`, each by the library function that the verb of its name uses."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cli.champion import champion_in_use, publish_champion, warn_of_champion
from cli.options import formula_in_use
from cli.retrain_folder import RetrainRun
from cli.retrain_inputs import FIT_TAG, Job, cutoff, fit_digest
from cli.settings import challenger_settings
from cli.source_arguments import read_sources
from cli.terminal import echo, progress_bar, progress_steps
from features.plurals import counted
from features.settings_file import read_settings

if TYPE_CHECKING:
    from features.store.event_store import EventStore
    from training.registry.mlflow_client import Tracking

RUN_TAG = "retrain"
"""The tag of a version that names the run which made it."""
SCORES, REPORT = "scores.parquet", "report"

Result = dict[str, Any]


def append(job: Job) -> Result:
    """Add the sources to the store; what it has already changes nothing."""
    from features.store.event_store import read_manifest

    before = read_manifest(job.store)
    if not (job.sources or job.source_options.query):
        return {"sources": [], "new": False, "data_digest": before["digest"]}
    report = read_sources(list(job.sources), job.store, job.source_options, "append")
    after = read_manifest(job.store)
    names = ("rows_in", "kept", "quarantined", "duplicates", "merged", "left_out", "added", "seen")
    counts = {name: getattr(report, name) for name in names}
    return {
        "sources": list(report.sources) or list(job.sources),
        "new": after["folder"] != before["folder"],
        "data_digest": after["digest"],
        **counts,
        "quarantined_by_reason": dict(report.quarantined_by_reason),
        "warnings": list(report.warnings),
    }


def fit(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Fit and register a challenger, unless the run, or one that was given up, has done so before it was killed."""
    from training.fit_challenger import fit_challenger
    from training.fit_record import DATA_DIGEST
    from training.registry.versions import versions

    alike = fit_digest(job)
    of_runs = [{RUN_TAG: run.name}, *({RUN_TAG: name, FIT_TAG: alike} for name in run.given_up if not job.fit_again)]
    wanted = [{DATA_DIGEST: store.manifest["digest"], **tags} for tags in of_runs]
    made = next(
        (each for each in versions(tracking) if any(tags.items() <= each.tags.items() for tags in wanted)), None
    )
    if made is None:
        rule = formula_in_use(job.formula)
        with progress_steps() as step:
            fitted = fit_challenger(
                store,
                tracking,
                rule,
                settings=challenger_settings(),
                seed=job.seed,
                quick=job.quick,
                as_of=job.as_of,
                tags={RUN_TAG: run.name, FIT_TAG: alike},
                progress=step,
            )
        made = fitted.version
    return {"version": made.number, "candidate": made.candidate, "digest": made.digest, "events": store.n_events}


def gate(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Return the verdict that was recorded with the fit."""
    from training.promote import recorded_verdict
    from training.registry.versions import version

    chosen = version(tracking, run.steps["fit"]["version"])
    verdict = recorded_verdict(tracking, chosen) if chosen else None
    if verdict is None:
        return {"passed": False, "question": None, "reasons": ["its fit left no verdict: fit it again"], "figures": {}}
    for reason in verdict.reasons:
        echo(f"refused: {reason}")
    known = {name: value if value == value else None for name, value in verdict.figures.items()}  # JSON has no NaN
    return {
        "passed": verdict.passed,
        "question": verdict.question,
        "compared_with": verdict.champion,
        "reasons": list(verdict.reasons),
        "figures": known,
    }


def promote(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Make the challenger champion if the gate passed it, unless the run has done so before it was killed."""
    from features.errors import PromotionRefusedError
    from training.models.bundle import CHAMPION
    from training.promote import promote as move_champion
    from training.promote import settle_unfinished_moves
    from training.registry.versions import version

    settle_unfinished_moves(tracking)
    number, champion = run.steps["fit"]["version"], version(tracking, CHAMPION)
    present = champion.number if champion else None
    if not run.steps["gate"]["passed"]:
        return {"promoted": False, "champion": present, "reasons": run.steps["gate"]["reasons"]}
    if present != number:
        try:
            move_champion(tracking, number)
        except PromotionRefusedError as refusal:
            for reason in refusal.reasons:
                echo(f"refused: {reason}")
            return {"promoted": False, "champion": present, "reasons": list(refusal.reasons)}
    echo(f"version {number} is champion in {tracking.place}")
    return {"promoted": True, "champion": number, "reasons": []}


def publish(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Ship a new champion."""
    if not run.steps["promote"]["promoted"]:
        return {"tag": None, "reason": "no new champion"}
    if not job.settings.publish:
        return {"tag": None, "reason": "publish = false in [retrain] of the settings"}
    shipped = publish_champion(tracking)
    return {"tag": shipped.tag, "new": shipped.new, "ended_challenger": shipped.ended}


def score(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Score everybody with the champion in service, whether it is a new one or not."""
    from features.segments.settings import segmentation_of_settings
    from serving.batch import write_scores
    from serving.batch_forecasts import Forecasts
    from training.settings import ForecastSettings

    settings = read_settings("forecast", ForecastSettings)
    champion, missing = champion_in_use(job.home)
    forecasts = champion and Forecasts(*champion, job.horizon_days, settings.value_days, settings.discount_rate)
    rule = formula_in_use(job.formula, champion[0].formula if champion else None)
    as_of = cutoff(job, store)
    out = run.folder / SCORES
    with progress_bar("customers", store.n_customers) as advance:
        if forecasts:
            warn_of_champion(forecasts.model.card, store, as_of)
        summary = write_scores(store, as_of, rule, out, forecasts, segmentation_of_settings(), progress=advance)
    by = f"champion version {forecasts.version}" if forecasts else "the rule alone"
    echo(f"{counted(summary.customers, 'customer')} at {as_of} by {by} -> {out}")
    return {
        "file": str(out),
        "as_of": as_of,
        "horizon_days": job.horizon_days,
        "customers": summary.customers,
        "champion": int(forecasts.version) if forecasts else None,
        "expected_purchases": summary.expected_purchases,
        "reason": missing,
    }


def report(job: Job, run: RetrainRun, store: "EventStore", tracking: "Tracking") -> Result:
    """Make the analyst's report; a log that is too short for one has none."""
    if not job.settings.report:
        return {"file": None, "reason": "report = false in [retrain] of the settings"}
    from features.errors import HorizonNotOverError, TooLittleDataError
    from reporting.build import make_report
    from reporting.report_folder import PAGE, write_report
    from training.settings import CandidateSettings, FitSettings, TrialSettings

    rule = formula_in_use(job.formula)
    try:
        with progress_steps() as step:
            made = make_report(
                store,
                None,
                job.horizon_days,
                rule,
                tracking=tracking,
                quick=job.quick,
                progress=step,
                settings=read_settings("fit", FitSettings),
                baselines=read_settings("candidates", CandidateSettings).baselines,
                metrics=read_settings("trials", TrialSettings).metrics,
            )
            write_report(run.folder / REPORT, made)
    except (HorizonNotOverError, TooLittleDataError) as error:
        echo(f"no report: {error}")
        return {"file": None, "reason": str(error)}
    echo(f"-> {run.folder / REPORT / PAGE}")
    return {"file": str(run.folder / REPORT / PAGE), "as_of": str(made.comparison.as_of)}


STEPS: dict[str, Callable[[Job, RetrainRun, "EventStore", "Tracking"], Result]] = {
    **{"fit": fit, "gate": gate, "promote": promote, "publish": publish, "score": score, "report": report},
}
"""The steps after `append`, in their order."""
NAMING_CUSTOMERS = ("score", "report")
"""Steps that write what names customers, of the store as it is by then."""
