"""Weeks are what the service's log has, whichever version forecast: known truth, written by the log's own writer."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from features.as_of import AsOf, microseconds
from features.definitions import FEATURE_NAMES
from features.errors import ForecastLogError
from features.store.event_store import EventStore
from features.timezones import DAY
from monitoring.logged_forecasts import FIRST_WEEKS, LoggedForecasts, logged_forecasts
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.training.logs import stored
from training.models.bundle import OUTPUTS

MONDAY = datetime(2024, 1, 1, tzinfo=UTC)
IDS = [f"c{at:03}" for at in range(120)]
RATE = 0.5
WEEKS = 40


def at(week: int, hours: float = 0) -> datetime:
    return MONDAY + timedelta(weeks=week, hours=hours)


def shop(folder: Path, rate: Callable[[int], float]) -> EventStore:
    """Everybody buys in a week with a chance of `rate`, at noon of a random day; `c000` each day, twice."""
    rng = np.random.default_rng(4)
    rows = []
    for week in range(-1, WEEKS):
        for name in IDS[1:]:
            if week < 0 or rng.random() < rate(week):
                rows.append((name, at(week, 24 * int(rng.integers(7)) + 12)))
        rows += [(IDS[0], at(week, 24 * day + hour)) for day in range(7) for hour in (9, 15)]
    names, times = zip(*rows, strict=True)
    count = len(rows)
    log = pa.table(
        {"customer_id": names, "event_time": times, "event_type": ["purchase"] * count, "amount": [1.0] * count}
    )
    return stored(log, folder)


class Service:
    """Writes what it answers with the log of the service."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.keys, self.now = folder / "log", PseudonymKeys(folder / "keys"), MONDAY
        self.log = ForecastLog(self.folder, self.keys, 3_650, 10**9, lambda: self.now)

    def answer(self, asked: datetime, as_of: datetime, version: str, expected: float, ids: list[str] = IDS) -> None:
        def forecast(table: pd.DataFrame, day: int, days: int) -> np.ndarray:
            return np.full((len(table), len(OUTPUTS)), expected * days / 7)

        model = SimpleNamespace(version=version, digest="d", compiled=None, forecast_table=forecast)
        state: Any = SimpleNamespace(model=model, canary=None, formula=SimpleNamespace(version="1"))
        self.now = asked
        time = AsOf.at_time(microseconds(as_of), "UTC")
        context = ScoringContext(state, time, 90, microseconds(asked) + DAY)
        self.log.answered("/score", Features(ids, np.ones((len(ids), len(FEATURE_NAMES)))), context)
        self.log.flush()


def looked(store: EventStore, service: Service, keys: PseudonymKeys | None = None) -> LoggedForecasts:
    end = AsOf.at_midnight((at(WEEKS) - datetime(1970, 1, 1, tzinfo=UTC)).days, "UTC")
    return logged_forecasts(store, service.folder, keys or service.keys, end)


@pytest.fixture(scope="module")
def even(tmp_path_factory: pytest.TempPathFactory) -> EventStore:
    """A shop in which nothing changes."""
    return shop(tmp_path_factory.mktemp("even"), lambda week: RATE)


def test_a_champion_of_every_week_has_weeks_to_watch(even: EventStore, tmp_path: Path) -> None:
    """Forecasts and purchases of each week are those of the log and the store; where nothing changes nothing alarms."""
    service = Service(tmp_path)
    for week in range(WEEKS):
        service.answer(at(week, 10), at(week), str(week), RATE, IDS[1:])
    found = looked(even, service)
    table = found.weekly.table
    assert len(table) == WEEKS
    assert table["reference"].sum() == FIRST_WEEKS
    assert table["forecast"].to_numpy() == pytest.approx(RATE * len(IDS[1:]))
    bought = pd.to_datetime(pa.array(even.columns["time"]).to_pandas(), unit="us", utc=True)
    named = np.repeat(np.arange(even.n_customers), np.diff(even.offsets))
    ours = bought[named != even.customer_ids.to_pylist().index(IDS[0])]
    assert table["purchases"].tolist() == [((ours >= at(w)) & (ours < at(w + 1))).sum() for w in range(WEEKS)]
    assert table["versions"].tolist() == [str(week) for week in range(WEEKS)]
    assert table["from"].tolist() == [str(at(week).date()) for week in range(WEEKS)]
    assert found.weekly.path is not None
    assert not found.weekly.alarm
    assert len(found.versions) == WEEKS
    assert found.versions.iloc[0][["version", "role", "from", "forecasts"]].tolist() == [
        str(WEEKS - 1),
        "champion",
        "2024-09-30",
        len(IDS) - 1,
    ]
    assert (found.missing, found.strangers) == ({}, 0)


def test_a_fall_is_found_although_each_week_has_its_own_version(tmp_path: Path) -> None:
    """Purchases at six tenths from week 26 on, which no model foresaw: what changed, and since when."""
    store, service = shop(tmp_path, lambda week: RATE * (0.6 if week >= 26 else 1)), Service(tmp_path)
    for week in range(WEEKS):
        service.answer(at(week, 10), at(week), str(week), RATE, IDS[1:])
    weekly = looked(store, service).weekly
    assert weekly.alarm
    assert weekly.change == pytest.approx(-0.4, abs=0.1)
    assert weekly.since is not None
    assert abs((datetime.fromisoformat(weekly.since).replace(tzinfo=UTC) - at(26)).days) <= 21


def test_the_first_forecast_of_a_customer_in_a_week_counts(even: EventStore, tmp_path: Path) -> None:
    """Later ones, those made afterwards, and those whose week is not over do not; strangers are counted apart."""
    service = Service(tmp_path)
    service.answer(at(35, 34), at(35, 24), "7", 0.5, ["c001", "c002"])
    service.answer(at(35, 60), at(35, 48), "8", 9.0, ["c002", "c003"])
    service.answer(at(37), at(35), "9", 9.0, ["c004"])  # said two weeks later
    service.answer(at(39, 24), at(39, 24), "9", 9.0, ["c005"])
    service.answer(at(35), at(35), "9", 9.0, ["nobody", "no one"])
    found = looked(even, service)
    assert found.strangers == 2
    assert found.versions[["version", "forecasts", "forecast"]].values.tolist() == [["8", 1, 9.0], ["7", 2, 1.0]]
    week = found.weekly.table.iloc[0]
    assert (week["from"], week["versions"], week["forecast"]) == ("2024-09-03", "7, 8", 10.0)
    assert found.weekly.reason == f"4 logged weeks are over, expected {FIRST_WEEKS + 1}"


@pytest.mark.parametrize(("hours", "days"), [(0, 7), (12, 8), (18, 7)])
def test_outcomes_are_the_purchase_days_of_seven_days(even: EventStore, tmp_path: Path, hours: int, days: int) -> None:
    """From the forecast's own moment, with two purchases a day: from noon on seven days touch eight that have one."""
    service = Service(tmp_path)
    service.answer(at(30, hours), at(30, hours), "1", 5.0, IDS[:1])
    assert looked(even, service).versions["purchases"].tolist() == [days]


def test_rows_without_their_key_are_counted_and_none_at_all_is_an_error(even: EventStore, tmp_path: Path) -> None:
    """A destroyed key leads to nobody; the keys of other logs to nothing."""
    service = Service(tmp_path)
    service.answer(at(2), at(2), "1", RATE)
    service.answer(at(20), at(20), "2", RATE)
    (tmp_path / "keys" / "2024Q1.key").unlink()
    found = looked(even, service)
    assert found.missing == {"2024Q1": len(IDS)}
    assert found.versions["version"].tolist() == ["2"]
    with pytest.raises(ForecastLogError, match=r"none of the keys of the forecast log \(2024Q1, 2024Q2\): name the"):
        looked(even, service, PseudonymKeys(tmp_path / "others"))


def test_what_is_no_forecast_log_is_refused(even: EventStore, tmp_path: Path) -> None:
    """An empty folder, a file that is no piece, a key that others can read."""
    service = Service(tmp_path)
    service.folder.mkdir()
    with pytest.raises(ForecastLogError, match="has no forecast of the 156 weeks before 2024-10-07: expected"):
        looked(even, service)
    service.answer(at(2), at(2), "1", RATE)
    bad = service.folder / "2024-01-15" / "x.parquet"
    bad.write_text("no parquet")
    with pytest.raises(ForecastLogError, match=r"x\.parquet is no piece of a forecast log \("):
        looked(even, service)
    bad.unlink()
    (tmp_path / "keys" / "2024Q1.key").chmod(0o644)
    with pytest.raises(ForecastLogError, match="others than its owner have access"):
        looked(even, service)


def test_a_week_without_a_forecast_says_nothing(even: EventStore, tmp_path: Path) -> None:
    """The service was down for three weeks: these neither alarm nor hide what follows."""
    service = Service(tmp_path)
    for week in range(WEEKS):
        if not 20 <= week < 23:
            service.answer(at(week), at(week), "1", RATE, IDS[1:])
    table = looked(even, service).weekly.table
    assert table.loc[20:22, "forecast"].tolist() == [0, 0, 0]
    assert table.loc[20:22, "deviation"].to_numpy() == pytest.approx(0, abs=0.1)
