"""The module that calls MLflow: opens a tracking store and offers the calls that Regulars needs, with types.

The store is that of MLFLOW_TRACKING_URI, else `mlflow.db` in a home folder with the artifacts beside it. MLflow is
imported inside functions: the import takes seconds, and telemetry must be switched off first.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from features.errors import TrackingError
from training.registry import mlflow_entities as entity
from training.registry.entities import LoggedDataset, MetricValue, ModelVersion, RunRecord
from training.registry.errors import mlflow_answers, without_password
from training.registry.home_upgrade import require_schema
from training.registry.moved_home import ARTIFACTS, address_here, adopt_files
from training.registry.settings import TrackingSettings
from training.registry.sqlite_file import make_once, read_only_uri, sqlite_file

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

OPENING_SECONDS = 10
"""How long to wait at most for a server's first answer."""
LARGEST_NUMBER = 2**31 - 1
"""The largest number of a version that every database of MLflow can be asked for."""

P = ParamSpec("P")
R = TypeVar("R")


def _answered(method: Callable[Concatenate["Tracking", P], R]) -> Callable[Concatenate["Tracking", P], R]:
    """Run a method of `Tracking` within `mlflow_answers`."""

    @wraps(method)
    def call(self: "Tracking", /, *args: P.args, **kwargs: P.kwargs) -> R:
        with mlflow_answers(self.uri, self.settings.timeout_seconds, self.settings.retries):
            return method(self, *args, **kwargs)

    return call


@dataclass(frozen=True)
class Tracking:
    """An open tracking store. Every method raises TrackingError, in one line, when MLflow or its store fails.

    Attributes
    ----------
    uri : str
        Address of the store; may hold a password, so show `place` instead.
    artifacts : Path or None
        Folder of the files of runs; None where the server decides.
    settings : TrackingSettings
    """

    uri: str
    artifacts: Path | None
    _client: Any = field(repr=False, compare=False)
    settings: TrackingSettings = TrackingSettings()

    @property
    def place(self) -> str:
        """The address without user and password."""
        return without_password(self.uri)

    @_answered
    def ensure_experiment(self, name: str) -> str:
        """Return the id of an experiment, which is created when absent."""
        from mlflow.exceptions import MlflowException

        known = self._client.get_experiment_by_name(name)
        root = self.settings.location(name)
        if known is None:
            location = root or (None if self.artifacts is None else (self.artifacts / name).as_uri())
            try:
                return str(self._client.create_experiment(name, location))
            except MlflowException:  # another process may have created it meanwhile
                known = self._client.get_experiment_by_name(name)
                if known is None:
                    raise
        if root and known.artifact_location != root:
            raise TrackingError(
                f"the experiment {name} in {self.place} has its files in {known.artifact_location}, [tracking] "
                f"artifact_root says {root}: leave it out, or begin another home"
            )
        return str(known.experiment_id)

    @_answered
    def create_run(self, experiment_id: str, name: str, tags: Mapping[str, str]) -> str:
        """Start a run and return its id."""
        return str(self._client.create_run(experiment_id, run_name=name, tags=dict(tags)).info.run_id)

    @_answered
    def end_run(self, run_id: str, status: str, error: str | None = None) -> None:
        """Set the final status of a run, and its tag `error` where one ended it."""
        if error is not None:
            self._client.set_tag(run_id, "error", error)
        self._client.set_terminated(run_id, status)

    @_answered
    def log_batch(
        self,
        run_id: str,
        params: Mapping[str, str] | None = None,
        metrics: Sequence[MetricValue] = (),
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Add parameters, which cannot be changed afterwards, metrics and tags to a run."""
        for batch in entity.batches(params or {}, metrics, tags or {}):
            self._client.log_batch(run_id, **batch)

    @_answered
    def log_datasets(self, run_id: str, datasets: Iterable[LoggedDataset]) -> None:
        """Say which data sets a run read."""
        from mlflow.exceptions import MlflowException

        inputs = [entity.dataset_input(dataset) for dataset in datasets]
        try:
            self._client.log_inputs(run_id, inputs)
        except MlflowException:
            # Two fits that log one data set at the same moment both find it new, and the server refuses one of them.
            self._client.log_inputs(run_id, inputs)

    @_answered
    def log_text(self, run_id: str, path: str, text: str) -> None:
        """Write a text file among the files of a run."""
        self._client.log_text(run_id, text, path)

    @_answered
    def log_figure(self, run_id: str, path: str, figure: "Figure") -> None:
        """Write a plot among the files of a run."""
        self._client.log_figure(run_id, figure, path)

    @_answered
    def get_run(self, run_id: str) -> RunRecord:
        """Return one run."""
        return entity.run_record(self._client.get_run(run_id), self.artifacts)

    @_answered
    def search_runs(self, experiment: str, condition: str = "") -> list[RunRecord]:
        """Return the runs of an experiment, by its name, the newest first."""
        known = self._client.get_experiment_by_name(experiment)
        runs = entity.all_pages(self._client.search_runs, [known.experiment_id], condition) if known else ()
        return [entity.run_record(run, self.artifacts) for run in runs]

    @_answered
    def files_of_run(self, run_id: str) -> set[str]:
        """Return the names of the files and folders at the top of a run's files."""
        from mlflow.artifacts import list_artifacts

        files = address_here(self._client.get_run(run_id).info.artifact_uri, self.artifacts)
        listed = list_artifacts(artifact_uri=files, tracking_uri=self.uri)
        return {file.path.rpartition("/")[2] for file in listed}

    @_answered
    def download(self, source: str, folder: str | Path) -> Path:
        """Copy the file or folder at `source` into `folder` and return the path of the copy."""
        from mlflow.artifacts import download_artifacts

        return Path(download_artifacts(artifact_uri=source, dst_path=str(folder), tracking_uri=self.uri))

    @_answered
    def log_pyfunc(
        self,
        experiment_id: str,
        run_id: str,
        name: str,
        folder: Path,
        example: tuple["pd.DataFrame", dict[str, int]],
        forecast: "pd.DataFrame",
        options: Mapping[str, object],
    ) -> tuple[str, str]:
        """Write a pyfunc model to `folder`, add it to a run, and return MLflow's id of the model and its location.

        `example`, an input with its parameters, and `forecast`, the output, make the signature; `options` are further
        arguments of `mlflow.pyfunc.save_model`.
        """
        from mlflow.entities import LoggedModelOutput, LoggedModelStatus
        from mlflow.pyfunc import save_model

        save_model(str(folder), signature=entity.signature(*example, forecast), input_example=example, **options)
        logged = self._client.create_logged_model(experiment_id, name, run_id)
        self._client.log_model_artifacts(logged.model_id, str(folder))
        self._client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
        self._client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])
        return str(logged.model_id), str(logged.artifact_location)

    @_answered
    def delete_models(self, experiment_id: str, run_id: str) -> None:
        """Delete the models kept with a run, and their files, unless a version was made of them."""
        entity.delete_models(self._client, self.uri, experiment_id, run_id, self.artifacts)

    @_answered
    def create_version(
        self,
        model: str,
        source: str,
        run_id: str,
        tags: Mapping[str, str],
        model_id: str,
        description: str = "",
        about: str = "",
    ) -> int:
        """Register a logged model as the next version of the registered model `model`, and return its number.

        `about` is the description of the registered model, if this is its first version.
        """
        from mlflow.exceptions import MlflowException

        if not self._client.search_registered_models(f"name='{model}'"):
            try:
                self._client.create_registered_model(model, description=about)
            except MlflowException:  # another process may have created it meanwhile
                self._client.get_registered_model(model)
        made = self._client.create_model_version(
            model, source, run_id, dict(tags), description=description, model_id=model_id
        )
        return int(made.version)

    @_answered
    def find_version(self, model: str, which: int | str) -> ModelVersion | None:
        """Return the version of a number or alias; None when there is none."""
        from mlflow.exceptions import MlflowException

        by_number = str(which).isdecimal()
        if by_number and int(which) > LARGEST_NUMBER:
            return None
        get = self._client.get_model_version if by_number else self._client.get_model_version_by_alias
        try:
            made = get(model, str(which))
            return entity.model_version(made, made.aliases, self.artifacts)
        except MlflowException as error:
            # MLflow's own store says INVALID_PARAMETER_VALUE for an alias that does not exist.
            if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
                return None
            raise

    @_answered
    def search_versions(self, model: str) -> list[ModelVersion]:
        """Return every version of a registered model, the newest first."""
        aliases: dict[int, list[str]] = {}
        for registered in self._client.search_registered_models(f"name='{model}'"):
            for alias, number in registered.aliases.items():
                aliases.setdefault(int(number), []).append(alias)
        made = entity.all_pages(self._client.search_model_versions, f"name='{model}'")
        versions = [entity.model_version(each, aliases.get(int(each.version), ()), self.artifacts) for each in made]
        return sorted(versions, key=lambda version: version.number, reverse=True)

    @_answered
    def set_alias(self, model: str, alias: str, number: int | None) -> None:
        """Point an alias to a version, whatever it points to now; None deletes the alias."""
        if number is None:
            self._client.delete_registered_model_alias(model, alias)
        else:
            self._client.set_registered_model_alias(model, alias, str(number))


def open_tracking(
    home: str | Path = "var", *, read_only: bool = False, settings: TrackingSettings = TrackingSettings()
) -> Tracking:
    """Open the tracking store.

    A SQLite store finds its files in the folder it is opened from, wherever that was when they were written.

    Parameters
    ----------
    home : str or Path
        Folder of `mlflow.db`, which is created when absent. MLFLOW_TRACKING_URI, where set, is used instead.
    read_only : bool
        Create and change nothing: no right to write is needed.
    settings : TrackingSettings
        Where files are kept, and how long to wait for a server.

    Raises
    ------
    TrackingError
        When the store is locked, not a sound database, not writable, or does not answer within seconds; when it is
        opened for reading and there is none.
    """
    uri = os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{Path(home).resolve() / 'mlflow.db'}"
    database = sqlite_file(uri)
    artifacts = None if uri.startswith("http") else (database.parent if database else Path(home).resolve()) / ARTIFACTS
    if read_only and database and not database.is_file():
        raise TrackingError(f"no version is registered in {database.parent}: `regulars fit` makes one")
    with mlflow_answers(uri, min(settings.timeout_seconds, OPENING_SECONDS), min(settings.retries, 1)):
        from mlflow.tracking import MlflowClient

        if database and artifacts and not read_only:
            make_once(database, lambda part: MlflowClient(f"sqlite:///{part}").search_experiments())
        if database:
            require_schema(database, entity.latest_schema())
        if database and artifacts and not read_only and not settings.artifact_root:
            adopt_files(database, artifacts)
        client = MlflowClient(read_only_uri(database) if database and read_only else uri)
        client.search_experiments(max_results=1)
    return Tracking(uri, artifacts, client, settings)
