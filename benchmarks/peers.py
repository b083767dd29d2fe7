"""The peers' summaries, in an environment of their own: `python -m benchmarks.peers NAME FOLDER AS_OF`.

They give four columns (frequency, recency, T, monetary_value) from the purchases known at AS_OF.
"""

import importlib.metadata
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.stopwatch import tell


def summary(name: str, folder: Path, as_of: str) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the peer's summary, and what of the time went into reading the purchases from Parquet."""
    wall, cpu = time.perf_counter(), time.process_time()
    purchases = pd.read_parquet(
        folder / "log.parquet",
        columns=["customer_id", "event_time", "amount"],
        filters=[("event_type", "==", "purchase"), ("event_time", "<", pd.Timestamp(as_of))],
    )
    facts = {"reading_wall": time.perf_counter() - wall, "reading_cpu": time.process_time() - cpu}
    columns = ("customer_id", "event_time", "amount")
    if name == "lifetimes":
        from lifetimes.utils import summary_data_from_transaction_data

        table = summary_data_from_transaction_data(purchases, *columns, observation_period_end=as_of, freq="D")
    else:
        from pymc_marketing.clv import rfm_summary

        table = rfm_summary(purchases, *columns, observation_period_end=as_of, time_unit="D").set_index("customer_id")
    return table, facts | {"version": importlib.metadata.version(name.replace("_", "-"))}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    name, given, as_of, *keep = sys.argv[1:]
    folder = Path(given)
    few = min(folder.parent.iterdir(), key=lambda path: int(path.name))
    tell(lambda: summary(name, folder, as_of)[1], lambda: summary(name, few, as_of), 3_000 * int(folder.name))
    if keep:
        table = summary(name, folder, as_of)[0].sort_index()
        # Theirs is not net of returns, so monetary_value is another number.
        table[["frequency", "recency", "T"]].to_parquet(folder / f"summary-{name}.parquet")
