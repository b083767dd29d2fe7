"""How the command ends: 0, 1 or 2, a failure in one line and never a traceback, nothing half done."""

import ast
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.main import app
from tests.cli.conftest import Ended

ROOT = Path(__file__).parents[2]
VERBS = list(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
Regulars = Callable[..., Ended]

# Arguments, and what the one line must say. {store} and {log} are good ones.
WRONG = {
    "ingest": "Missing option '--out'",
    "ingest {log}": "Missing option '--out'",
    "bogus": "No such command 'bogus'",
    "score {store} --out o.parquet": "Missing option '--as-of'",
    "score {store} --as-of 2024-05-01 --out o.parquet --bogus": "No such option: --bogus",
    "score {store} --as-of yesterday --out o.parquet": "'yesterday' is not a date or time: write it like 2011-06-10",
    "score {store} --as-of 9:30 --out o.parquet": "'9:30' is not a date or time",
    "score {store} --as-of 0001-01-01T00:00+14:00 --out o.parquet": "outside the years 1900 to 2200",
    "features {store} --as-of 2024-13-01 --out o.parquet": "'2024-13-01' is not a date or time",
    "features {store} --as-of 2024-05-01 --out .": "has files that no run of regulars wrote",
    "features {store} --as-of 2024-05-01 --out f.txt": "end the name with .parquet, .csv, .xlsx, .arrow",
    "score {store} --as-of 2024-05-01 --out scores.txt": "scores.txt ends in .txt: end the name with .parquet",
    "backtest {store} --as-of 2024-05-01 --horizon-days 9 --out b.xls": "b.xls ends in .xls: end the name with",
    "simulate --customers 5 --out log.json": "log.json ends in .json: end the name with .parquet",
    "history --out moves.txt": "moves.txt ends in .txt: end the name with .parquet",
    "features {store} --as-of 2024-05-01 --out {log}/o.parquet": "nothing can be written to",
    "features {store} --as-of 2024-05-01 --out o.parquet --engine warp": "'warp' is not one of 'local', 'spark'",
    "ingest {log} --out {log}": "is a file",
    "ingest {log} --out new --map client": "'client' is not a pair: write ours=theirs",
    "ingest {log} --out new --set amount=": "'amount=' is not a pair",
    "ingest {log} --out new --map amount=a --map amount=b": "'amount' is given twice",
    "ingest {log} --out new --memory-limit banana": "'banana' is not a size: write it like 500MB or 2GB",
    "ingest {log} --out new --rating-maximum ten": "--rating-maximum",
    "simulate --customers 0 --out o.csv": "greater than or equal to 1",
    "simulate --customers 5 --out {log}/o.csv": "nothing can be written to",
    "simulate --customers 5 --out o.csv --truth ./o.csv": "is the file of --out: name another",
}
FAILED = {
    "score nowhere --as-of 2024-05-01 --out o.parquet": "there is no file nowhere",
    "features folder --as-of 2024-05-01 --out o.parquet": "folder holds no event store: make one with `regulars ingest",
    "features broken --as-of 2024-05-01 --out o.parquet": "broken is damaged",
    "features wrong.csv --as-of 2024-05-01 --out o.parquet": "wrong.csv has no column customer_id",
    "score {store} --as-of 2024-05-01 --out o.parquet --formula nowhere.toml": "nowhere.toml: No such file",
    "score {store} --as-of 2024-05-01 --out o.parquet --formula broken.toml": "broken.toml: Invalid value",
    "score {store} --as-of 2024-05-01 --out o.parquet --formula short.toml": "short.toml: reason: found nothing",
    "score {store} --as-of 2024-05-01 --out o.parquet --formula unknown.toml": "'net_spend_366', which is no feature",
    "ingest nowhere.csv --out new": "there is no file nowhere.csv",
    "ingest empty.csv --out new": "empty.csv is empty",
    "ingest wrong.csv --out new": "wrong.csv has no column customer_id",
    "ingest {log} --out new --timezone Mars/Base": "time zone 'Mars/Base' is not in the IANA database",
    "ingest {log} --out new --map customer=client": "'customer' is no column of the contract",
    "ingest {log} --out new --set loyalty=much": "the constant loyalty=much is no number",
    "ingest {log} --out new --query x": "a query needs a database URL",
    "ingest sqlite:///nowhere.db --query x --out new": "nowhere.db",
}


@pytest.fixture
def arguments(tmp_path: Path, log: Path, store: Path) -> Callable[[str], list[str]]:
    """Turns a line into arguments, in a folder with files of every fault."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "manifest.json").write_text("{")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "wrong.csv").write_text("a,b\n1,2\n")
    (tmp_path / "broken.toml").write_text("version = [")
    (tmp_path / "short.toml").write_text('version = "1"\n')
    ours = (ROOT / "features" / "loyalty" / "formula.toml").read_text()
    (tmp_path / "unknown.toml").write_text(ours.replace("spend_365", "spend_366"))
    return lambda line: line.format(log=log, store=store).split()


@pytest.mark.parametrize("line", WRONG)
def test_wrong_arguments_end_with_2(
    line: str, regulars: Regulars, arguments: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """What was wrong is said in one line on standard error, with where to read on, before anything is written."""
    words = arguments(line)
    before = sorted(tmp_path.rglob("*"))
    ended = regulars(*words)
    assert ended.code == 2
    assert ended.error.startswith("regulars")
    assert WRONG[line] in ended.error
    assert ended.error.endswith(" --help\n")
    assert ended.error.count("\n") == 1
    assert ended.out == ""
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("line", FAILED)
def test_failed_work_ends_with_1(
    line: str, regulars: Regulars, arguments: Callable[[str], list[str]], tmp_path: Path
) -> None:
    """What was found is said in one line on standard error, and no file or store is left."""
    ended = regulars(*arguments(line))
    assert ended.code == 1
    assert ended.error.startswith("regulars: ")
    assert FAILED[line] in ended.error
    assert ended.error.count("\n") == 1
    assert ended.out == ""
    assert not (tmp_path / "o.parquet").exists()
    assert not (tmp_path / "new" / "manifest.json").exists()


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        OSError(28, "No space left on device", "o.parquet"),
        shutil.Error([("a", "b", "o.parquet: No space left on device"), ("c", "d", "the same")]),
        KeyboardInterrupt(),
    ],
)
def test_what_the_machine_does_ends_with_1(
    error: BaseException, regulars: Regulars, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No memory, no space and a user's Ctrl-C are one line, and the file of before stays."""

    def fail(*_: object, **__: object) -> None:
        raise error

    (tmp_path / "o.parquet").write_text("old")
    monkeypatch.setattr("features.engines.feature_table.write_feature_table", fail)
    ended = regulars("features", store, "--as-of", "2024-05-01", "--out", "o.parquet")
    assert ended.code == 1
    assert ended.error.count("\n") == 1
    assert any(word in ended.error for word in ("out of memory", "o.parquet: No space left", "stopped"))
    assert (tmp_path / "o.parquet").read_text() == "old"


@pytest.mark.parametrize("fault", [KeyError("a bug"), ValueError("operands could not be broadcast together")])
def test_a_fault_of_regulars_keeps_its_traceback(
    fault: Exception, regulars: Regulars, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that is not a RegularsError is shown with its traceback and a request to report it."""

    def fail(*_: object, **__: object) -> None:
        raise fault

    monkeypatch.setattr("features.engines.feature_table.write_feature_table", fail)
    ended = regulars("features", store, "--as-of", "2024-05-01", "--out", "o.parquet")
    assert ended.code == 1
    assert "Traceback (most recent call last)" in ended.error
    assert str(fault) in ended.error
    assert ended.error.splitlines()[-1].startswith("regulars: this is a fault in Regulars")


def test_as_a_process(log: Path, tmp_path: Path) -> None:
    """Run as a process it ends with 0, 1 and 2 alike, and nothing of Python shows."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    lines = {
        f"ingest {log} --out store": 0,
        "score nowhere --as-of 2024-05-01 --out o.parquet": 1,
        "score store --as-of soon --out o.parquet": 2,
    }
    for line, code in lines.items():
        command = [sys.executable, "-m", "cli.main", *line.split()]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == code, ended.stderr
        assert "Traceback" not in ended.stderr
        assert ended.stdout == ""
        assert code == 0 or ended.stderr.count("\n") == 1


KILLED = """
import os, signal, sys, tempfile
import features.store.event_store
from cli.main import run
def killed(*arguments, **named):
    tempfile.mkdtemp()
    os.kill(os.getpid(), signal.SIGKILL)
features.store.event_store.open_store = killed
sys.argv = ["regulars", *sys.argv[1:]]
run()
"""


def test_what_a_kill_leaves_is_removed_by_the_next_verb(log: Path, tmp_path: Path) -> None:
    """Also temporary files that a library made: all are in one folder, which the next verb removes."""
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    features = ["features", str(log), "--as-of", "2024-05-01", "--out", str(tmp_path / "f.csv")]
    ended = subprocess.run([sys.executable, "-c", KILLED, *features], cwd=ROOT, env=environment, check=False)
    assert ended.returncode == -signal.SIGKILL
    [left] = scratch.iterdir()
    assert len(list(left.iterdir())) == 2  # the store of the raw log, and what the library made
    command = [sys.executable, "-m", "cli.main", "inspect", str(log), "--out", str(tmp_path / "profile.toml")]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    assert list(scratch.iterdir()) == []


def test_without_arguments_it_shows_help(regulars: Regulars) -> None:
    """Called alone, which asks for nothing, it shows what there is and ends with 2."""
    ended = regulars()
    assert ended.code == 2
    assert "Usage: regulars" in ended.out


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_an_example(verb: str) -> None:
    """--help of every verb ends with 0 and shows a whole command."""
    found = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"})
    assert found.exit_code == 0
    assert f" regulars {verb} " in found.stdout.partition("Example")[2]


def test_help_names_all_verbs() -> None:
    """--help of the command ends with 0 and names every verb."""
    found = CliRunner().invoke(app, ["--help"])
    assert found.exit_code == 0
    assert all(f" {verb} " in found.stdout for verb in VERBS)


def test_no_verb_imports_another_verb() -> None:
    """Of `cli`, a verb imports only the modules that verbs share."""
    shared = {
        "cli.champion",
        "cli.customers_file",
        "cli.engines",
        "cli.erasure_places",
        "cli.opened_store",
        "cli.options",
        "cli.log_options",
        "cli.retrain_folder",
        "cli.retrain_inputs",
        "cli.retrain_steps",
        "cli.retrain_summary",
        "cli.score_places",
        "cli.settings",
        "cli.settings_page",
        "cli.source_arguments",
        "cli.source_options",
        "cli.stopped_erasures",
        "cli.tables",
        "cli.terminal",
        "cli.tracking",
    }
    for verb in VERBS:
        tree = ast.parse((ROOT / "cli" / f"{verb.replace('-', '_')}.py").read_text())
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        modules = {node.module for node in imports if node.module != "cli"}
        modules |= {f"cli.{name.name}" for node in imports if node.module == "cli" for name in node.names}
        assert {module for module in modules if module and module.partition(".")[0] == "cli"} <= shared, verb
