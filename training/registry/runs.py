"""Runs: tracking what a fit or a move of the champion does, and reading past runs."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from features.errors import TrackingError
from training.registry.entities import LoggedDataset, MetricValue
from training.registry.environment import is_gone, this_process
from training.registry.mlflow_client import Tracking

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FITS, MOVES = "regulars", "regulars-moves"
"""The experiments: fits, and moves of the champion."""
LONG = 500
"""A fact with more characters is kept as a file of the run, not as a parameter."""
RUNNING = "attributes.status = 'RUNNING'"
"""The filter of `Tracking.search_runs` for runs that have not ended."""
PARENT, DESCRIPTION = "mlflow.parentRunId", "mlflow.note.content"
"""Tags that MLflow's page reads."""


@dataclass(frozen=True)
class Run:
    """A run in progress."""

    tracking: Tracking
    run_id: str
    experiment_id: str


@contextmanager
def start_run(
    tracking: Tracking, name: str, facts: Mapping[str, object] | None = None, experiment: str = FITS
) -> Iterator[Run]:
    """Track the block as a run, which ends as finished, as failed on an error, or as killed on an interrupt.

    Unfinished runs of processes that have ended on this machine are marked as killed first. Of a run that is not
    finished no model stays that is not registered.
    """
    experiment_id = tracking.ensure_experiment(experiment)
    for abandoned in tracking.search_runs(experiment, RUNNING):
        if is_gone(abandoned.tags):
            _end_unfinished(Run(tracking, abandoned.run_id, experiment_id), "KILLED")
    with _run(tracking, experiment_id, name, facts, {}) as run:
        yield run


@contextmanager
def nested_run(parent: Run, name: str, facts: Mapping[str, object] | None = None) -> Iterator[Run]:
    """Track the block as a run within another."""
    with _run(parent.tracking, parent.experiment_id, name, facts, {PARENT: parent.run_id}) as run:
        yield run


def log_params(run: Run, facts: Mapping[str, object], values: Sequence[MetricValue] = ()) -> None:
    """Keep facts as parameters, which cannot be changed, and metrics in the same request.

    Long facts, such as feature columns, are kept as JSON files.
    """
    texts = {name: fact if isinstance(fact, str) else json.dumps(fact, default=str) for name, fact in facts.items()}
    short = {name: text for name, text in texts.items() if len(text) <= LONG}
    run.tracking.log_batch(run.run_id, short, values)
    for name in texts.keys() - short.keys():
        log_text(run, f"facts/{name}.json", json.dumps(facts[name], default=str, indent=1))


def log_metrics(run: Run, measures: Mapping[str, float]) -> None:
    """Keep numbers as metrics."""
    log_values(run, [MetricValue(name, value) for name, value in measures.items()])


def log_values(run: Run, values: Sequence[MetricValue]) -> None:
    """Keep metrics with their steps, data sets and models."""
    run.tracking.log_batch(run.run_id, metrics=values)


def log_tags(run: Run, tags: Mapping[str, str]) -> None:
    """Keep short texts that runs are searched by, and that may change later."""
    run.tracking.log_batch(run.run_id, tags=tags)


def describe(run: Run, markdown: str) -> None:
    """Set the description of the run, which MLflow's page of it shows."""
    run.tracking.log_batch(run.run_id, tags={DESCRIPTION: markdown})


def log_datasets(run: Run, datasets: Iterable[LoggedDataset]) -> None:
    """Say which data sets the run read."""
    run.tracking.log_datasets(run.run_id, datasets)


def log_text(run: Run, path: str, text: str) -> None:
    """Keep a text as a file of the run."""
    run.tracking.log_text(run.run_id, path, text)


def log_figure(run: Run, name: str, figure: "Figure") -> None:
    """Keep a plot as `figures/<name>.png` of the run; a `matplotlib.figure.Figure` needs no display."""
    run.tracking.log_figure(run.run_id, f"figures/{name}.png", figure)


def runs(tracking: Tracking, experiment: str = FITS) -> pd.DataFrame:
    """Return the runs of an experiment, the newest first.

    Returns
    -------
    pandas.DataFrame
        Indexed by `run_id`, with the columns `name`; `status` (RUNNING, FINISHED, FAILED, KILLED); `started` (UTC, to
        the millisecond); `parent` (run id, null for a run that is not nested); `facts` and `measures` (dicts of text
        and of float).
    """
    rows = {
        run.run_id: (
            run.name,
            run.status,
            pd.Timestamp(run.started, unit="ms", tz="UTC"),
            run.tags.get(PARENT),
            run.params,
            run.metrics,
        )
        for run in tracking.search_runs(experiment)
    }
    columns = ["name", "status", "started", "parent", "facts", "measures"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("run_id")


def run_measures(tracking: Tracking, run_id: str) -> dict[str, float]:
    """Return the measures kept with a run."""
    return tracking.get_run(run_id).metrics


def run_file(tracking: Tracking, run_id: str, path: str, folder: str | Path) -> Path | None:
    """Copy a file or folder at the top of a run's files into `folder`; return its path there, None if absent."""
    if path not in tracking.files_of_run(run_id):
        return None
    return tracking.download(f"{tracking.get_run(run_id).artifact_uri}/{path}", folder)


@contextmanager
def _run(
    tracking: Tracking, experiment_id: str, name: str, facts: Mapping[str, object] | None, tags: Mapping[str, str]
) -> Iterator[Run]:
    run_id = tracking.create_run(experiment_id, name, {"mlflow.user": getuser(), **this_process(), **tags})
    run = Run(tracking, run_id, experiment_id)
    try:
        log_params(run, facts or {})
        yield run
    except BaseException as error:
        status = "FAILED" if isinstance(error, Exception) else "KILLED"
        _end_unfinished(run, status, " ".join(str(error).split())[:LONG] or type(error).__name__)
        raise
    tracking.end_run(run_id, "FINISHED")


def _end_unfinished(run: Run, status: str, error: str | None = None) -> None:
    """End a run that cannot be finished, and delete the model that it kept and has not registered.

    An error of tracking is not raised: it would hide the one that ended the run, or keep anybody from the next run, and
    that tries once more.
    """
    with suppress(TrackingError):
        run.tracking.delete_models(run.experiment_id, run.run_id)
        run.tracking.end_run(run.run_id, status, error)
