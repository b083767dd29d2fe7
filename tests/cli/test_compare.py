"""`compare` as a user meets it."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import restore_config
from tests.training.logs import simulated, stored
from tests.training.stand_in import customer_model
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import register


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    stored(simulated(120), folder)
    return folder / "store"


def test_compare_writes_page_workbook_and_tables(regulars: Callable, shop: Path, tmp_path: Path) -> None:
    """Without a date the latest is taken whose outcome is in the log; the page begins in the language asked for."""
    ended = regulars(
        "compare", shop, "--horizon-days", "60", "--since", "2024-01-01", "--language", "zh", "--out", "rep", "--quick"
    )
    assert ended.code == 0, ended.error
    folder = tmp_path / "rep"
    assert {each.name for each in folder.iterdir()} == {"report.html", "report.xlsx", "tables", "customers"}
    assert '<html lang="zh">' in (folder / "report.html").read_text()
    customers = pd.read_parquet(folder / "tables" / "customers.parquet")
    assert f"{len(customers)} customers at 2024-04-" in ended.error
    assert "compared over the next 60 days with a model trained for this report" in ended.error
    assert "purchase days among the top 1" in ended.error
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--as-of", "2024-03-01", "--horizon-days", "999"], 1, "give an earlier --as-of or fewer --horizon-days"),
        (["--as-of", "March"], 2, "'March' is not a date or time"),
        (["--language", "fr"], 2, "'fr' is not one of"),
        (["--trial", "May"], 2, "'May' is not a date or time"),
        (["--versions", "1", "2", "--trial", "2024-03-01"], 2, "--trial cannot be used with --versions: leave it out"),
        (["--versions", "1"], 2, "--versions"),
        (["--versions", "1", "2", "--home", "nowhere"], 1, "nowhere"),
        (["--as-of", "2020-01-01"], 1, "the log begins on 2023-"),
        (["--as-of", "2024-03-01", "--formula", "none.toml"], 1, "none.toml: No such file"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    regulars: Callable, shop: Path, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    """It says what was found and what to do, and nothing is written."""
    ended = regulars("compare", shop, *arguments, "--out", "rep")
    assert ended.code == code
    assert said in ended.error
    assert ended.error.strip().count("\n") == 0
    assert not (tmp_path / "rep").exists()


def test_every_option_reaches_the_library(
    call_of: Callable, store: Path, tmp_path: Path, formula: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates, horizon, both formulas, home and --quick are the report's; the earlier formula is the same if absent."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    home = tmp_path / "home"
    arguments = ("compare", store, "--out", tmp_path / "r", "--home", home)
    options = ("--as-of", "2024-04-01", "--horizon-days", 7, "--since", "2024-03-01", "--quick")
    options += ("--trial", "2024-02-01", "--trial", "2024-01-01")
    call = call_of("reporting.build.make_report", *arguments, *options, "--formula-then", formula)
    _, as_of, horizon_days, rule, since, earlier_rule, tracking, quick, *_ = call.values()
    assert (as_of, horizon_days, since, tracking, quick) == ("2024-04-01", 7, "2024-03-01", None, True)
    assert call["trials"] == ["2024-02-01", "2024-01-01"]
    assert (rule.version, earlier_rule.version) == ("2", "ours-7")
    home.mkdir()
    (home / "mlflow.db").touch()
    monkeypatch.setattr("training.registry.mlflow_client.open_tracking", lambda home, **_: f"tracking of {home}")
    call = call_of("reporting.build.make_report", *arguments, "--formula", formula)
    _, as_of, horizon_days, rule, since, earlier_rule, tracking, quick, *_ = call.values()
    assert (as_of, horizon_days, since, tracking, quick) == (None, 90, None, f"tracking of {home}", False)
    assert rule.version == earlier_rule.version == "ours-7"


def test_baselines_metrics_and_rule_of_the_settings_reach_the_library(
    call_of: Callable, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[candidates] baselines and [trials] metrics decide what the report compares and shows."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tmp_path / "regulars.toml").write_text(
        '[candidates]\nbaselines = ["zero", "own_rate"]\n[trials]\nmetrics = ["bias"]\n'
    )
    monkeypatch.chdir(tmp_path)
    restore_config(monkeypatch)
    call = call_of("reporting.build.make_report", "compare", store, "--out", "r")
    assert call["baselines"] == ("zero", "own_rate")
    assert call["metrics"] == ("bias",)


def test_two_versions_are_compared_side_by_side(
    regulars: Callable, shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Page, workbook, JSON and tables; the terminal has totals, agreement, and which date would judge both."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tracking = open_tracking(tmp_path / "home")
    for rate in (0.005, 0.02):
        model = customer_model(rate)
        model = replace(model, card=replace(model.card, as_of="2024-03-01", timezone="UTC"))
        with start_run(tracking, "fit") as fit:
            register(fit, model, tags={"candidate": "standard"})
    arguments = ("compare", shop, "--versions", 1, 2, "--home", "home", "--out", "rep")
    ended = regulars(*arguments, "--as-of", "2024-03-01", "--horizon-days", 60, "--language", "zh")
    assert ended.code == 0, ended.error
    folder = tmp_path / "rep"
    assert {each.name for each in folder.iterdir()} == {"report.html", "report.xlsx", "report.json", "tables"}
    assert '<html lang="zh">' in (folder / "report.html").read_text()
    found = json.loads((folder / "report.json").read_text())
    assert [each["version"] for each in found["versions"]] == [1, 2]
    forecasts = pd.read_parquet(folder / "tables" / "forecasts.parquet")
    assert len(forecasts) == found["customers"]
    assert f"{len(forecasts)} customers at 2024-03-01, forecast over 60 days" in ended.error
    assert "deviance, second less first: " in ended.error
    later = regulars(*arguments)
    assert "nothing to measure yet: the log ends before the 90 days do" in later.error
    assert "`--as-of 2024-03-01 --horizon-days 90` measures both" in later.error or "--horizon-days" in later.error
    stale = regulars(*arguments, "--as-of", "2027-01-01")
    assert "warning: The log ends on 2024-" in stale.error
    assert "days before 2027-01-01: what happened since is not in it" in (folder / "report.html").read_text()
