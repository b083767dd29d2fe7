"""The laws of the house: who may import whom, how large a room may be, and that importing does nothing."""

import ast
import io
import json
import os
import statistics
import subprocess
import sys
import tokenize
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ["features", "training", "planning", "reporting", "serving", "monitoring", "cli", "regulars"]
ROOMS = sorted(file for name in PACKAGES for file in (ROOT / name).rglob("*.py"))
NAMELESS = {"utils", "util", "common", "helpers", "helper", "core", "misc", "config", "base"}
# Calls that read the clock; as_of is an argument, so that yesterday's answer can be had again today.
CLOCKS = {"now", "utcnow", "today", "time_ns", "localtime", "gmtime"}
# The one place that does: what a request without as_of asks about, and when a model came into service.
CLOCK = ROOT / "serving" / "clock.py"

# Imports every module twice in a fresh process: first to have all outside libraries loaded, whatever those do at
# import; then, ours alone, with an ear on files opened for writing, processes, connections and threads.
LISTEN = """
import importlib, json, os, sys, threading
modules, packages = json.loads(sys.argv[1]), json.loads(sys.argv[2])
for name in modules:
    importlib.import_module(name)
for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
    del sys.modules[name]
heard = []
CHANGES = ("os.mkdir", "os.remove", "os.rename", "os.rmdir", "shutil.", "subprocess.", "socket.connect", "os.exec")

def in_numba_cache():
    frame = sys._getframe(2)
    while frame:
        if frame.f_code.co_filename.replace(os.sep, "/").endswith("numba/core/caching.py"):
            return True
        frame = frame.f_back
    return False

def listen(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
    elif not event.startswith(CHANGES):
        return
    if not in_numba_cache():  # a compiled function asks at once whether its cache may be written
        heard.append(f"{event} {arguments[0]}")

sys.addaudithook(listen)
threading.Thread.start = lambda thread: heard.append(f"thread {thread.name}")
for name in modules:
    importlib.import_module(name)
print(json.dumps(heard))
"""


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def modules() -> list[str]:
    return [module_of(file) for file in ROOMS if file.name != "__main__.py"]


def test_imports_go_one_way() -> None:
    """The contracts in pyproject.toml hold: layers, and what features and serving may not know."""
    found = python("-c", "from importlinter.cli import lint_imports_command as run; run(['--no-cache'])")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


RECORDS = (
    *(
        "erased_rows",
        "plan_folder",
        "records",
        "plans_in_force",
        "record_events",
        "record_rows",
        "record_summary",
        "record_versions",
    ),
    *("text_rows", "weeks"),
)
"""What serving may import of planning, and what that needs."""


def test_no_module_imports_in_a_circle() -> None:
    """Not even within a function or for types alone: what two modules share belongs below both."""
    names = set(modules())
    imported: dict[str, set[str]] = {}
    for file, name in ((file, name) for file in ROOMS if (name := module_of(file)) in names):
        statements = ast.walk(ast.parse(file.read_text("utf-8")))
        found = {
            each if (each := f"{node.module}.{alias.name}") in names else str(node.module)
            for node in statements
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        imported[name] = found & names - {name}
    order = TopologicalSorter(imported)
    try:
        order.prepare()
    except CycleError as error:
        pytest.fail(f"import each other: {' <- '.join(error.args[1])}")


@pytest.mark.parametrize(
    ("package", "seen", "others"), [("training", ("models",), {"mlflow"}), ("planning", RECORDS, set())]
)
def test_serving_may_import_no_other_part(package: str, seen: tuple[str, ...], others: set[str]) -> None:
    """The contract in pyproject.toml names every other part of the package, also one that was added lately."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [forbidden] = [
        set(contract["forbidden_modules"])
        for contract in contracts
        if contract.get("source_modules") == ["serving"]
        and any(name.startswith(f"{package}.") for name in contract["forbidden_modules"])
    ]
    files = (ROOT / package).glob("[a-z]*.py"), (ROOT / package).glob("*/__init__.py")
    parts = {file.parent.name if file.stem == "__init__" else file.stem for pattern in files for file in pattern}
    assert forbidden == {*others, *(f"{package}.{part}" for part in parts.difference(seen))}


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_is_small_and_named_after_what_it_holds(room: Path) -> None:
    """No file has more than 300 lines, and none is called after nothing in particular."""
    lines = len(room.read_text().splitlines())
    assert lines <= 300, f"{room.relative_to(ROOT)} has {lines} lines: make two rooms of it"
    assert not NAMELESS & {part.lower() for part in room.relative_to(ROOT).with_suffix("").parts}


def code_lines(text: str) -> int:
    """The number of lines that hold code: neither docstring nor comment, nor blank."""
    statements = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Expr)]
    docstrings = {
        line
        for statement in statements
        if isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)
        for line in range(statement.lineno, (statement.end_lineno or 0) + 1)
    }
    layout = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in layout:
            code.update(range(token.start[0], token.end[0] + 1))
    return len(code - docstrings)


def test_a_module_has_at_most_250_lines_of_code() -> None:
    """Without docstrings, comments and blank lines; and half of all modules have at most 65."""
    lines = {str(room.relative_to(ROOT)): code_lines(room.read_text()) for room in ROOMS}
    assert {name: count for name, count in lines.items() if count > 250} == {}
    assert statistics.median(lines.values()) <= 65


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: str(room.relative_to(ROOT)))
def test_a_room_says_what_it_is_for(room: Path) -> None:
    """Every file begins with a docstring."""
    assert ast.get_docstring(ast.parse(room.read_text()))


def test_nothing_happens_at_import() -> None:
    """Importing any module writes no file, starts no thread or process, and connects to nothing."""
    found = python("-c", LISTEN, json.dumps(modules()), json.dumps(PACKAGES))
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout.splitlines()[-1]) == []


def test_scoring_a_request_needs_no_compiler() -> None:
    """The features and the score of one customer are had without Numba."""
    loaded = "import features.engines.python_engine, features.loyalty.scoring, sys; print('numba' in sys.modules)"
    assert python("-c", loaded).stdout.strip() == "False"


def test_help_needs_no_library() -> None:
    """The command's own files load neither pandas nor Numba nor DuckDB, so that --help answers at once."""
    loaded = "import cli.main, sys; print({'pandas', 'numba', 'duckdb', 'pyarrow'} & set(sys.modules))"
    assert python("-c", loaded).stdout.strip() == "set()"


def test_library_code_never_looks_at_the_clock() -> None:
    """No library code but serving/clock.py calls now() or its like: the moment is always an argument."""
    found = []
    for room in ROOMS:
        if room == CLOCK:
            continue
        for node in ast.walk(ast.parse(room.read_text())):
            attribute = node.func if isinstance(node, ast.Call) else None
            if isinstance(attribute, ast.Attribute):
                of_time = isinstance(attribute.value, ast.Name) and attribute.value.id == "time"
                if attribute.attr in CLOCKS or (of_time and attribute.attr == "time"):
                    found.append(f"{room.relative_to(ROOT)}:{node.lineno} {ast.unparse(attribute)}()")
            elif isinstance(node, ast.ImportFrom) and node.module == "time":
                names = {alias.name for alias in node.names} & {"time", *CLOCKS}
                found += [f"{room.relative_to(ROOT)}:{node.lineno} from time import {name}" for name in names]
    assert not found


def test_only_tests_and_benchmarks_stay_out_of_the_layers() -> None:
    """Every package of the repository is in the import contracts and in the wheel."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert project["importlinter"]["root_packages"] == PACKAGES
    layers = ["regulars", "cli", "monitoring", "serving | reporting", "planning", "training", "features"]
    assert project["importlinter"]["contracts"][0]["layers"] == layers
    assert project["hatch"]["build"]["targets"]["wheel"]["packages"] == PACKAGES
    assert project["mypy"]["files"] == PACKAGES
