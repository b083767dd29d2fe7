"""What was answered is in the log, with the 7-day forecast, under pseudonyms; whatever fails, answers do not."""

import asyncio
import gc
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

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
from serving.forecast_log.log_files import SCHEMA
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.runtime import server
from serving.state import Challenger, CurrentState, ServiceState
from tests.serving.asking import ask
from tests.serving.forecast_log.written_logs import log_files
from training.models.bundle import OUTPUTS
from training.models.rollout import Role

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
    """The queue is bounded in rows, and takes pieces of what is too large; without a model there is no forecast."""
    log = made(tmp_path)
    one = Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)])
    many = Features([str(at) for at in range(module.QUEUE_ROWS)], np.ones((module.QUEUE_ROWS, len(FEATURE_NAMES))))
    log.answered("/score", one, context(rule_state))
    log.answered("/score", many, context(rule_state))
    assert log.lost == module.FILE_ROWS
    log.flush()
    found = rows(tmp_path)
    assert len(found) == 1 + module.QUEUE_ROWS - module.FILE_ROWS
    assert max(pq.read_metadata(path).num_rows for path in log_files(tmp_path / "log")) <= module.FILE_ROWS + 1
    assert found["expected_purchases"].null_count == found["model_version"].null_count == len(found)
    log.answered("/score", many, context(rule_state))
    assert log.lost == module.FILE_ROWS


def test_who_may_wait_loses_nothing(rule_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that is larger than the queue goes in as there is room; where nobody writes it gives up."""
    size = 2 * module.QUEUE_ROWS + 7
    many = Features([str(at) for at in range(size)], np.ones((size, len(FEATURE_NAMES))))
    with made(tmp_path) as log:
        log.answered("/jobs", many, context(rule_state), wait=True)
    assert (log.lost, len(rows(tmp_path))) == (0, size)
    monkeypatch.setattr(module, "ROOM_SECONDS", 0.01)
    hanging = made(tmp_path)
    hanging.answered("/jobs", many, context(rule_state), wait=True)
    assert hanging.lost == size - module.QUEUE_ROWS


def test_the_bounds_are_looked_at_now_and_then(
    rule_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not with each file: a log of a month has hundreds of thousands."""
    looks: list[Path] = []
    monkeypatch.setattr(module, "keep_within", lambda folder, *_: looks.append(folder))
    log, one = made(tmp_path), Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)])
    for seconds in (600.0, 600.0, 0.0, 0.0):
        monkeypatch.setattr(module, "TIDYING_SECONDS", seconds)
        log._next_tidying = min(log._next_tidying, time.monotonic() + seconds)
        log.answered("/score", one, context(rule_state))
        log.flush()
    assert len(looks) == 3
    assert len(rows(tmp_path)) == 4


@pytest.mark.slow
def test_the_loop_has_the_interpreter_while_files_are_written(model_state: ServiceState, tmp_path: Path) -> None:
    """Between two turns of the loop the writer has less than 50 milliseconds of processor time, with a full queue."""
    values = np.random.default_rng(7).random((module.QUEUE_ROWS, len(FEATURE_NAMES)))
    ids = [f"c{number}" for number in range(module.QUEUE_ROWS)]
    by_name = (dict(zip(FEATURE_NAMES, row, strict=True)) for row in values.tolist())
    single = [Features([name], [row]) for name, row in zip(ids, by_name, strict=True)]

    async def turns(log: ForecastLog, answers: list[Features]) -> float:
        clock = time.pthread_getcpuclockid(log._thread.ident)  # type: ignore[arg-type]
        for features in answers:
            log.answered("/score", features, context(model_state))
        longest, last = 0.0, time.clock_gettime(clock)
        while log._pending:
            await asyncio.sleep(0)
            now = time.clock_gettime(clock)
            longest, last = max(longest, now - last), now
        return longest

    gc.collect()
    gc.freeze()  # as a worker does: to look through all that the tests have loaded takes the thread longer
    try:
        for number, answers in enumerate(([Features(ids, values)], single)):
            with made(tmp_path / str(number)) as log:
                assert asyncio.run(turns(log, answers)) < 0.05
            assert len(rows(tmp_path / str(number))) == module.QUEUE_ROWS
    finally:
        gc.unfreeze()


def test_what_was_written_is_not_lost_when_old_days_cannot_be_removed(
    rule_state: ServiceState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told, and no row is counted as lost."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "keep_within", forbidden)
    log = made(tmp_path)
    log.answered("/score", Features(["anna"], [dict.fromkeys(FEATURE_NAMES, 1.0)]), context(rule_state))
    log.flush()
    assert (log.lost, len(rows(tmp_path))) == (0, 1)
    assert log.trouble == "the forecast log is not kept within its bounds (Permission denied)"


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


class Slow:
    """A model that stands for one that fails or hangs."""

    version, digest, compiled, folder = "8", "d", None, Path("8-abcdefabcdef")

    def __init__(self, work: Callable[[], float]) -> None:
        self.work = work

    def forecast_table(self, table: object, day: int, days: int) -> np.ndarray:
        return np.full((len(table), len(OUTPUTS)), self.work())  # type: ignore[arg-type]


def beside(state: ServiceState, role: Role, work: Callable[[], float] = lambda: 0.5) -> ServiceState:
    model: Any = Slow(work)
    return replace(state, challenger=Challenger(model, role, 1.0 if role is Role.SHADOW else 0.3))


IDS = [f"c{number}" for number in range(40)]
SOME = Features(IDS, np.ones((len(IDS), len(FEATURE_NAMES))))


def test_a_canary_s_customers_are_logged_as_its_own(model_state: ServiceState, tmp_path: Path) -> None:
    """Each customer once, with the role, version and forecast of whoever answered."""
    state, log = beside(model_state, Role.CANARY), made(tmp_path)
    log.answered("/score", SOME, context(state))
    log.flush()
    found = rows(tmp_path).to_pylist()
    key = PseudonymKeys(tmp_path / "keys").key("2026Q4")
    roles = {row["pseudonym"]: (row["role"], row["model_version"]) for row in found}
    assert len(found) == len(roles) == len(IDS)
    for name in IDS:
        expected = ("canary", "8") if state.challenger.answers(name) else ("champion", "7")
        assert roles[keyed_hash(name, key)] == expected
    assert {row["churn_probability_7"] == 0.5 for row in found if row["role"] == "canary"} == {True}


def shadowing(folder: Path) -> ForecastLog:
    return ForecastLog(folder / "log", PseudonymKeys(folder / "keys"), 400, 10**9, lambda: NOW, shadow=True)


def test_a_shadow_forecasts_for_whom_the_champion_answered(model_state: ServiceState, tmp_path: Path) -> None:
    """The same customers and moments in rows of its own; without a shadow it has none."""
    log, shadow = made(tmp_path), shadowing(tmp_path)
    for state in (model_state, beside(model_state, Role.SHADOW)):
        for each in (log, shadow):
            each.answered("/score", SOME, context(state))
    log.flush()
    shadow.flush()
    found = rows(tmp_path).to_pandas()
    assert found["role"].value_counts().to_dict() == {"champion": 80, "shadow": 40}
    champion, other = (found[found["role"] == role] for role in ("champion", "shadow"))
    assert set(other["pseudonym"]) == set(champion["pseudonym"])
    assert set(other["model_version"]) == {"8"}
    assert set(zip(other["asked_at"], other["as_of"], strict=True)) == set(
        zip(champion["asked_at"], champion["as_of"], strict=True)
    )


def test_a_shadow_that_fails_is_counted_and_costs_nothing_else(model_state: ServiceState, tmp_path: Path) -> None:
    """The answers are logged, and nothing but the counter tells."""

    def broken() -> float:
        raise RuntimeError("broken")

    log, shadow = made(tmp_path), shadowing(tmp_path)
    with log, shadow:
        for each in (log, shadow):
            each.answered("/score", SOME, context(beside(model_state, Role.SHADOW, broken)))
    assert (log.lost, shadow.lost, len(rows(tmp_path))) == (0, len(IDS), len(IDS))


def test_a_shadow_that_hangs_is_dropped_first(model_state: ServiceState, tmp_path: Path) -> None:
    """Beyond its queue it is counted and dropped while every answer is logged; the end does not wait for it."""
    hanging, state = threading.Event(), beside(model_state, Role.SHADOW, lambda: float(not hanging.wait(60)))
    log, shadow = made(tmp_path), shadowing(tmp_path)
    began = time.monotonic()
    with log, shadow:
        for _ in range(200):
            for each in (log, shadow):
                each.answered("/score", SOME, context(state))
    assert time.monotonic() - began < 30
    assert (log.lost, len(rows(tmp_path))) == (0, 200 * len(IDS))
    assert shadow.lost >= 200 * len(IDS) - module.SHADOW_QUEUE_ROWS
    hanging.set()


def test_answers_of_one_model_are_forecast_together(model_state: ServiceState, tmp_path: Path) -> None:
    """Of one day and horizon in one call, of others in others, and each row is that of its own answer."""
    sizes: list[int] = []
    state = beside(model_state, Role.SHADOW)
    challenger: Any = state.challenger
    forecast = challenger.model.forecast_table
    challenger.model.forecast_table = lambda table, day, days: sizes.append(len(table)) or forecast(table, day, days)
    shadow = shadowing(tmp_path)
    for number, name in enumerate(IDS):
        one = Features([name], [dict.fromkeys(FEATURE_NAMES, 1.0)])
        days = 30 if number < 10 else 90
        shadow.answered(f"/{number}", one, context(state)._replace(horizon_days=days))
    shadow.flush()
    assert sorted(sizes) == [10, 10, 30, 30]
    key = PseudonymKeys(tmp_path / "keys").key("2026Q4")
    routes = {row["pseudonym"]: (row["route"], row["horizon_days"]) for row in rows(tmp_path).to_pylist()}
    assert routes == {keyed_hash(name, key): (f"/{at}", 30 if at < 10 else 90) for at, name in enumerate(IDS)}
