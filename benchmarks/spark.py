"""What Spark adds to ingest, features and rule scores: `python -m benchmarks.spark --customers 50000 500000`.

Each size runs on this machine and in a local Spark session of two cores, from the same 16 files. Of Spark it counts
the processor time of the Python workers, and what grows on the driver: its memory, that of Java, and its files.
"""

import argparse
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.stopwatch import Measure, leave_out, measured, tell
from features.engines.spark_session import spark_runner, spark_session
from features.engines.spark_shuffle import spark_workers
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.partitions.feature_parts import write_feature_parts
from features.partitions.runners import Runner, run_here
from features.scratch_folders import process_scratch
from features.simulate import write_log
from features.store.event_store import open_store
from serving.batch_parts import write_score_parts

LAST = "2025-12-31"
FILES, BUCKETS = 16, 16
VERBS = ("ingest", "features", "scores")


def prepare(folder: Path, customers: int) -> int:
    """Write a log in several files, and return the number of its events."""
    (folder / "logs").mkdir(parents=True)
    write_log(folder / "log.parquet", customers=customers, seed=7)
    with pq.ParquetFile(folder / "log.parquet") as file:
        rows = file.metadata.num_rows
        for number, batch in enumerate(file.iter_batches(-(-rows // FILES))):
            pq.write_table(pa.Table.from_batches([batch]), folder / "logs" / f"{number:02d}.parquet")
    return int(rows)


def prepare_skewed(folder: Path, log: Path) -> int:
    """Write a log of which one customer has half of the events, and return their number."""
    (folder / "logs").mkdir(parents=True)
    events = pq.read_table(log)
    place = events.schema.get_field_index("customer_id")
    one = events.set_column(place, "customer_id", pa.array(["one"] * len(events)))
    for number, table in enumerate((events, one)):
        pq.write_table(table, folder / "logs" / f"{number}.parquet")
    return 2 * len(events)


def pipeline(folder: Path, out: Path, workers: Any, run: Runner, seconds: Callable[[], float]) -> dict[str, float]:
    """Ingest, compute features and score; return the processor seconds of each."""
    store = out / "store"
    steps: dict[str, Callable[[], object]] = {
        "ingest": lambda: ingest([folder / "logs"], store, buckets=BUCKETS, workers=workers),
        "features": lambda: write_feature_parts(open_store(store), [LAST], out / "features", run),
        "scores": lambda: write_score_parts(open_store(store), [LAST], load_formula(), out / "scores", run=run),
    }
    facts = {}
    for name, step in steps.items():
        before = seconds()
        step()
        facts[name] = seconds() - before
    return facts


def worker_seconds() -> float:
    """Return the processor time of all Python workers of this process until now."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if "pyspark.daemon" in process.cmdline():
                times = process.cpu_times()
                total += times.user + times.system + times.children_user + times.children_system
    return total


class Watch(threading.Thread):
    """Watches the most memory of Java and of one Python worker, and of files, apart from those that Spark exchanges."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder = folder
        self.peaks = dict.fromkeys(("java", "worker", "own", "exchanged"), 0)
        self.ended = threading.Event()

    def run(self) -> None:
        """Look five times a second; a worker that has nothing to do for a minute ends."""
        while not self.ended.wait(0.2):
            sizes = dict.fromkeys(self.peaks, 0)
            for process in psutil.Process().children(recursive=True):
                with suppress(psutil.Error):
                    name = "java" if process.name() == "java" else "worker"
                    sizes[name] = max(sizes[name], process.memory_info().rss)
            for place, _, names in os.walk(self.folder):
                for name in names:
                    with suppress(OSError):
                        sizes["exchanged" if "blockmgr" in place else "own"] += Path(place, name).stat().st_size
            self.peaks = {name: max(peak, sizes[name]) for name, peak in self.peaks.items()}


def by_spark(folder: Path, warm: Path) -> dict[str, Any]:
    with process_scratch() as scratch, spark_session() as session:
        workers, run = spark_workers(session), spark_runner(session)
        pipeline(warm, folder / "warm", workers, run, time.process_time)
        watch = Watch(scratch)
        watch.start()
        facts = pipeline(folder, folder / "spark", workers, run, worker_seconds)
        watch.ended.set()
        watch.join()
        status = Path("/proc/self/status").read_text()  # getrusage has the memory of the process that started this one
        return facts | watch.peaks | {"driver": int(status.partition("VmHWM:")[2].split()[0]) * 1024}


def here(folder: Path, warm: Path) -> dict[str, Any]:
    pipeline(warm, folder / "warm-here", None, run_here, time.process_time)
    return pipeline(folder, folder / "here", None, run_here, time.process_time)


RUNS = {"here": here, "spark": by_spark}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[50_000, 500_000], metavar="N")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for logs and results, 5 GB a million customers")
    arguments = parser.parse_args()
    if not (find_spec("pyspark") and (os.environ.get("JAVA_HOME") or shutil.which("java"))):
        leave_out("Spark is not here: `make setup-spark`, and Java 17 or newer")
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as folder:
        warm, table = Path(folder, "warm"), {}
        prepare(warm, 2_000)
        for size in sorted(set(arguments.customers)):
            place, skewed = Path(folder, str(size)), Path(folder, f"{size}-skewed")
            of_log = {place: prepare(place, size)}
            if size == max(arguments.customers):
                of_log[skewed] = prepare_skewed(skewed, place / "log.parquet")
            for log, events in of_log.items():
                runs = {name: measured(sys.executable, "benchmarks.spark", "--run", name, log, warm) for name in RUNS}
                title = (
                    f"{size:,} customers, {events:,} events" if log == place else f"and one with {events // 2:,} more"
                )
                table[title] = _cells(runs, events)
    print(f"| | {' | '.join(table)} |\n|---|{'---:|' * len(table)}")
    for row in next(iter(table.values())):
        print(f"| {row} | {' | '.join(cells[row] for cells in table.values())} |")


def _cells(runs: dict[str, Measure], events: int) -> dict[str, str]:
    there, local = runs["spark"].facts, runs["here"].facts
    cells = {
        f"{verb}, µs an event: workers, here, ratio": (
            f"{there[verb] / events * 1e6:.2f}, {local[verb] / events * 1e6:.2f}, {there[verb] / local[verb]:.2f}"
        )
        for verb in VERBS
    }
    mib = {
        "driver, peak MiB": there["driver"],
        "Java, peak MiB": there["java"],
        "largest worker, peak MiB": there["worker"],
        "files of the driver, peak MiB": there["own"],
        "exchanged, MiB": there["exchanged"],
    }
    wall = {"wall seconds: Spark, here": f"{runs['spark'].wall:.0f}, {runs['here'].wall:.0f}"}
    return cells | {name: f"{value / 2**20:,.0f}" for name, value in mib.items()} | wall


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        name, *folders = sys.argv[2:]
        tell(lambda: RUNS[name](*map(Path, folders)), lambda: None)
    else:
        main()
