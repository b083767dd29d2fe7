"""What the command's tests share: a small log, a store of it, and the command run in this process."""

import inspect
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from cli.main import app, run
from cli.terminal import forget_output
from features.ingestion.ingest import ingest

LOG = """\
customer_id,event_time,event_type,amount,channel,outcome
anna,2024-01-05 10:00,purchase,20.00,,
anna,2024-02-05 11:30,purchase,35.50,,
anna,2024-02-06 09:00,visit,,phone,ordered
ben,2024-03-02 16:45,purchase,400,,
ben,2024-03-09 12:00,return,400,,
cleo,2024-03-20 08:00,usage,,,
"""
FAULTY = "dora,2024-02-31,purchase,5,,\n"


class Ended(NamedTuple):
    """How the command ended: its exit code, and what it said on standard output and error."""

    code: int
    out: str
    error: str


def restore_config(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the settings file now, and after the test what the command made it."""
    monkeypatch.setenv("REGULARS_CONFIG", "")
    monkeypatch.delenv("REGULARS_CONFIG")


@pytest.fixture(autouse=True)
def nothing_shown_before() -> None:
    """A verb that was run with --quiet before, in the same process, does not keep others quiet."""
    forget_output()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of three customers, whose days depend on no time zone."""
    path = tmp_path / "log.csv"
    path.write_text(LOG)
    return path


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The store of the log."""
    folder = tmp_path_factory.mktemp("store")
    (folder / "log.csv").write_text(LOG)
    ingest([folder / "log.csv"], folder / "store")
    return folder / "store"


@pytest.fixture
def regulars(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ended]:
    """The command, run in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    restore_config(monkeypatch)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("cli.terminal.console.width", 100)  # the console read COLUMNS when it was imported

    def regulars(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["regulars", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            run()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    return regulars


FORMULA = """
version = "ours-7"
date = 2024-01-01
reason = "a test"
[parts.days]
column = "purchase_days"
maximum = 2
weight = 1
[bands]
low = 0
high = 50
"""


@pytest.fixture
def formula(tmp_path: Path) -> Path:
    """A formula of the firm's own, with one part."""
    path = tmp_path / "ours.toml"
    path.write_text(FORMULA)
    return path


@pytest.fixture
def call_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """Runs the command with a library function replaced, and returns the arguments that the function got, by name."""

    def call_of(function: str, *arguments: object) -> dict[str, Any]:
        signature = inspect.signature(pkgutil.resolve_name(function))

        class CalledError(Exception):
            pass

        def record(*given: object, **named: object) -> None:
            call = signature.bind(*given, **named)
            call.apply_defaults()
            raise CalledError(call.arguments)

        with monkeypatch.context() as patch:
            restore_config(patch)
            patch.setattr(function, record)
            result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        assert isinstance(result.exception, CalledError), result.stderr
        return result.exception.args[0]

    return call_of
