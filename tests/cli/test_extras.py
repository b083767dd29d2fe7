"""A verb whose extra is missing names it in one line; a missing module of Regulars is a fault."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from cli.extras import EXTRAS, missing_extra

ROOT = Path(__file__).parents[2]


def run_without(library: str, *arguments: str, folder: Path) -> tuple[int, str]:
    """The exit code and standard error of the command in a process in which the library cannot be imported."""
    code = f"import sys; sys.modules[{library!r}] = None; sys.argv = ['regulars', *{arguments!r}]"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}; from cli.main import run; run()"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize(
    ("library", "arguments", "extra"),
    [
        ("mlflow", ("promote",), "train"),
        ("sklearn", ("backtest", "log.csv", "--as-of", "2024-05-01", "--horizon-days", "7", "--out", "o.csv"), "train"),
        ("jinja2", ("compare", "log.csv", "--out", "report"), "train"),
        ("bentoml", ("serve", "--port", "3998"), "serve"),
        ("limits", ("key", "shop", "--keys", "keys.toml"), "serve"),
    ],
)
def test_a_missing_library_names_its_extra(
    library: str, arguments: tuple[str, ...], extra: str, tmp_path: Path
) -> None:
    """One line, exit code 1, and nothing written."""
    (tmp_path / "log.csv").write_text("customer_id,event_time,event_type\nanna,2024-01-05,purchase\n")
    code, error = run_without(library, *arguments, folder=tmp_path)
    assert code == 1
    lines = [line for line in error.splitlines() if not line.startswith("starting at")]
    assert len(lines) == 1, error
    assert lines[0].startswith(f"regulars: needs regulars[{extra}], because {library} is not installed")
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


@pytest.mark.parametrize(("extra", "library"), [(extra, library) for extra in EXTRAS for library in EXTRAS[extra]])
def test_each_library_belongs_to_one_extra(extra: str, library: str) -> None:
    """A module within the library is named by the library."""
    error = missing_extra(ModuleNotFoundError(name=f"{library}.some.module"))
    assert f"regulars[{extra}], because {library} is not installed" in str(error)
    assert sum(library in libraries for libraries in EXTRAS.values()) == 1


def test_every_dependency_of_an_extra_is_listed() -> None:
    """The modules are those of the optional dependencies in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    modules = {"scikit-learn": "sklearn", "vl-convert-python": "vl_convert", "prometheus-client": "prometheus_client"}
    modules["httpx-retries"] = "httpx_retries"
    modules |= dict.fromkeys(("opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"), "opentelemetry")
    dependencies = {name for names in project["optional-dependencies"].values() for name in names}
    names = {re.match(r"[\w-]+", dependency).group() for dependency in dependencies}
    listed = {module for libraries in EXTRAS.values() for module in libraries}
    assert {modules.get(name, name) for name in names} == listed


@pytest.mark.parametrize("module", ["features.nothing", "training", "cli.nothing", "pandas", "some_library", None])
def test_another_missing_module_is_no_matter_of_extras(module: str | None) -> None:
    """Modules of Regulars, of its base and of nobody it knows."""
    assert missing_extra(ModuleNotFoundError(name=module)) is None


def test_a_missing_module_of_regulars_keeps_its_traceback(tmp_path: Path) -> None:
    """It is a fault of ours, so the traceback and the request to report it are shown."""
    code, error = run_without("training.promote", "history", folder=tmp_path)
    assert code == 1
    assert "Traceback" in error
    assert "this is a fault in Regulars" in error
