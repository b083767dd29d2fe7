"""`regulars promote`, with `regulars history`: the moves of the champion."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from cli import history, promote
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from tests.training.stand_in import customer_model
from training.gate import Verdict
from training.promote import record_verdict
from training.registry.mlflow_client import Tracking
from training.registry.runs import start_run
from training.registry.versions import register

app = typer.Typer()
for verb in (promote, history):
    verb.register(app)


def regulars(*arguments: object) -> tuple[int, str]:
    """Call the command; the exit code and what it said."""
    ended = CliRunner().invoke(app, [str(each) for each in arguments])
    if ended.exception and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return ended.exit_code, ended.stderr


def challenger(tracking: Tracking, rate: float, *reasons: str, champion: int | None = None) -> None:  # noqa: F811
    with start_run(tracking, "fit") as fit:
        record_verdict(fit, Verdict(reasons, {"milliseconds": 0.01}, champion))
        register(fit, customer_model(rate))


def test_the_life_of_two_champions(
    tracking: Tracking,  # noqa: F811
    home: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    """Promoted, refused, forced, gone back; the history shows the three moves, on the terminal and as a file."""
    assert regulars("history", "--home", home) == (
        0,
        "no champion yet: `regulars promote` makes one\n",
    )
    challenger(tracking, 0.01)
    code, said = regulars("promote", "--home", home, "--who", "Ada", "--reason", "the first")
    assert code == 0
    assert said.startswith("version 1 is champion in sqlite:///")
    assert said.endswith("(promote; the first champion)\n")
    challenger(tracking, 0.02, "speed: 9 ms", "calibration: off", champion=1)
    code, said = regulars("promote", "--home", home)
    assert (code, said.splitlines()[:-1]) == (1, ["refused: speed: 9 ms", "refused: calibration: off"])
    assert said.endswith(" --force --reason TEXT` promotes version 2 all the same\n")
    assert regulars("promote", "--home", home, "--force", "--reason", "a test")[0] == 0
    assert regulars("promote", "--home", home, "--to", 1, "--reason", "it was better")[0] == 0
    code, said = regulars("history", "--home", home, "--out", tmp_path / "moves.csv")
    assert code == 0
    assert "moves of the champion (times in UTC)" in said
    moves = pd.read_csv(tmp_path / "moves.csv")
    assert list(moves["kind"]) == ["roll back", "force", "promote"]
    assert list(moves["why"]) == ["it was better", "a test", "the first"]
    assert moves["who"].iloc[-1] == "Ada"


@pytest.mark.parametrize("arguments", [["--force"], ["--to", "1"]])
def test_a_move_past_the_gate_needs_a_reason(arguments: list[str]) -> None:
    """Wrong arguments end with 2, before anything is opened."""
    code, said = regulars("promote", *arguments)
    assert code == 2
    assert "--reason TEXT" in said


def test_going_back_passes_on_who_and_force(call_of: Callable, home: Path) -> None:  # noqa: F811
    """--to with --force and --who is a forced return by that person."""
    options = ("--to", 3, "--reason", "why not", "--who", "Ada", "--force")
    call = call_of("training.promote.roll_back", "promote", "--home", home, *options)
    assert list(call.values())[1:] == [3, "why not", "Ada", True]


def test_any_version_is_promoted_by_its_verdict(tracking: Tracking, home: Path) -> None:  # noqa: F811
    """--version takes an earlier one; with --to it is a wrong argument."""
    challenger(tracking, 0.01)
    challenger(tracking, 0.02, "speed: 9 ms")
    code, said = regulars("promote", "--home", home, "--version", 2)
    assert (code, said.splitlines()[0]) == (1, "refused: speed: 9 ms")
    assert regulars("promote", "--home", home, "--version", 1)[0] == 0
    code, said = regulars("promote", "--home", home, "--version", 2, "--to", 1, "--reason", "both")
    assert (code, "give one of them" in said) == (2, True)
    assert regulars("promote", "--home", home, "--version", 1) == (1, "refused: it is the champion already\n")
