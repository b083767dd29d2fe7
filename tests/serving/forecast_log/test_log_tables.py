"""Rows of the log: features of a stable sample, and batch scores as they were answered."""

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import AsOf, microseconds
from features.definitions import FEATURE_NAMES
from features.key_files import keyed_hash
from features.store.event_store import EventStore
from features.timezones import DAY
from serving.api.app import make_app
from serving.api.parameters import ScoringContext
from serving.batch import write_scores
from serving.batch_forecasts import Forecasts
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.log_files import SCHEMA
from serving.forecast_log.log_tables import ForecastRows, forecast_table
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask, rows_request
from tests.serving.conftest import NOW
from tests.serving.forecast_log.written_logs import log_files
from tests.serving.jobs.test_job_runner import Jobs

IDS = [f"c{number}" for number in range(3_000)]
VALUES = np.random.default_rng(7).random((len(IDS), len(FEATURE_NAMES)))
VALUES[:, 3] = np.nan


def table(state: ServiceState, keys: PseudonymKeys, sample: float, first: int, last: int) -> pa.Table:
    context = ScoringContext(state, AsOf.parse("2011-12-10", "UTC"), 90, microseconds(NOW) + DAY)
    rows = [
        ForecastRows("champion", state.model, "/score", IDS[at : at + 1], VALUES[at : at + 1], context)
        for at in range(first, last)
    ]
    return forecast_table(rows, keys, sample)


def test_features_are_those_of_a_stable_sample(rule_state: ServiceState, tmp_path: Path) -> None:
    """About the share that is asked for, the same customers whoever is asked about beside them, bit by bit."""
    keys = PseudonymKeys(tmp_path / "keys")
    found = table(rule_state, keys, 0.1, 0, 3_000)
    assert found.schema.equals(SCHEMA, check_metadata=True)
    assert json.loads(found.schema.metadata[b"features"]) == list(FEATURE_NAMES)
    names = {keyed_hash(name, keys.key("2011Q4")): row for row, name in enumerate(IDS)}
    sampled = {names[row["pseudonym"]]: row["features"] for row in found.to_pylist() if row["features"] is not None}
    assert 220 < len(sampled) < 380
    for row, features in sampled.items():
        assert features == [None if np.isnan(value) else value for value in VALUES[row]]
    later = table(rule_state, keys, 0.1, 500, 700)
    assert [row for row in range(500, 700) if row in sampled] == [
        names[row["pseudonym"]] for row in later.to_pylist() if row["features"] is not None
    ]
    assert [table(rule_state, keys, share, 0, 100)["features"].null_count for share in (0.0, 1.0)] == [100, 0]


def rows(log: Path) -> list[dict[str, object]]:
    return pa.concat_tables([pq.read_table(path) for path in log_files(log)]).to_pylist()


@pytest.fixture
def log(tmp_path: Path) -> ForecastLog:
    clock = datetime(2011, 12, 10, 12, tzinfo=UTC)
    return ForecastLog(tmp_path / "log", PseudonymKeys(tmp_path / "keys"), 400, 10**9, lambda: clock, sample=1.0)


def test_looked_up_batch_scores_are_logged(
    model_state: ServiceState, example_store: EventStore, tmp_path: Path, log: ForecastLog
) -> None:
    """With the forecast, cutoff, horizon and version of the batch; nothing of who is unknown."""
    assert model_state.model
    assert model_state.model.customer_model
    forecasts = Forecasts(model_state.model.customer_model, "7", 30)
    write_scores(example_store, "2011-11-01", model_state.formula, tmp_path / "s.parquet", forecasts)
    app = make_app(CurrentState(model_state), scores=tmp_path / "s.parquet", looked_up=log.looked_up, clock=lambda: NOW)
    assert ask(app, "/score_customers", {"customer_ids": ["nobody"]}).status == 200
    answer = ask(app, "/score_customers", {"customer_ids": ["12415", "nobody", "12748"]}).json()
    log.flush()
    found = {row["pseudonym"]: row for row in rows(tmp_path / "log")}
    key = PseudonymKeys(tmp_path / "keys").key("2011Q4")
    assert len(found) == 2
    for score in answer["scores"]:
        row = found[keyed_hash(score["customer_id"], key)]
        assert [row[name] for name in ("expected_purchases", "churn_probability", "expected_spend")] == [
            score[name] for name in ("expected_purchases", "churn_probability", "expected_spend")
        ]
        assert (row["low"], row["high"]) == tuple(score["expected_purchases_interval"][end] for end in ("low", "high"))
        assert row["as_of"] == datetime(2011, 11, 1, tzinfo=UTC)
        assert row["asked_at"] == NOW
        expected = (30, "7", "champion", "/score_customers", None, None)
        names = ("horizon_days", "model_version", "role", "route", "expected_purchases_7", "features")
        assert tuple(row[name] for name in names) == expected


def test_a_batch_by_the_rule_is_logged_without_forecasts(
    rule_state: ServiceState, example_store: EventStore, tmp_path: Path, log: ForecastLog
) -> None:
    """It has no horizon, so that is 0."""
    write_scores(example_store, "2011-11-01", rule_state.formula, tmp_path / "s.parquet")
    app = make_app(CurrentState(rule_state), scores=tmp_path / "s.parquet", looked_up=log.looked_up, clock=lambda: NOW)
    ask(app, "/score_customers", {"customer_ids": ["12415"]})
    log.flush()
    [row] = rows(tmp_path / "log")
    assert (row["horizon_days"], row["expected_purchases"], row["model_version"]) == (0, None, None)


def test_jobs_are_logged_when_they_are_done(model_state: ServiceState, tmp_path: Path, log: ForecastLog) -> None:
    """As of their submission; one that fails is not."""
    counted: list[int] = []
    jobs = Jobs(
        model_state,
        tmp_path / "jobs",
        answered=log.answered,
        looked_up=log.looked_up,
        count_job=counted.append,
    )
    jobs.submit("score_features", rows_request())
    jobs.submit("score_features", rows_request(rows=[]))
    jobs.submit("score_customers", {"customer_ids": ["12415"]})
    while jobs.run():
        pass
    log.flush()
    found = rows(tmp_path / "log")
    assert {(row["route"], row["role"], row["model_version"], row["asked_at"]) for row in found} == {
        ("/jobs", "champion", "7", NOW)
    }
    assert counted == [len(found)]
    assert all(row["features"] is not None for row in found)
