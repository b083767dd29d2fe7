"""`regulars rollback`: one command to the champion before."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.loyalty.formula import load_formula
from serving.runtime.model_reload import ModelReload, initial_state
from serving.state import CurrentState
from tests.cli.test_promote import challenger
from tests.training.conftest import empty_database, home, tracking  # noqa: F401
from training.models.bundle import CHAMPION
from training.registry.mlflow_client import Tracking
from training.registry.versions import version

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_a_service_follows_a_rollback(
    regulars: Callable,
    tracking: Tracking,  # noqa: F811
    home: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With --publish its next look at the store takes the former champion over; twice back is two champions back."""
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    # What this process has read of it, perhaps for another test.
    monkeypatch.setattr("training.publish.store_home", lambda: tmp_path / "bento")
    for number, rate in enumerate((0.01, 0.02, 0.03), 1):
        challenger(tracking, rate, champion=number - 1 or None)
        assert regulars("promote", "--home", home, "--version", number).code == 0
    assert regulars("publish", "--home", home).code == 0
    models = tmp_path / "bento" / "models"
    current = CurrentState(initial_state(models, load_formula(), "UTC", lambda: NOON, lambda **_: None, 100.0))
    reload = ModelReload(current, models, lambda: NOON, lambda **_: None)
    for before in (2, 1):
        ended = regulars("rollback", "--home", home, "--reason", "complaints", "--who", "Ada", "--publish")
        assert ended.code == 0, ended.error
        assert f"version {before} is champion in" in ended.error
        assert f"regulars:{before}-" in ended.error
        reload.check()
        assert current.state.model is not None
        assert current.state.model.version == str(before)
    ended = regulars("rollback", "--home", home, "--reason", "more")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "no champion before version 1: name a version with --to" in ended.error
    assert regulars("rollback", "--home", home, "--to", 3, "--reason", "it was right").code == 0
    champion = version(tracking, CHAMPION)
    assert champion is not None
    assert champion.number == 3
    challenger(tracking, 0.04)
    ended = regulars("rollback", "--home", home, "--to", 4, "--reason", "no way")
    assert ended.code == 1
    assert "refused: it never was champion: `regulars promote --version 4`" in " ".join(ended.error.split())


@pytest.mark.parametrize("reason", [[], ["--reason", " "]])
def test_a_rollback_needs_a_reason(regulars: Callable, reason: list[str], tmp_path: Path) -> None:
    """Without one it is a wrong argument, before anything is opened."""
    ended = regulars("rollback", "--home", tmp_path / "home", *reason)
    assert ended.code == 2
    assert "--reason" in ended.error
    assert not (tmp_path / "home").exists()
