"""What a recalibration gains where the level moved, and harms elsewhere: `python -m benchmarks.recalibration`.

Each run simulates a shop of its own rates and dropout and fits a model once. Then the level of purchases moves by a
factor, or nothing changes. Two windows later the model is recalibrated as `regulars recalibrate` does it, and both are
compared on the window that follows: if the gate passes it, and whatever the gate says. The most that two numbers could
gain is that of a recalibration on this window itself, in hindsight.
"""

import argparse
import datetime
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from features.as_of import AsOf
from features.loyalty.formula import load_formula
from features.simulate import Truth, simulate
from tests.training.logs import stored
from training.evaluation.metrics import churn_log_loss, deviance
from training.fit import fit_customer_model
from training.models.customer_model import CustomerModel
from training.recalibration import Window, shift_of, shifted, trial, window_at
from training.settings import FitSettings

START = datetime.date(2023, 1, 2)
FITTED_AFTER = 2 * 364
FACTORS = (1.0, 0.6, 0.8, 1.25)
SETTINGS = FitSettings(horizons=(28, 90))


def shop(seed: int, customers: int, horizon: int) -> pd.DataFrame:
    """Return the log of a shop that grows all the time, with rates and dropout drawn by the seed."""
    rng = np.random.default_rng(seed)
    days = FITTED_AFTER + 3 * horizon + 1
    truth = Truth.plain(
        "mbg",
        start=START,
        days=days,
        acquisition_days=days,
        r=rng.uniform(0.7, 1.8),
        alpha=rng.uniform(20, 50),
        a=rng.uniform(0.4, 1.0),
        season=((rng.uniform(0, 0.15), 340.0),),
    )
    return simulate(truth, customers, seed)[0].to_pandas()


def moved(log: pd.DataFrame, factor: float, seed: int) -> pd.DataFrame:
    """Return a log whose purchases are thinned after the fit, or before it where they are to grow."""
    late = (log["event_time"] >= pd.Timestamp(START) + pd.Timedelta(days=FITTED_AFTER)).to_numpy()
    share = np.where(late, min(1, factor), min(1, 1 / factor))
    return log[np.random.default_rng(seed).random(len(log)) < share]


def losses(model: CustomerModel, window: Window) -> tuple[float, float]:
    """Return log loss and deviance in a window."""
    forecast = model.predict(window.features, window.start.day, window.horizon_days)
    return (
        churn_log_loss(window.purchases == 0, forecast["churn_probability"]),
        deviance(window.purchases, forecast["expected_purchases"]),
    )


def run(seed: int, customers: int, horizon: int) -> list[dict[str, object]]:
    """Return a row a factor: whether it was offered, and the change of both losses."""
    log, rows = shop(seed, customers, horizon), []
    models: dict[bool, CustomerModel] = {}
    for factor in FACTORS:
        with tempfile.TemporaryDirectory() as name:
            store = stored(pa.Table.from_pandas(moved(log, factor, seed), preserve_index=False), Path(name))
            fitted = AsOf.parse(str(START), store.timezone).day + FITTED_AFTER
            now = fitted + 2 * horizon
            grows = factor > 1  # then what came before the fit differs too
            if grows not in models:
                as_of = AsOf.at_midnight(fitted, store.timezone)
                models[grows] = fit_customer_model(store, as_of, load_formula(), settings=SETTINGS, quick=True)
            model = models[grows]
            end = AsOf.at_midnight(now + horizon, store.timezone)
            before, last, after = (window_at(store, day, horizon, end) for day in (fitted, fitted + horizon, now))
        _, verdict = trial(model, before, last)
        old, new = losses(model, after), losses(shifted(model, shift_of(model, last)), after)
        best = losses(shifted(model, shift_of(model, after)), after)
        row: dict[str, object] = {"factor": factor, "offered": verdict.passed, "hindsight": best[0] / old[0] - 1}
        rows.append(row | {"log_loss": new[0] / old[0] - 1, "deviance": new[1] / old[1] - 1})
    return rows


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return the share of runs in which it was offered, and mean changes: of these, and of all."""
    out = table.groupby("factor", sort=False).agg(runs=("offered", "size"), offered=("offered", "mean"))
    gated = table.assign(**{name: table[name].where(table["offered"], 0.0) for name in ("log_loss", "deviance")})
    for name in ("log_loss", "deviance"):
        out[f"{name}, always"] = table.groupby("factor", sort=False)[name].mean()
        out[f"{name}, as offered"] = gated.groupby("factor", sort=False)[name].mean()
    out["log_loss, hindsight"] = table.groupby("factor", sort=False)["hindsight"].mean()
    out["worst log_loss, always"] = table.groupby("factor", sort=False)["log_loss"].max()
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--horizon-days", type=int, default=28)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    begin, rows = time.process_time(), list[dict[str, object]]()
    for seed in range(given.seed, given.seed + given.runs):
        rows += run(seed, given.customers, given.horizon_days)
        print(f"{seed}: {rows[-len(FACTORS) :]}", flush=True)
    print(summary(pd.DataFrame(rows)).round(4).to_string())
    print(f"{time.process_time() - begin:.0f} s of processor time")


if __name__ == "__main__":
    main()
