"""`regulars backtest`: the promised file, the measures where the horizon is over, and every option passed on."""

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
    assert "number of purchases" in ended.error
    assert "pareto_nbd" in ended.error


def test_backtest_of_a_horizon_that_is_not_over_says_so(regulars: Callable, shop: Path, tmp_path: Path) -> None:
    """The forecasts are written, and no measure is made up."""
    out = tmp_path / "forecast.parquet"
    ended = regulars("backtest", shop, "--as-of", "2024-03-01", "--horizon-days", "999", "--out", out, "--quick")
    assert ended.code == 0
    assert "nothing to measure yet" in ended.error


def test_every_option_reaches_the_library(call_of: Callable, store: Path, tmp_path: Path, formula: Path) -> None:
    """Date, horizon, formula and --quick are those of `training.backtest.backtest`."""
    arguments = ("--as-of", "2024-05-01", "--horizon-days", 7, "--out", tmp_path / "f.parquet")
    call = call_of("training.backtest.backtest", "backtest", store, *arguments, "--formula", formula, "--quick")
    assert list(call.values())[1:3] == ["2024-05-01", 7]
    assert call["quick"]
    assert call["formula"].version == "ours-7"
    call = call_of("training.backtest.backtest", "backtest", store, *arguments)
    assert (call["formula"].version, call["quick"]) == ("2", False)
