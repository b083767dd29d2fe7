"""What was known of the customers of a store at a cutoff."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.error_lines import first_line
from features.errors import SourceError
from features.store.event_store import open_store
from planning.customers.customer_rows import BEGINNING, OPT_IN, OPT_OUT

TABLE_FILE = "customers.parquet"
END = int(np.iinfo(np.int64).max)
"""After every time."""
TEXT = pa.string()
SCHEMA = pa.schema(
    [
        pa.field("customer_id", TEXT, nullable=False),
        pa.field("rep", TEXT),
        pa.field("territory", TEXT),
        pa.field("latitude", pa.float64()),
        pa.field("longitude", pa.float64()),
        pa.field(OPT_OUT, pa.list_(TEXT)),
        pa.field("preferred_channel", TEXT),
        pa.field("hours", TEXT),
        pa.field("needs", pa.list_(TEXT)),
        pa.field("attributes", pa.map_(TEXT, TEXT)),
        pa.field(OPT_IN, pa.list_(TEXT)),
        pa.field("recorded_at", pa.int64()),
        pa.field("known_from", pa.int64()),
        pa.field("source", TEXT),
    ]
)
"""`recorded_at` as the source gave it and `known_from`, both in microseconds since 1970-01-01 UTC; null: not given,
from the beginning."""


def customers_at(store_folder: str | Path, as_of: AsOfLike | None) -> pd.DataFrame | None:
    """Return what was known of customers at a cutoff.

    Parameters
    ----------
    store_folder : str or Path
        The folder of an event store.
    as_of : AsOf, str, datetime.date, datetime.datetime or None
        Versions known from this moment on, or later, do not count; with None all do.

    Returns
    -------
    DataFrame or None
        Indexed by `customer_id`: `rep, territory, latitude, longitude, opted_out` (list of str), `preferred_channel,
        hours, needs` (list of str), `recorded_at` (UTC: from when the row is known, NaT from the beginning),
        `not_opted_out` (dict of a channel to the last time when a row said that the customer has not opted out of it),
        and the attributes, as numbers where all that are given are. None where the store has no table.

    Raises
    ------
    SourceError
        When the table cannot be read.
    """
    folder = Path(store_folder)
    if not (folder / TABLE_FILE).is_file():
        return None
    cutoff = None if as_of is None else AsOf.parse(as_of, open_store(folder).timezone)
    return table_at(read_table(folder), cutoff)


def table_at(table: pa.Table, cutoff: AsOf | None = None) -> pd.DataFrame:
    """Return the versions of a table that hold at a cutoff, one row a customer, as `customers_at` does."""
    known_from = pc.fill_null(table["known_from"], BEGINNING)
    frame = pd.DataFrame({"customer_id": table["customer_id"].to_pylist(), "known_from": known_from.to_numpy()})
    order = frame.sort_values("known_from", kind="stable")  # of equal ones the later row
    end = END if cutoff is None else cutoff.time
    at_cutoff = order[order["known_from"] < end].drop_duplicates("customer_id", keep="last").sort_index()
    rows = table.take(pa.array(at_cutoff.index.to_numpy())).to_pylist()
    at_once = _undated_opt_outs(table.take(pa.array(order.index.to_numpy())))
    rows += [{"customer_id": name} for name in at_once if name not in set(at_cutoff["customer_id"])]
    customers = pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=object)
            for name in SCHEMA.names
            if name not in ("attributes", "recorded_at", OPT_IN, "source")
        }
    ).set_index("customer_id")
    for name in (OPT_OUT, "needs"):
        customers[name] = pd.Series([list(each or ()) for each in customers[name]], customers.index, dtype=object)
    customers[OPT_OUT] = pd.Series(
        [sorted({*each, *at_once.get(str(name), [])}) for name, each in customers[OPT_OUT].items()],
        customers.index,
        dtype=object,
    )
    customers = customers.astype({"latitude": float, "longitude": float})
    customers["recorded_at"] = pd.to_datetime(customers.pop("known_from").astype("Int64"), unit="us", utc=True)
    attributes = [dict(row.get("attributes") or ()) for row in rows]
    for name in sorted({key for each in attributes for key in each}):
        texts = pd.Series([each.get(name) for each in attributes], customers.index, dtype=object)
        numbers = pd.to_numeric(texts, errors="coerce")
        customers[name] = numbers.astype(float) if numbers.notna().sum() == texts.notna().sum() else texts
    permitted = _permitted(table, end)
    customers[OPT_IN] = pd.Series([permitted.get(name, {}) for name in customers.index], customers.index, dtype=object)
    return customers


def _undated_opt_outs(versions: pa.Table) -> dict[str, list[str]]:
    """Return by customer the opt-outs that hold to the last and came without a time; they count at every cutoff.

    A later version carries on what it does not change, so an opt-out has the time of the version that brought it.
    """
    undated: dict[str, list[str]] = {}
    held: dict[str, set[str]] = {}
    opted_out = versions.filter(pc.greater(pc.list_value_length(versions[OPT_OUT]), 0))["customer_id"]
    versions = versions.filter(pc.is_in(versions["customer_id"], pc.unique(opted_out)))
    for row in versions.select(["customer_id", OPT_OUT, "recorded_at"]).to_pylist():
        name, out = row["customer_id"], set(row[OPT_OUT] or ())
        brought = out - held.get(name, set()) if row["recorded_at"] is None else set()
        held[name] = out
        undated[name] = sorted(out & {*undated.get(name, ()), *brought})
    return {name: out for name, out in undated.items() if out}


def _permitted(table: pa.Table, end: int) -> dict[str, dict[str, pd.Timestamp]]:
    """Return by customer and channel when a row known at the cutoff last said that there is no opt-out."""
    known = pc.fill_null(pc.less(table["known_from"], end), False)
    permitted: dict[str, dict[str, pd.Timestamp]] = {}
    for row in table.filter(known).select(["customer_id", OPT_IN, "known_from"]).to_pylist():
        own = permitted.setdefault(row["customer_id"], {})
        since = pd.Timestamp(row["known_from"], unit="us", tz="UTC")
        own.update({channel: max(since, own.get(channel, since)) for channel in row[OPT_IN] or ()})
    return permitted


def read_table(folder: Path) -> pa.Table:
    """Return every version of the customers' table of a store, none where it has no table.

    Raises
    ------
    SourceError
        When the table cannot be read.
    """
    path = folder / TABLE_FILE
    if not path.is_file():
        return SCHEMA.empty_table()
    try:
        table = pq.read_table(path)
        if OPT_IN not in table.column_names:  # a table of before this column
            table = table.append_column(OPT_IN, pa.array([[]] * len(table), pa.list_(TEXT)))
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(f"{path} cannot be read ({first_line(error)}): put a copy of it back") from None
