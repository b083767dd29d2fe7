"""Runs, versions and aliases, kept by MLflow; no other file knows it.

They are kept where MLFLOW_TRACKING_URI says, else in `mlflow.db` of a home folder with the artifacts beside it, on
purpose: MLflow's own defaults are paths relative to wherever the command was called.

The form of a model, chosen once: the folder that `CustomerModel.save` writes, carried as the data of a pyfunc that
`forecaster.py` loads. So there is one pickle, and its digest is checked before it is opened.
MLflow is imported within the functions: that takes seconds, and it must be told first to send nothing home.
"""

import json
import logging
import os
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.as_of import AsOf
from features.errors import TrackingError
from training.models.bundle import BUNDLE
from training.registry.environment import environment, is_gone, requirements, this_process
from training.registry.errors import in_one_line, without_password
from training.registry.sqlite_file import check_writable, make_once, sqlite_file
from training.synthetic_customers import invented_customer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from training.models.customer_model import CustomerModel

FITS, MOVES = "regulars", "regulars-moves"
LOADER = "training.registry.pyfunc"
LONG = 500
"""A fact of more characters is kept as a file of the run, not as a parameter."""
BATCH = 100
"""How many parameters or metrics MLflow takes at once."""


@dataclass(frozen=True)
class Tracking:
    """An open tracking store; `artifacts` is None where the server decides where files go."""

    client: Any
    uri: str
    artifacts: Path | None

    @property
    def place(self) -> str:
        """Where it is, to be shown: without user and password."""
        return without_password(self.uri)


@dataclass(frozen=True)
class Run:
    """A run that is going on."""

    tracking: Tracking
    run_id: str
    experiment_id: str


def open_tracking(home: str | Path = "var") -> Tracking:
    """Open the tracking store: that of MLFLOW_TRACKING_URI, else `mlflow.db` in `home`, made when absent.

    Raises TrackingError when it is locked, no sound database, not writable, or does not answer within seconds.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path(home).resolve() / 'mlflow.db'}"
    database = sqlite_file(uri)
    folder = database.parent if database else Path(home).resolve()
    with answered(uri, seconds=5, retries=1):
        from mlflow.tracking import MlflowClient

        if database:
            make_once(database, lambda part: MlflowClient(f"sqlite:///{part}").search_experiments())
            check_writable(database)
        client = MlflowClient(uri)
        client.search_experiments(max_results=1)
    return Tracking(client, uri, None if uri.startswith("http") else folder / "artifacts")


@contextmanager
def start_run(
    tracking: Tracking, name: str, facts: Mapping[str, object] | None = None, experiment: str = FITS
) -> Iterator[Run]:
    """Track what the block does: a run that ends as finished, as failed by an error, or as killed by an interrupt.

    Earlier runs whose process on this machine is gone are marked as killed on the way.
    """
    with answered(tracking.uri):
        experiment_id = _experiment(tracking, experiment)
        _bury(tracking, experiment_id)
    with _run(tracking, experiment_id, name, facts, {}) as run:
        yield run


@contextmanager
def nested_run(parent: Run, name: str, facts: Mapping[str, object] | None = None) -> Iterator[Run]:
    """Track a candidate or a window as a run within the parent's."""
    with _run(parent.tracking, parent.experiment_id, name, facts, {"mlflow.parentRunId": parent.run_id}) as run:
        yield run


def log_facts(run: Run, facts: Mapping[str, object]) -> None:
    """Keep facts as parameters, which never change afterwards; long ones, such as feature columns, as JSON files."""
    from mlflow.entities import Param

    texts = {name: fact if isinstance(fact, str) else json.dumps(fact, default=str) for name, fact in facts.items()}
    short = [Param(name, text) for name, text in texts.items() if len(text) <= LONG]
    _log(run, params=short)
    for name in texts.keys() - {param.key for param in short}:
        log_text(run, f"facts/{name}.json", json.dumps(facts[name], default=str, indent=1))


def log_measures(
    run: Run, measures: Mapping[str, float], window: str | None = None, horizon: int | None = None
) -> None:
    """Keep numbers as metrics, named like `w2011-03-10.h90.deviance` when of a window and of a horizon in days."""
    from mlflow.entities import Metric

    prefix = (f"w{window}." if window else "") + (f"h{horizon}." if horizon is not None else "")
    _log(run, metrics=[Metric(prefix + name, float(value), 0, 0) for name, value in measures.items()])


def log_text(run: Run, path: str, text: str) -> None:
    """Keep a text as a file of the run."""
    with answered(run.tracking.uri):
        run.tracking.client.log_text(run.run_id, text, path)


def log_figure(run: Run, name: str, figure: "Figure") -> None:
    """Keep a plot as `figures/<name>.png` of the run; made with `matplotlib.figure.Figure` it needs no display."""
    with answered(run.tracking.uri):
        run.tracking.client.log_figure(run.run_id, figure, f"figures/{name}.png")


def log_model(run: Run, model: "CustomerModel", name: str) -> tuple[str, str, str]:
    """Keep the model with the run, with signature, an invented customer as input example, and what is installed.

    Returns MLflow's id of the model, where its files are, and the digest of its bundle. It is no version yet.
    """
    card, client = model.card, run.tracking.client
    with tempfile.TemporaryDirectory(prefix="regulars-") as scratch, answered(run.tracking.uri):
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus
        from mlflow.models import infer_signature
        from mlflow.pyfunc import save_model

        bundle, folder = Path(scratch, BUNDLE), Path(scratch, "model")
        digest = model.save(bundle)
        example = invented_customer(card.as_of)
        params = {"as_of_day": AsOf.parse(card.as_of, card.timezone).day, "horizon_days": card.horizons[0]}
        save_model(
            str(folder),
            loader_module=LOADER,
            data_path=str(bundle),
            signature=infer_signature(example, model.predict(example, **params), params),
            input_example=(example, params),
            pip_requirements=requirements(),
            model_config={"digest": digest},
        )
        logged = client.create_logged_model(run.experiment_id, name, run.run_id)
        client.log_model_artifacts(logged.model_id, str(folder))
        client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
        client.log_outputs(run.run_id, [LoggedModelOutput(logged.model_id, 0)])
        client.log_text(run.run_id, "\n".join(environment()), "requirements.txt")
    return logged.model_id, logged.artifact_location, digest


def download(tracking: Tracking, source: str, folder: str | Path) -> Path:
    """Copy what is kept at `source` into `folder`, and return where it is."""
    from mlflow.artifacts import download_artifacts

    with answered(tracking.uri):
        return Path(download_artifacts(artifact_uri=source, dst_path=str(folder), tracking_uri=tracking.uri))


@contextmanager
def _run(
    tracking: Tracking, experiment_id: str, name: str, facts: Mapping[str, object] | None, tags: Mapping[str, str]
) -> Iterator[Run]:
    client, tags = tracking.client, {"mlflow.user": getuser(), **this_process(), **tags}
    with answered(tracking.uri):
        made = client.create_run(experiment_id, run_name=name, tags=tags)
    run = Run(tracking, made.info.run_id, experiment_id)
    try:
        log_facts(run, facts or {})
        yield run
    except BaseException as error:
        # The error that ended the block is the one to tell, whatever becomes of the record.
        with suppress(TrackingError), answered(tracking.uri):
            client.set_tag(run.run_id, "error", " ".join(str(error).split())[:LONG] or type(error).__name__)
            client.set_terminated(run.run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
        raise
    with answered(tracking.uri):
        client.set_terminated(run.run_id, "FINISHED")


def _log(run: Run, **entities: list[Any]) -> None:
    with answered(run.tracking.uri):
        for kind, each in entities.items():
            for first in range(0, len(each), BATCH):
                run.tracking.client.log_batch(run.run_id, **{kind: each[first : first + BATCH]})


def _experiment(tracking: Tracking, name: str) -> str:
    known = tracking.client.get_experiment_by_name(name)
    if known is None:
        from mlflow.exceptions import MlflowException

        location = None if tracking.artifacts is None else (tracking.artifacts / name).as_uri()
        try:
            return str(tracking.client.create_experiment(name, location))
        except MlflowException:  # another process was quicker
            known = tracking.client.get_experiment_by_name(name)
            if known is None:
                raise
    return str(known.experiment_id)


def _bury(tracking: Tracking, experiment_id: str) -> None:
    """Mark the runs as killed whose process is gone: nobody else could end them."""
    for run in list(pages(tracking.client.search_runs, [experiment_id], "attributes.status = 'RUNNING'")):
        if is_gone(run.data.tags):
            tracking.client.set_terminated(run.info.run_id, "KILLED")


def pages(search: Any, *arguments: Any) -> Iterator[Any]:
    """Yield all that a search finds, a page after another."""
    token = None
    while True:
        page = search(*arguments, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


@contextmanager
def answered(uri: str, seconds: int = 30, retries: int = 2) -> Iterator[None]:
    """Have MLflow wait so long for an answer, unless the environment says how long, and say a fault in one line."""
    limits = {"MLFLOW_HTTP_REQUEST_TIMEOUT": seconds, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": retries}
    ours = {name: str(limit) for name, limit in limits.items() if name not in os.environ}
    os.environ.update(ours)
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    with warnings.catch_warnings():
        # MLflow's own use of what SQLAlchemy and pandas will drop one day, and its remarks on its own types.
        warnings.filterwarnings("ignore", module=r"mlflow\.")
        try:
            from mlflow.exceptions import MlflowException
            from sqlalchemy.exc import SQLAlchemyError

            for teller in ("mlflow", "urllib3.connectionpool"):  # they print each try and a stack trace, then raise
                logging.getLogger(teller).setLevel(logging.CRITICAL)
            yield
        except TrackingError:
            raise
        except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
            raise in_one_line(error, uri) from error
        finally:
            for name in ours:
                del os.environ[name]
