"""The monitor's own false alarms and delays: `python -m benchmarks.monitoring weeks`, `... looks --logs 5`.

`weeks` draws the purchases of simulated shops: 200 a week, shocks of 15 % that all customers share, a year before the
fit and two years of weekly looks after it. `looks` simulates logs of 10,000 customers and looks at the intake and the
columns, as they are and with a fault planted in the last 7 days, amounts also in the last 28.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.as_of import AsOf
from features.simulate import simulate
from monitoring.column_drift import column_drift
from monitoring.intake import intake
from monitoring.weekly_forecasts import judged
from tests.training.logs import stored

YEAR, LOOKS, CHANGE_AT = 52, 104, 26
PURCHASES, SHOCK = 200, 0.15
END = pd.Timestamp("2025-06-01")
FAULTS = (
    "nothing",
    "amounts x1.05",
    "amounts x1.05 for 28 days",
    "three lost days",
    "10 % of visits without channel",
)


def shop(seed: int, factor: float = 1.0, season: float = 0.0, references: int = YEAR) -> pd.DataFrame:
    """Return the weeks of a shop whose purchases change by a factor `CHANGE_AT` weeks after the fit."""
    rng = np.random.default_rng(seed)
    size = references + LOOKS
    at = np.arange(size)
    mean = PURCHASES * np.exp(SHOCK * rng.standard_normal(size)) * (1 + season * np.sin(2 * np.pi * at / YEAR))
    mean[references + CHANGE_AT :] *= factor
    purchases = rng.poisson(mean)
    days = pd.Timestamp("2022-01-03") + pd.to_timedelta(7 * at, unit="D")
    table = pd.DataFrame({"day": 7 * at, "from": days.strftime("%Y-%m-%d"), "forecast": float(PURCHASES)})
    return table.assign(purchases=purchases, reference=at < references, ratio=purchases / PURCHASES)


def firsts(runs: int, seed: int, **options: float) -> np.ndarray:
    """Return the first look with an alarm of each run, NaN without one."""
    looks = []
    for run in range(runs):
        path = judged(shop(seed + run, **options), seed=run).path  # type: ignore[arg-type]
        looks.append(np.nan if path is None or path.first is None else path.first)
    return np.array(looks)


def weeks(runs: int) -> None:
    """Print false alarms of undrifted shops, and how many weeks a change takes."""
    begin = time.process_time()
    for name, options in {
        "nothing changes": {},
        "nothing changes, season of 20 % that the model misses": {"season": 0.2},
        "nothing changes, half a year before the fit": {"references": 26},
    }.items():
        alarms = ~np.isnan(firsts(runs, 0, **options))
        print(f"{name}: {alarms.sum()} of {runs} runs alarm in two years ({alarms.mean():.1%})", flush=True)
    for factor in (0.6, 0.8, 1.25, 0.9):
        first = firsts(runs, 10_000, factor=factor)
        later = first[~(first < CHANGE_AT)]  # without those that alarmed before
        delay = np.where(np.isnan(later), np.inf, later - CHANGE_AT + 1)
        share = np.isfinite(delay).mean()
        print(f"purchases x{factor}: found in {share:.0%}, median after {np.median(delay):.0f} weeks", flush=True)
    print(f"{time.process_time() - begin:.0f} s of processor time")


def planted(log: pd.DataFrame, fault: str, seed: int) -> pd.DataFrame:
    """Return a log with a fault in its last 7 days, or 28."""
    log, rng = log.copy(), np.random.default_rng(seed)
    late = log["event_time"] >= END - pd.Timedelta(days=7)
    if fault.startswith("amounts x1.05"):
        late = log["event_time"] >= END - pd.Timedelta(days=28 if "28" in fault else 7)
        log.loc[late & log["amount"].notna(), "amount"] *= 1.05
    elif fault == "three lost days":
        log = log[log["event_time"] < END - pd.Timedelta(days=3)]
    elif fault == "10 % of visits without channel":
        log.loc[late & (log["event_type"] == "visit") & (rng.random(len(log)) < 0.1), "channel"] = None
    return log


def looks(logs: int, customers: int) -> None:
    """Print what the intake and the columns say of logs as they are, and with a fault."""
    for number in range(logs):
        log = simulate(customers=customers, seed=500 + number)[0].to_pandas()
        log = log[log["event_time"] < END]
        for fault in FAULTS:
            with tempfile.TemporaryDirectory() as folder:
                table = pa.Table.from_pandas(planted(log, fault, number), preserve_index=False)
                store, as_of = stored(table, Path(folder)), AsOf.parse(str(END.date()), "UTC")
                begin = time.process_time()
                came_in, columns = intake(store, as_of), column_drift(store, as_of)
                seconds = time.process_time() - begin
            of_intake = ", ".join(f"{row.what} {row.event_type}".strip() for row in came_in.alarms.head(3).itertuples())
            of_columns = [] if columns is None else list(columns.alarms["column"].head(3))
            print(f"{fault}: intake [{of_intake}], columns {of_columns}, {seconds:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["weeks", "looks"])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--logs", type=int, default=5)
    parser.add_argument("--customers", type=int, default=10_000)
    given = parser.parse_args()
    if given.what == "weeks":
        weeks(given.runs)
    else:
        looks(given.logs, given.customers)


if __name__ == "__main__":
    main()
