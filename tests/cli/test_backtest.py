"""`regulars backtest`: the promised file, the measures where the horizon is over, and every option passed on."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.training.logs import simulated, stored
from tests.training.stand_in import AS_OF, customer_model

FIRST = ["customer_id", "loyalty_score", "expected_purchases", "churn_probability", "low", "high"]
MODEL = ("--model", "own_rate", "--quick")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    stored(simulated(200), folder)
    return folder / "store"


@pytest.fixture(autouse=True)
def few_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits of the published models would take most of the time."""
    monkeypatch.setenv("REGULARS_CANDIDATES_BASELINES", "base_rate, own_rate")


def test_backtest_writes_the_promised_file_and_says_how_good_it_was(
    regulars: Callable, shop: Path, tmp_path: Path
) -> None:
    """A row a customer, the promised columns first; the measures are printed where the horizon is over."""
    out = tmp_path / "forecast.parquet"
    ended = regulars("backtest", shop, "--as-of", "2024-03-01", "--horizon-days", "60", "--out", out, "--quick")
    assert ended.code == 0, ended.error
    names = pq.read_schema(out).names
    assert names[:6] == FIRST
    assert names[6:8] == ["base_rate", "base_rate_churn_probability"]
    assert "number of purchases" in ended.error
    assert "standard by segment" in ended.error


def test_backtest_of_a_horizon_that_is_not_over_says_so(regulars: Callable, shop: Path, tmp_path: Path) -> None:
    """The forecasts are written, no measure is made up, and no picture is drawn."""
    arguments = ("backtest", shop, "--as-of", "2024-03-01", "--horizon-days", "999", "--out", tmp_path / "f.parquet")
    ended = regulars(*arguments, *MODEL, "--measures", tmp_path / "m.csv", "--picture", tmp_path / "p.svg")
    assert ended.code == 0, ended.error
    assert "nothing to measure yet" in ended.error
    assert "no horizon is over" in ended.error
    assert (tmp_path / "m.csv").read_text().count("\n") == 1
    assert not (tmp_path / "p.svg").exists()


def test_several_dates_and_horizons_make_one_table_and_a_picture(
    regulars: Callable, shop: Path, tmp_path: Path
) -> None:
    """Forecasts with their date and horizon, tidy measures with intervals, and skill over time."""
    out, measures, picture = tmp_path / "f.parquet", tmp_path / "m.parquet", tmp_path / "skill.svg"
    dates = ("--as-of", "2024-03-01", "--as-of", "2023-12-01", "--as-of", "2024-03-01")
    ended = regulars(
        *("backtest", shop, *dates, "--horizon-days", "90", "--horizon-days", "30", "--horizon-days", "200"),
        *("--out", out, "--measures", measures, "--picture", picture, *MODEL),
    )
    assert ended.code == 0, ended.error
    rows, tidy = pd.read_parquet(out), pd.read_parquet(measures)
    assert list(rows)[:8] == ["as_of", "horizon_days", *FIRST]
    assert rows.groupby(["as_of", "horizon_days"]).ngroups == 6
    assert list(tidy) == ["date", "horizon_days", "customers", "model", "recipe", "metric", "value", "low", "high"]
    measured = tidy[["date", "horizon_days"]].drop_duplicates().astype(str).to_numpy().tolist()
    assert measured == [
        *(["2023-12-01", days] for days in ("30", "90", "200")),
        *(["2024-03-01", days] for days in ("30", "90")),
    ]
    assert tidy.loc[tidy["metric"] == "deviance", "low"].notna().all()
    assert "deviance over 30 days" in ended.error
    assert "the log ends before the 200 days from 2024-03-01 do" in ended.error
    assert "2023-12" in picture.read_text()


def test_dates_at_equal_distances_end_with_the_last_that_can_be_measured(
    regulars: Callable, shop: Path, tmp_path: Path
) -> None:
    """By the shortest horizon; --since and --until limit them."""
    out = tmp_path / "f.parquet"
    arguments = ("backtest", shop, "--every", "60d", "--horizon-days", "30", "--out", out, *MODEL)
    for limits, dates in (
        (("--since", "2024-03-01"), ["2024-03-26", "2024-05-25"]),
        (("--since", "2024-01-01", "--until", "2024-03-01"), ["2024-01-01", "2024-03-01"]),
    ):
        ended = regulars(*arguments, *limits)
        assert ended.code == 0, ended.error
        assert sorted(pd.read_parquet(out)["as_of"].astype(str).unique()) == dates


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "give --as-of, once or more, or --every"),
        (("--as-of", "2024-03-01", "--every", "30d"), "give --as-of, once or more, or --every"),
        (("--as-of", "2024-03-01", "--since", "2024-01-01"), "limit the dates of --every"),
        (("--as-of", "2024-03-01", "--as-of", "May"), "'May' is not a date or time"),
        (("--every", "month"), "not a number of days"),
        (("--as-of", "2024-03-01", "--model", "bold", "--version", "1"), "give one of them"),
        (("--as-of", "2024-03-01", "--picture", "skill.gif"), "does not end in a format of pictures"),
        (("--as-of", "2024-03-01", "--measures", "m.txt"), "m.txt"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    regulars: Callable, shop: Path, arguments: tuple[str, ...], line: str
) -> None:
    """Exit code 2 and one line, before any work."""
    ended = regulars("backtest", shop, "--horizon-days", "30", "--out", "f.parquet", *arguments)
    assert ended.code == 2
    assert line in ended.error
    assert ended.error.count("\n") == 1


def test_a_registered_version_forecasts_from_the_end_of_its_data_on(
    regulars: Callable, shop: Path, home: Path, tmp_path: Path
) -> None:
    """Its own forecasts under its number; an earlier date and an unknown number are one line."""
    arguments = ("backtest", shop, "--horizon-days", "30", "--out", tmp_path / "f.parquet", "--home", home)
    ended = regulars(*arguments, "--version", 1, "--as-of", "2024-03-01", "--measures", tmp_path / "m.parquet")
    assert ended.code == 0, ended.error
    assert "version 1 by segment" in ended.error
    assert pd.read_parquet(tmp_path / "m.parquet")["recipe"].dropna().unique().tolist() == ["version 1"]
    ended = regulars(*arguments, "--version", 1, "--as-of", "2011-06-09")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert f"learnt from events before {AS_OF}, so it gives no forecast at 2011-06-09" in ended.error
    ended = regulars(*arguments, "--version", 7, "--as-of", "2024-03-01")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert "no version 7 is registered" in ended.error


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with one registered version, which is not fitted."""
    from dataclasses import replace

    from training.registry.mlflow_client import open_tracking
    from training.registry.runs import start_run
    from training.registry.versions import register

    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracking = open_tracking(tmp_path / "var")
    model = customer_model(0.02)
    with start_run(tracking, "fit") as run:
        register(run, replace(model, card=replace(model.card, timezone="UTC")))
    return tmp_path / "var"


def test_every_option_reaches_the_library(call_of: Callable, store: Path, tmp_path: Path, formula: Path) -> None:
    """Dates, horizons, model, formula and --quick are those of `training.backtest.backtests`."""
    arguments = ("--as-of", "2024-05-01", "--horizon-days", 7, "--out", tmp_path / "f.parquet")
    options = ("--formula", formula, "--model", "bold", "--quick")
    call = call_of("training.backtest.backtests", "backtest", store, *arguments, *options)
    assert list(call.values())[1:3] == [["2024-05-01"], [7]]
    assert (call["quick"], call["model"], call["formula"].version) == (True, "bold", "ours-7")
    assert call["candidates"].baselines == ("base_rate", "own_rate")
    call = call_of("training.backtest.backtests", "backtest", store, *arguments)
    assert (call["formula"].version, call["quick"], call["model"]) == ("2", False, None)
