"""Tracking: what a fit leaves behind, and what is left when it fails, on a real MLflow in a temporary SQLite file."""

import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.errors import ModelError, TrackingError
from tests.training.stand_in import customer_model
from training.models.bundle import CHALLENGER, CHAMPION
from training.registry import sqlite_file as database
from training.registry.environment import this_process
from training.registry.mlflow_client import (
    Tracking,
    log_figure,
    log_measures,
    nested_run,
    open_tracking,
    start_run,
)
from training.registry.runs import run_file, run_measures, runs
from training.registry.versions import load, move_alias, register, version, versions
from training.synthetic_customers import invented_customer

ROOT = Path(__file__).parents[3]
AS_OF_DAY = AsOf.parse("2011-06-10", "Europe/London").day


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    """Run code in a process of its own, with the repository on its path."""
    command = [sys.executable, "-c", code, *(str(each) for each in arguments)]
    env = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
    return subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """How the process ended, and what it said on standard error."""
    said = process.communicate()[1]
    return process.returncode, said


def test_a_fit_leaves_facts_measures_plots_and_nested_runs(tracking: Tracking, tmp_path: Path) -> None:
    """A parent run with its windows within it; long facts are files, metrics are named by window and horizon."""
    with start_run(tracking, "fit", {"seed": 0, "horizons": (30, 90), "feature_columns": FEATURE_NAMES}) as fit:
        with nested_run(fit, "window 2011-03-10", {"candidate": "model"}) as window:
            log_measures(window, {"deviance": 1.5, "auc": np.float64("nan")}, "2011-03-10", 90)
        log_measures(fit, {f"m{number}": number for number in range(250)})
        figure = Figure()
        figure.subplots().plot([0, 1], [0, 1])
        log_figure(fit, "reliability", figure)
    found = runs(tracking)
    assert list(found["name"]) == ["window 2011-03-10", "fit"]
    assert list(found["status"]) == ["FINISHED"] * 2
    assert list(found["parent"].fillna("")) == [fit.run_id, ""]
    assert found.loc[fit.run_id, "facts"] == {"seed": "0", "horizons": "[30, 90]"}
    assert found.loc[window.run_id, "measures"]["w2011-03-10.h90.deviance"] == 1.5
    assert np.isnan(run_measures(tracking, window.run_id)["w2011-03-10.h90.auc"])
    assert len(run_measures(tracking, fit.run_id)) == 250
    facts = run_file(tracking, fit.run_id, "facts", tmp_path)
    assert facts is not None
    assert json.loads((facts / "feature_columns.json").read_text()) == list(FEATURE_NAMES)
    figures = run_file(tracking, fit.run_id, "figures", tmp_path)
    assert figures is not None
    assert [file.name for file in figures.iterdir()] == ["reliability.png"]
    assert run_file(tracking, fit.run_id, "nothing", tmp_path) is None


def test_a_version_gives_back_the_model(tracking: Tracking, home: Path) -> None:
    """What is registered is what is loaded, by alias and by number; its files lie beside the database."""
    model = customer_model()
    with start_run(tracking, "fit") as fit:
        made = register(fit, model, tags={"as_of": "2011-06-10"})
    assert version(tracking, CHALLENGER) == version(tracking, 1) == made
    assert version(tracking, CHAMPION) is None
    assert version(tracking, 2) is None
    assert made.tags["as_of"] == "2011-06-10"
    assert joblib.hash(load(tracking, made)) == joblib.hash(model)
    assert list((home / "artifacts").rglob("model.joblib"))


def test_mlflow_users_can_load_a_version(tracking: Tracking) -> None:
    """Plain `mlflow.pyfunc.load_model` gives forecasts of the logged signature; the example is nobody's row."""
    import mlflow

    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model(rate=0.02))
    mlflow.set_tracking_uri(tracking.uri)
    try:
        loaded = mlflow.pyfunc.load_model(f"models:/regulars@{CHALLENGER}")
        assert list(loaded.input_example.index) == [0]
        given = invented_customer("2011-06-10")
        forecast = loaded.predict(given, {"as_of_day": AS_OF_DAY, "horizon_days": 50})
        assert loaded.metadata.signature.inputs.input_names() == list(FEATURE_NAMES)
        with pytest.raises(mlflow.MlflowException, match="horizon_days"):
            loaded.predict(given, {"as_of_day": AS_OF_DAY, "horizon_days": "long"})
    finally:
        mlflow.set_tracking_uri(None)
    pd.testing.assert_frame_equal(forecast, customer_model(rate=0.02).predict(given, AS_OF_DAY, 50))
    assert (
        "pandas==" in (Path(made.source.removeprefix("file://").replace("%20", " ")) / "requirements.txt").read_text()
    )


def test_a_changed_file_is_not_unpickled(tracking: Tracking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest on the version is checked first; what is in the changed file never runs."""
    with start_run(tracking, "fit") as fit:
        made = register(fit, customer_model())
    assert tracking.artifacts is not None
    [file] = tracking.artifacts.rglob("model.joblib")
    file.write_bytes(file.read_bytes() + b"more")
    monkeypatch.setattr("joblib.load", lambda path: pytest.fail("unpickled"))
    with pytest.raises(TrackingError, match=r"^version 1 has digest .* expected .*take another version$"):
        load(tracking, made)
    from training.registry.pyfunc import _load_pyfunc

    with pytest.raises(ModelError, match="refused"):
        _load_pyfunc(str(file.parent), {"digest": made.digest})


def test_versions_count_up_and_the_alias_follows(tracking: Tracking) -> None:
    """Each fit's version is one more, and the challenger; an alias moved meanwhile is not moved again."""
    for rate in (0.01, 0.02):
        with start_run(tracking, "fit") as fit:
            register(fit, customer_model(rate))
    assert [(each.number, each.aliases) for each in versions(tracking)] == [(2, (CHALLENGER,)), (1, ())]
    move_alias(tracking, CHAMPION, 1, None)
    with pytest.raises(TrackingError, match="champion is version 1 by now, expected None"):
        move_alias(tracking, CHAMPION, 2, None)
    move_alias(tracking, CHAMPION, None, 1)
    assert version(tracking, CHAMPION) is None


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
            monkeypatch.setattr("training.registry.mlflow_client.this_process", lambda tags=tags: tags)
            kept.enter_context(start_run(tracking, name))
        monkeypatch.setattr("training.registry.mlflow_client.this_process", this_process)
        kept.enter_context(start_run(tracking, "this"))
        ends = dict(zip(runs(tracking)["name"], runs(tracking)["status"], strict=True))
    gone = {"ended": "KILLED", "id given anew": "KILLED"}
    assert ends == gone | {"another machine": "RUNNING", "this": "RUNNING"}


def test_a_server_that_is_not_there_is_said_within_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A closed port ends in one line that names it and what to do, not in minutes of tries."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:secret@127.0.0.1:{port}")
    start = time.perf_counter()
    with pytest.raises(TrackingError, match=f"tracking at http://127.0.0.1:{port}: no answer: start") as raised:
        open_tracking()
    assert time.perf_counter() - start < 10
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)
    assert "MLFLOW_HTTP_REQUEST_TIMEOUT" not in os.environ


@pytest.fixture
def locked(home: Path) -> Iterator[None]:
    """Another connection that writes and does not end."""
    other = sqlite3.connect(home / "mlflow.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.close()


@pytest.mark.usefixtures("locked")
def test_a_locked_database_is_said_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After waiting a while for the other process, the line says that there is one."""
    monkeypatch.setattr(database, "LOCK_SECONDS", 0.1)
    with pytest.raises(TrackingError, match=r"in use by another process.*database is locked") as raised:
        open_tracking(home)
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_a_database_locked_in_the_middle_ends_in_one_line(tracking: Tracking, home: Path) -> None:
    """A fit that cannot write any more fails with the line, and prints no stack trace of MLflow's."""
    with closing(sqlite3.connect(home / "mlflow.db", isolation_level=None)) as other, start_run(tracking, "fit") as fit:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TrackingError, match="in use by another process") as raised:
            log_measures(fit, {"deviance": 1.0})
        other.execute("ROLLBACK")
    assert "\n" not in str(raised.value)


def test_what_is_no_database_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of something else, and a folder that cannot be made."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "mlflow.db").write_text("this is a shopping list, not a database, and it is long enough to be read")
    with pytest.raises(TrackingError, match="no SQLite database"):
        open_tracking(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(TrackingError, match=r"Not a directory|File exists"):
        open_tracking(tmp_path / "file")


def test_no_room_for_the_files_is_said_in_one_line(tracking: Tracking) -> None:
    """When the files of a version do not fit, there is no version, a failed run, and a line that says so."""
    model = customer_model(megabytes=4)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, before[1]))
    try:
        with pytest.raises(TrackingError, match="no room on the disk") as raised, start_run(tracking, "fit") as fit:
            register(fit, model)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(raised.value)
    assert versions(tracking) == []
    assert list(runs(tracking)["status"]) == ["FAILED"]


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
            log_measures(fit, {f"m{number}": number for number in range(5000)})
    finally:
        event.remove(Engine, "connect", bound)


KILLED = """
import os, signal, sys
from mlflow.tracking import MlflowClient
from tests.training.stand_in import customer_model
from training.registry.runs import run_file, run_measures, runs
from training.registry.versions import register
from training.registry.mlflow_client import open_tracking, start_run
tracking, where, when = open_tracking(sys.argv[1]), sys.argv[2], sys.argv[3]
call = getattr(MlflowClient, where)
def killed(*arguments, **named):
    if when == "after":
        call(*arguments, **named)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(MlflowClient, where, killed)
with start_run(tracking, "fit") as fit:
    register(fit, customer_model())
"""
# Before a step is after the one that came before it.
BEFORE = ["create_logged_model", "log_model_artifacts", "finalize_logged_model", "create_model_version"]
LAST = "set_registered_model_alias"


@pytest.mark.slow
@pytest.mark.parametrize(("where", "when"), [*((step, "before") for step in (*BEFORE, LAST)), (LAST, "after")])
def test_a_killed_fit_leaves_no_half_version(tracking: Tracking, home: Path, where: str, when: str) -> None:
    """Killed around any step of registering, every version that is there is whole, and the challenger as before."""
    with start_run(tracking, "fit") as fit:
        before = register(fit, customer_model(0.5))
    assert ended(child(KILLED, home, where, when)) == (-signal.SIGKILL, "")
    found = versions(tracking)
    complete = where == LAST
    assert len(found) == 1 + complete
    assert [joblib.hash(load(tracking, each)) for each in found][-1] == joblib.hash(customer_model(0.5))
    moved = (where, when) == (LAST, "after")
    challenger = version(tracking, CHALLENGER)
    assert challenger is not None
    assert challenger.number == before.number + moved
    with start_run(tracking, "next") as fit:
        assert register(fit, customer_model()).number == len(found) + 1
    assert sorted(runs(tracking)["status"]) == ["FINISHED", "FINISHED", "KILLED"]


UNMADE = """
import os, signal, sys
import mlflow.store.db.utils as tables
from training.registry.mlflow_client import open_tracking
tables._upgrade_db = lambda engine: os.kill(os.getpid(), signal.SIGKILL)
open_tracking(sys.argv[1])
"""


@pytest.mark.slow
def test_killed_while_the_database_is_made_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process finds no half of a database, and makes it."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert ended(child(UNMADE, tmp_path)) == (-signal.SIGKILL, "")
    assert not (tmp_path / "mlflow.db").exists()
    assert versions(open_tracking(tmp_path)) == []


TWO = """
import sys
from tests.training.stand_in import customer_model
from training.registry.runs import run_file, run_measures, runs
from training.registry.versions import register
from training.registry.mlflow_client import *
tracking = open_tracking(sys.argv[1])
for number in range(5):
    with start_run(tracking, f"{sys.argv[2]}-{number}", {"seed": number}) as fit:
        for window in range(4):
            with nested_run(fit, f"window {window}") as run:
                log_measures(run, {f"m{each}": each for each in range(100)}, "2011-03-10", 90)
        register(fit, customer_model(float(sys.argv[2]) + number))
"""


@pytest.mark.slow
@pytest.mark.parametrize("fresh", [False, True], ids=["made before", "made by both at once"])
def test_two_fits_at_once_do_not_collide(home: Path, fresh: bool) -> None:
    """Two processes into one store, even one that neither finds made: every run and every version is there, whole."""
    if fresh:
        (home / "mlflow.db").unlink()
    both = [child(TWO, home, each) for each in (100, 200)]
    assert [ended(process) for process in both] == [(0, ""), (0, "")]
    tracking = open_tracking(home)
    found = versions(tracking)
    assert [each.number for each in found] == list(range(10, 0, -1))
    rates = sorted(1 / load(tracking, each).purchases.bg_nbd_.params_["alpha"] for each in found)
    assert rates == pytest.approx([*range(100, 105), *range(200, 205)])
    assert set(runs(tracking)["status"]) == {"FINISHED"}
    assert len(runs(tracking)) == 10 * 5
