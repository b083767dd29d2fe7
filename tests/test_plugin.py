"""A package of another project adds events, features, a model and a metric: they work in all verbs and the service."""

import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from features.simulate import Truth, simulate
from tests.installing import ROOT, build_wheel, done, new_environment, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PLUGIN = Path(__file__).parent / "plugin"
AS_OF = "2025-06-01"
COLUMNS = [
    *("tickets_90", "tickets_by_wechat", "ticket_left_open_share"),
    *("spend_net_of_tickets", "days_since_last_ticket", "purchases_after_ticket"),
]
SETTINGS = """
[candidates]
models = ["shrunken_rate", "standard"]
baselines = ["own_rate", "bg_nbd"]

[trials]
count = 1
horizons = [90]
"""
TICKET = {"event_type": "service_ticket", "event_time": "2025-03-07T10:00:00Z", "amount": 150.25, "channel": "wechat"}
CUSTOMER = {
    "customer_id": "anna",
    "events": [
        {"event_type": "purchase", "event_time": "2025-01-05T10:00:00Z", "amount": 10.0},
        {"event_type": "purchase", "event_time": "2025-03-05T10:00:00Z", "amount": 10.0},
        {"event_type": "visit", "event_time": "2025-03-06T10:00:00Z", "channel": "wechat"},
    ],
}


def log_with_tickets(customers: int) -> pd.DataFrame:
    """A simulated log where tickets follow some purchases, and some visits are by WeChat."""
    log = simulate(Truth(), customers=customers, seed=3)[0].to_pandas()
    rng = np.random.default_rng(3)
    bought = log[(log["event_type"] == "purchase") & (rng.random(len(log)) < 0.3)]
    late = pd.to_timedelta(rng.integers(1, 40 * 86_400, len(bought)), unit="s")
    tickets = pd.DataFrame(
        {
            "customer_id": bought["customer_id"].to_numpy(),
            "event_time": (bought["event_time"] + late).to_numpy(),
            "event_type": "service_ticket",
            "amount": np.where(rng.random(len(bought)) < 0.5, rng.integers(1, 20_000, len(bought)) / 100, np.nan),
            "channel": rng.choice(["web", "wechat", None], len(bought)),
            "outcome": rng.choice(["solved", "left_open", None], len(bought)),
        }
    )
    log = pd.concat([log, tickets], ignore_index=True)
    log.loc[(log["event_type"] == "visit") & (rng.random(len(log)) < 0.2), "channel"] = "wechat"
    return log


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheels of this project and of the plugin."""
    source = tmp_path_factory.mktemp("source") / "plugin"
    shutil.copytree(PLUGIN, source)
    return (
        build_wheel(ROOT, tmp_path_factory.mktemp("wheel")),
        build_wheel(source, tmp_path_factory.mktemp("plugin_wheel")),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, wheels: tuple[Path, Path]) -> Path:
    """A working folder: the environments `with_plugin` and `without`, a log, its store, and settings."""
    folder = tmp_path_factory.mktemp("work")
    wheel, plugin = wheels
    regulars = f"regulars[train,serve] @ {wheel.as_uri()}"
    new_environment(folder / "without", regulars)
    programs = new_environment(folder / "with_plugin", regulars, f"acme-tickets @ {plugin.as_uri()}")
    log_with_tickets(600).to_parquet(folder / "log.parquet", index=False)
    (folder / "regulars.toml").write_text(SETTINGS)
    (folder / "allowing.toml").write_text(f"{SETTINGS}\n[gate]\nallow_uncompiled = true\n")
    done(run(programs / "regulars", "ingest", "log.parquet", "--out", "store", cwd=folder))
    return folder


def test_features_are_equal_in_batch_online_and_in_sql(folder: Path) -> None:
    """Of all customers in a store; signed and fractional values are among them, and the page of columns has them."""
    shutil.copy(ROOT / "tests" / "features" / "sql_oracle.py", folder)
    shutil.copy(PLUGIN / "engines_agree.py", folder)
    programs = folder / "with_plugin" / "bin"
    done(run(programs / "regulars", "features", "store", "--as-of", AS_OF, "--out", "features.parquet", cwd=folder))
    script = ("engines_agree.py", "store", "log.parquet", "features.parquet", AS_OF)
    assert done(run(programs / "python", *script, cwd=folder)).split() == COLUMNS
    table = pd.read_parquet(folder / "features.parquet")
    assert (table["spend_net_of_tickets"] < 0).any()
    assert (table["ticket_left_open_share"].dropna() % 1 > 0).any()
    assert [name for name in (*COLUMNS, "visits_wechat") if not table[name].fillna(0).any()] == []
    page = done(run(programs / "python", "-m", "features.definitions", cwd=folder))
    assert "### Service tickets\n\nFrom the plugin tickets.\n" in page
    assert [name for name in COLUMNS if f"| `{name}` |" not in page] == []


IS_THERE = importlib.util.find_spec("pyspark") and (os.environ.get("JAVA_HOME") or shutil.which("java"))


@pytest.mark.needs_spark
@pytest.mark.skipif(not IS_THERE, reason="needs pyspark (`make setup-spark`) and Java")
def test_spark_gives_the_same_file(wheels: tuple[Path, Path], tmp_path: Path) -> None:
    """`features --engine spark` writes what `features` does, to the last bit, where the plugin is on the path."""
    with zipfile.ZipFile(wheels[1]) as wheel:
        wheel.extractall(tmp_path / "packages")
    log_with_tickets(400).to_parquet(tmp_path / "log.parquet", index=False)
    environment = os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'packages'}"}
    commands = (
        ("ingest", "log.parquet", "--out", "store", "--timezone", "Asia/Shanghai"),
        ("features", "store", "--as-of", AS_OF, "--out", "local.parquet"),
        ("features", "store", "--as-of", AS_OF, "--out", "spark.parquet", "--engine", "spark"),
    )
    for command in commands:
        ended = subprocess.run(
            [sys.executable, "-m", "cli.main", *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
    local, spark = (pq.read_table(tmp_path / f"{name}.parquet") for name in ("local", "spark"))
    assert set(COLUMNS) < set(local.column_names)
    assert spark.equals(local)
