"""BG/NBD beside its peers, a fit and a scoring of a large base: `python -m benchmarks.models`.

Every fit runs alone in a process of its own, ours and the peers' in turn; CPU seconds are the fair figure on a machine
that does other work too. The peers need `requirements/benchmarks.txt` (see `benchmarks/features.py`); without them
they are left out.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import pandas as pd

from benchmarks.stopwatch import CHECKOUT, Measure, measured
from training.models.btyd.bg_nbd import BGNBD

AS_OF = "2025-10-01"
LIFE = ("fit", "regulars_fit", "features", "predict", "score")
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
            (folder / "log").mkdir()
            shutil.copy(arguments.log, folder / "log/log.parquet")
            _step("read", folder / "log", arguments.log_as_of)
            _fits(arguments.log.stem, folder / "log", arguments.log_as_of, arguments)
        for size in arguments.customers:
            measured(sys.executable, "benchmarks.contenders", "simulate", folder / str(size), AS_OF)
            _step("read", folder / str(size), AS_OF)
            _fits(f"{size:,} simulated", folder / str(size), AS_OF, arguments)
            _whole(f"{size:,} simulated", folder / str(size))


def _step(name: str, folder: Path, as_of: str) -> Measure:
    return measured(sys.executable, "benchmarks.model_steps", name, folder, as_of)


def _fits(what: str, folder: Path, as_of: str, arguments: argparse.Namespace) -> None:
    """Print the CPU and wall seconds of each BG/NBD fit, and its log-likelihood by our likelihood."""
    _step("histories", folder, as_of)
    path = folder / "histories.parquet"
    histories = pd.read_parquet(path)
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


def _whole(what: str, folder: Path) -> None:
    """Print seconds and memory of each step of a model's life, and what scoring costs beside its predict calls."""
    steps = {name: _step(name, folder, AS_OF) for name in LIFE}
    print(f"a model's life, {what}")
    for name, run in steps.items():
        print(
            f"  {name:16} cpu {run.cpu:8.1f} s  wall {run.wall:8.1f} s  peak {run.peak / 2**30:5.2f} GiB  {run.facts}"
        )
    for of in ("cpu", "wall"):
        alone = getattr(steps["predict"], of) - getattr(steps["features"], of)
        print(f"  scoring from the store is {getattr(steps['score'], of) / alone:.2f} of the predict calls alone, {of}")


if __name__ == "__main__":
    main()
