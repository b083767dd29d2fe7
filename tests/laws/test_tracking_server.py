"""A tracking server far away: the whole loop on it, two fits at once, slow answers and none."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from features.errors import TrackingError
from tests.postgresql import postgresql_server
from tests.training.logs import simulated, stored
from tests.training.registry.processes import child, ended
from tests.training.registry.servers import mlflow_server, proxy
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import runs, start_run
from training.registry.settings import TrackingSettings
from training.registry.versions import load, move_alias, register, version, versions

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("server")) as address:
        yield address


def command(folder: Path, address: str | None, *arguments: object) -> subprocess.Popen[str]:
    """The command at work, with a server, or with a home of its own."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BENTOML_HOME": str(folder / "bentoml")}
    environment.pop("MLFLOW_TRACKING_URI", None)
    environment |= {"MLFLOW_TRACKING_URI": address} if address else {}
    words = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, cwd=folder, env=environment, text=True, **pipes)


def test_the_whole_loop_works_on_a_server(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two fits at once, the gate, a move and one back, published and scored; nothing is printed that is not ours.

    A third fit at the same moment, into a home of its own, has nothing to do with them.
    """
    store = stored(simulated(150), tmp_path).folder.parent
    fits = [command(tmp_path, server, "fit", store, "--quick", "--seed", seed) for seed in (1, 2)]
    fits.append(command(tmp_path, None, "fit", store, "--quick", "--home", "home"))
    for fit in fits:
        out, error = fit.communicate()
        assert (fit.returncode, out) == (0, ""), error
    verbs: list[list[object]] = [
        ["promote", "--version", 1, "--force", "--reason", "the first"],
        ["promote", "--version", 2, "--force", "--reason", "the other"],
        ["rollback", "--reason", "the first was better"],
        ["publish"],
        ["score", store, "--as-of", "2024-06-20", "--horizon-days", 30, "--out", "scores.parquet"],
        ["versions", "--out", "versions.csv"],
        ["history", "--out", "history.csv"],
    ]
    for verb in verbs:
        done = command(tmp_path, server, *verb)
        out, error = done.communicate()
        assert (done.returncode, out) == (0, ""), (verb, error)
    listed = pd.read_csv(tmp_path / "versions.csv", index_col="version")
    assert sorted(listed.index) == [1, 2]
    assert listed.loc[1, "aliases"] == "champion"
    assert listed["verdict"].notna().all()
    assert pd.read_csv(tmp_path / "history.csv")["to"].tolist() == [1, 2, 1]
    assert pd.read_parquet(tmp_path / "scores.parquet")["expected_purchases"].notna().all()
    assert not (tmp_path / "var").exists()
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert [each.number for each in versions(open_tracking(tmp_path / "home"))] == [1]


REGISTER = """
import sys
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import log_metrics, nested_run, start_run
from training.registry.versions import register
import os
os.environ["MLFLOW_TRACKING_URI"] = sys.argv[1]
tracking = open_tracking()
for number in range(3):
    with start_run(tracking, f"{sys.argv[2]}-{number}", {"seed": number}) as fit:
        with nested_run(fit, "nested") as run:
            log_metrics(run, {f"m{each}": each for each in range(100)})
        register(fit, customer_model(float(sys.argv[2]) + number))
"""


@pytest.mark.needs_postgresql
def test_on_postgresql_too_no_version_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two processes that register at once every version is there, whole, and every run has ended."""
    with postgresql_server() as database:
        driver = database.replace("postgresql://", "postgresql+psycopg://")
        with mlflow_server(tmp_path, driver) as address:
            both = [child(REGISTER, address, each) for each in (100, 200)]
            assert [ended(process) for process in both] == [(0, "")] * 2
            monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
            tracking = open_tracking()
            found = versions(tracking)
            rates = sorted(1 / load(tracking, each).purchases.bg_nbd_.params_["alpha"] for each in found)
            assert rates == pytest.approx([100, 101, 102, 200, 201, 202])
            assert set(runs(tracking)["status"]) == {"FINISHED"}


def test_a_slow_server_is_waited_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every request takes a second and more, and the move of an alias, which takes several, ends well."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    with start_run(open_tracking(), "fit") as fit:
        made = register(fit, customer_model(0.5))
    with proxy(server, delay=1.0) as slow:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", slow)
        tracking = open_tracking()
        move_alias(tracking, "canary", made.number, None)
        found = version(tracking, "canary")
        assert found is not None
        assert found.number == made.number
        assert load(tracking, made).card.customers == 500


@pytest.mark.parametrize("opened", [False, True], ids=["from the beginning", "in the middle"])
def test_a_server_that_falls_silent_is_an_error_within_the_time_set(
    server: str, monkeypatch: pytest.MonkeyPatch, opened: bool
) -> None:
    """One line that says what to do, after (retries + 1) times the timeout and some seconds between."""
    settings = TrackingSettings(timeout_seconds=2, retries=1)
    with proxy(None) as silent:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server if opened else silent)
        tracking = open_tracking(settings=settings) if opened else None
        if tracking:
            tracking._client._tracking_client.tracking_uri = silent
            monkeypatch.setattr(tracking._client._tracking_client.store, "get_host_creds", host_of(silent))
        start = time.perf_counter()
        with pytest.raises(TrackingError, match=r"no answer: start the server, .* timeout_seconds") as raised:
            tracking.get_run("0" * 32) if tracking else open_tracking(settings=settings)
        assert time.perf_counter() - start < 15
        assert "\n" not in str(raised.value)


def host_of(address: str) -> object:
    from mlflow.utils.rest_utils import MlflowHostCreds

    return lambda: MlflowHostCreds(address)
