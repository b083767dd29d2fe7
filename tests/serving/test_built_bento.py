"""A Bento scores by itself: built, exported, unpacked, in an environment that has its requirements and nothing else."""

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

import pytest

from serving.api.openapi import document
from serving.state import ServedModel
from tests.ports import free_port
from tests.serving.running import REQUEST, ROOT, Running, answers, eventually, put

UV = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.mark.skipif(UV is None, reason="uv is not here, which makes the environment")
def test_an_unpacked_bento_scores_in_an_environment_of_its_own(served_model: ServedModel, tmp_path: Path) -> None:
    """Without this project, MLflow, Numba or DuckDB; the version in it answers, at once and by jobs."""
    home = tmp_path / "home"
    put(home, served_model.customer_model, 5)
    given = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    given |= {"BENTOML_HOME": str(home)}
    archive, folder = tmp_path / "bento.tar.gz", tmp_path / "unpacked"
    for command in (["build"], ["export", "regulars:latest", str(archive)]):
        subprocess.run([sys.executable, "-m", "bentoml", *command], cwd=ROOT, env=given, check=True)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    assert not list(folder.rglob("test_*.py"))
    assert not (folder / "src" / "training" / "fit.py").exists()
    assert not (folder / "src" / "cli").exists()
    requirements = (folder / "env" / "python" / "requirements.txt").read_text()
    assert "mlflow" not in requirements
    assert "numba" not in requirements
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([str(UV), "venv", "-q", "--python", sys.executable, str(tmp_path / "venv")], check=True)
    install = ["pip", "sync", "-q", "--python", str(python), str(folder / "env" / "python" / "requirements.txt")]
    subprocess.run([str(UV), *install], check=True)
    port, log = free_port(), tmp_path / "log"
    given |= {"BENTOML_HOME": str(tmp_path / "elsewhere"), "REGULARS_SERVE_JOBS": str(tmp_path / "jobs")}
    command = [str(python), "-m", "bentoml", "serve", ".", "--port", str(port)]
    with log.open("wb") as lines:
        process = subprocess.Popen(
            command, cwd=folder, env=given, stdout=lines, stderr=subprocess.STDOUT, start_new_session=True
        )
    service = Running(port, process, log)
    try:
        eventually(lambda: answers(service), f"it is ready: {log}", process)
        assert service.version() == "5"
        assert service.ask("GET", "/docs.json").json()["paths"].keys() == json.loads(document())["paths"].keys()
        location = service.ask("POST", "/jobs", params={"endpoint": "score"}, json=REQUEST).headers["location"]
        eventually(lambda: service.ask("GET", location).json()["state"] == "done", "the job is done")
        assert service.ask("GET", f"{location}/result").json() == service.score().json()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)
