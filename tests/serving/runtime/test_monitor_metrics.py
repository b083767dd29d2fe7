"""The last look of `regulars monitor` at /metrics: what it says, nothing of what it does not say, and its age."""

import json
import math
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args
from unittest.mock import Mock

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from monitoring.recommendation import Action as Recommended
from serving.runtime import monitor_metrics
from serving.runtime.monitor_metrics import Action, MonitorMetrics

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
WINDOW = {"horizon_days": 28, "segment": "all", "log_loss": 0.5, "estimated_log_loss": 0.4, "bias": 0.2}
LOOK: dict[str, Any] = {
    "as_of": "2026-11-23",
    "budget": 0.05,
    "recommendation": "recalibrate",
    "intake": [{"what": "events", "alarm": False}],
    "columns": {"rows": [{"column": "T", "alarm": False}, {"column": "frequency", "alarm": True}]},
    "forecasts": {
        "alarm": True,
        "threshold": 0.8,
        "weeks": [{"up": None, "down": None}, {"up": 0.0, "down": 0.9}],
    },
    "windows": [
        {**WINDOW, "log_loss": 9.0, "before_fit": True},
        WINDOW,
        {"horizon_days": 28, "segment": "repeat", "log_loss": 9.0, "estimated_log_loss": 0.4, "bias": 9.0},
        {"horizon_days": 28, "segment": "all", "log_loss": 9.0, "estimated_log_loss": 0.4, "bias": 9.0},
        {"horizon_days": 90, "segment": "all", "log_loss": None, "estimated_log_loss": None, "bias": None},
    ],
}
Made = Callable[..., MonitorMetrics]
Shown = Callable[[], dict[str, float]]


@pytest.fixture
def registry() -> CollectorRegistry:
    """The gauges of one test."""
    return CollectorRegistry()


@pytest.fixture
def made(tmp_path: Path, registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> Made:
    """Makes the gauges of a file in the temporary folder."""
    client = SimpleNamespace(Gauge=partial(Gauge, registry=registry))
    monkeypatch.setattr(monitor_metrics, "metrics_client", lambda shared: client)

    def make(events: list[dict[str, object]] | None = None) -> MonitorMetrics:
        log: Any = lambda **event: None if events is None else events.append(event)  # noqa: E731
        return MonitorMetrics(tmp_path / "monitor.json", 15, lambda: NOW, log)

    return make


@pytest.fixture
def shown(registry: CollectorRegistry) -> Callable[[], dict[str, float]]:
    """Returns the series that have a value, without their prefix."""

    def show() -> dict[str, float]:
        series = dict(line.rsplit(" ", 1) for line in generate_latest(registry).decode().splitlines() if line[0] != "#")
        values = {name.removeprefix("regulars_monitor_"): float(value) for name, value in series.items()}
        return {name: value for name, value in values.items() if not math.isnan(value)}

    return show


def write(path: Path, look: object, age: timedelta = timedelta(days=1)) -> None:
    """Write a look of some age."""
    path.write_text(look if isinstance(look, str) else json.dumps(look))
    os.utime(path, ((NOW - age).timestamp(),) * 2)


def test_a_look_is_shown(made: Made, shown: Shown, tmp_path: Path) -> None:
    """Of windows the last one of everybody; what the look does not say has no value."""
    write(tmp_path / "monitor.json", LOOK)
    gauges = made()
    assert gauges.check()
    assert shown() == {
        "age_seconds": 86_400,
        "as_of_timestamp_seconds": datetime(2026, 11, 23, tzinfo=UTC).timestamp(),
        'alarm{check="intake"}': 0,
        'alarm{check="columns"}': 1,
        'alarm{check="forecasts"}': 1,
        'cusum{side="up"}': 0,
        'cusum{side="down"}': 0.9,
        "cusum_threshold": 0.8,
        'log_loss_gap{horizon_days="28"}': pytest.approx(0.1),
        'bias{horizon_days="28"}': 0.2,
        'recommendation{action="nothing"}': 0,
        'recommendation{action="recalibrate"}': 1,
        'recommendation{action="refit"}': 0,
        'recommendation{action="look at the intake"}': 0,
    }
    nothing = {**LOOK, "recommendation": "nothing", "forecasts": None, "windows": [], "columns": None}
    write(tmp_path / "monitor.json", nothing, timedelta())
    assert gauges.check()
    assert not gauges.check()
    assert set(shown()) == {
        *("age_seconds", "as_of_timestamp_seconds", 'alarm{check="intake"}'),
        *(f'recommendation{{action="{action}"}}' for action in get_args(Action)),
    }
    assert shown()["age_seconds"] == 0


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"as_of": "2026-11-23"}', "\udc80".encode("utf-8", "surrogateescape").decode("latin-1")),
        json.dumps({**LOOK, "recommendation": "pray"}),
        json.dumps({**LOOK, "as_of": "yesterday"}),
        json.dumps({**LOOK, "windows": [{**WINDOW, "horizon_days": 10**400}]}),
        '{"of_a_later_release": ' + "[" * 100_000,
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_in_the_log(
    made: Made, shown: Shown, tmp_path: Path, content: str
) -> None:
    """The figures go, and the age is infinite, so that one alarm on it covers that too."""
    events: list[dict[str, object]] = []
    gauges = made(events)
    write(tmp_path / "monitor.json", LOOK)
    gauges.check()
    write(tmp_path / "monitor.json", content)
    gauges.check()
    gauges.check()
    assert shown() == {"age_seconds": math.inf}
    assert [event["event"] for event in events] == ["look refused"]


def test_without_a_file_or_with_an_old_one_there_is_only_an_age(made: Made, shown: Shown, tmp_path: Path) -> None:
    """Infinite where there is none, also once it is removed."""
    events: list[dict[str, object]] = []
    gauges = made(events)
    gauges.check()
    assert shown() == {"age_seconds": math.inf}
    write(tmp_path / "monitor.json", LOOK, timedelta(days=16))
    gauges.check()
    assert shown() == {"age_seconds": 16 * 86_400}
    (tmp_path / "monitor.json").unlink()
    gauges.check()
    assert shown() == {"age_seconds": math.inf}
    os.mkfifo(tmp_path / "monitor.json")
    gauges.check()
    assert [event["event"] for event in events] == ["look refused"]


def test_a_file_of_the_future_has_no_age(made: Made, shown: Shown, tmp_path: Path) -> None:
    """It would be fresh for as long as a clock was wrong; some minutes are no fault."""
    write(tmp_path / "monitor.json", LOOK, timedelta(days=-2))
    gauges = made()
    gauges.check()
    assert shown() == {"age_seconds": math.inf}
    write(tmp_path / "monitor.json", LOOK, timedelta(minutes=-10))
    gauges.check()
    assert shown()["age_seconds"] == -600
    assert len(shown()) > 1


def test_horizons_make_few_series(made: Made, shown: Shown, tmp_path: Path) -> None:
    """The room for metrics is bounded, whatever the file says."""
    windows = [{**WINDOW, "horizon_days": days} for days in range(1, 500)]
    write(tmp_path / "monitor.json", {**LOOK, "windows": windows})
    made().check()
    assert sum(name.startswith("log_loss_gap") for name in shown()) == monitor_metrics.MOST_HORIZONS


def test_the_actions_are_the_monitor_s() -> None:
    """The service does not import the monitor, but knows what it recommends."""
    assert list(get_args(Action)) == list(Recommended)


def test_a_reading_that_fails_is_tried_again(
    made: Made, shown: Shown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With one line in the log, and without another look being written."""
    events: list[dict[str, object]] = []
    gauges = made(events)
    write(tmp_path / "monitor.json", LOOK)
    monkeypatch.setattr("serving.runtime.poller.AGAIN_SECONDS", 0.0)
    with monkeypatch.context() as failing:
        failing.setattr("serving.runtime.monitor_metrics.read_regular", Mock(side_effect=OSError(5, "I/O error")))
        assert [gauges.check() for _ in range(3)] == [False] * 3
        assert shown() == {"age_seconds": math.inf}
    assert gauges.check()
    assert shown()["age_seconds"] == 86_400
    assert [event["event"] for event in events] == ["look refused"]
