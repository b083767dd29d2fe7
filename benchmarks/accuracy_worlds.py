"""The simulated worlds of `benchmarks.accuracy`: logs whose truth is known, so that a forecast's regret can be had.

Regret is what a forecast loses on average beyond the expectation of who knows each customer's rate, end, pauses and
last purchase. Part of it no log can tell.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from benchmarks.accuracy_logs import Log
from features.simulate import Truth, expected_in, simulate

CUSTOMERS, SEED = 3_000, 1
START = date(2023, 1, 1)
DATES = {"2024-09-01": (30, 182), "2025-01-01": (30, 182)}
COMMON: dict[str, object] = {"start": START, "days": 920, "acquisition_days": 600}
WORLDS = {
    "plain": Truth.plain("mbg", r=0.9, alpha=40.0, a=0.9, b=5.0, **COMMON),
    "seasonal_growth": Truth.plain(
        "mbg", r=0.9, alpha=30.0, b=8.0, season=((0.4, 340.0), (0.2, 345.0)), growth=0.3, **COMMON
    ),
    "regular_pauses": Truth.plain(
        "pareto", r=3.0, alpha=24.0, s=0.6, beta=900.0, gap_phases=4, active_days=150.0, pause_days=90.0, **COMMON
    ),
    "clumpy": Truth.plain("mbg", r=0.9, alpha=6.0, a=0.9, b=20.0, active_days=10.0, pause_days=50.0, **COMMON),
}
TRUTH_TABLE = "truth.parquet"


def _writer(truth: Truth) -> Callable[[Path, Path], bool]:
    def write(target: Path, data: Path) -> bool:
        log, table = simulate(truth, CUSTOMERS, SEED, block=CUSTOMERS)
        pq.write_table(log, target)
        table.to_parquet(target.parent / TRUTH_TABLE)
        return True

    return write


SIMULATED = tuple(Log(name, _writer(truth), DATES) for name, truth in WORLDS.items())


def expectation(name: str, folder: Path, as_of: str, horizon_days: int) -> pd.DataFrame:
    """Return the truth's `expected_purchases` and `churn_probability` of a world that was written to a folder."""
    log = pd.read_parquet(folder / "events.parquet", columns=["customer_id", "event_time", "event_type"])
    known = log[(log["event_type"] == "purchase") & (log["event_time"] < pd.Timestamp(as_of))]
    last = known.groupby("customer_id")["event_time"].max()
    table = pd.read_parquet(folder / TRUTH_TABLE)
    return expected_in(table, WORLDS[name], as_of, horizon_days, last_purchase=last)[
        ["expected_purchases", "churn_probability"]
    ]
