"""The metrics of the service have few labels, and those of dead workers go away."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving.runtime.metrics import Metrics, remove_gauges_of_dead_workers


def test_gauges_of_dead_workers_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The live gauges of a process that has ended go; its counters, and the gauges of a living process, stay."""
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    names = [f"gauge_livesum_{dead.pid}.db", f"gauge_livemax_{dead.pid}.db", f"counter_{dead.pid}.db"]
    names += [f"gauge_livesum_{os.getpid()}.db", "gauge_livesum_other.db"]
    for name in names:
        (tmp_path / name).touch()
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    remove_gauges_of_dead_workers()
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names[2:])


def test_without_a_folder_of_metrics_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the service runs without BentoML's server."""
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    remove_gauges_of_dead_workers()


def test_unknown_paths_and_methods_share_a_label(metrics: Metrics) -> None:
    """A path or method that a client invents makes no series of its own."""
    assert metrics.route("/score") == "/score"
    assert metrics.route("/plans/2026-W48-9c1f02ab/items") == "/plans/{plan_id}/items"
    assert metrics.route("/wp-admin") == metrics.route("/score\n") == "other"
    before = metrics._requests.cache_info().currsize
    for method in ("PROPFIND", "MKCOL", "X"):
        metrics.answered("other", method, 404, 0.01, 0)
    assert metrics._requests.cache_info().currsize <= before + 1
