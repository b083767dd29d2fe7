"""The room of shared metrics is reserved before it is used, in a folder of one service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.api.app import make_app
from serving.api.routes import ExactRoute, RouteTemplates
from serving.runtime import metrics_files
from serving.runtime.bento_app import BENTOML_PATHS
from serving.runtime.metrics_files import SIZES, metrics_folder, reserve
from serving.state import CurrentState, ServiceState
from tests.serving.runtime.conftest import unused

COUNT = """
import sys
from serving.runtime.metrics_files import share_metrics
shared = share_metrics(sys.argv[1], int(sys.argv[2]))
from serving.bento import metrics_client
client = metrics_client(shared)
counter = client.Counter("calls", "Calls", ["path"])
gauge = client.Gauge("busy", "Busy", multiprocess_mode="livesum")
gauge.inc()
for _ in range(int(sys.argv[3])):
    counter.labels("a").inc()
text = client.generate_latest().decode()
print(shared, *[line.split()[-1] for line in text.splitlines() if line.startswith(("calls_total", "busy"))])
"""


def count(folder: object, index: int, calls: int) -> list[str]:
    """What a worker sees at /metrics after it counted: whether metrics are shared, the gauge and the counter."""
    command = [sys.executable, "-c", COUNT, str(folder), str(index), str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return sorted(done.stdout.split())


def test_two_services_have_folders_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is removed with its service, and what a killed one left by the next."""
    monkeypatch.setattr(metrics_files, "PLACES", (str(tmp_path),))
    left = tmp_path / "regulars-metrics-abcdefgh"
    left.mkdir()
    with metrics_folder(1) as one, metrics_folder(2) as other:
        assert one is not None
        assert other is not None
        assert sorted(tmp_path.iterdir()) == sorted([one, other])
        assert len(list(one.iterdir())) * 2 == len(list(other.iterdir())) == 2 * len(SIZES)
    assert list(tmp_path.iterdir()) == []


def test_every_byte_is_allocated(tmp_path: Path) -> None:
    """A hole in a mapped file kills the process that writes there on a full disk."""
    reserve(tmp_path, 1)
    for file in tmp_path.iterdir():
        assert file.stat().st_size == SIZES[file.stem.rpartition("_")[0]]
        assert file.stat().st_blocks * 512 >= file.stat().st_size


def test_a_worker_goes_on_with_the_counters_of_the_one_before(tmp_path: Path) -> None:
    """And not with its gauges: what it had in hand has ended. Workers are added up."""
    reserve(tmp_path, 1)
    reserve(tmp_path, 2)
    assert count(tmp_path, 1, 3) == ["1.0", "3.0", "True"]
    assert count(tmp_path, 2, 10) == ["13.0", "2.0", "True"]
    assert count(tmp_path, 1, 1) == ["14.0", "2.0", "True"]
    assert {file.stat().st_size for file in tmp_path.glob("counter*")} == {SIZES["counter"]}


def test_without_room_a_worker_keeps_its_metrics_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are at /metrics all the same; without room anywhere there is no folder and the service starts."""
    assert count("", 1, 4) == ["1.0", "4.0", "False"]
    assert count(tmp_path / "none", 1, 4) == ["1.0", "4.0", "False"]

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with metrics_folder(1) as folder:
        assert folder is None


def test_all_labels_have_room(rule_state: ServiceState) -> None:
    """Every route, method and status makes a series: together they take less than the room of their file."""
    app = make_app(CurrentState(rule_state), more_routes=[ExactRoute(path, unused) for path in BENTOML_PATHS])
    routes = [route.path for route in app.routes if RouteTemplates(app.routes).of(route.path)]
    longest = max(map(len, routes))
    series = 64 + 80 + 2 * longest + 40  # name twice, help, labels, and two numbers
    assert (len(routes) + 1) * 5 * 5 * series + 20_000 < SIZES["counter"]
    assert (len(routes) + 1) * 18 * series + 20_000 < SIZES["histogram"]
