"""The form of a registered model: users of MLflow load it with MLflow alone."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_table
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore, open_store
from tests.training.stand_in import customer_model
from training.fit import fit_candidates
from training.models.bundle import CHALLENGER
from training.registry.mlflow_client import Tracking
from training.registry.model_format import IMPORTED
from training.registry.runs import start_run
from training.registry.versions import register
from training.settings import FitSettings
from training.synthetic_customers import synthetic_customer, synthetic_customers
from training.targets import log_end

ROOT = Path(__file__).parents[3]
UV = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}") or "uv"
AS_OF_DAY = AsOf.parse("2011-06-10", "Europe/London").day


def test_mlflow_users_can_load_a_version(tracking: Tracking) -> None:
    """Plain `mlflow.pyfunc.load_model` takes a whole feature table, with nulls; the example is nobody's row."""
    import mlflow

    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model(rate=0.02))
    mlflow.set_tracking_uri(tracking.uri)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/regulars@{CHALLENGER}")
        assert list(loaded.input_example.index) == [0]
        given = synthetic_customer("2011-06-10")
        params = {"as_of_day": AS_OF_DAY, "horizon_days": 50}
        forecast = loaded.predict(given, params)
        base = synthetic_customers("2011-06-10", 300)
        assert base.isna().any().any()
        of_base = loaded.predict(base.assign(extra="not a feature"), params)
        assert loaded.metadata.signature.inputs.input_names() == list(FEATURE_NAMES)
        with pytest.raises(mlflow.MlflowException, match="horizon_days"):
            loaded.predict(given, {"as_of_day": AS_OF_DAY, "horizon_days": "long"})
    finally:
        mlflow.set_tracking_uri(None)
    pd.testing.assert_frame_equal(of_base, customer_model(rate=0.02).predict(base, AS_OF_DAY, 50))
    pd.testing.assert_frame_equal(forecast, customer_model(rate=0.02).predict(given, AS_OF_DAY, 50))
    files = Path(made.source.removeprefix("file://").replace("%20", " "))
    assert "numpy==2" in (files / "requirements.txt").read_text().splitlines()  # the libraries on the card


OUTSIDE = """
import sys
import mlflow, pandas as pd
mlflow.set_tracking_uri(sys.argv[1])
model = mlflow.pyfunc.load_model("models:/regulars@challenger")
table = pd.read_parquet("features.parquet")
model.predict(table, params={"as_of_day": int(sys.argv[2]), "horizon_days": 50}).to_parquet("forecast.parquet")
import features, training
print(features.__file__, training.__file__)
"""


@pytest.fixture(scope="module")
def example_store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    folder = tmp_path_factory.mktemp("example")
    ingest(ROOT / "examples" / "online_retail_ii.parquet", folder / "store", timezone="Europe/London")
    return open_store(folder / "store")


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_version_needs_nothing_but_what_it_names(
    example_store: EventStore, tracking: Tracking, tmp_path: Path
) -> None:
    """In an environment of its requirements alone, outside the project, it forecasts for the whole example as here.

    By `mlflow.pyfunc`, and by `mlflow models predict` from CSV and from JSON.
    """
    end = log_end(example_store)
    settings = FitSettings(quick_max_customers=2000)
    model = fit_candidates(
        example_store, end, candidates=("standard",), formula=load_formula(), settings=settings, seed=0, quick=True
    )["standard"]
    with start_run(tracking, "fit") as fit:
        made = register(fit, model)
    files = Path(unquote(made.source.removeprefix("file://")))
    table = feature_table(example_store, end)
    table.to_parquet(tmp_path / "features.parquet")
    table.to_csv(tmp_path / "features.csv")  # with the customers' ids, which are no column of the signature
    split = {"columns": list(table), "data": table.astype(object).where(table.notna(), None).to_numpy().tolist()}
    given = {"dataframe_split": split, "params": {"as_of_day": end.day, "horizon_days": 50}}
    (tmp_path / "features.json").write_text(json.dumps(given))
    python = tmp_path / "environment" / "bin" / "python"
    predict = (
        python,
        "-m",
        "mlflow",
        "models",
        "predict",
        "-m",
        "models:/regulars@challenger",
        "--env-manager",
        "local",
    )
    commands = (
        (UV, "venv", "--quiet", "--python", sys.executable, python.parents[1]),
        (UV, "pip", "install", "--quiet", "--python", python, "-r", files / "requirements.txt"),
        (*predict, "-i", "features.csv", "-t", "csv", "-o", "of_csv.json"),
        (*predict, "-i", "features.json", "-t", "json", "-o", "of_json.json"),
        (python, "-c", OUTSIDE, tracking.uri, end.day),
    )
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["MLFLOW_TRACKING_URI"] = tracking.uri
    for command in commands:
        run = [str(part) for part in command]
        done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    assert str(ROOT) not in done.stdout
    forecast = pd.read_parquet(tmp_path / "forecast.parquet")
    expected = model.predict(table, end.day, 50)
    assert len(forecast) > 5000
    pd.testing.assert_frame_equal(forecast, expected)
    for name, horizon_days in (("of_csv", 30), ("of_json", 50)):  # a CSV file has no place for parameters
        answer = pd.DataFrame(json.loads((tmp_path / f"{name}.json").read_text())["predictions"]).astype(float)
        here = model.predict(table, end.day, horizon_days).reset_index(drop=True)
        pd.testing.assert_frame_equal(answer[list(here)], here, rtol=1e-12)


def test_requirements_are_pinned(tracking: Tracking) -> None:
    """Each is a name and an exact version, without an address."""
    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model())
    lines = Path(unquote(made.source.removeprefix("file://")), "requirements.txt").read_text().splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line) for line in lines), lines
    assert {line.partition("==")[0] for line in lines} >= {"mlflow", "numpy", *IMPORTED}
