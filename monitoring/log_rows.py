"""Reads the rows of a forecast log: whose they are, whether they were made in advance, and what happened."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.as_of import AsOf
from features.encryption.parquet_files import open_parquet_file
from features.errors import ForecastLogError
from features.key_files import HASH_BYTES, keyed_hash
from features.store.event_store import EventStore
from features.timezones import DAY, business_timezone
from serving.forecast_log.log_files import damage_named, day_files, day_folders
from serving.forecast_log.pseudonyms import PseudonymKeys
from training.targets import purchases_between

Integers = NDArray[np.int64]

KEY_COLUMNS = ("pseudonym", "key_id", "asked_at", "as_of")
MILLISECOND = 1_000
BITS = 36
"""Milliseconds of 795 days fit into these: purchases are looked up by customer and time in one number."""
LONGEST_DAYS = 730


class LogReader:
    """Reads the days of a log, with the customers of a store for their pseudonyms.

    Parameters
    ----------
    store : EventStore
    folder : Path
        The forecast log.
    keys : PseudonymKeys
        Those that are held.

    Attributes
    ----------
    rows : int
        The rows read so far.
    missing : dict of str to int
        Rows that were left out by the key that they need and that is not held.
    strangers : int
        Rows that were left out since no customer of the store has the pseudonym.

    Raises
    ------
    ForecastLogError
        When a key cannot be used; of `days` also when a file is none of a log.
    """

    def __init__(self, store: EventStore, folder: Path, keys: PseudonymKeys) -> None:
        try:
            self._keys = keys.held()
        except ValueError as error:
            raise ForecastLogError(f"a key in {keys.folder} cannot be used: {error}") from error
        self._customer_ids, self._pseudonyms = store.customer_ids, dict[str, pa.Array]()
        self._folder, self.rows, self.missing, self.strangers = folder, 0, dict[str, int](), 0

    def days(
        self, first: date, last: date, columns: Sequence[str], wanted: pc.Expression | None = None
    ) -> Iterator[pd.DataFrame]:
        """Yield the rows of each day with `columns`, `customer` (its number in the store), `asked_at` and `as_of` (µs).

        Parameters
        ----------
        first, last : date
            Days in UTC. Rows may be written on the day after.
        columns : sequence of str
        wanted : pyarrow.compute.Expression, optional
            Which rows; all without it.
        """
        for table in _days(self._folder, first, last, (*KEY_COLUMNS, *columns), wanted):
            self.rows += len(table)
            for name in pc.unique(table["key_id"]).to_pylist():
                own = table.filter(pc.equal(table["key_id"], name))
                if name not in self._keys:
                    self.missing[name] = self.missing.get(name, 0) + len(own)
                    continue
                customer = pc.index_in(own["pseudonym"], self._of_all(name))
                self.strangers += customer.null_count
                times = {each: pc.cast(own[each], pa.int64()) for each in ("asked_at", "as_of")}
                frame = pa.table({**{each: own[each] for each in columns}, **times, "customer": customer}).to_pandas()
                yield frame.dropna(subset=["customer"]).astype({"customer": np.int64})

    def _of_all(self, name: str) -> pa.Array:
        """Return the pseudonyms of all customers under a key, which are made when a row has it first."""
        if name not in self._pseudonyms:
            hashes = [keyed_hash(each, self._keys[name]) for each in self._customer_ids.to_pylist()]
            self._pseudonyms[name] = pa.array(hashes, pa.binary(HASH_BYTES))
        return self._pseudonyms[name]


def _days(
    folder: Path, first: date, last: date, columns: Sequence[str], wanted: pc.Expression | None
) -> Iterator[pa.Table]:
    for day in day_folders(folder):
        if str(first) <= day.name <= str(last + timedelta(days=1)) and (tables := _tables_of(day, columns, wanted)):
            yield pa.concat_tables(tables)


def _tables_of(day: Path, columns: Sequence[str], wanted: pc.Expression | None) -> list[pa.Table]:
    """Return the rows of a day's files; where the service merges or removes some meanwhile, the day is read again."""
    gone: set[Path] = set()
    while True:
        tables, path = [], day
        try:
            for path in (file for file in day_files(day) if file not in gone):
                with damage_named(path):
                    table = _read_piece(path, columns)
                tables.append(table if wanted is None else table.filter(wanted))
            return tables
        except FileNotFoundError:
            gone.add(path)


def _read_piece(path: Path, columns: Sequence[str]) -> pa.Table:
    """Return columns of a file; a log has thousands a day, so what `read_table` does to prepare a scan is left out."""
    with open_parquet_file(path, pre_buffer=False) as file:
        if missing := [name for name in columns if name not in file.schema_arrow.names]:
            raise pa.ArrowKeyError(f"it has no column {missing[0]}")
        return file.read(columns=list(columns), use_threads=False)


def made_in_advance(rows: pd.DataFrame, store: EventStore, as_of: AsOf, horizon_days: int) -> pd.DataFrame:
    """Return the forecasts that were made in advance and whose horizon is over, the earliest first.

    A forecast is so when it was asked for on the day of its `as_of` or one beside it. `day` is that of its `as_of`, and
    `end` the end of its horizon, in microseconds.
    """
    zone = business_timezone(store.timezone)
    asked, start = rows["asked_at"].to_numpy(np.int64), rows["as_of"].to_numpy(np.int64)
    day = zone.days(start).astype(np.int64)
    end, _ = zone.to_utc(zone.to_wall_clock(start) + horizon_days * DAY)
    kept = (np.abs(zone.days(asked) - day) <= 1) & (end <= as_of.time)
    early: pd.DataFrame = rows.assign(end=end, day=day)[kept]
    return early.sort_values(["asked_at", "as_of"], kind="stable")


def outcomes_by_week(store: EventStore, rows: pd.DataFrame, as_of: AsOf) -> Integers:
    """Return the `outcomes` of forecasts that have a `week`, a week at a time."""
    counts = np.zeros(len(rows), np.int64)
    for index in rows.groupby("week").indices.values():
        counts[index] = outcomes(store, rows.iloc[index], as_of)
    return counts


def outcomes(store: EventStore, rows: pd.DataFrame, as_of: AsOf) -> Integers:
    """Return the purchase days of each forecast, from its own `as_of` to its `end`.

    Parameters
    ----------
    store : EventStore
    rows : pandas.DataFrame
        `customer`, `as_of` and `end`; all within `LONGEST_DAYS` and some weeks.
    as_of : AsOf
        What is known then counts.
    """
    first, last = int(rows["as_of"].min()), int(rows["end"].max())
    customer, day, time, _ = purchases_between(store, first, as_of)
    inside = time < last
    customer, day, time = customer[inside], day[inside].astype(np.int64), time[inside]

    def key(customers: Integers, times: Integers) -> Integers:
        return (customers.astype(np.int64) << BITS) + (times - first) // MILLISECOND

    keys = key(customer, time)
    order = np.argsort(keys, kind="stable")
    keys, customer, day = keys[order], customer[order], day[order]
    is_new = np.ones(len(keys), np.int64)  # the first purchase of a customer's day
    is_new[1:] = (customer[1:] != customer[:-1]) | (day[1:] != day[:-1])
    before = np.concatenate([[0], np.cumsum(is_new)])
    whose = rows["customer"].to_numpy()
    low = np.searchsorted(keys, key(whose, rows["as_of"].to_numpy()))
    high = np.searchsorted(keys, key(whose, rows["end"].to_numpy()))
    # A day that had a purchase before the forecast too counts: there is another one after it.
    continued = (high > low) & (np.append(is_new, 1)[low] == 0)
    counts: Integers = before[high] - before[low] + continued
    return counts
