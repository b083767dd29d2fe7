"""`regulars publish`: from a fit to a champion in the model store."""

from collections.abc import Callable
from pathlib import Path
from shlex import quote

import pyarrow.parquet as pq
import pytest

from features.errors import PromotionRefusedError
from tests.training.conftest import empty_database, home  # noqa: F401
from tests.training.logs import simulated, stored


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    stored(simulated(400), folder)
    return folder / "store"


@pytest.mark.slow
def test_from_a_fit_to_a_published_champion(
    regulars: Callable, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fit, force with a reason, publish, and see the move; the home moves meanwhile, and readers change nothing."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    folder = tmp_path / "var"
    assert "no champion yet" in regulars("history", "--home", folder).error
    ended = regulars("fit", shop, "--home", folder, "--quick")
    assert ended.code == 0, ended.error
    assert "version 1 (standard) is the challenger" in ended.error
    folder = folder.rename(tmp_path / "moved")
    assert regulars("promote", "--home", folder, "--force").code == 2
    assert regulars("promote", "--home", folder, "--force", "--reason", "the first").code == 0
    folder = folder.rename(tmp_path / "moved again")
    before = contents(folder)
    assert "regulars:1-" in regulars("publish", "--home", folder).error
    scored = regulars(
        "score", shop, "--as-of", "2024-03-01", "--horizon-days", 60, "--home", folder, "--out", "s.parquet"
    )
    assert "champion version 1" in scored.error
    assert "it knows later events" in scored.error
    assert {"loyalty_score", "expected_purchases", "churn_probability"} <= {*pq.read_schema("s.parquet").names}
    ended = regulars("history", "--home", folder, "--out", tmp_path / "moves.csv")
    assert "the first" in ended.error
    assert (tmp_path / "moves.csv").read_text().count("\n") == 2
    assert contents(folder) == before
    ended = regulars("fit", shop, "--home", folder, "--quick")
    assert "version 2 (standard) is the challenger" in ended.error
    assert not (tmp_path / "var").exists()
    assert not (tmp_path / "moved").exists()


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_the_home_reaches_the_library(call_of: Callable, home: Path) -> None:  # noqa: F811
    """The champion of that home is published."""
    call = call_of("training.publish.publish", "publish", "--home", home)
    assert str(home) in call["tracking"].place


def test_a_missing_home_is_one_line(regulars: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the verb that makes a version, and no database is there afterwards."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    ended = regulars("publish", "--home", tmp_path / "home")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "`regulars fit` makes one" in ended.error
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--shadow", "--canary", "10%"), "give one of them"),
        (("--force",), "--force is for a --canary"),
        (("--shadow", "--force"), "--force is for a --canary"),
        (("--version", 3), "--version needs --shadow or --canary"),
        *((("--canary", share), "write it like 10%") for share in ("0%", "100%", "10", "0.1", "ten%", "-5%")),
    ],
)
def test_a_challenger_has_one_role_and_a_share(
    regulars: Callable, options: tuple[object, ...], words: str, tmp_path: Path
) -> None:
    """Anything else is one line, before any work."""
    ended = regulars("publish", "--home", tmp_path, *options)
    assert (ended.code, ended.error.count("\n")) == (2, 1)
    assert words in ended.error


def test_the_role_and_the_share_reach_the_library(call_of: Callable, home: Path) -> None:  # noqa: F811
    """Without a version it is the challenger."""
    call = call_of("training.publish.publish_challenger", "publish", "--home", home, "--canary", "2.5%")
    assert (call["which"], call["role"], call["share"], call["force"]) == ("challenger", "canary", 0.025, False)
    call = call_of("training.publish.publish_challenger", "publish", "--home", home, "--canary", "10%", "--force")
    assert call["force"]
    call = call_of("training.publish.publish_challenger", "publish", "--home", home, "--version", 4, "--shadow")
    assert (call["which"], call["role"], call["share"]) == (4, "shadow", 1.0)


def test_a_canary_that_the_gate_refuses_is_no_canary(
    regulars: Callable,
    home: Path,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each reason is a line, and the last one has the command that lets it answer customers all the same."""

    def refuse(*_: object, **__: object) -> None:
        raise PromotionRefusedError(5, ("too slow", "too few customers"), can_be_forced=True)

    monkeypatch.setattr("training.publish.publish_challenger", refuse)
    ended = regulars("publish", "--home", home, "--version", 5, "--canary", "2.5%", "--signing-key", "key.pem")
    place = f"--home {quote(str(home))} --signing-key key.pem"
    command = f"regulars publish --version 5 --canary 2.5% {place} --force"
    assert (ended.code, ended.error.splitlines()) == (
        1,
        [
            "refused: too slow",
            "refused: too few customers",
            f"`{command}` lets version 5 answer customers all the same",
        ],
    )
