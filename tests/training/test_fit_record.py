"""What a fit leaves in MLflow: plain metric names with steps, data sets, a described version linked to its run."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from features.as_of import AsOf
from features.loyalty.formula import load_formula
from features.store.event_store import EventStore
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.fit_record import record_challenger, record_start, trial_dataset
from training.gate import Verdict
from training.registry.entities import ModelVersion
from training.registry.errors import mlflow_answers
from training.registry.mlflow_client import Tracking, open_tracking
from training.registry.runs import run_file, runs, start_run
from training.settings import TrialSettings
from training.targets import log_end
from training.trials import Trial, run_trials

SETTINGS = TrialSettings(horizons=(30, 60), max_customers=60)
DATES = ("2024-01-01", "2024-03-01")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    return stored(simulated(80), tmp_path_factory.mktemp("fit_record"))


@pytest.fixture(scope="module")
def trials(store: EventStore) -> list[Trial]:
    """Two candidates at two dates over two horizons."""
    formula, models = load_formula(), {"bold": customer_model(0.03), "bg_nbd": customer_model(0.01)}
    return [
        trial
        for date in DATES
        for trial in run_trials(
            store,
            AsOf.parse(date, store.timezone),
            log_end(store),
            models,
            {"champion": customer_model(0.02)},
            formula,
            baselines=("bg_nbd", "own_rate"),
            settings=SETTINGS,
            seed=0,
            progress=lambda _: None,
        )
    ]


@pytest.fixture(scope="module")
def tracking(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    """One tracking store for all tests here, which only read what the fit left."""
    home = tmp_path_factory.mktemp("recorded")
    shutil.copy(empty_database, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        return open_tracking(home)


@pytest.fixture(scope="module")
def made(store: EventStore, trials: list[Trial], tracking: Tracking) -> ModelVersion:
    verdict = Verdict(("log: short",), {"log.events": 7.0, "deviance.bg_nbd": -0.1, "deviance.bg_nbd.low": -0.2})
    params = {"bold": {"ridge": 3.0}, "bg_nbd": {}}
    with start_run(tracking, "fit", {"seed": 0}) as run:
        record_start(run, store, log_end(store))
        return record_challenger(run, store, trials, customer_model(0.03), "bold", verdict, params)


def client_of(tracking: Tracking) -> Any:
    return tracking._client


def test_metrics_have_plain_names_that_every_run_shares(made: ModelVersion, tracking: Tracking) -> None:
    """None holds a date, horizon or forecast; each forecast over each horizon is a run within the fit."""
    kept = runs(tracking)
    nested = kept[kept["parent"] == made.run_id]
    pairs = [(facts["role"], facts["forecast"], int(facts["horizon_days"])) for facts in nested["facts"]]
    names = [("candidate", "bold"), ("candidate", "bg_nbd"), ("baseline", "bg_nbd"), ("baseline", "own_rate")]
    assert Counter(pairs) == Counter((*name, days) for name in [*names, ("champion", "champion")] for days in (30, 60))
    plain = {name for measures in nested["measures"] for name in measures if "." not in name}
    assert {"deviance", "log_loss", "auc"} < plain
    assert all(re.fullmatch("[a-z_]+", name) for name in plain)
    assert kept.loc[made.run_id, "facts"]["model.ridge"] == "3.0"


def test_the_trials_are_the_steps(made: ModelVersion, trials: list[Trial], tracking: Tracking) -> None:
    """The oldest first, each with its date as its time; those of the fit are of the longest horizon."""
    with mlflow_answers(tracking.uri):
        history = client_of(tracking).get_metric_history(made.run_id, "deviance")
    expected = [t.measures("bold").at["model", "deviance"] for t in trials if t.horizon_days == 60]
    assert [point.value for point in history] == pytest.approx(expected)
    assert [point.step for point in history] == [1, 2]
    assert [point.timestamp for point in history] == [1_704_067_200_000, 1_709_251_200_000]


def test_the_registered_model_has_the_measures_of_its_recipe_by_data_set(
    made: ModelVersion, store: EventStore, trials: list[Trial], tracking: Tracking
) -> None:
    """So its page shows which trial each figure is of; the fit names the log and the trials as its data."""
    with mlflow_answers(tracking.uri):
        client = client_of(tracking)
        fit = client.get_run(made.run_id)
        [output] = fit.outputs.model_outputs
        measured = client.get_logged_model(output.model_id).metrics
    data = {(trial_dataset(store, trial).name, trial_dataset(store, trial).digest) for trial in trials}
    assert len(data) == 4
    assert {(m.dataset_name, m.dataset_digest) for m in measured if m.key == "auc"} == data
    inputs = {item.dataset.name: item for item in fit.inputs.dataset_inputs}
    assert set(inputs) == {"event_log", *(name for name, _ in data)}
    assert json.loads(inputs["event_log"].dataset.profile)["events"] == store.n_events
    assert inputs["event_log"].dataset.digest == store.manifest["digest"][:12]


def test_the_version_is_described_and_linked_to_its_run(made: ModelVersion, tracking: Tracking, tmp_path: Path) -> None:
    """The card is the description of both; tags, page and plots are with the run."""
    with mlflow_answers(tracking.uri):
        client = client_of(tracking)
        described = client.get_model_version("regulars", str(made.number))
        about = client.get_registered_model("regulars").description
    run = tracking.get_run(made.run_id)
    assert described.run_id == made.run_id
    assert described.description == run.tags["mlflow.note.content"]
    assert "log: short" in described.description
    assert "mlflow.pyfunc.load_model" in about
    assert (run.tags["gate"], run.tags["candidate"]) == ("refused", "bold") == (made.tags["gate"], made.candidate)
    figures = {name for name in run.metrics if name.startswith("verdict.")}
    assert figures == {"verdict.log.events", "verdict.deviance.bg_nbd"}
    for name in ("model_card.md", "comparison.html", "verdict.json", "requirements.txt", "figures"):
        assert run_file(tracking, made.run_id, name, tmp_path), name
