"""What past runs say: their facts, measures and files."""

from pathlib import Path

import pandas as pd

from training.registry.mlflow_client import FITS, Tracking, answered, download, pages


def runs(tracking: Tracking, experiment: str = FITS) -> pd.DataFrame:
    """Return the runs of an experiment, the newest first, indexed by `run_id`.

    Columns: `name`; `status` as MLflow has it (RUNNING, FINISHED, FAILED, KILLED); `started` (UTC, milliseconds);
    `parent` (run id, null at the top); `facts` and `measures`, a dict each, text and float.
    """
    with answered(tracking.uri):
        known = tracking.client.get_experiment_by_name(experiment)
        found = list(pages(tracking.client.search_runs, [known.experiment_id])) if known else []
    rows = {
        run.info.run_id: (
            run.info.run_name,
            run.info.status,
            pd.Timestamp(run.info.start_time, unit="ms", tz="UTC"),
            run.data.tags.get("mlflow.parentRunId"),
            dict(run.data.params),
            dict(run.data.metrics),
        )
        for run in found
    }
    columns = ["name", "status", "started", "parent", "facts", "measures"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("run_id")


def run_measures(tracking: Tracking, run_id: str) -> dict[str, float]:
    """Return the metrics of a run."""
    with answered(tracking.uri):
        return dict(tracking.client.get_run(run_id).data.metrics)


def run_file(tracking: Tracking, run_id: str, path: str, folder: str | Path) -> Path | None:
    """Copy a file or folder from the top of a run's files into `folder`; return where it is, None without one."""
    with answered(tracking.uri):
        if path not in {kept.path for kept in tracking.client.list_artifacts(run_id)}:
            return None
        root = tracking.client.get_run(run_id).info.artifact_uri
    return download(tracking, f"{root}/{path}", folder)
