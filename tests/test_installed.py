"""The wheel, installed with each extra into a fresh environment: its verbs run, and others name what they need."""

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PINNED = ROOT / "requirements" / "dev.txt"
UV = shutil.which("uv", path=f"{sysconfig.get_path('scripts')}{os.pathsep}{os.environ['PATH']}") or "uv"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Command = Callable[..., subprocess.CompletedProcess[str]]


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing of the repository in its reach."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment["BENTOML_HOME"] = str(cwd / "bentoml")
    return subprocess.run([*map(str, command)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    built = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert built.returncode == 0, built.stdout + built.stderr
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Installs the wheel with an extra, in the pinned versions, and returns the folder of its programs."""

    def install(extra: str) -> Path:
        environment = tmp_path / "environment"
        python = environment / "bin" / "python"
        wanted = f"regulars[{extra}] @ {wheel.as_uri()}" if extra else f"regulars @ {wheel.as_uri()}"
        for command in (
            (UV, "venv", "--quiet", "--python", sys.executable, environment),
            (UV, "pip", "install", "--quiet", "--python", python, "--constraint", PINNED, wanted),
        ):
            ended = run(*command, cwd=tmp_path)
            assert ended.returncode == 0, ended.stderr
        return environment / "bin"

    return install


def done(ended: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that was to succeed."""
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def names_the_extra(ended: subprocess.CompletedProcess[str], extra: str) -> bool:
    """Whether a command ended as it does where an extra is missing: exit code 1 and one line that names it."""
    assert ended.returncode == 1, ended.stdout + ended.stderr
    (line,) = ended.stderr.splitlines()
    return f"pip install 'regulars[{extra}]'" in line


def test_the_base_reads_logs_makes_features_and_scores_by_the_rule(
    installed: Callable[[str], Path], tmp_path: Path
) -> None:
    """Without an extra: simulate, ingest, features, score --rule-only and the client; other verbs name theirs."""
    programs = installed("")
    regulars = programs / "regulars"
    done(run(regulars, "simulate", "--customers", "200", "--out", "log.parquet", cwd=tmp_path))
    done(run(regulars, "ingest", "log.parquet", "--out", "store", cwd=tmp_path))
    done(run(regulars, "features", "store", "--as-of", "2024-01-01", "--out", "features.parquet", cwd=tmp_path))
    rule = ("score", "store", "--as-of", "2024-01-01", "--rule-only", "--out", "scores.parquet")
    done(run(regulars, *rule, cwd=tmp_path))
    assert names_the_extra(run(regulars, "fit", "store", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "compare", "store", "--out", "report", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "history", cwd=tmp_path), "train")
    assert names_the_extra(run(regulars, "serve", cwd=tmp_path), "serve")
    code = "import regulars; print(regulars.feature_table(regulars.open_store('store'), '2024-01-01').shape[0])"
    assert int(done(run(programs / "python", "-c", code, cwd=tmp_path))) > 0
    code = (
        "from urllib.error import URLError\n"
        "from regulars import Client\n"
        "try:\n    Client('http://127.0.0.1:9').versions()\n"
        "except URLError:\n    print('no service')\n"
    )
    assert done(run(programs / "python", "-c", code, cwd=tmp_path)) == "no service\n"


def test_train_fits_promotes_and_compares(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """With [train]: fit, promote, history, backtest and compare; publish names [serve]."""
    regulars = installed("train") / "regulars"
    log = ROOT / "examples" / "online_retail_ii.parquet"
    done(run(regulars, "ingest", log, "--out", "store", "--timezone", "Europe/London", cwd=tmp_path))
    done(run(regulars, "fit", "store", "--quick", cwd=tmp_path))
    done(run(regulars, "promote", "--force", "--reason", "a test", cwd=tmp_path))
    history = run(regulars, "history", cwd=tmp_path)
    done(history)
    assert "a test" in history.stderr
    forecast = ("--as-of", "2011-09-01", "--horizon-days", "60", "--out", "backtest.parquet")
    done(run(regulars, "backtest", "store", *forecast, cwd=tmp_path))
    done(run(regulars, "compare", "store", "--quick", "--out", "report", cwd=tmp_path))
    assert names_the_extra(run(regulars, "publish", cwd=tmp_path), "serve")


def test_serve_answers_and_makes_keys(installed: Callable[[str], Path], tmp_path: Path) -> None:
    """With [serve]: the service answers, by the rule alone where nothing is published; fit names [train]."""
    regulars = installed("serve") / "regulars"
    done(run(regulars, "key", "shop", "--keys", "keys.toml", cwd=tmp_path))
    done(run(regulars, "simulate", "--customers", "200", "--out", "log.parquet", cwd=tmp_path))
    assert names_the_extra(run(regulars, "fit", "log.parquet", cwd=tmp_path), "train")
    port = "38917"
    environment = os.environ | {"BENTOML_HOME": str(tmp_path / "bentoml")}
    environment.pop("PYTHONPATH", None)
    with (tmp_path / "service.log").open("w") as log:
        service = subprocess.Popen(
            [regulars, "serve", "--port", port], cwd=tmp_path, env=environment, stdout=log, stderr=log
        )
    try:
        assert _answers(f"http://127.0.0.1:{port}/livez", service), (tmp_path / "service.log").read_text()
    finally:
        service.terminate()
        service.wait(60)


def _answers(address: str, service: subprocess.Popen[bytes], patience: float = 90) -> bool:
    end = time.monotonic() + patience
    while time.monotonic() < end and service.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return bool(response.status == 200)
        except OSError:  # not yet listening, or still starting
            time.sleep(0.5)
    return False
