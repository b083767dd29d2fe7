"""`regulars retrain`: append, fit, gate, promote, publish, score and report in one command for a scheduler."""

import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli import options
from cli.champion import promoted_all_the_same
from cli.log_options import Sources
from cli.settings import settings_with
from cli.source_arguments import SourceOptions, takes_source_options
from cli.terminal import echo
from cli.tracking import opened_tracking

if TYPE_CHECKING:
    from cli.retrain_folder import RetrainRun
    from cli.retrain_inputs import Job

EXIT_CODES = {"done": 0, "failed": 1, "nothing_new": 3, "refused": 4, "still_refused": 4}
"""2 is for wrong arguments, as everywhere."""
IN_PROGRESS = 5
WITHOUT_FIT = ("nothing_new", "still_refused")
WITH_SCORES = ("done", "refused")


def register(app: typer.Typer) -> None:
    """Add the verb to the command."""

    @app.command()
    @takes_source_options
    def retrain(
        store: Annotated[Path, typer.Option(metavar="STORE", file_okay=False, help="The folder of an event store.")],
        source_options: SourceOptions,
        sources: Sources = None,
        home: options.Home = options.DEFAULT_HOME,
        formula: options.FormulaFile = None,
        quick: options.Quick = False,
        seed: Annotated[int, typer.Option(metavar="N", help="Seed for sampling customers from a large base.")] = 0,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                metavar="DATE",
                callback=options.check_date,
                help="The cutoff of fit and scores. Without it: the day after the log's end.",
            ),
        ] = None,
        horizon_days: options.OptionalHorizonDays = None,
        out: Annotated[
            Path | None,
            typer.Option(
                metavar="FOLDER",
                file_okay=False,
                callback=options.check_writable,
                help="The folder of runs. Without it: that of the settings, else `retrain` in the folder of --home.",
            ),
        ] = None,
        fit_again: Annotated[
            bool, typer.Option("--fit-again", help="Fit even though nothing has changed since the last fit.")
        ] = False,
    ) -> None:
        """Append new files, fit, check the gate, promote, publish, score and report: the weekly pipeline in one verb.

        Each run has a folder with `summary.json`, `summary.md`, the scores and the report; `latest` links to the last.
        If the gate refuses, nothing is promoted or published, and scores and report are by the champion in service.
        A run that was killed or failed is continued by the same command. What the gate refused is not fitted again
        until there are new events, other settings, other installed packages or another champion; once the cause of a
        refusal is mended, --fit-again fits all the same.

        Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 nothing new, 4 refused by the gate or nothing new since a
        refusal, 5 another retrain is at work in the same home.

        Examples:

        `regulars retrain week-27.csv --store store`

        `regulars retrain orders-27.csv --store store --profile profile.toml --home var --out runs`
        """
        from cli.retrain_folder import RetrainSettings, retrain_lock
        from cli.retrain_inputs import Job
        from features.errors import RetrainInProgressError
        from serving.clock import utc_now
        from training.settings import ForecastSettings

        settings = settings_with("retrain", RetrainSettings, out=out)
        if source_options != SourceOptions() and not (sources or source_options.query):
            raise typer.BadParameter("there are options for sources and no source: name a file", param_hint="SOURCE...")
        source_options.arguments()  # wrong ones are found before anything begins
        horizon_days = settings_with("forecast", ForecastSettings, horizon_days=horizon_days).horizon_days
        job = Job(
            tuple(sources or ()),
            source_options,
            store,
            home,
            formula,
            as_of,
            horizon_days,
            quick,
            seed,
            settings,
            fit_again,
        )
        started = utc_now()
        try:
            with retrain_lock(home, started):
                status = _run(job, started)
        except RetrainInProgressError as error:
            echo(f"regulars: {error}")
            raise typer.Exit(IN_PROGRESS) from None
        raise typer.Exit(EXIT_CODES[status])


def _run(job: "Job", started: datetime) -> str:
    """Do what is left to do of a run, write its summary, and return its status."""
    from cli.retrain_folder import open_run, remove_old_runs
    from cli.retrain_inputs import run_digest

    if job.settings.publish:
        import bentoml  # noqa: F401  # where it is not installed nothing may move
    out = job.settings.out or job.home / "retrain"
    asked = {"store": str(job.store), "home": str(job.home), "sources": list(job.sources), "quick": job.quick}
    run = open_run(out, run_digest(job), asked, started)
    if run.resumed:
        echo(f"resuming run {run.name}, which had finished: {', '.join(run.steps) or 'no step'}")
    try:
        status = _steps(job, run, started)
    except Exception as error:  # kept in the summary, and raised again
        run.facts |= {"status": "failed", "error": " ".join(str(error).split()) or type(error).__name__}
        if run.steps:
            _write(run)
        else:
            run.remove()
        raise
    run.facts["status"] = status
    run.facts["exit_code"] = EXIT_CODES[status]
    if status in WITHOUT_FIT and not run.steps.get("append", {}).get("new"):
        run.remove()
        return status
    _write(run)
    remove_old_runs(out, job.settings.keep)
    if status == "refused":
        echo(promoted_all_the_same(run.steps["fit"]["version"], job.home))
    echo(f"{status.replace('_', ' ')} -> {run.folder / 'summary.md'}")
    return status


def _steps(job: "Job", run: "RetrainRun", started: datetime) -> str:
    from cli.retrain_inputs import nothing_new
    from cli.retrain_steps import NAMING_CUSTOMERS, STEPS, append
    from features.erasure.suppression import refused_after_erasure
    from features.store.event_store import open_store

    # Appending twice changes nothing, and by now there may be more to append than when the run was killed.
    before = run.steps.get("append", {}).get("data_digest")
    began = time.monotonic()
    appended = append(job)
    if before != appended["data_digest"]:
        run.forget_after("append")
    if before is None or appended["new"]:
        run.record("append", time.monotonic() - began, appended)
    options.warn_of_dates(open_store(job.store), job.as_of or str(started.date()))
    if not (run.must_fit or job.fit_again) and (answer := nothing_new(job, open_store(job.store))):
        status, reason = answer
        echo(reason)
        run.facts["reason"] = reason
        return status
    run.record_must_fit()
    store, tracking = open_store(job.store), opened_tracking(job.home)
    for name, step in STEPS.items():
        if name in run.steps:
            continue
        began = time.monotonic()
        if name in NAMING_CUSTOMERS:
            with refused_after_erasure(job.store):
                result = step(job, run, open_store(job.store), tracking)  # without whom was erased during the fit
        else:
            result = step(job, run, store, tracking)
        run.record(name, time.monotonic() - began, result)
    return "done" if run.steps["promote"]["promoted"] else "refused"


def _write(run: "RetrainRun") -> None:
    """Write the summary of a run that has ended, and make `latest` lead to it if it has scores.

    The state is written last: a run that is killed before it is resumed by the same command, which moves the link.
    """
    from cli.retrain_folder import update_latest_link
    from cli.retrain_summary import markdown
    from features.atomic_file import atomic_write

    with atomic_write(run.folder / "summary.md") as part:
        part.write_text(markdown(run.facts), encoding="utf-8")
    if run.facts["status"] in WITH_SCORES:
        update_latest_link(run)
    run.save()
