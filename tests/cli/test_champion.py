"""What verbs that move or ship the champion print."""

import pytest
import typer

from cli.champion import echo_move, refusals_printed
from features.errors import PromotionRefusedError
from training.promote import Move


def test_each_reason_of_a_refusal_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """And the command ends with 1."""
    with pytest.raises(typer.Exit) as end, refusals_printed():
        raise PromotionRefusedError(2, ("too slow", "too few customers"))
    assert end.value.exit_code == 1
    assert capsys.readouterr().err.splitlines() == ["refused: too slow", "refused: too few customers"]


def test_a_move_names_both_versions(capsys: pytest.CaptureFixture[str]) -> None:
    """The first champion has none before it."""
    echo_move(Move("promote", None, 1, "0"), "var")
    echo_move(Move("roll back", 2, 1, "0"), "var")
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "version 1 is champion in var (promote; the first champion)"
    assert lines[1] == "version 1 is champion in var (roll back; before: version 2)"
