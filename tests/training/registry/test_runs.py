"""Runs: what a fit leaves behind, and how a run ends, on a real MLflow in a temporary SQLite file."""

import json
import sqlite3
import subprocess
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from features.definitions import FEATURE_NAMES
from features.errors import TrackingError
from training.registry.environment import this_process
from training.registry.mlflow_client import Tracking
from training.registry.runs import log_figure, log_metrics, nested_run, run_file, run_measures, runs, start_run


def test_a_fit_leaves_facts_measures_plots_and_nested_runs(tracking: Tracking, tmp_path: Path) -> None:
    """A parent run with its windows within it; long facts are files."""
    with start_run(tracking, "fit", {"seed": 0, "horizons": (30, 90), "feature_columns": FEATURE_NAMES}) as fit:
        with nested_run(fit, "window 2011-03-10", {"candidate": "model"}) as window:
            log_metrics(window, {"deviance": 1.5, "auc": np.float64("nan")})
        log_metrics(fit, {f"m{number}": number for number in range(250)})
        figure = Figure()
        figure.subplots().plot([0, 1], [0, 1])
        log_figure(fit, "reliability", figure)
    found = runs(tracking)
    assert list(found["name"]) == ["window 2011-03-10", "fit"]
    assert list(found["status"]) == ["FINISHED"] * 2
    assert list(found["parent"].fillna("")) == [fit.run_id, ""]
    assert found.loc[fit.run_id, "facts"] == {"seed": "0", "horizons": "[30, 90]"}
    assert found.loc[window.run_id, "measures"]["deviance"] == 1.5
    assert np.isnan(run_measures(tracking, window.run_id)["auc"])
    assert len(run_measures(tracking, fit.run_id)) == 250
    facts = run_file(tracking, fit.run_id, "facts", tmp_path)
    assert facts is not None
    assert json.loads((facts / "feature_columns.json").read_text()) == list(FEATURE_NAMES)
    figures = run_file(tracking, fit.run_id, "figures", tmp_path)
    assert figures is not None
    assert [file.name for file in figures.iterdir()] == ["reliability.png"]
    assert run_file(tracking, fit.run_id, "nothing", tmp_path) is None


def test_an_error_marks_the_run_failed_and_an_interrupt_killed(tracking: Tracking) -> None:
    """How the block ends is how the run ends; the error itself goes on."""
    with pytest.raises(ZeroDivisionError), start_run(tracking, "fails") as fit, nested_run(fit, "within"):
        raise ZeroDivisionError("no customers")
    with pytest.raises(KeyboardInterrupt), start_run(tracking, "stopped"):
        raise KeyboardInterrupt
    ends = dict(zip(runs(tracking)["name"], runs(tracking)["status"], strict=True))
    assert ends == {"fails": "FAILED", "within": "FAILED", "stopped": "KILLED"}


def test_a_run_of_a_process_that_is_gone_is_marked_killed(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next fit ends the runs of processes that are no more; its own, and another machine's, it leaves."""
    process = this_process()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    others = {
        "ended": process | {"process.id": str(ended.pid)},
        "id given anew": process | {"process.start": "1000.0"},
        "another machine": process | {"process.host": "elsewhere", "process.id": str(ended.pid)},
    }
    with ExitStack() as kept:  # held open: none of these blocks ends before the check
        for name, tags in others.items():
            monkeypatch.setattr("training.registry.runs.this_process", lambda tags=tags: tags)
            kept.enter_context(start_run(tracking, name))
        monkeypatch.setattr("training.registry.runs.this_process", this_process)
        kept.enter_context(start_run(tracking, "this"))
        ends = dict(zip(runs(tracking)["name"], runs(tracking)["status"], strict=True))
    gone = {"ended": "KILLED", "id given anew": "KILLED"}
    assert ends == gone | {"another machine": "RUNNING", "this": "RUNNING"}


@pytest.mark.slow
def test_a_database_locked_in_the_middle_ends_in_one_line(tracking: Tracking, home: Path) -> None:
    """A fit that cannot write any more fails with the line, and prints no stack trace of MLflow's."""
    with closing(sqlite3.connect(home / "mlflow.db", isolation_level=None)) as other, start_run(tracking, "fit") as fit:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TrackingError, match="in use by another process") as raised:
            log_metrics(fit, {"deviance": 1.0})
        other.execute("ROLLBACK")
    assert "\n" not in str(raised.value)


def test_no_room_in_the_database_is_said_in_one_line(tracking: Tracking, home: Path) -> None:
    """A database that cannot grow says the same."""
    with sqlite3.connect(home / "mlflow.db") as database:
        pages = database.execute("PRAGMA page_count").fetchone()[0]
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    def bound(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "connect", bound)
    try:
        with start_run(tracking, "fit") as fit, pytest.raises(TrackingError, match="no room on the disk"):
            log_metrics(fit, {f"m{number}": number for number in range(5000)})
    finally:
        event.remove(Engine, "connect", bound)
