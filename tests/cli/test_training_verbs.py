"""`fit`, `backtest`, `promote`, `publish` and `history` as a user meets them."""

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


def test_backtest_writes_the_promised_file_and_says_how_good_it_was(
    regulars: Callable, shop: Path, tmp_path: Path
) -> None:
    """A row a customer, the promised columns first; the measures are printed where the horizon is over."""
    out = tmp_path / "forecast.parquet"
    ended = regulars("backtest", shop, "--as-of", "2024-03-01", "--horizon-days", "60", "--out", out, "--quick")
    assert ended.code == 0, ended.error
    assert pq.read_schema(out).names[:4] == ["customer_id", "loyalty_score", "expected_purchases", "churn_probability"]
    assert "how many purchases" in ended.error
    assert "pareto_nbd" in ended.error


def test_backtest_of_a_horizon_that_is_not_over_says_so(regulars: Callable, shop: Path, tmp_path: Path) -> None:
    """The forecasts are written, and no measure is made up."""
    out = tmp_path / "forecast.parquet"
    ended = regulars("backtest", shop, "--as-of", "2024-03-01", "--horizon-days", "999", "--out", out, "--quick")
    assert ended.code == 0
    assert "nothing can be measured yet" in ended.error


@pytest.mark.slow
def test_from_a_fit_to_a_published_champion(
    regulars: Callable, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fit, refuse without a reason, force with one, publish, and see the move in the history."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("BENTOML_HOME", str(tmp_path / "bento"))
    home = tmp_path / "var"
    assert "never moved" in regulars("history", "--home", home).error
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
    assert "it knows what came after" in scored.error
    assert {"loyalty_score", "expected_purchases", "churn_probability"} <= {*pq.read_schema("s.parquet").names}
    ended = regulars("history", "--home", home, "--out", tmp_path / "moves.csv")
    assert "the first" in ended.error
    assert (tmp_path / "moves.csv").read_text().count("\n") == 2


def test_a_log_too_short_to_fit_is_one_line(regulars: Callable, store: Path, tmp_path: Path) -> None:
    """The error says how long the log is and how long it must be."""
    ended = regulars("fit", store, "--home", tmp_path / "var", "--quick")
    assert ended.code == 1
    assert "a fit needs at least" in ended.error
    assert ended.error.strip().count("\n") == 0
