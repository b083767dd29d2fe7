"""What each verb costs as the base grows: `python -m benchmarks.scale --customers 50000 500000`.

Each step runs alone, in a process of its own, on a simulated log. Processor time depends less than wall time on what
else the machine does. The last rows are of a log of which one customer has half of all events.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.stopwatch import Measure, measured, tell
from features.engines.feature_table import feature_table
from features.erasure.store_erasure import erase_from_store
from features.ingestion.ingest import ingest
from features.loyalty.formula import load_formula
from features.partitions.feature_parts import write_feature_parts
from features.simulate import write_log
from features.store.event_store import open_store
from monitoring.monitor import look_at
from serving.batch_forecasts import Forecasts
from serving.batch_lookup import lookup_batch_scores
from serving.batch_parts import write_score_parts
from training.fit import fit_customer_model
from training.models.customer_model import CustomerModel

LAST = "2025-12-31"
FIT_AT = "2025-06-30"
MONTHS = [str(day.date()) for day in pd.date_range(end=LAST, periods=24, freq="ME")]
BUCKETS = 16
LOOKUPS = 200


def simulated(folder: Path, customers: int) -> dict[str, Any]:
    write_log(folder / "log.parquet", customers=customers, seed=7)
    return {"events": pq.read_metadata(folder / "log.parquet").num_rows}


def ingested(folder: Path, customers: int) -> dict[str, Any]:
    return {"events": ingest(folder / "log.parquet", folder / "store", buckets=BUCKETS).kept}


def one_date(folder: Path, customers: int) -> dict[str, Any]:
    return write_feature_parts(open_store(folder / "store"), [LAST], folder / "one")


def many_dates(folder: Path, customers: int) -> dict[str, Any]:
    return write_feature_parts(open_store(folder / "store"), MONTHS, folder / "many")


def fitted(folder: Path, customers: int) -> dict[str, Any]:
    return {"digest": fit_customer_model(open_store(folder / "store"), FIT_AT, load_formula()).save(folder)}


def scored(folder: Path, customers: int) -> dict[str, Any]:
    forecasts = Forecasts(CustomerModel.load(folder), "1", 90)
    write_score_parts(open_store(folder / "store"), [LAST], load_formula(), folder / "scores", forecasts)
    return {}


def looked_up(folder: Path, customers: int) -> dict[str, Any]:
    """Look up customers, one a time, as requests do."""
    ids = open_store(folder / "store").customer_ids
    for place in np.linspace(0, len(ids) - 1, LOOKUPS).astype(int).tolist():
        lookup_batch_scores(folder / "scores", [ids[place].as_py()])
    return {}


def monitored(folder: Path, customers: int) -> dict[str, Any]:
    look = look_at(open_store(folder / "store"), (CustomerModel.load(folder), "1"))
    return {"action": str(look.recommendation.action)}


def erased(folder: Path, customers: int) -> dict[str, Any]:
    ids = open_store(folder / "store").customer_ids
    return {"generations": len(erase_from_store(folder / "store", [ids[len(ids) // 2].as_py()]))}


def skewed(folder: Path, customers: int) -> dict[str, Any]:
    """Give one customer as many events as all others have, and ingest the log."""
    log = pq.read_table(folder / "log.parquet")
    place = log.schema.get_field_index("customer_id")
    one = log.set_column(place, "customer_id", pa.array(["one"] * len(log)))
    pq.write_table(pa.concat_tables([log.cast(one.schema), one]), folder / "skewed.parquet", row_group_size=500_000)
    return {"events": 2 * len(log)}


def skewed_ingested(folder: Path, customers: int) -> dict[str, Any]:
    return {"events": ingest(folder / "skewed.parquet", folder / "skewed", buckets=BUCKETS).kept}


def skewed_date(folder: Path, customers: int) -> dict[str, Any]:
    return write_feature_parts(open_store(folder / "skewed"), [LAST], folder / "skewed-parts")


STEPS: dict[str, tuple[str, Callable[[Path, int], dict[str, Any]]]] = {
    "simulated": ("simulate", simulated),
    "ingested": ("ingest, 16 buckets", ingested),
    "one_date": ("features, one date, in parts", one_date),
    "many_dates": ("features, 24 dates, in parts", many_dates),
    "fitted": ("fit one model to 50,000 customers", fitted),
    "scored": ("score, rule and model, in parts", scored),
    "looked_up": (f"look up {LOOKUPS} customers in the scores", looked_up),
    "monitored": ("monitor", monitored),
    "erased": ("erase one customer from the store", erased),
    "skewed": ("write a log with a customer of half the events", skewed),
    "skewed_ingested": ("ingest that", skewed_ingested),
    "skewed_date": ("features of that, one date", skewed_date),
}


def main() -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.scale", description=__doc__)
    parser.add_argument("--customers", type=int, nargs="+", default=[50_000, 500_000], metavar="N")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="for logs and results, 5 GB a million customers")
    arguments = parser.parse_args()
    sizes = sorted(set(arguments.customers))
    measures: dict[int, dict[str, Measure]] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="benchmark-", dir=arguments.folder) as folder:
            measures[size] = {}
            for name in STEPS:
                measures[size][name] = measured(sys.executable, "benchmarks.scale", "--run", name, folder, size)
    print("\n".join(_table(measures)))


def _table(measures: dict[int, dict[str, Measure]]) -> list[str]:
    events = {size: steps["simulated"].facts["events"] for size, steps in measures.items()}
    heads = [f"{size:,} customers, {events[size]:,} events" for size in measures]
    lines = [f"| processor seconds (per million customers), peak MiB | {' | '.join(heads)} |"]
    lines.append(f"|---|{'---:|' * len(measures)}")
    for name, (title, _) in STEPS.items():
        cells = [
            f"{steps[name].cpu:.2f} ({steps[name].cpu * 1e6 / size:.2f}), {steps[name].peak / 2**20:,.0f}"
            for size, steps in measures.items()
        ]
        lines.append(f"| {title} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        step, given, count = sys.argv[2:]

        def warm_up() -> None:
            if (Path(given) / "store").exists():
                feature_table(open_store(Path(given) / "store"), LAST, np.arange(10))

        tell(lambda: STEPS[step][1](Path(given), int(count)), warm_up)
    else:
        main()
