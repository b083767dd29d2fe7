"""Jobs of a real service: a worker that is killed, a restart, keys, and a folder that cannot be used."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.runtime.api_keys import add_key
from tests.ports import free_port
from tests.serving.asking import PARQUET, feature_row, parquet
from tests.serving.running import QUICK, REQUEST, ROOT, Running, eventually, running
from tests.serving.test_service_plans import bearer

ROWS = 60_000


def big_table(rows: int = ROWS) -> bytes:
    """A feature table with so many customers, as Parquet."""
    columns: dict[str, Any] = {
        name: pa.array([value] * rows, pa.float64()) for name, value in feature_row().items() if name != "customer_id"
    }
    return parquet(pa.table({"customer_id": [f"c{row}" for row in range(rows)], **columns}))


def state(service: Running, location: str) -> Any:
    return service.ask("GET", location).json()


def holder(service: Running, jobs: Path) -> int:
    """The process id of the worker that has locked a job."""
    folders = {str(folder) for folder in jobs.iterdir() if len(folder.name) == 32}
    for worker in service.workers():
        with suppress(OSError):  # the worker has ended
            if folders & {opened(file) for file in Path(f"/proc/{worker}/fd").iterdir()}:
                return worker
    return 0


def opened(descriptor: Path) -> str:
    """What a process has open there; nothing when it has just been closed."""
    with suppress(OSError):
        return str(descriptor.readlink())
    return ""


@pytest.mark.slow
def test_a_job_outlives_its_worker_and_a_restart(home: Path, tmp_path: Path) -> None:
    """Killed in the midst of it, the worker is followed by the other one; the result is that of a request."""
    jobs, body = tmp_path / "jobs", big_table()
    options, query = ("--jobs", str(jobs), "--workers", "2"), {"as_of": "2011-06-10"}
    headers = {"Content-Type": PARQUET, "Idempotency-Key": "week-23", "Accept": "application/json"}
    with running(home, *options) as service:
        submitted = service.ask(
            "POST", "/jobs", params=query | {"endpoint": "score_features"}, content=body, headers=headers
        )
        assert submitted.status_code == 202
        location = submitted.headers["location"]
        eventually(lambda: holder(service, jobs) or state(service, location)["state"] == "done", "it runs")
        first = holder(service, jobs)
        assert first, "the job was too quick for this test"
        os.kill(first, signal.SIGKILL)
        waits, until = [], time.monotonic() + 90
        while (now := state(service, location))["state"] in ("queued", "running") and time.monotonic() < until:
            began = time.monotonic()
            assert service.score().status_code == 200
            waits.append(time.monotonic() - began)
        assert now["state"] == "done", now
        assert now["scored"] == now["customers"] == ROWS
        # Most wait for a chunk, a twentieth of a second on a quiet machine, and not for the whole job.
        assert median(waits) < 5
        service.logs(event="job")
        log = [line for line in service.lines() if line.get("event") == "job"]
        assert [(line["state"], line["customers"]) for line in log] == [("done", ROWS)]
        accept = {"Content-Type": PARQUET, "Accept": PARQUET}
        expected = service.ask("POST", "/score_features", params=query, content=body, headers=accept)
        found = service.ask("GET", f"{location}/result", headers={"Accept": PARQUET})
        assert found.content == expected.content
        assert pq.read_table(pa.BufferReader(found.content)).num_rows == ROWS
        eventually(lambda: len(service.workers()) == 2, "the worker is replaced")
        stopped = service.ask(
            "POST",
            "/jobs",
            params=query | {"endpoint": "score_features"},
            content=body,
            headers={"Content-Type": PARQUET},
        )
    with running(home, *options) as service:
        again = service.ask(
            "POST", "/jobs", params=query | {"endpoint": "score_features"}, content=body, headers=headers
        )
        assert again.json()["job_id"] == location.rpartition("/")[2]
        assert service.ask("GET", f"{location}/result", headers={"Accept": PARQUET}).content == expected.content
        later = stopped.headers["location"]
        eventually(lambda: state(service, later)["state"] == "done", "the job of before the restart is done")
        service.shows('regulars_jobs{state="done"} 2.0\n')
        assert service.ask("DELETE", later).status_code == 204
        assert service.ask("GET", later).status_code == 404


def test_a_job_is_its_keys_alone(home: Path, tmp_path: Path) -> None:
    """Another key does not see it, and a key without the scope cannot submit it."""
    secrets = {name: add_key(tmp_path / "keys.toml", name, [scope]) for name, scope in
               (("one", "score"), ("two", "score"), ("three", "customers"))}  # fmt: skip
    with running(home, "--jobs", str(tmp_path / "jobs"), "--keys", str(tmp_path / "keys.toml")) as service:
        given: dict[str, Any] = {"params": {"endpoint": "score"}, "json": REQUEST}
        assert service.ask("POST", "/jobs", **given).status_code == 401
        assert service.ask("POST", "/jobs", headers=bearer(secrets["three"]), **given).status_code == 403
        location = service.ask("POST", "/jobs", headers=bearer(secrets["one"]), **given).headers["location"]
        for path in (location, f"{location}/result"):
            assert service.ask("GET", path, headers=bearer(secrets["two"])).status_code == 404
        assert service.ask("DELETE", location, headers=bearer(secrets["two"])).status_code == 404
        mine = bearer(secrets["one"])
        eventually(lambda: service.ask("GET", location, headers=mine).json()["state"] == "done", "it is done")
        same = {name: bearer(secrets[name]) | {"Idempotency-Key": "k"} for name in ("one", "two")}
        ids = {service.ask("POST", "/jobs", headers=same[name], **given).json()["job_id"] for name in same}
        assert len(ids) == 2
        assert not any(folder.stat().st_mode & 0o077 for folder in (tmp_path / "jobs").iterdir())


def test_a_folder_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    """One line, exit code 1, and no port is bound."""
    (tmp_path / "file").touch()
    port = free_port()
    command = [sys.executable, "-m", "cli.main", "serve", "--jobs", str(tmp_path / "file" / "jobs")]
    command += ["--port", str(port)]
    environment = os.environ | {"BENTOML_HOME": str(tmp_path / "home")} | QUICK
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "the folder of jobs" in line
    assert "Not a directory" in line
    assert not [c for c in psutil.net_connections("tcp") if c.laddr and c.laddr.port == port]
