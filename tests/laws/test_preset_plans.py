"""Each preset of the catalogue makes a plan from a log of its trade, whose words come from its own TOML file."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from planning.plan_folder import read_plan

ROOT = Path(__file__).parents[2]
CUSTOMERS, YEARS = 300, 4
TRADES = {
    "retail": {"purchase": (8.0, 120.0)},
    "travel": {"purchase": (1.5, 2500.0)},
    "finance": {"purchase": (6.0, 90.0), "deposit": (2.0, 9000.0), "loan": (0.2, 40000.0)},
}
"""For each event type: events a customer and year, and their mean amount."""


def log_of(trade: str) -> pd.DataFrame:
    """Customers whose events are Poisson processes with rates of their own."""
    random = np.random.default_rng(11)
    parts = []
    for kind, (rate, amount) in TRADES[trade].items():
        counts = random.poisson(random.gamma(1.5, rate * YEARS / 1.5, CUSTOMERS))
        customers = np.repeat(np.arange(CUSTOMERS), counts)
        times = pd.Timestamp("2022-01-01") + pd.to_timedelta(random.integers(0, YEARS * 365, len(customers)), "D")
        own = random.gamma(2, amount / 2, CUSTOMERS)[customers]
        amounts = np.round(random.gamma(4, own / 4), 2)
        parts.append(
            pd.DataFrame({"customer_id": customers, "event_time": times, "event_type": kind, "amount": amounts})
        )
    table = pd.concat(parts, ignore_index=True)
    return table.assign(customer_id=[f"K{number:04d}" for number in table["customer_id"]])


def settings_of(trade: str) -> str:
    """The [events] of the preset, as the firm's settings file has them."""
    events = tomllib.loads((ROOT / "planning" / "catalogue" / "presets" / f"{trade}.toml").read_text()).get(
        "events", {}
    )
    return "\n".join(["[events]", *(f"{key} = {value!r}" for key, value in events.items())]) if events else ""


@pytest.mark.slow
@pytest.mark.parametrize("trade", TRADES)
def test_from_a_log_to_a_plan(trade: str, tmp_path: Path) -> None:
    """Rows of its own actions, within its pools, with reasons and a hold-out; the files are there."""
    log_of(trade).to_csv(tmp_path / "log.csv", index=False)
    (tmp_path / "regulars.toml").write_text(settings_of(trade))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    for arguments in (
        ("ingest", "log.csv", "--out", "store"),
        ("plan", "store", "--out", "plans/first", "--as-of", "2025-12-29", "--catalogue", trade),
    ):
        command = [sys.executable, "-m", "cli.main", *arguments]
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr
    plan = read_plan(tmp_path / "plans" / "first")
    actions = {action["name"]: action for action in plan.manifest["catalogue"]["actions"]}
    assert len(plan.items) > 20
    assert set(plan.items["action"]) <= set(actions)
    assert plan.items["arm"].eq("leave").any()
    assert plan.items["reasons"].map(len).gt(0).all()
    for limit in plan.manifest["limits"]:
        assert limit["used"] <= limit["capacity"] * (1 + 1e-9)
    if trade == "finance":
        assert {"deposit_rate", "loan_rate", "talk"} & set(plan.items["action"])
    assert (tmp_path / "plans" / "first" / "plan.html").is_file()
