"""A challenger from its publication to the monitor's advice, with the real command and a real service."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from serving.state import ServedModel
from tests.serving.forecast_log.written_logs import log_files
from tests.serving.running import ROOT, Running, eventually, running
from training.models.bundle import CHAMPION
from training.recalibration import Shift, shifted
from training.registry.mlflow_client import open_tracking
from training.registry.runs import start_run
from training.registry.versions import move_alias, register

WEEKS, CUSTOMERS = 9, 200


def bought(now: datetime) -> dict[str, list[datetime]]:
    """When each customer bought: at a rate of their own, for two years."""
    rng = np.random.default_rng(2)
    rates = rng.gamma(1.5, 0.15, CUSTOMERS)
    days = [np.flatnonzero(rng.random(730) < rate / 7) for rate in rates]
    return {
        f"c{number}": [now - timedelta(days=730 - int(day), hours=1) for day in found]
        for number, found in enumerate(days)
        if len(found)
    }


def command(*arguments: object, home: Path, codes: tuple[int, ...] = (0,)) -> str:
    """What `regulars` says."""
    environment = os.environ | {"BENTOML_HOME": str(home)}
    environment.pop("MLFLOW_TRACKING_URI", None)
    words = [sys.executable, "-m", "cli.main", *map(str, arguments)]
    ended = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in codes, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def challenger(service: Running) -> dict[str, Any]:
    found: dict[str, Any] = service.ask("GET", "/versions").json().get("challenger", {})
    return found


def roles(folder: Path) -> list[str]:
    """Who made each forecast of a log."""
    return [role for path in log_files(folder) for role in pq.read_table(path)["role"].to_pylist()]


def in_earlier_weeks(folder: Path, now: datetime) -> None:
    """Copy what was logged as if it had been asked for in each of the weeks before."""
    for path in list(log_files(folder)):
        table = pq.read_table(path)
        for weeks in range(1, WEEKS + 1):
            back = pa.scalar(timedelta(weeks=weeks), pa.duration("us"))
            earlier = table
            for name in ("asked_at", "as_of"):
                at = table.column_names.index(name)
                earlier = earlier.set_column(at, table.field(name), pc.subtract(table[name], back))
            day = folder / str((now - timedelta(weeks=weeks)).date())
            day.mkdir(exist_ok=True)
            pq.write_table(earlier, day / path.name)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_from_a_shadow_to_its_promotion(served_model: ServedModel, tmp_path: Path) -> None:
    """Version 1 forecasts twelve times too much: the service logs both, and the monitor tells them apart."""
    now, home, log = datetime.now(UTC).replace(microsecond=0), tmp_path / "bento", tmp_path / "log"
    customers, model = bought(now), served_model.customer_model
    assert model is not None
    tracking = open_tracking(tmp_path / "var")
    with start_run(tracking, "one") as run:
        first = register(run, shifted(model, Shift(2.5, 2.5)))
    move_alias(tracking, CHAMPION, first.number, None)
    with start_run(tracking, "two") as run:
        register(run, model)
    body = {
        "customers": [
            {
                "customer_id": name,
                "events": [
                    {"event_type": "purchase", "event_time": time.isoformat(), "amount": 10.0, "reference": str(at)}
                    for at, time in enumerate(times)
                ],
            }
            for name, times in customers.items()
        ],
        "horizon_days": 28,
        "as_of": now.isoformat(),  # the same for all requests, also where midnight comes between
    }
    publish = ("publish", "--home", tmp_path / "var")
    command(*publish, home=home)
    with running(home, "--forecast-log", str(log)) as service:
        alone = service.ask("POST", "/score", json=body).json()
        assert "in shadow" in command(*publish, "--shadow", home=home)
        eventually(lambda: challenger(service).get("role") == "shadow", "it is in shadow")
        beside = service.ask("POST", "/score", json=body).json()
        assert [score["expected_purchases"] for score in beside["scores"]] == pytest.approx(
            [score["expected_purchases"] for score in alone["scores"]], rel=1e-3
        )
        assert beside["model_version"] == "1"
        service.shows('regulars_challenger_version{role="shadow"} 2.0\n')
        command(*publish, "--version", 2, "--canary", "30%", "--force", home=home)
        eventually(lambda: challenger(service).get("share") == 0.3, "it is the canary")
        answers = [service.ask("POST", "/score", json=body).json()["scores"] for _ in range(2)]
        versions = [{score["customer_id"]: score["model_version"] for score in scores} for scores in answers]
        assert versions[0] == versions[1]
        assert 0.15 < sum(version == "2" for version in versions[0].values()) / len(customers) < 0.45
        command(*publish, home=home)
        eventually(lambda: not challenger(service), "the champion is alone again")
        assert service.ask("GET", "/readyz").json() == {"status": "ready"}
        # The end of a service waits two seconds for a shadow.
        eventually(lambda: roles(log).count("shadow") == len(customers), "the shadow's forecasts are in its log")
    logged = pa.concat_tables([pq.read_table(path) for path in log_files(log)]).to_pandas()
    counts = logged.groupby(["role", "model_version"]).size().to_dict()
    assert counts["shadow", "2"] == len(customers)
    assert counts["canary", "2"] + counts["champion", "1"] == 4 * len(customers)
    for path in list(log_files(log)):  # the shadow is the one to compare
        table = pq.read_table(path)
        pq.write_table(table.filter(pc.not_equal(table["role"], "canary")), path)
    in_earlier_weeks(log, now)
    rows = [(name, time) for name, times in customers.items() for time in times]
    names, times = zip(*rows, strict=True)
    kind, amount = ["purchase"] * len(rows), [10.0] * len(rows)
    table = pa.table({"customer_id": names, "event_time": times, "event_type": kind, "amount": amount})
    pq.write_table(table, tmp_path / "events.parquet")
    look = ("monitor", tmp_path / "events.parquet", "--forecast-log", log, "--home", tmp_path / "var")
    said = command(*look, home=home, codes=(0, 3, 4, 5))  # 3 and above: what the champion's forecasts ask for
    assert "promote version 2: both losses of its 7-day forecasts are lower than the champion's" in said, said
