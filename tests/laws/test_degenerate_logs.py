"""Tiny and degenerate logs: every verb gives a result, or one line that says what was found and what to do."""

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Ended, regulars
from training.registry.mlflow_client import open_tracking
from training.registry.versions import versions

__all__ = ["regulars"]
START = datetime(2023, 1, 1, 10)
Rows = Iterator[tuple[str, int, str, str]]
"""Customer, day since the start, event type, amount."""


def one_purchase_each() -> Rows:
    yield from ((f"c{number}", number * 7 % 700, "purchase", "10") for number in range(120))


def one_customer() -> Rows:
    yield from (("a", day, "purchase", "20") for day in range(0, 700, 23))


def two_customers() -> Rows:
    yield from ((name, day, "purchase", "20") for name in "ab" for day in range(0, 700, 31))


def five_customers() -> Rows:
    yield from ((name, at * 83 % 700, "purchase", str(at)) for at in range(1, 9) for name in "abcde"[: 1 + at % 5])


def one_day() -> Rows:
    yield from ((f"c{number}", 50, "purchase", "10") for number in range(60))


def returns_alone() -> Rows:
    yield from ((f"c{number}", number * 7 % 700, "return", "10") for number in range(60))


def short() -> Rows:
    yield from ((f"c{number % 20}", number % 20, "purchase", "10") for number in range(60))


def quiet_year() -> Rows:
    yield from ((f"c{number % 40}", number * 3 % 300, "purchase", "10") for number in range(200))
    yield from ((f"c{number}", 340 + 9 * number, "visit", "") for number in range(40))


LOGS = {
    make.__name__: make
    for make in (
        one_purchase_each,
        one_customer,
        two_customers,
        five_customers,
        one_day,
        returns_alone,
        short,
        quiet_year,
    )
}
REFUSED = {
    ("one_day", "fit"): "the log is 1 days long: a fit needs at least 210; wait for more",
    ("short", "fit"): "the log is 20 days long: a fit needs at least 210; wait for more",
    ("returns_alone", "fit"): "nobody in the log has bought before",
    ("returns_alone", "backtest"): "nobody in the log has bought before",
    ("returns_alone", "compare"): "bought before",
    ("returns_alone", "segments"): "nobody has a value of days_since_last_purchase",
    ("one_day", "compare"): "give fewer --horizon-days",
    ("short", "compare"): "give fewer --horizon-days",
}
"""The line of each verb that a log has too little for; all others give a result."""
SLOW = {"one_purchase_each", "two_customers", "five_customers", "quiet_year"}
CASES = [pytest.param(name, marks=[pytest.mark.slow] * (name in SLOW)) for name in LOGS]


@pytest.fixture(autouse=True)
def few_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fits that take a second, and trials over a month."""
    monkeypatch.setenv("REGULARS_CANDIDATES_BASELINES", "base_rate, own_rate, bg_nbd")
    monkeypatch.setenv("REGULARS_FIT_HORIZONS", "30, 90")
    monkeypatch.setenv("REGULARS_TRIALS_HORIZONS", "30")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@pytest.mark.filterwarnings("ignore:the likelihood")
@pytest.mark.parametrize("name", CASES)
def test_a_verb_gives_a_result_or_one_line(name: str, regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """And a fit that is refused leaves no run and no version behind."""
    with (tmp_path / "log.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "event_time", "event_type", "amount"])
        rows.writerows([who, START + timedelta(days=day), kind, amount] for who, day, kind, amount in LOGS[name]())
    ended = regulars("ingest", tmp_path / "log.csv", "--out", tmp_path / "store")
    assert ended.code == 0, ended.error
    home = ("--home", tmp_path / "var")
    verbs = {
        "fit": ("--quick", *home),
        "backtest": ("--as-of", "2024-06-01", "--horizon-days", 30, "--quick", "--out", tmp_path / "backtest.csv"),
        "score": ("--as-of", "2025-01-01", *home, "--out", tmp_path / "scores.csv"),
        "compare": ("--horizon-days", 60, "--quick", *home, "--out", tmp_path / "report"),
        "features": ("--as-of", "2025-01-01", "--out", tmp_path / "features.csv"),
        "segments": ("--every", "90d", "--learn", tmp_path / "segments.toml"),
        "indices": ("--every", "90d"),
    }
    for verb, arguments in verbs.items():
        if verb == "score" and (name, "fit") not in REFUSED:
            assert regulars("promote", *home, "--force", "--reason", "a test").code == 0
        ended = regulars(verb, tmp_path / "store", *arguments)
        line = REFUSED.get((name, verb))
        assert ended.code == (1 if line else 0), f"{verb}: {ended.error}"
        assert "Traceback" not in ended.error
        if line:
            assert line in ended.error.splitlines()[-1]
    for file in ("backtest", "scores", "features"):
        if (name, file) not in REFUSED and (tmp_path / f"{file}.csv").exists():
            table = pd.read_csv(tmp_path / f"{file}.csv")
            assert len(table) == table["customer_id"].nunique() > 0
    tracking = open_tracking(tmp_path / "var")
    if (name, "fit") in REFUSED:
        assert (versions(tracking), tracking.search_runs("regulars")) == ([], [])
    else:
        assert [made.aliases for made in versions(tracking)] == [("champion",)]
