"""The tracking store: opened within seconds, or an error in one line."""

import ast
import os
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any, get_type_hints

import pandas as pd
import pytest
from matplotlib.figure import Figure
from mlflow.exceptions import MlflowException

import training.registry.mlflow_client
from features.errors import TrackingError
from tests.training.stand_in import customer_model
from training.registry.entities import LoggedDataset
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import FITS, log_text, nested_run, runs, start_run
from training.registry.settings import TrackingSettings
from training.registry.versions import load, register

ROOT = Path(__file__).parents[3]
REGISTRY = ROOT / "training" / "registry"
CALLERS = [REGISTRY / f"{name}.py" for name in ("mlflow_client", "mlflow_entities", "errors")]


def test_a_server_that_is_not_there_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port ends in one line that names it and what to do, not in minutes of tries."""
    with socket.socket() as taken:  # and nobody else takes it
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
        start = time.perf_counter()
        with pytest.raises(TrackingError, match=f"tracking at http://127.0.0.1:{port}: no answer: start") as raised:
            open_tracking()
        assert time.perf_counter() - start < 40  # MLflow alone tries for some minutes
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


def test_what_is_no_database_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of something else, and a folder that cannot be made."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_text("this is a shopping list, not a database, and it is long enough to be read")
    with pytest.raises(TrackingError, match="no SQLite database"):
        open_tracking(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match=r"Not a directory|File exists"):
        open_tracking(tmp_path / "file")


def test_no_other_module_touches_mlflow() -> None:
    """Neither by an import, but for its entities and errors, nor through the client that a tracking store holds."""
    touched = []
    for package in ("features", "training", "planning", "reporting", "serving", "cli"):
        for file in (ROOT / package).rglob("*.py"):
            if file in CALLERS:
                continue
            for node in ast.walk(ast.parse(file.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                of_client = isinstance(node, ast.Attribute) and node.attr in ("_client", "client")
                if of_client or any(name.partition(".")[0] == "mlflow" for name in names):
                    touched.append(f"{file.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert not touched


def test_every_method_of_a_tracking_store_is_typed() -> None:
    """Nothing of MLflow's, which has no types for us, comes back from it."""
    for name, method in vars(Tracking).items():
        if callable(method) and not name.startswith("_"):
            hints = get_type_hints(method, vars(training.registry.mlflow_client) | {"pd": pd, "Figure": Figure})
            assert "return" in hints, name
            assert Any not in hints.values(), name


def test_a_search_reads_every_page(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow gives results in pages; none is lost."""
    with start_run(tracking, "parent") as parent:
        for number in range(4):
            with nested_run(parent, f"nested {number}"):
                pass
    search = tracking._client.search_runs
    monkeypatch.setattr(tracking._client, "search_runs", lambda *args, **kwargs: search(*args, **kwargs, max_results=2))
    assert {run.name for run in tracking.search_runs(FITS)} == {"parent", *(f"nested {number}" for number in range(4))}
    assert tracking.search_runs("no such experiment") == []


def test_two_fits_may_log_one_data_set_at_the_same_moment(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both find it new and the server refuses one of them: it is logged all the same. What fails twice is one line."""
    log, refusals = tracking._client.log_inputs, [MlflowException("UNIQUE constraint failed: datasets.digest")]

    def refused(*arguments: object) -> None:
        if refusals:
            raise refusals.pop()
        log(*arguments)

    dataset = LoggedDataset("log", "digest", "store", {})
    monkeypatch.setattr(tracking._client, "log_inputs", refused)
    with start_run(tracking, "fit") as run:
        tracking.log_datasets(run.run_id, [dataset])
        (logged,) = tracking._client.get_run(run.run_id).inputs.dataset_inputs
        assert (logged.dataset.name, logged.dataset.digest) == ("log", "digest")
        refusals += [MlflowException("no"), MlflowException("no")]
        with pytest.raises(TrackingError, match="no"):
            tracking.log_datasets(run.run_id, [dataset])


def test_a_reader_makes_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none, one line says which verb makes one, and nothing is there afterwards."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with pytest.raises(TrackingError, match=r"^no version is registered in .*home: `regulars fit` makes one$"):
        open_tracking(tmp_path / "home", read_only=True)
    assert not (tmp_path / "home").exists()


def test_a_reader_asks_for_no_right_to_write(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be written by its client, another that writes does not keep it out, and it leaves no file."""
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with sqlite3.connect(home / "mlflow.db") as other:
        other.execute("BEGIN IMMEDIATE")
        reader = open_tracking(home, read_only=True)
        assert reader.search_versions("regulars") == []
        other.rollback()
    other.close()
    assert reader.place == f"sqlite:///{home / 'mlflow.db'}"
    with pytest.raises(TrackingError, match="cannot be written: correct its permissions"):
        reader.ensure_experiment("new")
    assert sorted(tmp_path.rglob("*")) == before


def test_files_can_be_kept_elsewhere(home: Path, tmp_path: Path) -> None:
    """In the artifact root of the settings, where every reader finds them; another root afterwards is refused."""
    elsewhere = TrackingSettings(str(tmp_path / "our files"))
    with start_run(open_tracking(home, settings=elsewhere), "fit") as fit:
        made = register(fit, customer_model())
    assert not (home / "artifacts").exists()
    assert list((tmp_path / "our files" / FITS).rglob("model.joblib"))
    for tracking in (open_tracking(home), open_tracking(home, read_only=True), open_tracking(home, settings=elsewhere)):
        assert load(tracking, made).card.customers == 500
    moved = open_tracking(home, settings=TrackingSettings(str(tmp_path / "another")))
    with pytest.raises(TrackingError, match=r"has its files in file://.*, \[tracking\] artifact_root says"):
        moved.ensure_experiment(FITS)


def test_an_artifact_root_that_refuses_ends_a_fit_in_one_line(home: Path) -> None:
    """Before anything is fitted: the first file of a run is written at its start."""
    tracking = open_tracking(home, settings=TrackingSettings("s3://models/regulars"))
    with (
        pytest.raises(TrackingError, match=r"needs the package boto3|no answer of the artifact store|credentials"),
        start_run(tracking, "fit") as fit,
    ):
        log_text(fit, "requirements.txt", "numpy")
    assert runs(tracking)["status"].tolist() == ["FAILED"]
