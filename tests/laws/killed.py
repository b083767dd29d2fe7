"""A shop in a folder and the command run there, killed at a moment: what every test of kills needs.

The processes are real, and are ended by SIGKILL. They are forked from one that has imported the libraries, so that most
of the kills meet work and not imports.
"""

import json
import os
import random
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.parquet as pq
import pytest

from features.atomic_file import file_digest
from features.ingestion.ingest import ingest
from features.store.event_store import open_store
from tests.cli.test_retrain import FAST
from tests.training.logs import simulated
from training.models.bundle import CHAMPION, MODEL_FILE
from training.promote import history
from training.registry.mlflow_client import open_tracking
from training.registry.runs import FITS, MOVES, runs
from training.registry.versions import load, version, versions

ROOT = Path(__file__).parents[2]
PROOF_KILLS = 50


def killed_times(slow: int, *marks: pytest.MarkDecorator) -> pytest.MarkDecorator:
    """Give a test its number of `kills`: so many in `make slow`, `PROOF_KILLS` in `make proofs`."""
    in_slow = pytest.param(slow, marks=[pytest.mark.slow, *marks])
    return pytest.mark.parametrize("kills", [in_slow, pytest.param(PROOF_KILLS, marks=pytest.mark.proof)])


often = killed_times(20)
"""How often a verb is killed."""
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
        runs = os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT
        while time.monotonic() - began < seconds and os.waitid(*runs) is None:
            time.sleep(0.002)
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


@contextmanager
def opened_shop(tmp_path: Path) -> Iterator[Shop]:
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


class Killer:
    """Kills runs at random moments of the time that they take.

    Parameters
    ----------
    shop : Shop
    seconds : float
        The time of a whole run; one that is faster than its kill says what it is by now.
    """

    def __init__(self, shop: Shop, seconds: float) -> None:
        self._shop, self._seconds, self._draw = shop, seconds, random.Random(0)
        self.killed = 0

    def run(self, *words: object) -> bool:
        """Run a command; return whether it was killed."""
        code, took = self._shop.run(*words, kill_after=moment(self._draw, self._seconds))
        assert code in (0, -9), self._shop.errors()
        if code == 0:
            self._seconds = (took + self._seconds) / 2
        self.killed += code == -9
        return code == -9
