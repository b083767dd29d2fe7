"""The examples of systemd and containers: each has its tool's form, and its commands and settings are real ones."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from bentoml_cli.serve import serve_command

from cli.main import app
from cli.serve import REQUEST_SECONDS
from serving.runtime.settings import serve_settings
from tests.serving.running import ROOT

EXAMPLES = ROOT / "examples" / "service"
ANALYZE = shutil.which("systemd-analyze")
UNIT = (EXAMPLES / "regulars.service").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text())["services"]["regulars"]


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile, with their continued lines."""
    text = re.sub(r"^#.*\n", "", (EXAMPLES / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def unit(key: str) -> str:
    """The one value of a key of the unit."""
    (value,) = re.findall(rf"^{key}=(.*)$", UNIT, re.MULTILINE)
    return str(value)


def test_the_unit_starts_a_real_command() -> None:
    """Its options are those of `regulars serve`, and systemd waits longer than the service takes to end."""
    words = shlex.split(unit("ExecStart"))
    assert Path(words[0]).name == "regulars"
    command = typer.main.get_command(app)
    assert words[1:4] == ["--config", "/etc/regulars/regulars.toml", "serve"]
    values = command.commands["serve"].make_context("serve", words[4:]).params  # type: ignore[attr-defined]
    assert (values["host"], str(values["keys"])) == ("127.0.0.1", "/etc/regulars/keys.toml")
    assert int(unit("TimeoutStopSec")) > values["drain_seconds"] + REQUEST_SECONDS
    assert unit("RestartPreventExitStatus") == "2"


@pytest.mark.needs_systemd
@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not here: install Debian's systemd")
def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """Without a warning, where the program is one of this machine."""
    file = tmp_path / "regulars.service"
    file.write_text(UNIT.replace("/opt/regulars/bin/regulars", sys.executable))
    ended = subprocess.run([str(ANALYZE), "verify", str(file)], capture_output=True, text=True, check=False)
    assert (ended.returncode, [line for line in ended.stderr.splitlines() if "regulars" in line]) == (0, [])


def test_the_image_holds_what_a_bento_holds() -> None:
    """The folders of bentofile.yaml and the exact requirements; every source is in the repository."""
    sources = [words.split()[:-1] for name, words in instructions() if name == "COPY"]
    copied = {source for words in sources for source in words}
    assert all((ROOT / source).exists() for source in copied)
    packed = {name.strip("/") for name in yaml.safe_load((ROOT / "bentofile.yaml").read_text())["include"]}
    for name in packed:
        assert any(name == source or name.startswith(f"{source}/") for source in copied), name
    assert copied - packed == {"requirements/service.txt", "planning"}
    version = next(words for name, words in instructions() if name == "FROM").partition(":")[2].partition("-")[0]
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"].removeprefix(">=")
    assert tuple(map(int, version.split("."))) >= tuple(map(int, least.split(".")))


def test_the_image_starts_a_real_command_in_what_it_holds(tmp_path: Path) -> None:
    """`bentoml serve` takes the options, and the service is there from the copied folders, without DuckDB or Numba."""
    for words in (words.split() for name, words in instructions() if name == "COPY"):
        for source in words[:-1]:
            target = tmp_path / words[-1] / (Path(source).name if words[-1].endswith("/") else "")
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, target)
    words = json.loads(next(words for name, words in instructions() if name == "CMD"))
    assert words[:2] == ["bentoml", "serve"]
    verb = serve_command.get_command(None, "serve")  # a group with one command
    values = verb.make_context("serve", words[2:]).params
    assert values["timeout_graceful_shutdown"] == REQUEST_SECONDS
    module, _, name = words[2].partition(":")
    code = "import sys; sys.path.insert(0, '.'); sys.modules.update(duckdb=None, numba=None, typer=None, mlflow=None)"
    code += f"; import {module}; print({module}.{name}.name, {module}.__file__)"
    ended = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == ["regulars", str(tmp_path / "serving" / "service.py")]


def test_the_compose_file_has_real_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its variables are those of [serve], its paths those that are mounted, its image that of the Dockerfile."""
    given = COMPOSE["environment"]
    assert all(isinstance(value, str) for value in given.values())
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = serve_settings()
    assert (settings.host, settings.workers) == ("0.0.0.0", 2)
    mounted = [volume.split(":")[1] for volume in COMPOSE["volumes"]]
    for path in (settings.keys, settings.scores):
        assert any(str(path).startswith(f"{folder}/") for folder in mounted)
    environment = next(words for name, words in instructions() if name == "ENV")
    assert dict(pair.split("=") for pair in shlex.split(environment))["BENTOML_HOME"] in mounted
    build = COMPOSE["build"]
    assert (EXAMPLES / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]) == EXAMPLES / "Dockerfile"
    assert COMPOSE["ports"] == [f"127.0.0.1:{settings.port}:{settings.port}"]
    assert int(COMPOSE["stop_grace_period"].removesuffix("s")) > settings.drain_seconds + REQUEST_SECONDS
