"""Fresh environments with a wheel of this project, and commands run in them with nothing of the repository in reach."""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
PINNED = ROOT / "requirements" / "dev.txt"
UV = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}") or "uv"


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of the repository in its reach; its BentoML store is in the folder."""
    return subprocess.run(
        [*map(str, command)], cwd=cwd, env=_environment(cwd), capture_output=True, text=True, check=False
    )


def done(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that was to succeed."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def build_wheel(project: Path, folder: Path) -> Path:
    """Build the wheel of a project into a folder, with what is installed here."""
    done(run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=project))
    (file,) = folder.glob("*.whl")
    return file


def new_environment(folder: Path, *wanted: str) -> Path:
    """Install requirements in the pinned versions into a new environment; return the folder of its programs."""
    python = folder / "bin" / "python"
    done(run(UV, "venv", "--quiet", "--python", sys.executable, folder, cwd=folder.parent))
    command = (UV, "pip", "install", "--quiet", "--python", python, "--constraint", PINNED)
    done(run(*command, *wanted, cwd=folder.parent))
    return folder / "bin"


@contextmanager
def running_service(regulars: Path, cwd: Path) -> Iterator[str]:
    """Run `regulars serve` until the block ends; give its address once it answers."""
    port, log = free_port(), cwd / "service.log"
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        command = [regulars, "serve", "--port", str(port)]
        service = subprocess.Popen(command, cwd=cwd, env=_environment(cwd), stdout=out, stderr=out)
    try:
        assert _answers(f"{address}/livez", service), log.read_text()
        yield address
    finally:
        service.terminate()
        service.wait(120)


def _environment(cwd: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    return environment | {"BENTOML_HOME": str(cwd / "bentoml")}


def _answers(address: str, service: subprocess.Popen[bytes], patience: float = 90) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end and service.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # not yet listening, or still starting
            time.sleep(0.5)
    return False
