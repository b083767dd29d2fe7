"""What verbs that move or ship the champion print."""

from functools import partial
from pathlib import Path

import pytest
import typer

from cli.champion import echo_move, forced_promotion, promoted_all_the_same, refusals_printed
from cli.options import DEFAULT_HOME
from features.errors import PromotionRefusedError
from training.promote import Move


def test_each_reason_of_a_refusal_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """And the command ends with 1; a refusal that can be overruled has a line that says how."""
    with pytest.raises(typer.Exit) as end, refusals_printed(str):
        raise PromotionRefusedError(2, ("too slow", "too few customers"))
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.splitlines() == ["refused: too slow", "refused: too few customers"]
    with pytest.raises(typer.Exit), refusals_printed(partial(promoted_all_the_same, home=Path("the home"))):
        raise PromotionRefusedError(2, ("too slow",), can_be_forced=True)
    command = "regulars promote --version 2 --home 'the home' --force --reason TEXT"
    last = f"`{command}` promotes version 2 all the same"
    assert capsys.readouterr().err.splitlines() == ["refused: too slow", last]
    assert forced_promotion(2, DEFAULT_HOME) == command.replace(" --home 'the home'", "")


def test_a_move_names_both_versions(capsys: pytest.CaptureFixture[str]) -> None:
    """The first champion has none before it."""
    echo_move(Move("promote", None, 1, "0"), "var")
    echo_move(Move("roll back", 2, 1, "0"), "var")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "version 1 is champion in var (promote; the first champion)"
    assert lines[1] == "version 1 is champion in var (roll back; before: version 2)"
