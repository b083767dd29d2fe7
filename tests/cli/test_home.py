"""`regulars home`: what its verbs print, and their exit codes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ended
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import register

Regulars = Callable[..., Ended]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    with start_run(open_tracking(tmp_path / "var"), "fit") as fit:
        register(fit, customer_model())
    return tmp_path / "var"


def test_a_home_goes_to_an_archive_and_back(home: Path, regulars: Regulars) -> None:
    """Each says how much it copied; a second time is refused in one line."""
    assert regulars("home", "backup", "home.tar.gz") == (0, "", "1 run and 1 version: var -> home.tar.gz\n")
    again = regulars("home", "backup", "home.tar.gz")
    assert (again.code, again.error.count("\n")) == (1, 1)
    done = regulars("home", "restore", "home.tar.gz", "--home", "restored")
    assert done == (0, "", "1 run and 1 version: home.tar.gz -> restored\n")
    assert regulars("versions", "--home", "restored").code == 0
    assert regulars("home", "restore", "home.tar.gz", "--home", "restored").code == 1


def test_a_home_of_today_needs_no_upgrade(home: Path, regulars: Regulars) -> None:
    """Which is said, with exit code 0."""
    assert regulars("home", "upgrade", "--home", home) == (0, "", f"{home} was up to date already\n")


@pytest.mark.parametrize("verb", [("backup", "x.tar"), ("restore", "x.tar"), ("upgrade",)])
def test_a_server_is_not_meant(verb: tuple[str, ...], regulars: Regulars, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its database has its own backup."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    ended = regulars("home", *verb)
    assert ended.code == 1
    assert "unset it" in ended.error


def test_without_a_target_the_arguments_are_wrong(regulars: Regulars) -> None:
    """Exit code 2."""
    assert regulars("home", "backup").code == 2
