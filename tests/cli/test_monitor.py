"""`regulars monitor`: what was found in words, as JSON, and as an exit code."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from features.as_of import AsOf, utc
from features.definitions import FEATURE_NAMES
from features.timezones import DAY
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.pseudonyms import PseudonymKeys
from tests.cli.conftest import Ended
from training.models.bundle import OUTPUTS


def test_a_log_without_a_champion_is_looked_at(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """No line is longer than the terminal; the last one says what to do."""
    assert regulars("simulate", "--customers", "250", "--out", "log.parquet").code == 0
    ended = regulars("monitor", "log.parquet", "--as-of", "2025-06-01", "--out", "seen")
    assert ended.code in (0, 5)
    found = json.loads((tmp_path / "seen" / "monitor.json").read_text())
    assert found["exit_code"] == ended.code
    assert "there is no champion, so only the intake and the columns are looked at" in ended.error
    assert ended.error.splitlines()[-1] == f"2025-06-01: {found['recommendation']} -> seen/monitor.json"


def test_options_may_stand_in_the_settings_file(regulars: Callable[..., Ended], store: Path, tmp_path: Path) -> None:
    """An option of the command stands above it; keys without a log are refused there too."""
    (tmp_path / "regulars.toml").write_text('[monitor]\nout = "seen"\nfalse_alarm_rate = 0.2\n')
    assert regulars("monitor", store).code in (0, 5)
    assert json.loads((tmp_path / "seen" / "monitor.json").read_text())["budget"] == 0.2
    assert regulars("monitor", store, "--false-alarm-rate", "0.1", "--out", "other").code in (0, 5)
    assert json.loads((tmp_path / "other" / "monitor.json").read_text())["budget"] == 0.1
    (tmp_path / "regulars.toml").write_text('[monitor]\nforecast_log_keys = "keys"\n')
    ended = regulars("monitor", store)
    assert ended.code == 2
    assert "[monitor]: forecast_log_keys are those of a forecast_log: name it too" in ended.error
    (tmp_path / "regulars.toml").write_text('[monitor]\nout = "taken"\n')
    (tmp_path / "taken").touch()
    ended = regulars("monitor", store)
    assert (ended.code, ended.error.count("\n")) == (2, 1)  # before any work
    assert "taken: choose another place" in ended.error


def test_what_is_not_possible_is_refused(regulars: Callable[..., Ended]) -> None:
    """In one line, before any work."""
    ended = regulars("monitor", "nowhere")
    assert (ended.code, ended.error.count("\n")) == (1, 1)
    assert regulars("monitor", "nowhere", "--false-alarm-rate", "2").code == 2


def test_a_home_that_does_not_exist_and_a_time_before_the_log_are_refused(
    regulars: Callable[..., Ended], store: Path
) -> None:
    """Typing errors are no reason to recommend nothing; a home without a champion is looked at as without one."""
    ended = regulars("monitor", store, "--home", "nohome")
    assert (ended.code, ended.error.count("\n")) == (2, 1)
    assert "there is no folder nohome" in ended.error
    assert regulars("recalibrate", store, "--home", "nohome").code == 2
    assert not Path("nohome").exists()
    ended = regulars("monitor", store, "--as-of", "1999-01-01")
    assert ended.code == 1
    assert ended.error.splitlines()[-1].startswith("regulars: no event is before 1999-01-01, the log begins on 202")
    Path("home").mkdir()
    assert regulars("monitor", store, "--home", "home").code in (0, 5)


def flat(version: str, forecast: float) -> Any:
    """A model that has one number for everything."""
    return SimpleNamespace(
        version=version,
        digest="d",
        compiled=None,
        forecast_table=lambda table, day, days: np.full((len(table), len(OUTPUTS)), forecast),
    )


def logged(folder: Path, day: str, version: str, ids: list[str], shadow: float | None = None) -> None:
    """Forecasts of a purchase a week, in the log of a service; with a `shadow` those of version 9 beside it."""
    time = AsOf.parse(day, "UTC")
    state: Any = SimpleNamespace(
        model=flat(version, 1.0 if shadow is None else 0.5),
        canary=None,
        shadow=None if shadow is None else flat("9", shadow),
        formula=SimpleNamespace(version="1"),
    )
    log = ForecastLog(
        folder / "flog",
        PseudonymKeys(folder / "flog-keys"),
        *(3_650, 10**9, lambda: utc(time.time)),
        shadow=shadow is not None,
    )
    features = Features(ids, np.ones((len(ids), len(FEATURE_NAMES))))
    log.answered("/score", features, ScoringContext(state, time, 90, time.time + DAY))
    log.flush()


def test_logged_forecasts_are_watched(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """By version and role; a key that is not held is one line, none at all or none that exists an error of one."""
    assert regulars("simulate", "--customers", "250", "--out", "log.parquet").code == 0
    logged(tmp_path, "2025-03-24", "3", ["C000001"])
    logged(tmp_path, "2025-05-19", "4", ["nobody"])
    ids = pq.read_table(tmp_path / "log.parquet")["customer_id"].unique().to_pylist()[:20]
    logged(tmp_path, "2025-05-12", "5", ids)
    (tmp_path / "flog-keys/2025Q1.key").rename(tmp_path / "2025Q1.key")
    ended = regulars("monitor", "log.parquet", "--as-of", "2025-06-01", "--forecast-log", "flog", "--out", "seen")
    assert ended.code in (0, 5)
    assert "the key 2025Q1 is not held: 1 logged forecast under it cannot be matched" in ended.error
    assert "1 logged forecast of customers who are not in the store" in ended.error
    assert "the intake, the columns and the forecast log are looked at" in ended.error
    found = json.loads((tmp_path / "seen" / "monitor.json").read_text())
    [row] = found["forecast_log"]["versions"]
    assert (row["version"], row["role"], row["forecasts"], row["forecast"]) == ("5", "champion", 20, 20.0)
    assert found["forecast_log"]["rows_without_key"] == {"2025Q1": 1}
    assert found["forecasts"]["reason"] == "2 logged weeks are over, expected 18"
    (tmp_path / "others").mkdir()
    ended = regulars("monitor", "log.parquet", "--forecast-log", "flog", "--forecast-log-keys", "others")
    assert (ended.code, ended.error.splitlines()[-1]) == (
        1,
        "regulars: others has none of the keys of the forecast log (2025Q1, 2025Q2): name the folder that holds them "
        "with --forecast-log-keys",
    )
    assert regulars("monitor", "log.parquet", "--forecast-log-keys", "others").code == 2
    assert regulars("monitor", "log.parquet", "--forecast-log", "nowhere").code == 2


def test_a_challenger_in_shadow_is_compared(regulars: Callable[..., Ended], tmp_path: Path) -> None:
    """The losses of both, the interval and the advice, as text and in the file; the exit code is the champion's."""
    assert regulars("simulate", "--customers", "250", "--out", "log.parquet").code == 0
    ids = pq.read_table(tmp_path / "log.parquet")["customer_id"].unique().to_pylist()
    for week in range(8):
        day = str(date(2025, 3, 24) + timedelta(weeks=week))
        logged(tmp_path, day, "3", ids)
        logged(tmp_path, day, "3", ids, shadow=0.1)
    ended = regulars("monitor", "log.parquet", "--as-of", "2025-05-19", "--forecast-log", "flog", "--out", "seen")
    assert "version 9 shadow since 2025-03-24" in ended.error
    found = json.loads((tmp_path / "seen" / "monitor.json").read_text())["challenger"]
    assert (found["role"], found["version"], found["champion"]) == ("shadow", "9", "3")
    early = [row for row in found["losses"] if row["horizon_days"] == 7]
    assert [row["weeks"] for row in early] == [7, 7]  # the eighth is not over: more may be asked for in it
    assert found["reason"] in ended.error
    deviance, log_loss = early
    assert deviance["low"] < deviance["difference"] < deviance["high"] < 0 < log_loss["low"]
    assert found["advice"] == "end"
