"""A week added to a store beside ingesting all anew: `python -m benchmarks.append --customers 1000000`.

The log is simulated, each event with a reference; its last events in order of time, 300,000 of a million customers, are
the week. Each run is alone, in a process of its own, the files in the system's cache. Processor time
depends less than wall time on what else the machine does.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from statistics import median

import duckdb

from benchmarks.stopwatch import Measure, measured, tell
from features.ingestion.ingest import append, ingest
from features.simulate import write_log

WEEK_SHARE = 0.3
"""Events of the week, of each customer."""
GOAL = 1 / 3


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.append", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--repeats", type=int, default=3, metavar="N")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for logs and stores, 6 GB a million customers")
    parser.add_argument("--run", nargs=2, metavar=("STEP", "DIR"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        run(arguments.run[0], Path(arguments.run[1]))
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as name:
        folder = Path(name)
        events = write_log(folder / "log.parquet", customers=arguments.customers)
        week = split(folder, int(WEEK_SHARE * arguments.customers))
        ingest(folder / "before.parquet", folder / "before")
        runs: dict[str, list[Measure]] = {"whole": [], "week": []}
        for _ in range(arguments.repeats):
            for step, measures in runs.items():
                shutil.rmtree(folder / step, ignore_errors=True)
                if step == "week":
                    shutil.copytree(folder / "before", folder / step)
                measures.append(measured(sys.executable, "benchmarks.append", "--run", step, folder))
    print(f"{events:,} events of {arguments.customers:,} customers ingested anew, and {week:,} of them added")
    print(f"goal: {GOAL:.0%} at most")
    for kind in ("wall", "cpu"):
        whole, added = ([getattr(run, kind) for run in runs[step]] for step in ("whole", "week"))
        ratio = median(one / other for one, other in zip(added, whole, strict=True))
        print(f"{kind}: {median(whole):.1f} s anew, {median(added):.1f} s added, {ratio:.0%} within pairs")


def split(folder: Path, week: int) -> int:
    """Write the log with references, whole and in two parts, and return the number of events in the second."""
    log, whole = (folder / f"{name}.parquet" for name in ("log", "whole"))
    rows = f"read_parquet('{log}', file_row_number = true)"
    named = "* EXCLUDE file_row_number REPLACE ('event-' || file_row_number AS reference)"
    duckdb.sql(f"COPY (SELECT {named} FROM {rows}) TO '{whole}' (FORMAT parquet)")
    [last] = duckdb.sql(f"SELECT event_time FROM '{whole}' ORDER BY 1 DESC LIMIT 1 OFFSET {week}").fetchall()
    for part, where in (("before", "event_time <= ?"), ("new", "event_time > ?")):
        query = f"COPY (FROM '{whole}' WHERE {where}) TO '{folder / part}.parquet' (FORMAT parquet)"
        duckdb.execute(query, last)
    [counted] = duckdb.sql(f"SELECT count(*) FROM '{folder / 'new.parquet'}'").fetchall()
    return int(counted[0])


def run(step: str, folder: Path) -> None:
    """Run a step in this process; a small store before it has everything compiled."""
    small = folder / "small"

    def warm_up() -> None:
        shutil.rmtree(small, ignore_errors=True)
        rows = f"FROM '{folder / 'whole.parquet'}' LIMIT 1000"
        duckdb.sql(f"COPY (FROM ({rows}) LIMIT 900) TO '{folder / 'few.parquet'}' (FORMAT parquet)")
        duckdb.sql(f"COPY (FROM ({rows}) OFFSET 900) TO '{folder / 'more.parquet'}' (FORMAT parquet)")
        ingest(folder / "few.parquet", small)
        append(folder / "more.parquet", small)

    def whole() -> None:
        ingest(folder / "whole.parquet", folder / "whole")

    def week() -> None:
        append(folder / "new.parquet", folder / "week")

    tell({"whole": whole, "week": week}[step], warm_up, memory=2**31)


if __name__ == "__main__":
    main()
