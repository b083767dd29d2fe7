"""The customers' table of a store: rep, place, opt-outs and the firm's own attributes, with their history.

    STORE/customers.parquet          every version of what was known of a customer; replaced in one step, only grows
    STORE/customers-quarantine.csv   the faulty rows that nobody has mended

A version is known from its `recorded_at`. Without one, a customer's first version is known from the beginning, and a
later one from the moment when it was read; an opt-out without one counts at every cutoff.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.as_of import AsOf, AsOfLike
from features.atomic_file import atomic_write
from features.erasure.suppression import read_suppression
from features.errors import SourceError
from features.store.event_store import EventStore, open_store
from features.store.generations import locked
from planning.customers.customer_rows import (
    OPT_OUT,
    Version,
    checked_versions,
    complete,
    from_when,
    is_known,
    refuse_columns,
)
from planning.customers.known_customers import SCHEMA, TABLE_FILE, read_table, table_at
from planning.quarantine import write_quarantine
from planning.text_files import read_text_rows
from planning.text_rows import Faults

QUARANTINE_FILE = "customers-quarantine.csv"


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
    kept : int
        Faulty rows of earlier files that are still in it.
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
    kept: int


def update_customers(store_folder: str | Path, file: str | Path, read_at: AsOfLike) -> CustomersSummary:
    """Add a file's rows to the customers' table of a store; a file that was read before changes nothing.

    A column that the file lacks keeps its values, so a list of opt-outs alone is a file. Rows of customers who were
    erased are left out.

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
    with locked(folder):  # nobody is erased meanwhile
        if suppression := read_suppression(folder):
            rows = [row for row in rows if not suppression.has(row.cells.get("customer_id", ""))]
        versions = checked_versions(rows, store.timezone, moment.time, faults)
        kept = write_quarantine(quarantine, faults, rows)
        if not versions:
            more = f": the faulty ones are in {quarantine}" if faults.rows else ""
            raise SourceError(f"{file} has no valid row{more}; the customers' table stays as it was")
        table = read_table(folder)
        counts = {"lifted": 0, "new": 0, "changed": 0, "unchanged": 0, "superseded": 0}
        added = _added(table, versions, header, moment.time, Path(file).name, counts)
        if added:
            table = pa.concat_tables([table, pa.Table.from_pylist(added, SCHEMA)])
            with atomic_write(folder / TABLE_FILE) as part:
                pq.write_table(table, part)
    return _summary(table, store, counts, faults, quarantine if faults.rows or kept else None, kept)


def _added(
    table: pa.Table,
    versions: Sequence[Version],
    header: Sequence[str],
    read_at: int,
    source: str,
    counts: dict[str, int],
) -> list[dict[str, Any]]:
    """Return the rows to add to the table, and count what became of each version."""
    wanted = pa.array(sorted({version["customer_id"] for version in versions}), pa.string())
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


def _summary(
    table: pa.Table, store: EventStore, counts: Mapping[str, int], faults: Faults, quarantine: Path | None, kept: int
) -> CustomersSummary:
    now = table_at(table)
    known = pc.is_in(pa.array(now.index, pa.string()), store.customer_ids)
    last_recorded = pc.max(table["known_from"]).as_py()
    return CustomersSummary(
        rows_in=sum(counts.values()) - counts["lifted"] + len(faults.rows),
        **counts,
        quarantined=len(faults.rows),
        customers=len(now),
        without_events=len(now) - int(pc.sum(known).as_py() or 0),
        opted_out=int(now[OPT_OUT].map(len).gt(0).sum()),
        reps=int(now["rep"].nunique()),
        last_recorded=last_recorded,
        reasons=faults.reasons(),
        quarantine=quarantine,
        kept=kept,
    )
