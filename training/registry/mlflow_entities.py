"""MLflow's entities from plain values, and plain values from them; MLflow has no types, these have."""

import json
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd

from training.registry.entities import LoggedDataset, MetricValue, ModelVersion, RunRecord
from training.registry.moved_home import address_here, local_path

BATCH = 100
"""How many parameters or metrics MLflow takes in one call."""


def run_record(run: Any, artifacts: Path | None) -> RunRecord:
    """Return an `mlflow.entities.Run`; its files are followed into the folder `artifacts`."""
    info, data = run.info, run.data
    tags, params, metrics = dict(data.tags), dict(data.params), dict(data.metrics)
    files = address_here(info.artifact_uri, artifacts)
    return RunRecord(info.run_id, info.run_name, info.status, info.start_time, tags, params, metrics, files)


def model_version(made: Any, aliases: Iterable[str], artifacts: Path | None) -> ModelVersion:
    """Return an `mlflow.entities.model_registry.ModelVersion`; its files are followed into the folder `artifacts`."""
    source = address_here(made.source, artifacts)
    return ModelVersion(int(made.version), made.run_id, source, dict(made.tags), tuple(sorted(aliases)))


def metric(value: MetricValue) -> Any:
    """Return an `mlflow.entities.Metric`."""
    from mlflow.entities import Metric

    name, digest = (value.dataset.name, value.dataset.digest) if value.dataset else (None, None)
    number = float(value.value)
    return Metric(value.name, number, value.time, value.step, value.model_id, name, digest)


def batches(
    params: Mapping[str, str], metrics: Iterable[MetricValue], tags: Mapping[str, str]
) -> Iterator[dict[str, list[Any]]]:
    """Yield the arguments of each `MlflowClient.log_batch` that together add these to a run."""
    from mlflow.entities import Param, RunTag

    entities: dict[str, list[Any]] = {
        "params": [Param(name, value) for name, value in params.items()],
        "metrics": [metric(value) for value in metrics],
        "tags": [RunTag(name, value) for name, value in tags.items()],
    }
    for first in range(0, max(map(len, entities.values())), BATCH):
        yield {kind: rows[first : first + BATCH] for kind, rows in entities.items()}


def dataset_input(dataset: LoggedDataset) -> Any:
    """Return an `mlflow.entities.DatasetInput`, from which `mlflow.data.get_source` finds the source again."""
    from mlflow.data.dataset_source_registry import resolve_dataset_source
    from mlflow.data.meta_dataset import MetaDataset
    from mlflow.entities import Dataset, DatasetInput, InputTag
    from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # two classes of MLflow's read a path
        source = resolve_dataset_source(dataset.source)
    schema = _doubles(dataset.columns) if dataset.columns else None
    kept = MetaDataset(source, dataset.name, dataset.digest, schema).to_dict()
    profile = {name: None if _is_nan(value) else value for name, value in dataset.profile.items()}
    entity = Dataset(**kept, profile=json.dumps(profile, default=str))
    return DatasetInput(entity, [InputTag(MLFLOW_DATASET_CONTEXT, dataset.context)])


def signature(example: pd.DataFrame, params: Mapping[str, int], forecast: pd.DataFrame) -> Any:
    """Return the signature of a model, whose input columns are all of float64 and may be null or absent."""
    from mlflow.models import infer_signature

    inferred = infer_signature(example, forecast, dict(params))
    inferred.inputs = _doubles(example)
    return inferred


def all_pages(search: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    """Yield the results of a search, one page after another."""
    token = None
    while True:
        page = search(*arguments, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def latest_schema() -> str:
    """Return the revision of the schema that the installed MLflow wants a database to have."""
    from mlflow.store.db.utils import _get_latest_schema_revision

    return str(_get_latest_schema_revision())


def _doubles(names: Iterable[object]) -> Any:
    from mlflow.types import ColSpec, DataType, Schema

    return Schema([ColSpec(DataType.double, str(name), required=False) for name in names])


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def delete_models(client: Any, uri: str, experiment_id: str, run_id: str, artifacts: Path | None) -> None:
    """Delete the logged models of a run, and their files, unless a version was made of them.

    The files go first: a model that is deleted is no longer found, so nobody would remove them later.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    if client.search_model_versions(f"run_id='{run_id}'"):
        return
    for model in client.search_logged_models([experiment_id], f"source_run_id = '{run_id}'"):
        files = address_here(model.artifact_location, artifacts)
        get_artifact_repository(files, uri).delete_artifacts()
        if folder := local_path(files):
            with suppress(OSError):
                folder.parent.rmdir()  # the model's own, which held its files alone
        client.delete_logged_model(model.model_id)
