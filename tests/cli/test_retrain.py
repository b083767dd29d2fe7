"""`regulars retrain` and its exit codes, on logs of a tiny shop: nothing stands in for a step."""

import fcntl
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cli.retrain_folder import RetrainRun
from cli.retrain_steps import STEPS
from features import atomic_file
from features.erasure.id_patterns import IdPattern
from features.erasure.id_search import files_in, names_customer
from features.erasure.store_erasure import erase_from_store
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from tests.training.logs import cut, simulated
from training.models.bundle import CHAMPION
from training.promote import history, roll_back
from training.registry.mlflow_client import Tracking
from training.registry.versions import version, versions

WEEKS = [date(2024, 4, 1), date(2024, 4, 8), date(2024, 4, 15)]
FAST = {
    "CANDIDATES_MODELS": "own_rate",
    "CANDIDATES_BASELINES": "zero",
    "GATE_ALLOW_UNCOMPILED": "true",
    "GATE_CALIBRATION": "1",
    "GATE_DRAWS": "50",
    "FIT_HORIZONS": "30",
    "TRIALS_HORIZONS": "30",
    "REFIT_OUTCOME": "10",
    "RETRAIN_REPORT": "false",
}
"""A fit of seconds: one simple model against one baseline; some weeks of so small a shop are far from the forecast."""


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the store of the first weeks, and the log until the end of each week as a file."""
    folder = tmp_path_factory.mktemp("weeks")
    log = simulated(300)
    for number, end in enumerate(WEEKS):
        pq.write_table(cut(log, end), folder / f"until{number}.parquet")
    ingest(folder / "until0.parquet", folder / "store")
    return folder


@pytest.fixture
def shop(weeks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the store in the working directory, and settings that make a fit fast."""
    shutil.copytree(weeks / "store", tmp_path / "store")
    for name, value in FAST.items():
        monkeypatch.setenv(f"REGULARS_{name}", value)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    # What this process has read of it, perhaps for another test.
    monkeypatch.setattr("training.publish.store_home", lambda: tmp_path / "bento")
    return weeks


Retrain = Callable[..., Any]


@pytest.fixture
def retrain(regulars: Callable, home: Path, tmp_path: Path) -> Retrain:  # noqa: F811
    """Runs the verb with the store and home of the test."""
    return lambda *arguments: regulars(
        "retrain", *arguments, "--store", "store", "--home", home, "--out", "runs", "--quick"
    )


def summaries(folder: Path) -> list[dict[str, Any]]:
    """The summaries of all runs, the oldest first."""
    found = sorted(path for path in folder.glob("runs/*/summary.json") if path.parent.name != "latest")
    return [json.loads(path.read_text()) for path in found]


def published(folder: Path) -> str:
    return (folder / "bento" / "models" / "regulars" / "latest").read_text()


def test_done_then_nothing_new_then_refused(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Codes 0, 3, 0, 4: a first champion, the same data, a week more, and a week that the gate refuses."""
    ended = retrain()
    assert ended.code == 0, ended.error
    assert "warning: the log ends on 2" in ended.error  # long before today, which is the date of a retrain
    assert retrain().code == 3
    assert retrain(shop / "until0.parquet").code == 3
    ended = retrain(shop / "until1.parquet")
    assert ended.code == 0, ended.error
    first, second = summaries(tmp_path)  # where there was nothing new, there is no folder
    assert [first["status"], second["status"]] == ["done", "done"]
    assert list(second["steps"]) == ["append", "fit", "gate", "promote", "publish", "score", "report"]
    assert second["steps"]["append"]["kept"] == 22
    assert second["steps"]["gate"]["question"] == "refit"
    assert second["steps"]["publish"]["tag"] == f"regulars:{published(tmp_path)}"
    assert (tmp_path / "runs" / "latest").resolve().name == second["run"]
    assert all(step["seconds"] >= 0 for step in second["steps"].values())
    assert second["exit_code"] == 0

    before = published(tmp_path)
    monkeypatch.setenv("REGULARS_REFIT_VOLUME", "1")  # no two weeks have the same volume
    ended = retrain(shop / "until2.parquet")
    assert ended.code == 4, ended.error
    [reason] = [line for line in ended.error.splitlines() if line.startswith("refused: ")]
    assert reason.startswith("refused: log: ")
    refused = summaries(tmp_path)[-1]
    assert refused["status"] == "refused"
    assert refused["steps"]["gate"]["reasons"] == [reason.removeprefix("refused: ")]
    assert refused["steps"]["promote"] == {"promoted": False, "champion": 2} | {
        name: refused["steps"]["promote"][name] for name in ("seconds", "reasons")
    }
    assert published(tmp_path) == before
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 2
    scores = pq.read_table(tmp_path / "runs" / "latest" / "scores.parquet")
    assert len(scores) == refused["steps"]["score"]["customers"] == 300
    assert refused["steps"]["score"]["champion"] == 2
    page = (tmp_path / "runs" / "latest" / "summary.md").read_text()
    assert "refused by the gate; the champion in service stays" in page
    assert "by champion version 2" in page
    assert reason.removeprefix("refused: ") in page

    for _ in range(2):
        ended = retrain(shop / "until2.parquet")
        assert ended.code == 4
        assert "nothing new since version 3, which the gate refused" in ended.error
    assert [each.number for each in versions(tracking)] == [3, 2, 1]
    assert summaries(tmp_path)[-1] == refused

    ended = retrain(shop / "until2.parquet", "--fit-again")
    assert ended.code == 4
    assert [each.number for each in versions(tracking)] == [4, 3, 2, 1]
    assert summaries(tmp_path)[-1]["steps"]["fit"]["version"] == 4


def test_a_run_killed_while_it_asks_for_news_is_not_fitted_by_the_next(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing was new before the kill and nothing is new after it: code 3 and no second version of the same data."""
    assert retrain(shop / "until1.parquet").code == 0
    with monkeypatch.context() as patch:
        patch.setattr("cli.retrain_inputs.nothing_new", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert "regulars: stopped" in retrain(shop / "until1.parquet").error
    ended = retrain(shop / "until1.parquet")
    assert ended.code == 3, ended.error
    assert len(versions(tracking)) == 1


@pytest.mark.parametrize("others", [(), ("until0.parquet",)])
def test_a_version_that_was_registered_before_a_kill_is_not_fitted_again_by_another_run(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    others: tuple[str, ...],
) -> None:
    """Other sources, which add nothing, make another run: it goes on with the version, however many give up before."""
    with monkeypatch.context() as patch:
        patch.setattr("cli.retrain_folder.RetrainRun.record", kill_at("fit"))
        assert "regulars: stopped" in retrain(shop / "until1.parquet").error
        assert "regulars: stopped" in retrain(shop / "until1.parquet", shop / "until0.parquet").error
    assert [each.number for each in versions(tracking)] == [1]
    ended = retrain(*(shop / name for name in others))
    assert ended.code == 0, ended.error
    assert [each.number for each in versions(tracking)] == [1]
    assert version(tracking, CHAMPION) is not None


def test_with_other_settings_a_run_that_takes_over_fits(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was registered before the kill was made otherwise."""
    with monkeypatch.context() as patch:
        patch.setattr("cli.retrain_folder.RetrainRun.record", kill_at("fit"))
        assert "regulars: stopped" in retrain(shop / "until1.parquet").error
    monkeypatch.setenv("REGULARS_GATE_DRAWS", "60")
    assert retrain().code == 0
    assert [each.number for each in versions(tracking)] == [2, 1]


def kill_at(name: str) -> Callable[..., None]:
    """Return the method that keeps the result of a step, and is killed before that of this one."""
    record = RetrainRun.record

    def killed(run: RetrainRun, step: str, *arguments: Any) -> None:
        if step == name:
            raise KeyboardInterrupt
        record(run, step, *arguments)

    return killed


def test_what_was_rolled_back_is_not_made_again(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    tmp_path: Path,
) -> None:
    """A scheduler that repeats the week of a version that was rolled back finds nothing new; a new week goes on."""
    assert [retrain().code, retrain(shop / "until1.parquet").code] == [0, 0]
    roll_back(tracking, 1, "complaints")
    ended = retrain(shop / "until1.parquet")
    assert ended.code == 3
    assert "version 2 was fitted to the data that the store has, and champion version 1 took its place" in ended.error
    assert retrain(shop / "until2.parquet").code == 0
    assert history(tracking)["to"].tolist() == [3, 1, 2, 1]


def test_who_is_erased_during_a_run_is_in_none_of_its_files(
    shop: Path,
    retrain: Retrain,
    home: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before the scores: these are of the store as it is by then. While they are made: it fails, and goes on."""
    first, second = open_store(tmp_path / "store").customer_ids.to_pylist()[5:7]

    def erase_before(name: str, customer_id: str) -> None:
        step = STEPS[name]

        def changed(*arguments: Any) -> Any:
            with monkeypatch.context() as patch:  # another process has no part in what this one refuses
                patch.setattr(atomic_file, "_checks", [])
                erase_from_store(tmp_path / "store", [customer_id])
            return step(*arguments)

        monkeypatch.setitem(STEPS, name, changed)

    scores = STEPS["score"]
    erase_before("publish", first)
    erase_before("score", second)
    ended = retrain()
    assert (ended.code, "customers were erased from store" in ended.error) == (1, True), ended.error
    gone = IdPattern([first, second])
    assert not [file for file in files_in([tmp_path, home]) if names_customer(file, gone)]
    monkeypatch.setitem(STEPS, "score", scores)
    assert retrain().code == 0
    assert len(pq.read_table(tmp_path / "runs" / "latest" / "scores.parquet")) == 298


def test_a_failure_is_one_line_and_the_same_command_goes_on(
    regulars: Callable,
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Code 1; the summary has the line. The next run continues behind the last finished step: it fits nothing."""
    monkeypatch.setenv("REGULARS_SEGMENTS_FILE", str(tmp_path / "segments.toml"))
    ended = retrain(shop / "until1.parquet")
    assert ended.code == 1
    failed = summaries(tmp_path)[-1]
    assert failed["status"] == "failed"
    assert list(failed["steps"]) == ["append", "fit", "gate", "promote", "publish"]
    assert failed["error"] in " ".join(ended.error.split())
    monkeypatch.delenv("REGULARS_SEGMENTS_FILE")
    assert regulars("segments", "store", "--learn", "segments.toml").code == 0
    monkeypatch.setenv("REGULARS_SEGMENTS_FILE", str(tmp_path / "segments.toml"))
    ended = retrain(shop / "until1.parquet")
    assert ended.code == 0, ended.error
    assert "which had finished: append, fit, gate, promote, publish" in ended.error
    [only] = summaries(tmp_path)
    assert (only["run"], only["status"], only["error"]) == (failed["run"], "done", None)
    assert only["steps"]["fit"] == failed["steps"]["fit"]
    assert len(versions(tracking)) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["nowhere.csv"], 1, "nowhere.csv"),
        (["--map", "customer_id=client"], 2, "there are options for sources and no source"),
        (["--as-of", "March"], 2, "'March' is not a date or time"),
        (["--horizon-days", "0"], 2, "--horizon-days"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    shop: Path, retrain: Retrain, arguments: list[str], code: int, line: str
) -> None:
    """A missing file is a failure, a wrong option a wrong argument; a run that did nothing has no folder."""
    ended = retrain(*arguments)
    assert not list(Path("runs").glob("*"))
    assert (ended.code, ended.error.strip().count("\n")) == (code, 0)
    assert line in ended.error


def test_two_at_once_never_overlap(shop: Path, retrain: Retrain, home: Path, tmp_path: Path) -> None:  # noqa: F811
    """The second says who holds the home, with code 5, and has done nothing; a lock without a holder is none."""
    lock = home / ".retrain.lock"
    lock.write_text("process 7 on till, since 2024-04-08 06:00:00 UTC,")
    with lock.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ended = retrain(shop / "until1.parquet")
        assert ended.code == 5
        assert "process 7 on till, since 2024-04-08 06:00:00 UTC, is retraining in" in ended.error
    assert not (tmp_path / "runs").exists()
    assert open_store(tmp_path / "store").n_events == len(pq.read_table(shop / "until0.parquet"))
    assert retrain("nowhere.csv").code == 1


def test_faulty_weeks_change_nothing(
    shop: Path,
    retrain: Retrain,
    tracking: Tracking,  # noqa: F811
    tmp_path: Path,
) -> None:
    """A file of which nothing can be kept is a failure of the first step: no fit, and the store as it was."""
    rows = pd.DataFrame({"customer_id": ["a"] * 50, "event_time": ["no time"] * 50, "event_type": ["purchase"] * 50})
    pq.write_table(pa.Table.from_pandas(rows), tmp_path / "faulty.parquet")
    assert retrain("faulty.parquet").code == 1
    assert summaries(tmp_path) == []
    assert versions(tracking) == []
    assert open_store(tmp_path / "store").n_events == len(pq.read_table(shop / "until0.parquet"))
