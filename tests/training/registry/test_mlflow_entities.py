"""MLflow's entities hold what ours say, and `mlflow.data` reads them."""

import json
import math
from pathlib import Path

import mlflow.data

from training.registry.entities import LoggedDataset, MetricValue
from training.registry.mlflow_entities import dataset_input, metric


def test_a_data_set_is_read_again_by_mlflow(tmp_path: Path) -> None:
    """Its source, columns, profile and context; what is no number in the profile is null, as JSON has none."""
    ours = LoggedDataset("event_log", "0a1b", str(tmp_path), {"events": 7, "share": math.nan}, ("T",), "evaluation")
    kept = dataset_input(ours)
    assert mlflow.data.get_source(kept).uri == str(tmp_path)
    assert json.loads(kept.dataset.profile) == {"events": 7, "share": None}
    [column] = json.loads(kept.dataset.schema)["mlflow_colspec"]
    assert (column["name"], column["type"]) == ("T", "double")
    assert [(tag.key, tag.value) for tag in kept.tags] == [("mlflow.data.context", "evaluation")]


def test_a_metric_names_step_time_data_and_model() -> None:
    """Without a data set or a model it names none."""
    data = LoggedDataset("trial", "0a1b", "/store", {})
    full = metric(MetricValue("auc", 0.8, 2, 1_300_000_000_000, data, "m-1"))
    assert (full.step, full.timestamp, full.dataset_name, full.dataset_digest) == (
        2,
        1_300_000_000_000,
        "trial",
        "0a1b",
    )
    assert full.model_id == "m-1"
    assert metric(MetricValue("auc", 0.8)).dataset_name is None
