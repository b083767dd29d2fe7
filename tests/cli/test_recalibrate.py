"""`regulars recalibrate`: the options reach the library, and a home without a champion is told."""

from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Ended


def test_the_options_reach_the_library(call_of: Callable[..., dict[str, object]], store: Path, tmp_path: Path) -> None:
    """Horizon and date as they are given."""
    given = call_of(
        "training.recalibration.recalibrate",
        *("recalibrate", store, "--home", tmp_path, "--horizon-days", 45, "--as-of", "2024-03-01"),
    )
    assert (given["horizon_days"], given["as_of"]) == (45, "2024-03-01")


def test_without_a_champion_it_fails_in_a_line(regulars: Callable[..., Ended], store: Path) -> None:
    """It says how to get one."""
    ended = regulars("recalibrate", store)
    assert ended.code == 1
    assert "there is no champion" in ended.error
    assert "`regulars promote` makes one" in ended.error
