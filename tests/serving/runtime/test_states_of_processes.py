"""The states of docs/operations.md that concern whole processes, each with a real service."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from serving.runtime.api_keys import add_key
from tests.ports import free_port
from tests.serving.running import (
    PATIENCE,
    QUICK,
    REQUEST,
    ROOT,
    Running,
    answers,
    eventually,
    running,
    start,
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
WITHOUT_ROOT = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
"""Root may read and write everything; without its capabilities modes hold for it too."""


def ended(
    home: Path, *options: str, module: str = "cli.main", around: list[str] = WITHOUT_ROOT, **environment: str
) -> tuple[int, list[str]]:
    """Exit code and lines of a service that does not start."""
    verb = (sys.executable, "-m", module, "serve")
    given = os.environ | {"BENTOML_HOME": str(home)} | QUICK | environment
    done = subprocess.run(
        [*around, *verb, "--port", str(free_port()), *options],
        cwd=ROOT,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


@pytest.fixture
def closed(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the home whose modes a test may change."""
    copy = shutil.copytree(home, tmp_path / "home")
    yield copy
    for path in [copy, *(path for path in copy.rglob("*") if path.is_dir())]:
        path.chmod(0o755)


def test_a_home_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Status 1, with the folder."""
    (tmp_path / "file").touch()
    code, lines = ended(tmp_path / "file" / "home")
    assert (code, len(lines)) == (1, 1)
    assert f"BENTOML_HOME={tmp_path / 'file' / 'home'} cannot be used (Not a directory" in lines[0]


def test_a_home_that_cannot_be_written_serves(closed: Path, tmp_path: Path) -> None:
    """A read-only store is served like any other where BentoML's folders are there; else they are named in one line."""
    closed.chmod(0o555)
    code, lines = ended(closed)
    assert (code, len(lines)) == (1, 1)
    assert f"BENTOML_HOME={closed} cannot be used (Permission denied: {closed}/bentos)" in lines[0]
    closed.chmod(0o755)
    for name in ("bentos", "envs", "tmp"):
        (closed / name).mkdir(exist_ok=True)
    for path in [closed, *(path for path in closed.rglob("*") if path.is_dir())]:
        path.chmod(0o555)
    port = free_port()
    command = [*WITHOUT_ROOT, sys.executable, "-m", "cli.main", "serve", "--port", str(port)]
    given = os.environ | {"BENTOML_HOME": str(closed)} | QUICK
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=given, stdout=log, stderr=log, start_new_session=True)
    service = Running(port, process, tmp_path / "log")
    try:
        eventually(lambda: answers(service), f"it is ready: {service.log}", process)
        assert service.ask("GET", "/readyz").json() == {"status": "ready"}
        assert service.version() == "1"
        assert service.stop() == 0
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_a_version_that_may_not_be_read_names_the_permission(closed: Path) -> None:
    """And the command of who can give it; status 1."""
    (version,) = (closed / "models" / "regulars").glob("1-*")
    version.chmod(0o000)
    code, lines = ended(closed)
    assert (code, len(lines)) == (1, 1)
    assert "has mode 0000 and belongs to user" in lines[0]
    assert f"`chmod -R go+rX {version}`" in lines[0]


@pytest.mark.parametrize(("module", "code"), [("cli.main", 2), ("bentoml", 1)])
def test_a_number_of_workers_that_is_none_is_one_line(tmp_path: Path, module: str, code: int) -> None:
    """Of `regulars serve` and of `bentoml serve`."""
    got, lines = ended(tmp_path, module=module, REGULARS_WORKERS="abc")
    assert got == code
    assert [line for line in lines if line.endswith("REGULARS_WORKERS is 'abc': expected a whole number, found text")]
    assert not [line for line in lines if "Traceback" in line]


def test_two_services_on_one_home(home: Path) -> None:
    """Each counts its own scores and goes on when the other ends; a third on its port names the first process."""

    def scored(service: Running) -> float:
        lines = service.ask("GET", "/metrics").text.splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith("regulars_customers_total{"))

    with running(home) as blue:
        blue.announced()
        before = scored(blue)
        for _ in range(5):
            blue.score()
        with running(home) as green:
            green.announced()
            started = scored(green)
            for _ in range(3):
                green.score()
            assert scored(blue) == before + 5
            assert scored(green) == started + 3
        assert blue.score().status_code == 200
        assert scored(blue) == before + 6
        code, lines = ended(home, "--port", str(blue.port), around=[])
        assert (code, len(lines)) == (1, 1)
        assert f"by process {blue.process.pid}: " in lines[0]


def test_drained_after_a_client_left_and_a_key_was_taken_back(home: Path, tmp_path: Path) -> None:
    """One service through its life: 499 for who left, nobody in without keys, not ready before the port closes."""
    keys = tmp_path / "keys.toml"
    bearer = {"Authorization": f"Bearer {add_key(keys, 'shop', ['score', 'metrics'])}"}
    customers = [{**REQUEST["customers"][0], "customer_id": f"c{n}"} for n in range(20_000)]  # type: ignore[index]
    with running(home, "--keys", str(keys), REGULARS_SERVE_DRAIN_SECONDS="10") as service:
        with (
            httpx.Client(trust_env=False, timeout=httpx.Timeout(30, read=0.2)) as client,
            pytest.raises(httpx.ReadTimeout),
        ):
            client.post(f"{service.url}/score", json=REQUEST | {"customers": customers}, headers=bearer)
        service.logs(status=499)
        assert service.ask("POST", "/score", json=REQUEST, headers=bearer).status_code == 200
        keys.write_text("")
        eventually(lambda: service.ask("GET", "/readyz").json()["status"] == "degraded", "it says that keys are gone")
        assert service.ask("POST", "/score", json=REQUEST, headers=bearer).status_code == 401
        assert service.ask("GET", "/livez").status_code == 200
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: service.ask("GET", "/readyz").status_code == 503, "it drains")
        assert service.ask("GET", "/readyz").json()["status"] == "draining"
        assert service.ask("GET", "/livez").status_code == 200
        assert service.process.wait(PATIENCE) == 0


def test_a_killed_first_process_leaves_no_worker_and_no_port(home: Path) -> None:
    """The orphans end, and the next start at the same port serves."""
    port = free_port()
    log = home / "killed.log"
    with log.open("wb") as lines:
        process = start(home, port, lines, "--workers", "2")
    service = Running(port, process, log)
    eventually(lambda: answers(service) and len(service.workers()) == 2, "both workers are there", process)
    workers = service.workers()
    process.kill()
    process.wait()
    eventually(lambda: not any(map(psutil.pid_exists, workers)), "the workers have ended")
    with log.open("wb") as lines:
        process = start(home, port, lines)
    service = Running(port, process, log)
    try:
        eventually(lambda: answers(service), "it serves again", process)
        assert service.stop() == 0
    finally:
        process.kill()


def test_a_pipe_in_place_of_the_name_blocks_neither_requests_nor_the_end(home: Path, tmp_path: Path) -> None:
    """It is refused, the version stays, and SIGTERM ends the service in time."""
    copy = shutil.copytree(home, tmp_path / "home")
    latest = copy / "models" / "regulars" / "latest"
    with running(copy) as service:
        name = latest.read_text()
        latest.unlink()
        os.mkfifo(latest)
        eventually(lambda: service.ask("GET", "/readyz").json()["status"] == "degraded", "it says that it is refused")
        assert service.version() == "1"
        latest.unlink()
        latest.write_text(name)
        eventually(lambda: service.ask("GET", "/readyz").json()["status"] == "ready", "it is well again")
        latest.unlink()
        os.mkfifo(latest)
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 20
