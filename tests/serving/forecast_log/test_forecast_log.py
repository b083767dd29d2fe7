"""What was answered is in the log, with the 7-day forecast, under pseudonyms; whatever fails, answers do not."""

import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.as_of import AsOf, microseconds
from features.definitions import FEATURE_NAMES
from features.engines.feature_table import feature_table
from features.key_files import keyed_hash
from features.store.event_store import EventStore
from features.timezones import DAY
from serving.api.app import make_app
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.api.trial_request import HEADER, VARIABLE, make_token
from serving.forecast_log import forecast_log as module
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.log_files import SCHEMA, log_files
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.runtime import server
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask

NOW = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)


def made(folder: Path) -> ForecastLog:
    return ForecastLog(folder / "log", PseudonymKeys(folder / "keys"), 400, 10**9, lambda: NOW)


def rows(folder: Path) -> pa.Table:
    return pa.concat_tables([pq.read_table(path) for path in log_files(folder / "log")])


def asked(log: ForecastLog, state: ServiceState, body: dict[str, object]) -> dict[str, object]:
    app = make_app(CurrentState(state), answered=log.answered, clock=lambda: NOW)
    answer = ask(app, "/score_features", body)
    assert answer.status == 200
    return dict(answer.json())


def test_the_log_has_what_was_answered(model_state: ServiceState, example_store: EventStore, tmp_path: Path) -> None:
    """Bit by bit what the response says, the 7-day forecast beside it, and no id anywhere."""
    table = feature_table(example_store, "2011-06-10").head(5)
    body = {
        "rows": [
            {"customer_id": name, **{key: None if np.isnan(value) else value for key, value in row.items()}}
            for name, row in zip(table.index, table.to_dict("records"), strict=True)
        ],
        "as_of": "2011-06-10",
        "horizon_days": 90,
    }
    log = made(tmp_path)
    with log:
        answer = asked(log, model_state, body)
    found = rows(tmp_path)
    assert found.schema.equals(SCHEMA)
    assert log.lost == 0
    key = PseudonymKeys(tmp_path / "keys").key("2026Q4")
    by_pseudonym = {row["pseudonym"]: row for row in found.to_pylist()}
    for score in answer["scores"]:  # type: ignore[attr-defined]
        row = by_pseudonym[keyed_hash(score["customer_id"], key)]
        for name in ("expected_purchases", "churn_probability", "expected_spend"):
            assert row[name] == pytest.approx(score[name], rel=1e-9)
        assert row["expected_purchases_7"] <= row["expected_purchases"]
        assert row["churn_probability_7"] >= row["churn_probability"]
        assert (row["horizon_days"], row["route"], row["role"]) == (90, "/score_features", "champion")
        assert row["model_version"] == answer["model_version"]
        assert row["asked_at"] == NOW
    content = b"".join(path.read_bytes() for path in log_files(tmp_path / "log"))
    assert not any(str(name).encode() in content for name in table.index)


def context(state: ServiceState) -> ScoringContext:
    return ScoringContext(state, AsOf.parse("2026-11-27", "UTC"), 90, microseconds(NOW) + DAY)


def test_what_does_not_fit_is_dropped_and_counted(rule_state: ServiceState, tmp_path: Path) -> None:
    """The queue is bounded in rows; without a model there is no forecast, and the row is there."""
    log = made(tmp_path)
    one = Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)])
    many = Features([str(at) for at in range(module.QUEUE_ROWS)], np.ones((module.QUEUE_ROWS, len(FEATURE_NAMES))))
    log.answered("/score", one, context(rule_state))
    log.answered("/score", many, context(rule_state))
    assert log.lost == module.QUEUE_ROWS
    log.flush()
    [row] = rows(tmp_path).to_pylist()
    assert row["expected_purchases"] is None
    assert row["model_version"] is None
    log.answered("/score", many, context(rule_state))
    assert log.lost == module.QUEUE_ROWS


def test_a_full_disk_loses_rows_and_no_answer(
    rule_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted and told; when there is room again, later rows are written."""
    log, one = made(tmp_path), Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)])

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_log_file", full)
        log.answered("/score", one, context(rule_state))
        log.flush()
    assert log.lost == 1
    assert log.trouble == "the forecast log is not written (No space left on device)"
    log.answered("/score", one, context(rule_state))
    log.flush()
    assert (log.lost, log.trouble, len(rows(tmp_path))) == (1, None, 1)


def test_the_trial_of_the_start_is_not_logged(
    rule_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`regulars serve` asks about a customer that does not exist; what a client with a wrong token asks is logged."""
    monkeypatch.setenv(VARIABLE, "")
    token, log = make_token(), made(tmp_path)
    body = (Path(server.__file__).parent / "first_request.json").read_bytes()
    app = make_app(CurrentState(rule_state), answered=log.answered, clock=lambda: NOW)
    assert ask(app, "/score", body, headers={HEADER.lower(): token}).status == 200
    log.flush()
    assert not list(log_files(tmp_path / "log"))
    assert ask(app, "/score", body, headers={HEADER.lower(): "another"}).status == 200
    log.flush()
    assert len(rows(tmp_path)) == 1


def test_an_answer_costs_the_loop_next_to_nothing(rule_state: ServiceState, tmp_path: Path) -> None:
    """At most 6 microseconds of processor time, the best of several tries."""
    one, about = Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)]), context(rule_state)
    costs = []
    for _ in range(5):
        log = made(tmp_path)
        begin = time.process_time()
        for _ in range(1_000):
            log.answered("/score", one, about)
        costs.append((time.process_time() - begin) / 1_000)
    assert min(costs) < 6e-6
