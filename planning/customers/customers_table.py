"""The customers' table of a store: rep, place, opt-outs and the firm's own attributes, with their history.

    STORE/customers.parquet          every version of what was known of a customer; replaced in one step, only grows
    STORE/customers-quarantine.csv   the faulty rows of the last file

A version is known from its `recorded_at`. Without one, a customer's first version is known from the beginning, and a
later one from the moment when it was read; an opt-out without one counts at every cutoff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write
from features.errors import SourceError
from features.store.event_store import EventStore, open_store
from features.store.generations import locked
from planning.customers.customer_rows import (
    BEGINNING,
    OPT_IN,
    OPT_OUT,
    Version,
    checked_versions,
    complete,
    from_when,
    is_known,
    refuse_columns,
)
from planning.text_files import read_text_rows
from planning.text_rows import Faults

TABLE_FILE, QUARANTINE_FILE = "customers.parquet", "customers-quarantine.csv"
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


@dataclass(frozen=True)
class CustomersSummary:
    """What became of the rows of a file.

    Attributes
    ----------
    rows_in, new, changed, unchanged, superseded, quarantined : int
        Rows, by what they were: of a new customer, a change, known already, followed by another row of the same
        customer and time in the file, faulty. The last five sum to the first.
    customers : int
        Customers in the table.
    without_events : int
        Those of them that the store has no event of; they are kept.
    opted_out : int
        Customers who have opted out of a channel.
    lifted : int
        Opt-outs of a channel in the table that rows of the file ended.
    reps : int
    last_recorded : int or None
        When the table's latest version was known, in microseconds since 1970-01-01 UTC.
    reasons : mapping of str to int
        Faulty rows by what is wrong.
    quarantine : Path or None
        Their file.
    """

    rows_in: int
    new: int
    changed: int
    unchanged: int
    superseded: int
    quarantined: int
    customers: int
    without_events: int
    opted_out: int
    lifted: int
    reps: int
    last_recorded: int | None
    reasons: Mapping[str, int]
    quarantine: Path | None


def update_customers(store_folder: str | Path, file: str | Path, read_at: AsOfLike) -> CustomersSummary:
    """Add a file's rows to the customers' table of a store; a file that was read before changes nothing.

    A column that the file lacks keeps its values, so a list of opt-outs alone is a file.

    Parameters
    ----------
    store_folder : str or Path
    file : str or Path
        With a column `customer_id`; see `planning.customers.customer_rows` for the others. Lists are written
        `email;phone`, or a column a channel: `opted_out_email` with yes or no.
    read_at : AsOf, str, datetime.date or datetime.datetime
        The moment of reading.

    Returns
    -------
    CustomersSummary

    Raises
    ------
    SourceError
        When the file cannot be read, or none of its rows is valid; the table stays as it was.
    StoreError
        When there is no store, or another process writes to it.
    """
    folder, quarantine = Path(store_folder), Path(store_folder) / QUARANTINE_FILE
    store = open_store(folder)
    moment = AsOf.parse(read_at, store.timezone)
    faults = Faults()
    header, rows = read_text_rows(file, "customers", faults)
    refuse_columns(file, header)
    versions = checked_versions(rows, store.timezone, moment.time, faults)
    with locked(folder):
        faults.write(quarantine)
        if not versions:
            more = f": the faulty ones are in {quarantine}" if faults.rows else ""
            raise SourceError(f"{file} has no valid row{more}; the customers' table stays as it was")
        table = _read(folder)
        counts = {"lifted": 0, "new": 0, "changed": 0, "unchanged": 0, "superseded": 0}
        added = _added(table, versions, header, moment.time, Path(file).name, counts)
        if added:
            table = pa.concat_tables([table, pa.Table.from_pylist(added, SCHEMA)])
            with atomic_write(folder / TABLE_FILE) as part:
                pq.write_table(table, part)
    return _summary(table, store, counts, faults, quarantine)


def _read(folder: Path) -> pa.Table:
    path = folder / TABLE_FILE
    if not path.is_file():
        return SCHEMA.empty_table()
    try:
        table = pq.read_table(path)
        if OPT_IN not in table.column_names:  # a table of before this column
            table = table.append_column(OPT_IN, pa.array([[]] * len(table), pa.list_(TEXT)))
        return table.select(SCHEMA.names).cast(SCHEMA)
    except (pa.ArrowException, ValueError) as error:
        raise SourceError(f"{path} cannot be read ({str(error).splitlines()[0]}): put a copy of it back") from None


def _added(
    table: pa.Table,
    versions: Sequence[Version],
    header: Sequence[str],
    read_at: int,
    source: str,
    counts: dict[str, int],
) -> list[dict[str, Any]]:
    """Return the rows to add to the table, and count what became of each version."""
    wanted = pa.array(sorted({version["customer_id"] for version in versions}), TEXT)
    known: dict[str, list[dict[str, Any]]] = {}
    for row in table.filter(pc.is_in(table["customer_id"], wanted)).to_pylist():
        known.setdefault(row["customer_id"], []).append({**row, "attributes": dict(row["attributes"] or ())})
    last_of: dict[tuple[str, int | None], int] = {
        (version["customer_id"], version["recorded_at"]): at for at, version in enumerate(versions)
    }
    added: list[dict[str, Any]] = []
    for at, version in enumerate(versions):
        name, recorded_at = version["customer_id"], version["recorded_at"]
        if last_of[name, recorded_at] != at:
            counts["superseded"] += 1
            continue
        before = known.setdefault(name, [])
        earlier = [each for each in before if recorded_at is None or from_when(each) <= recorded_at]
        last = max(earlier, key=from_when, default=None)
        whole = complete(version, header, last)
        if is_known(whole, before):
            counts["unchanged"] += 1
            continue
        counts["changed" if before else "new"] += 1
        counts["lifted"] += len({*(last or {}).get(OPT_OUT, ())}.difference(whole[OPT_OUT]))
        known_from = recorded_at if recorded_at is not None or not before else read_at
        row = {**whole, "known_from": known_from, "source": source}
        before.append(row)
        added.append(row)
    return added


def customers_at(store_folder: str | Path, as_of: AsOfLike) -> pd.DataFrame | None:
    """Return what was known of customers at a cutoff.

    Parameters
    ----------
    store_folder : str or Path
        The folder of an event store.
    as_of : AsOf, str, datetime.date or datetime.datetime
        Versions known from this moment on, or later, do not count.

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
    cutoff = AsOf.parse(as_of, open_store(folder).timezone)
    return table_at(_read(folder), cutoff)


def table_at(table: pa.Table, cutoff: AsOf) -> pd.DataFrame:
    """Return the versions of a table that hold at a cutoff, one row a customer, as `customers_at` does."""
    known_from = pc.fill_null(table["known_from"], BEGINNING)
    frame = pd.DataFrame({"customer_id": table["customer_id"].to_pylist(), "known_from": known_from.to_numpy()})
    order = frame.sort_values("known_from", kind="stable")  # of equal ones the later row
    at_cutoff = order[order["known_from"] < cutoff.time].drop_duplicates("customer_id", keep="last").sort_index()
    rows = table.take(pa.array(at_cutoff.index.to_numpy())).to_pylist()
    latest = order.drop_duplicates("customer_id", keep="last").index.to_numpy()
    at_once = {
        row["customer_id"]: row[OPT_OUT]
        for row in table.select(["customer_id", OPT_OUT, "recorded_at"]).take(pa.array(latest)).to_pylist()
        if row["recorded_at"] is None and row[OPT_OUT]
    }
    rows += [{"customer_id": name} for name in at_once if name not in set(at_cutoff["customer_id"])]
    found = pd.DataFrame(
        {
            name: pd.Series([row.get(name) for row in rows], dtype=object)
            for name in SCHEMA.names
            if name not in ("attributes", "recorded_at", OPT_IN, "source")
        }
    ).set_index("customer_id")
    for name in (OPT_OUT, "needs"):
        found[name] = pd.Series([list(each or ()) for each in found[name]], found.index, dtype=object)
    found[OPT_OUT] = pd.Series(
        [sorted({*each, *at_once.get(name, ())}) for name, each in found[OPT_OUT].items()], found.index, dtype=object
    )
    found = found.astype({"latitude": float, "longitude": float})
    found["recorded_at"] = pd.to_datetime(found.pop("known_from").astype("Int64"), unit="us", utc=True)
    attributes = [dict(row.get("attributes") or ()) for row in rows]
    for name in sorted({key for each in attributes for key in each}):
        texts = pd.Series([each.get(name) for each in attributes], found.index, dtype=object)
        numbers = pd.to_numeric(texts, errors="coerce")
        found[name] = numbers.astype(float) if numbers.notna().sum() == texts.notna().sum() else texts
    permitted = _permitted(table, cutoff)
    found[OPT_IN] = pd.Series([permitted.get(name, {}) for name in found.index], found.index, dtype=object)
    return found


def _permitted(table: pa.Table, cutoff: AsOf) -> dict[str, dict[str, pd.Timestamp]]:
    """Return by customer and channel when a row known at the cutoff last said that there is no opt-out."""
    known = pc.fill_null(pc.less(table["known_from"], cutoff.time), False)
    permitted: dict[str, dict[str, pd.Timestamp]] = {}
    for row in table.filter(known).select(["customer_id", OPT_IN, "known_from"]).to_pylist():
        own = permitted.setdefault(row["customer_id"], {})
        since = pd.Timestamp(row["known_from"], unit="us", tz="UTC")
        own.update({channel: max(since, own.get(channel, since)) for channel in row[OPT_IN] or ()})
    return permitted


def _summary(
    table: pa.Table, store: EventStore, counts: Mapping[str, int], faults: Faults, quarantine: Path
) -> CustomersSummary:
    now = table_at(table, AsOf(np.iinfo(np.int64).max, 0))
    known = pc.is_in(pa.array(now.index, TEXT), store.customer_ids)
    given = pc.max(table["known_from"]).as_py()
    return CustomersSummary(
        rows_in=sum(counts.values()) - counts["lifted"] + len(faults.rows),
        **counts,
        quarantined=len(faults.rows),
        customers=len(now),
        without_events=len(now) - int(pc.sum(known).as_py() or 0),
        opted_out=int(now[OPT_OUT].map(len).gt(0).sum()),
        reps=int(now["rep"].nunique()),
        last_recorded=given,
        reasons=faults.reasons(),
        quarantine=quarantine if faults.rows else None,
    )
