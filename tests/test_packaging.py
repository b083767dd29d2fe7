"""The laws of the package: its plain names are its own, the wheel is whole, and every requirement is pinned."""

import ast
import importlib.metadata
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.extras import EXTRAS

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
WEB = {".css", ".html", ".js", ".toml"}
PINNED = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.fixture(scope="module")
def distributions() -> Mapping[str, list[str]]:
    """The installed distributions of each import name; reading all their metadata takes most of a second."""
    return importlib.metadata.packages_distributions()


@pytest.mark.parametrize("name", PACKAGES)
def test_a_name_is_ours_alone(name: str, distributions: Mapping[str, list[str]]) -> None:
    """The import name, a plain word, is found in the repository, and no installed distribution claims it too."""
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).is_relative_to(ROOT)
    assert set(distributions.get(name, [])) <= {"regulars"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built with what is installed, from no network."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_holds_all_rooms_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Every Python file, each data file and the parts of the page are in the wheel; tests and caches are not."""
    rooms = {file.relative_to(ROOT).as_posix() for name in PACKAGES for file in (ROOT / name).rglob("*.py")}
    info = {name for name in wheel.namelist() if ".dist-info/" in name}
    report = {file.relative_to(ROOT).as_posix() for file in (ROOT / "reporting").rglob("*.*") if file.suffix in WEB}
    assert {Path(name).suffix for name in report} == WEB
    data = {"features/loyalty/formula.toml", "features/segments/segments.toml", "training/comparison_page.html"}
    data |= {"regulars/py.typed", "serving/runtime/first_request.json"}
    data |= {
        f"serving/api/{name}"
        for name in (
            *("api.html", "api.js", "home.html", "not_found.html", "page.css", "page.html", "plans.html"),
            *("examples.json", "openapi.json"),
        )
    }
    data |= {file.relative_to(ROOT).as_posix() for file in (ROOT / "features/ingestion/profiles").glob("*.toml")}
    data |= {
        file.relative_to(ROOT).as_posix()
        for name in ("planning", "features/simulate")
        for file in (ROOT / name).rglob("*.toml")
    }
    data |= {file.relative_to(ROOT).as_posix() for file in (ROOT / "planning/files").glob("*.*") if file.suffix in WEB}
    assert set(wheel.namelist()) - info == rooms | report | data


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    """Its metadata names the licence, refuses upload to a shared index, and makes the command."""
    texts = {Path(name).name: wheel.read(name).decode() for name in wheel.namelist() if ".dist-info/" in name}
    assert "License-Expression: MIT" in texts["METADATA"]
    assert "Classifier: Private :: Do Not Upload" in texts["METADATA"]
    assert "regulars = cli.main:run" in texts["entry_points.txt"]
    assert "LICENSE" in texts


def test_the_unpacked_wheel_runs(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    """Away from the repository the command answers, and the formula that comes along is read."""
    wheel.extractall(tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    code = "import features.loyalty.formula as r; print(r.__file__, r.load_formula().version)"
    for arguments in (["-c", code], ["-m", "cli.main", "--help"]):
        found = subprocess.run(
            [sys.executable, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert found.returncode == 0, found.stderr
        if arguments[0] == "-c":
            assert found.stdout.startswith(str(tmp_path))


@pytest.mark.parametrize("file", PINNED, ids=lambda file: file.name)
def test_every_requirement_is_pinned_with_its_hashes(file: Path) -> None:
    """Each has one exact version and at least one SHA-256; no line holds an address or an option."""
    text = file.read_text()
    assert "://" not in text
    assert not re.search(r"^\s*-(?!-hash=sha256:[0-9a-f]{64})", text, re.MULTILINE)
    entries = re.split(r"\n(?=[^\s#])", "\n" + text.replace("\\\n", " "))[1:]
    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9._-]+(\[[a-z,]+\])?==[^\s;]+ ", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_every_dependency_is_pinned_and_bounded() -> None:
    """What pyproject.toml asks for has a lower bound there and an exact version in the requirements."""
    groups, extras = PROJECT["dependency-groups"], PROJECT["project"]["optional-dependencies"]
    files = {
        "dev": [*PROJECT["project"]["dependencies"], *groups["dev"], *groups["docs"]]
        + [
            requirement
            for name in ("train", "serve", "plan", "lake", "telemetry", "mysql", "client")
            for requirement in extras[name]
        ],
        "spark": extras["spark"],
        "service": groups["service"],
        "benchmarks": groups["benchmarks"],
        "serving_peers": groups["serving-peers"],
        "planning_peers": groups["planning-peers"],
        "benchmarks_torch": groups["benchmarks-torch"],
        "notebooks": groups["notebooks"],
        "audit": groups["audit"],
    }
    assert {file.stem for file in PINNED} == set(files)
    for file, requirements in files.items():
        pinned = (ROOT / "requirements" / f"{file}.txt").read_text()
        for requirement in requirements:
            if isinstance(requirement, str):
                assert re.search("[>~]=", requirement)
                name = re.split(r"[\[~>=<]", requirement)[0].replace(".", "-")  # as pins are written
                assert re.search(rf"^{re.escape(name)}(\[|==)", pinned, re.MULTILINE | re.IGNORECASE), (file, name)


def test_a_bento_installs_what_the_service_needs() -> None:
    """The group `service` is the extra `serve` and, of the base, only what a service without logs or Numba needs."""
    service = set(PROJECT["dependency-groups"]["service"])
    serve = set(PROJECT["project"]["optional-dependencies"]["serve"])
    base = service - serve
    assert serve < service
    assert base < set(PROJECT["project"]["dependencies"])
    names = {re.split("[>=]", requirement)[0] for requirement in base}
    assert names == {"msgspec", "numpy", "pandas", "psycopg[binary]", "pyarrow", "tzdata"}


STANDARD = {*sys.stdlib_module_names, "compression"}
"""Python's own modules; `compression` is new in 3.14."""
ALLOWED = {
    "features": ("spark", "lake", "mysql", "plan", "encrypt"),
    "training": ("train", "serve"),
    "planning": ("plan",),
    "reporting": ("train",),
    "serving": ("serve", "telemetry"),
    "monitoring": ("train",),
    "cli": ("train", "serve"),
    "regulars": ("client",),
}
"""The extras whose libraries each package may import; each knows the libraries of the base."""


@pytest.mark.parametrize("package", PACKAGES)
def test_each_library_that_is_imported_is_asked_for(package: str, distributions: Mapping[str, list[str]]) -> None:
    """A package imports only libraries of the base and of its extras, not what another library brings along."""
    asked = [*PROJECT["project"]["dependencies"]]
    asked += [entry for extra in ALLOWED[package] for entry in PROJECT["project"]["optional-dependencies"][extra]]
    known = {re.split(r"[\[~>=<]", entry)[0] for entry in asked}
    unknown = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for library in {name.partition(".")[0] for name in names} - STANDARD - set(PACKAGES):
                if not known & {name.lower().replace("_", "-") for name in distributions.get(library, [library])}:
                    unknown.add(f"{file.relative_to(ROOT)} imports {library}")
    assert unknown == set()


def test_a_missing_library_is_traced_to_an_extra_that_installs_it(distributions: Mapping[str, list[str]]) -> None:
    """Each library that the command names an extra for is one that this extra asks for."""
    for extra, libraries in EXTRAS.items():
        asked = {re.split(r"[\[~>=<]", entry)[0] for entry in PROJECT["project"]["optional-dependencies"][extra]}
        for library in libraries:
            assert asked & {name.lower().replace("_", "-") for name in distributions.get(library, [library])}, (
                extra,
                library,
            )


def test_two_extras_ask_for_one_library_in_the_same_way() -> None:
    """A requirement that stands in several extras has the same bounds in each."""
    bounds: dict[str, set[str]] = {}
    for requirements in PROJECT["project"]["optional-dependencies"].values():
        for requirement in requirements:
            bounds.setdefault(re.split(r"[\[~>=<]", requirement)[0], set()).add(requirement)
    assert [name for name, found in bounds.items() if len(found) > 1] == []
