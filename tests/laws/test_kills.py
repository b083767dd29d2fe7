"""Killed at any moment, `fit`, `promote`, `publish` and `retrain` leave no half state, and the next run nothing at all.

The processes are real, and are ended by SIGKILL. They are forked from one that has imported the libraries, so that most
of the kills meet work and not imports.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from features.atomic_file import file_digest
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from tests.cli.test_retrain import FAST
from tests.training.logs import START, cut, simulated
from training.models.bundle import CHAMPION, MODEL_FILE
from training.promote import history
from training.registry.mlflow_client import open_tracking
from training.registry.runs import FITS, MOVES, runs
from training.registry.versions import load, version, versions

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]
ROOT = Path(__file__).parents[2]
KILLS = 20
"""How often each verb is killed."""
EARLIEST = 0.02
"""The first moment of a kill, as a share of the time of a whole run."""
FORKS = """
import json, os, signal, sys, time
import bentoml, mlflow.tracking, sqlalchemy, pandas, sklearn.ensemble, scipy.stats, matplotlib.figure
import cli.main, serving.batch, training.fit_challenger, training.publish, training.registry.model_format
sys.stdout.write("ready\\n"); sys.stdout.flush()
for line in sys.stdin:
    arguments, seconds = json.loads(line)
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        sys.argv = ["regulars", *arguments]
        try:
            cli.main.run()
        except SystemExit as end:
            sys.stderr.flush()
            os._exit(int(end.code or 0))
    if seconds is not None:
        time.sleep(seconds)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    sys.stdout.write(json.dumps([os.waitstatus_to_exitcode(status), time.monotonic() - began]) + "\\n")
    sys.stdout.flush()
"""


class Shop:
    """A store and a home in one folder, and the command run there, perhaps killed."""

    def __init__(self, folder: Path, process: "subprocess.Popen[str]", environment: dict[str, str]) -> None:
        self.folder, self._process, self.environment = folder, process, environment
        self.home = folder / "home"

    def run(self, *arguments: object, kill_after: float | None = None) -> tuple[int, float]:
        """Run the command; its exit code (-9 when killed) and seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([[*map(str, arguments)], kill_after]) + "\n")
        self._process.stdin.flush()
        code, seconds = json.loads(self._process.stdout.readline())
        return int(code), float(seconds)

    def errors(self) -> str:
        """What all runs printed as errors, for the message of a test that fails."""
        return (self.folder / "errors.log").read_text()

    def champion(self) -> int:
        """The number of the champion."""
        champion = version(open_tracking(self.home), CHAMPION)
        assert champion is not None
        return champion.number

    def is_whole(self) -> None:
        """Every version loads, the champion is one of them, and so is every published one and the latest."""
        open_store(self.folder / "store")
        if not (self.home / "mlflow.db").exists():
            return
        tracking = open_tracking(self.home)
        registered = versions(tracking)
        for each in registered[:1]:  # the newest; those before were loaded before
            load(tracking, each)
        champion = version(tracking, CHAMPION)
        assert champion is None or champion.number in {each.number for each in registered}
        digests = {f"{each.number}-{each.digest[:12]}": each.digest for each in registered}
        store = self.folder / "bento" / "models" / "regulars"
        published = [folder for folder in store.glob("[0-9]*") if folder.is_dir()]
        assert {
            folder.name: file_digest(folder / "bundle" / MODEL_FILE) for folder in published
        }.items() <= digests.items()
        if (store / "latest").exists():
            assert (store / "latest").read_text() in {folder.name for folder in published}

    def has_no_leftovers(self, ended: Collection[str] = ("FINISHED", "KILLED")) -> None:
        """No scratch folder, no half-written file, no run of MLflow that is running, no file without a row."""
        assert list((self.folder / "tmp").iterdir()) == []
        assert list((self.folder / "bento" / "tmp").glob("*")) == []
        assert list(self.folder.rglob("*.part")) == []
        tracking = open_tracking(self.home)
        known = [runs(tracking, FITS), runs(tracking, MOVES)]
        for each in known:
            assert set(each["status"]) <= set(ended)
        run_ids = {run_id for each in known for run_id in each.index}
        assert {path.name for path in self.home.glob("artifacts/*/*")} - {"models"} <= run_ids
        models = {Path(urlsplit(each.source).path).parent for each in versions(tracking)}
        assert {*self.home.glob("artifacts/*/models/*")} == models
        if len(history(tracking)):
            champion = version(tracking, CHAMPION)
            assert champion is not None
            assert history(tracking).query("state == 'done'")["to"].iloc[0] == champion.number
        data = {path.name for path in (self.folder / "store").glob("events-*")}
        assert all((self.folder / "store" / name / "manifest.json").exists() for name in data)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A small shop, and a process to fork from."""
    pq.write_table(simulated(300), tmp_path / "log.parquet")
    ingest(tmp_path / "log.parquet", tmp_path / "store")
    (tmp_path / "tmp").mkdir()
    environment = {
        **os.environ,
        **{f"REGULARS_{name}": value for name, value in FAST.items()},
        "BENTOML_HOME": str(tmp_path / "bento"),
        "TMPDIR": str(tmp_path / "tmp"),
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("MLFLOW_TRACKING_URI", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", FORKS]
    with (
        (tmp_path / "errors.log").open("w") as log,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stderr=log, **pipes) as process,  # type: ignore[call-overload]
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Shop(tmp_path, process, environment)
        assert process.stdin is not None
        process.stdin.close()


FIT = ("fit", "store", "--home", "home", "--quick")


def moment(draw: random.Random, seconds: float) -> float:
    """A moment within a run that takes this long."""
    return draw.uniform(EARLIEST, 1.0) * seconds


def test_fit(shop: Shop) -> None:
    """The versions that are there are whole, and a fit that is not killed succeeds whatever was killed before it."""
    code, seconds = shop.run(*FIT)
    assert code == 0, shop.errors()
    draw, kills = random.Random(0), 0
    while kills < KILLS:
        code, took = shop.run(*FIT, kill_after=moment(draw, seconds))
        assert code in (0, -9), shop.errors()
        if code == 0:  # it was faster than the kill, so the run before was slow: the next kills come earlier
            seconds = took
        kills += code == -9
        shop.is_whole()
    assert shop.run(*FIT)[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


def test_promote(shop: Shop) -> None:
    """The champion is the version before or the one after, and the history knows which."""
    for _ in range(2):
        assert shop.run(*FIT)[0] == 0, shop.errors()
    words = ("promote", "--home", "home", "--force", "--reason", "a test", "--version")
    code, seconds = shop.run(*words, 1)
    assert code == 0, shop.errors()
    draw, kills = random.Random(0), 0
    for _ in range(KILLS):
        code, _ = shop.run(*words, 3 - shop.champion(), kill_after=moment(draw, seconds))
        assert code in (0, -9), shop.errors()
        kills += code == -9
        shop.is_whole()
    assert kills >= KILLS / 2
    assert shop.run(*words, 3 - shop.champion())[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


def test_publish(shop: Shop) -> None:
    """Readers find a whole version each time, and the same command then leaves nothing aside."""
    shop.run(*FIT)
    shop.run("promote", "--home", "home", "--force", "--reason", "a test")
    draw, kills, store = random.Random(1), 0, shop.folder / "bento" / "models" / "regulars"
    for _ in range(KILLS):
        code, _ = shop.run("publish", "--home", "home", kill_after=moment(draw, 2))
        kills += code == -9
        shop.is_whole()
        if code != -9:  # it was faster than the kill: once more from the beginning
            shutil.rmtree(store)
    assert kills >= KILLS / 4
    assert shop.run("publish", "--home", "home")[0] == 0, shop.errors()
    shop.is_whole()
    shop.has_no_leftovers()


def test_retrain(shop: Shop) -> None:
    """A week is finished by repeating its command, is fitted once however often it was killed, and `latest` is it."""
    log = simulated(300)
    for number in range(KILLS):
        week = cut(log, START + timedelta(days=450 + 3 * number))
        pq.write_table(week, shop.folder / f"until{number}.parquet")
    shutil.rmtree(shop.folder / "store")
    ingest(shop.folder / "until0.parquet", shop.folder / "store")
    words = ("--store", "store", "--home", "home", "--quick")
    code, seconds = shop.run("retrain", "until0.parquet", *words)
    assert code == 0, shop.errors()
    draw, kills, number = random.Random(0), 0, 1
    while kills < KILLS:
        code, _ = shop.run("retrain", f"until{number}.parquet", *words, kill_after=moment(draw, seconds))
        assert code in (0, 3, 4, -9), shop.errors()
        kills += code == -9
        number = min(number + (code != -9), KILLS - 1)  # a late kill meets the next week
        shop.is_whole()
    last, _ = shop.run("retrain", f"until{number}.parquet", *words)
    assert last in (0, 3, 4), shop.errors()
    shop.has_no_leftovers()
    folders = sorted(path for path in shop.home.glob("retrain/2*") if path.is_dir())
    summaries = [json.loads((folder / "summary.json").read_text()) for folder in folders]
    assert {each["status"] for each in summaries} <= {"done", "refused"}
    assert (shop.home / "retrain" / "latest").resolve() == folders[-1]
    made = versions(open_tracking(shop.home))
    assert len({each.tags["data_digest"] for each in made}) == len(made)
    assert {each["steps"]["fit"]["version"] for each in summaries} == {each.number for each in made}
