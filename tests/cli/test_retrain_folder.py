"""The folder of runs: locked, resumed, and rid of the leftovers of killed runs."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.retrain_folder import RetrainSettings, open_run, remove_old_runs, retrain_lock, update_latest_link
from features.errors import InvalidArgumentError, RetrainInProgressError

ROOT = Path(__file__).parents[2]
MONDAY = datetime(2024, 4, 8, 6, tzinfo=UTC)
HOLDS = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cli.retrain_folder import retrain_lock
with retrain_lock(Path(sys.argv[1]), datetime(2024, 4, 8, 6, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    """While it lives, the second is refused by the holder's name; after a kill nobody has to remove anything."""
    command = [sys.executable, "-c", HOLDS, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        line = f"process {process.pid} on .*, since 2024-04-08 06:00:00 UTC, is retraining in .*: wait until it ends"
        with pytest.raises(RetrainInProgressError, match=line), retrain_lock(tmp_path, MONDAY):
            pass
        process.send_signal(signal.SIGKILL)
        process.wait()
    with retrain_lock(tmp_path, MONDAY):
        assert str(os.getpid()) in (tmp_path / ".retrain.lock").read_text()
    with retrain_lock(tmp_path, MONDAY):
        pass


def test_a_run_is_resumed_by_the_same_inputs(tmp_path: Path) -> None:
    """Its steps and facts are there again, half-written files are not; its status is running anew."""
    run = open_run(tmp_path, "inputs", {"store": "s"}, MONDAY)
    assert not run.resumed
    run.record("append", 1.25, {"new": True})
    (run.folder / "report" / ".page.html.01234567.part").mkdir(parents=True)
    run.facts |= {"status": "failed", "error": "no space"}
    run.save()
    again = open_run(tmp_path, "inputs", {"store": "s"}, MONDAY + timedelta(days=1))
    assert (again.resumed, again.name) == (True, run.name)
    assert again.steps == {"append": {"seconds": 1.25, "new": True}}
    assert (again.facts["status"], again.facts["error"], again.facts["store"]) == ("running", None, "s")
    assert {path.name for path in again.folder.rglob("*")} == {"report", "summary.json"}


def test_a_killed_run_of_other_inputs_is_removed(tmp_path: Path) -> None:
    """The new run takes over what was to fit; one that failed keeps its summary; one without a state goes too."""
    old = open_run(tmp_path, "old", {}, MONDAY)
    assert not old.must_fit
    old.record_must_fit()
    (tmp_path / "2024-04-08T055959Z").mkdir()
    run = open_run(tmp_path, "new", {}, MONDAY)
    assert (run.resumed, run.must_fit) == (False, True)
    assert run.steps == {}
    assert [path.name for path in tmp_path.iterdir()] == [run.name]
    run.facts["status"] = "failed"
    run.save()
    third = open_run(tmp_path, "third", {}, MONDAY + timedelta(days=1))
    assert third.must_fit
    assert {path.name for path in tmp_path.iterdir()} == {run.name, third.name}


def test_what_is_to_fit_outlives_a_kill_at_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is killed in its making, or before it has removed the one before, has taken over all the same."""
    old = open_run(tmp_path, "old", {}, MONDAY)
    old.record_must_fit()
    (tmp_path / "2024-04-09T060000Z").mkdir()
    (tmp_path / "2024-04-09T060001Z").mkdir()
    (tmp_path / "2024-04-09T060001Z" / "summary.json").write_text('{"status": "failed"}')
    state = []

    def killed(folder: Path, **_: object) -> None:
        state.extend(json.loads((tmp_path / "2024-04-10T060000Z" / "summary.json").read_text()).items())
        raise InterruptedError

    monkeypatch.setattr("cli.retrain_folder.shutil.rmtree", killed)
    with pytest.raises(InterruptedError):
        open_run(tmp_path, "new", {}, MONDAY + timedelta(days=2))
    monkeypatch.undo()
    assert ("must_fit", True) in state
    again = open_run(tmp_path, "new", {}, MONDAY + timedelta(days=3))
    assert (again.resumed, again.must_fit) == (True, True)
    assert not old.folder.exists()


def test_a_killed_run_without_anything_to_fit_leaves_nothing_to_take_over(tmp_path: Path) -> None:
    """Whoever comes next asks again whether there is something new, with the same inputs or with others."""
    open_run(tmp_path, "old", {}, MONDAY).record("append", 1, {"new": False})
    assert not open_run(tmp_path, "old", {}, MONDAY).must_fit
    assert not open_run(tmp_path, "new", {}, MONDAY + timedelta(days=1)).must_fit


@pytest.mark.parametrize("status", ["done", "refused", "nothing_new"])
def test_a_run_that_ended_is_not_resumed(tmp_path: Path, status: str) -> None:
    """The same command a week later is a run of its own."""
    run = open_run(tmp_path, "inputs", {}, MONDAY)
    run.facts["status"] = status
    run.save()
    later = open_run(tmp_path, "inputs", {}, MONDAY + timedelta(days=7))
    assert (later.resumed, later.must_fit, later.steps) == (False, False, {})
    assert json.loads((run.folder / "summary.json").read_text())["status"] == status


def test_two_runs_of_one_second_have_two_folders(tmp_path: Path) -> None:
    """A scheduler may start the second as soon as the first has ended."""
    run = open_run(tmp_path, "inputs", {}, MONDAY)
    run.facts["status"] = "done"
    run.save()
    assert open_run(tmp_path, "inputs", {}, MONDAY).name == f"{run.name}-2"


def test_forgetting_what_came_after_a_step(tmp_path: Path) -> None:
    """Of a log that has changed meanwhile, nothing but the append counts."""
    run = open_run(tmp_path, "inputs", {}, MONDAY)
    run.record("append", 1, {"data_digest": "a"})
    run.record("fit", 1, {"version": 1})
    run.forget_after("append")
    assert list(run.steps) == ["append"]


def test_the_latest_runs_are_kept(tmp_path: Path) -> None:
    """And the one that the service reads, however old it is."""
    runs = [open_run(tmp_path, str(day), {}, MONDAY + timedelta(days=day)) for day in range(1)]
    for day in range(1, 5):
        runs[-1].facts["status"] = "nothing_new"
        runs[-1].save()
        runs.append(open_run(tmp_path, str(day), {}, MONDAY + timedelta(days=day)))
    update_latest_link(runs[0])
    update_latest_link(runs[1])
    assert (tmp_path / "latest" / "summary.json").samefile(runs[1].folder / "summary.json")
    remove_old_runs(tmp_path, 2)
    assert {path.name for path in tmp_path.iterdir()} == {"latest", *(runs[number].name for number in (1, 3, 4))}


def test_settings_that_keep_nothing_are_refused() -> None:
    """The latest run is always kept."""
    with pytest.raises(InvalidArgumentError, match="keep is 0, expected at least 1"):
        RetrainSettings(keep=0)
