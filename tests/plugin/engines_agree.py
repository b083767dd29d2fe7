"""Compare the features of a store in plain Python and in SQL with a file of `regulars features`, to the last bit.

Run by tests/test_plugin.py in an environment where the plugin is installed: STORE LOG FILE AS_OF.
"""

import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sql_oracle import sql_feature_table

from features.as_of import AsOf
from features.definitions import FAMILIES, FEATURE_NAMES
from features.engines.python_engine import customer_features
from features.store.event_store import EventStore, open_store
from features.store.row_packing import NOTHING

CUSTOMERS = 150


def online(log: pd.DataFrame, as_of: AsOf, timezone: str) -> pd.DataFrame:
    """Return the features of each customer by the function that the service runs."""
    rows = {}
    for customer_id, events in log.groupby("customer_id"):
        given: list[dict[str, Any]] = [row.dropna().to_dict() for _, row in events.iterrows()]
        rows[customer_id] = customer_features(given, as_of, timezone)
    return pd.DataFrame.from_dict(rows, orient="index")


def events_of(store: EventStore) -> pa.Table:
    """Return the events of a store as a table, absent values encoded as there."""
    ids = store.customer_ids.take(pa.array(np.repeat(np.arange(store.n_customers), np.diff(store.offsets))))
    columns = {name: np.asarray(column) for name, column in store.columns.items()}
    for name, nothing in NOTHING.items():
        columns.setdefault(name, np.full(len(ids), nothing))
    return pa.table({"customer_id": ids} | columns)


def main(store_path: str, log_path: str, file: str, date: str) -> None:
    """Print the columns of plugins; fail where two engines differ."""
    store, log = open_store(store_path), pd.read_parquet(log_path)
    as_of = AsOf.parse(date, store.timezone)
    batch = pd.read_parquet(file).set_index("customer_id")
    assert list(batch.columns) == list(FEATURE_NAMES)
    some = sorted(log["customer_id"].unique())[:CUSTOMERS]
    for other in (
        sql_feature_table(events_of(store), as_of.time, as_of.day),
        online(log[log["customer_id"].isin(some)], as_of, store.timezone),
    ):
        expected = batch.loc[other.index]
        assert len(other) >= CUSTOMERS
        assert other.astype("float64").to_numpy().tobytes() == expected.to_numpy().tobytes()
    print(*(column.name for family in FAMILIES if family.origin for column in family.columns))


if __name__ == "__main__":
    main(*sys.argv[1:])
