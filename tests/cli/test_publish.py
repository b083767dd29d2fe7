"""`regulars publish`: from a fit to a champion in the model store."""

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

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
    """Fit, refuse without a reason, force with one, publish, and see the move in the history."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    home = tmp_path / "var"
    assert "no champion yet" in regulars("history", "--home", home).error
    ended = regulars("fit", shop, "--home", home, "--quick")
    assert ended.code == 0, ended.error
    assert "version 1 (standard) is the challenger" in ended.error
    assert regulars("promote", "--home", home, "--force").code == 2
    assert regulars("promote", "--home", home, "--force", "--reason", "the first").code == 0
    assert "regulars:1-" in regulars("publish", "--home", home).error
    scored = regulars(
        "score", shop, "--as-of", "2024-03-01", "--horizon-days", 60, "--home", home, "--out", "s.parquet"
    )
    assert "champion version 1" in scored.error
    assert "it knows later events" in scored.error
    assert {"loyalty_score", "expected_purchases", "churn_probability"} <= {*pq.read_schema("s.parquet").names}
    ended = regulars("history", "--home", home, "--out", tmp_path / "moves.csv")
    assert "the first" in ended.error
    assert (tmp_path / "moves.csv").read_text().count("\n") == 2


def test_the_home_reaches_the_library(call_of: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The champion of that home is published."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    call = call_of("training.publish.publish", "publish", "--home", tmp_path / "home")
    assert str(tmp_path / "home") in call["tracking"].place
