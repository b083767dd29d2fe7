"""How far forecasts are from the truth's own expectation, and how that shrinks: `python -m benchmarks.regret`.

Shops are simulated, so each customer's expectation given their own rate and end is known: nothing can lose less on
average. What a forecast loses beyond it is its regret: part of it no log can tell (who each customer is, and who has
left already), part is what more customers teach. In the plain world the first part is known: it is the regret of BG/NBD
with the parameters that the shop was drawn from (`true_parameters`).
"""

import argparse
import tempfile
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from scipy import stats

from features.as_of import AsOf
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.simulate import Truth, expected_in, simulate
from features.store.event_store import open_store
from training.fit import fit_customer_model
from training.models.btyd.bg_nbd import BGNBD
from training.models.btyd.mbg_nbd import MBGNBD
from training.models.btyd.pareto_nbd import ParetoNBD
from training.windows import window

START, DAYS = date(2023, 1, 1), 180
WORLDS = {
    "plain": (Truth.plain("bg", start=START, days=720, acquisition_days=480), START + timedelta(540)),
    "busy": (Truth(start=START, days=1080, acquisition_days=800).without_effects(), START + timedelta(900)),
}
PEERS = {"bg_nbd": BGNBD, "mbg_nbd": MBGNBD, "pareto_nbd": ParetoNBD}
SHOPS = {60: 8, 300: 5, 2000: 2, 10_000: 1, 50_000: 1}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.regret", description=__doc__)
    parser.add_argument("--most", type=int, default=10_000, metavar="N", help="customers of the largest shop")
    parser.add_argument("--shops", type=int, metavar="N", help="so many shops of each size")
    arguments = parser.parse_args()
    columns = ["world", "customers", "shops", "measure", "ours", *PEERS, "true_parameters", "ours less bg_nbd"]
    print(f"| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|")
    for world in WORLDS:
        for customers, usual in SHOPS.items():
            if customers <= arguments.most:
                shops = arguments.shops or usual
                tables = [regrets(world, customers, seed) for seed in range(shops)]
                mean = sum(tables) / shops
                for measure in mean:
                    figures = " | ".join(
                        f"{value:.4f}" for value in mean[measure].reindex(["model", *PEERS, "true_parameters"])
                    )
                    paired = interval([table.at["model", measure] - table.at["bg_nbd", measure] for table in tables])
                    print(f"| {world} | {customers:,} | {shops} | {measure} | {figures} | {paired} |", flush=True)


def interval(differences: list[float]) -> str:
    """Return the mean of paired differences with its 95 % interval, which one shop alone does not have."""
    mean = float(np.mean(differences))
    if len(differences) < 2:
        return f"{mean:+.4f}"
    half = stats.t.ppf(0.975, len(differences) - 1) * stats.sem(differences)
    return f"{mean:+.4f} [{mean - half:+.4f}, {mean + half:+.4f}]"


def regrets(world: str, customers: int, seed: int) -> pd.DataFrame:
    """Return the regret of the served model and of every peer in one shop: a row a forecast, a column a measure."""
    truth, as_of = WORLDS[world]
    log, people = simulate(truth, customers, seed, block=customers)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log_file = folder / "log.parquet"
        pq.write_table(log, log_file)
        ingest(log_file, folder / "store")
        store = open_store(folder / "store")
        day = AsOf.parse(as_of, store.timezone).day
        X = window(store, as_of, []).features
        forecast = fit_customer_model(store, as_of, load_formula()).predict(X, day, DAYS)
    best = expected_in(people, truth, as_of, DAYS).reindex(X.index)
    by_model = {
        "model": regret(best, forecast["expected_purchases"].to_numpy(), forecast["churn_probability"].to_numpy())
    }
    peers: dict[str, BGNBD | ParetoNBD] = {name: kind().fit(X) for name, kind in PEERS.items()}
    if world == "plain":
        peers["true_parameters"] = BGNBD()
        peers["true_parameters"].params_ = {name: getattr(truth, name) for name in BGNBD.PARAMETERS}
    for name, peer in peers.items():
        by_model[name] = regret(best, peer.expected_purchases(X, DAYS), peer.no_purchase_probability(X, DAYS))
    return pd.DataFrame(by_model).T


def regret(truth: pd.DataFrame, expected: np.ndarray, none: np.ndarray) -> pd.Series:
    """Return mean deviance and log loss, expected of outcomes drawn from the truth, less what the truth would lose."""
    mean, gone = truth["expected_purchases"].to_numpy(), truth["churn_probability"].to_numpy()
    expected = np.maximum(expected, 1e-9)
    some = np.where(mean > 0, mean, 1.0)
    deviance = 2 * (mean * np.log(some / expected) - mean + expected)
    p, q = np.clip(gone, 1e-12, 1 - 1e-12), np.clip(none, 1e-6, 1 - 1e-6)
    loss = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    return pd.Series({"deviance": deviance.mean(), "log_loss": loss.mean()})


if __name__ == "__main__":
    main()
