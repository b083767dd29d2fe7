"""BG/NBD beside its peers, a fit and a scoring of a large base: `python -m benchmarks.models`.

Every fit runs alone in a process of its own, ours and the peers' in turn; CPU seconds are the fair figure on a machine
that does other work too. The peers need `requirements/benchmarks.txt` (see `benchmarks/features.py`); without them
they are left out.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pandas as pd

from benchmarks.stopwatch import CHECKOUT, Measure, measured
from features.formula import load_formula
from features.ingest import ingest
from features.simulate import write_log
from features.store import EventStore, open_store
from features.table import feature_chunks, feature_table, moment
from training.fit import fit_customer_model
from training.models.bg_nbd import BGNBD

AS_OF, HORIZON = "2025-10-01", 90
PEERS = ("lifetimes", "pymc_marketing")


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.models", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[100_000, 1_000_000], metavar="N")
    parser.add_argument("--log", type=Path, metavar="FILE", help="a log to fit BG/NBD to as well, such as CDNOW")
    parser.add_argument("--log-as-of", default="1997-10-01", metavar="DATE")
    parser.add_argument("--peers-python", type=Path, default=CHECKOUT / "var/peers/bin/python", metavar="PATH")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        if arguments.log:
            ingest(arguments.log, folder / "log")
            _fits("log", open_store(folder / "log"), arguments.log_as_of, folder, arguments)
        for size in arguments.customers:
            write_log(folder / f"{size}.parquet", customers=size)
            ingest(folder / f"{size}.parquet", folder / str(size))
            store = open_store(folder / str(size))
            _fits(f"{size:,} simulated", store, AS_OF, folder, arguments)
            _whole(f"{size:,} simulated", store)


def _fits(what: str, store: EventStore, as_of: str, folder: Path, arguments: argparse.Namespace) -> None:
    """Print the CPU and wall seconds of each BG/NBD fit, and its log-likelihood by our likelihood."""
    features = feature_table(store, as_of)
    histories = features.loc[features["purchase_days"] > 0, ["frequency", "recency", "T"]]
    path = folder / "histories.parquet"
    histories.to_parquet(path)
    runs: dict[str, list[Measure]] = {"ours": []}
    if arguments.peers_python.exists():
        runs |= {name: [] for name in PEERS}
    for _ in range(arguments.repeats):
        for name, measures in runs.items():
            python = sys.executable if name == "ours" else arguments.peers_python
            measures.append(measured(python, "benchmarks.model_peers", name, path))
    ours = median(run.cpu for run in runs["ours"])
    print(f"BG/NBD fit, {what}, {len(histories):,} customers")
    for name, measures in runs.items():
        cpu, wall = (median(getattr(run, which) for run in measures) for which in ("cpu", "wall"))
        model = BGNBD()
        model.params_ = measures[0].facts["parameters"]
        likelihood = model.log_likelihood(histories)
        print(f"  {name:16} cpu {cpu:8.3f} s  wall {wall:8.3f} s  {cpu / ours:6.1f} x  log-likelihood {likelihood:.2f}")


def _whole(what: str, store: EventStore) -> None:
    """Print the seconds of a whole fit, and of scoring the base from the store beside the predict calls alone."""
    day = moment(AS_OF, store.timezone)[1]
    wall, cpu = time.perf_counter(), time.process_time()
    model = fit_customer_model(store, AS_OF, load_formula())
    print(f"one whole fit, {what}: wall {time.perf_counter() - wall:.1f} s, cpu {time.process_time() - cpu:.1f} s")
    seconds = {"features": 0.0, "predict": 0.0}
    chunks = feature_chunks(store, [AS_OF])
    customers = 0
    while True:
        cpu = time.process_time()
        chunk: tuple[object, pd.DataFrame] | None = next(chunks, None)
        seconds["features"] += time.process_time() - cpu
        if chunk is None:
            break
        cpu = time.process_time()
        model.predict(chunk[1], day, HORIZON)
        seconds["predict"] += time.process_time() - cpu
        customers += len(chunk[1])
    ratio = (seconds["features"] + seconds["predict"]) / seconds["predict"]
    print(f"scoring {customers:,} from the store: cpu {sum(seconds.values()):.1f} s, {ratio:.2f} of the predict calls")


if __name__ == "__main__":
    main()
