"""Small logs for the tests of the store and the features: drawn by Hypothesis, coded, shelved and compared."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from hypothesis import strategies as st

from features.definitions.registry import FeatureSet, default_features
from features.engines.codegen import python_kernel, scratch_rows
from features.schema import (
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
    WORDS,
)
from features.simulate import LOG_SCHEMA
from features.store.event_store import EventStore
from features.store.layout import ABSENT, DTYPES, RECORD_COLUMNS, SALE_COLUMNS
from features.store.reference_codes import reference_code
from features.store.writer import write_store

ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Shanghai")
DAY = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=ZoneInfo("UTC"))
KIND = {name: code for code, name in enumerate(EVENT_TYPES)}


class Event(NamedTuple):
    """One event as the store has it, absent values None; its day follows from the time and the zone."""

    customer_id: str
    time: int
    kind: int
    cents: int | None = None
    channel: int | None = None
    goal: int | None = None
    outcome: int | None = None
    satisfaction: int | None = None
    loyalty: int | None = None
    known_from: int | None = None
    known_until: int | None = None
    reference: str | None = None
    sale_reference: str | None = None


def microseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def day_of(time: int, zone: str) -> int:
    return ((EPOCH + timedelta(microseconds=time)).astimezone(ZoneInfo(zone)).date() - EPOCH.date()).days


# Drawing

# Two changes of London's and two of New York's clock, a leap day, a plain one.
AS_OF_DAYS = tuple(date.fromisoformat(f"2024-{d}") for d in ("03-31", "10-27", "03-10", "11-03", "02-29", "06-10"))
CLOCKS = (0, 1, 3_600_000_000 - 1, 5_400_000_000, DAY // 2, DAY - 1)
AGES = st.one_of(st.integers(-3, 20), st.sampled_from([30, 90, 91, 180, 273, 336, 337, 364, 365]), st.integers(20, 800))


@st.composite
def moments(draw: st.DrawFn, as_of_day: date, zone: str) -> int:
    """A moment that often is a midnight, an instant around one, or in a change of the clock."""
    there = as_of_day - timedelta(days=draw(AGES))
    clock = draw(st.sampled_from(CLOCKS))
    local = datetime(there.year, there.month, there.day, tzinfo=ZoneInfo(zone)) + timedelta(microseconds=clock)
    return microseconds(local.astimezone(ZoneInfo("UTC")))


def _maybe(values: st.SearchStrategy[int]) -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), values)


CENTS = st.one_of(st.integers(0, 5), st.integers(0, 10**6), st.sampled_from([0, 10**11]))
RATINGS = st.one_of(st.integers(0, 10).map(lambda r: 1000 * r), st.integers(0, 10_000))
CHANNEL, OUTCOME = WORDS.channels, WORDS.outcomes


@st.composite
def events(
    draw: st.DrawFn, times: st.SearchStrategy[int], customers: Sequence[str] = ("a", "a", "a", "b", "Zoë")
) -> Event:
    """An event of any type, known since its own time."""
    name = draw(st.sampled_from(("purchase", "purchase", "purchase", "visit", *EVENT_TYPES)))
    priced, rated = name in WORDS.amounts, name in ("visit", "feedback")
    return Event(
        customer_id=draw(st.sampled_from(customers)),
        time=draw(times),
        kind=KIND[name],
        cents=draw(_maybe(CENTS)) if priced else None,
        channel=draw(_maybe(st.sampled_from(range(len(CHANNEL[name]))))) if name in CHANNEL else None,
        goal=draw(_maybe(st.sampled_from(range(len(GOALS))))) if name == "visit" else None,
        outcome=draw(_maybe(st.sampled_from(range(len(OUTCOME[name]))))) if name in OUTCOME else None,
        satisfaction=draw(_maybe(RATINGS)) if rated else None,
        loyalty=draw(_maybe(RATINGS)) if rated else None,
    )


@st.composite
def corrected(draw: st.DrawFn, event: Event, at: int) -> list[Event]:
    """The event as it was known until `at`, and what it has been since: another moment, other values, or both."""
    now = draw(st.sampled_from([event.time, event.time - DAY, event.time + DAY]))
    values: dict[str, Any] = {
        name: draw(st.one_of(st.just(value), st.integers(0, 3)))
        for name in ("cents", "satisfaction", "loyalty")
        if (value := getattr(event, name)) is not None
    }
    return [event._replace(known_until=at), event._replace(time=now, known_from=at, known_until=None, **values)]


@st.composite
def recorded(draw: st.DrawFn, log: list[Event]) -> list[Event]:
    """The log with the moments when its events were known: late, early, or corrected once or twice."""
    known: list[Event] = []
    for event in log:
        steps = draw(st.lists(st.sampled_from([-DAY, 1, DAY, 30 * DAY]), max_size=2))
        versions = [event]
        at = event.time
        for late in steps:
            versions[-1] = versions[-1]._replace(known_from=at)
            at = max(at + 1, at + late)
            versions[-1:] = draw(corrected(versions[-1], at))
        if draw(st.booleans()) and not steps:
            versions = [event._replace(known_from=event.time + draw(st.sampled_from([-DAY, 0, DAY, 90 * DAY])))]
        known += versions
    return known


REFERENCES = st.sampled_from([None, "r1", "r1", "r2", "r3"])


@st.composite
def named(draw: st.DrawFn, log: list[Event]) -> list[Event]:
    """The log with references of purchases, several of which have the same, and of the sales that returns name."""
    changed = []
    for event in log:
        if event.kind == KIND["purchase"]:
            event = event._replace(reference=draw(REFERENCES))
        elif event.kind == KIND["return"]:
            event = event._replace(
                reference=draw(st.sampled_from([None, "r1", "c"])),
                sale_reference=draw(st.one_of(REFERENCES, st.just("of another log"))),
            )
        changed.append(event)
    return changed


class Log(NamedTuple):
    """Events, their business time zone, and a day around which they are."""

    events: list[Event]
    zone: str
    as_of_day: date

    def as_ofs(self) -> list[datetime]:
        """Midnight, noon, an instant after midnight, long before and long after."""
        midnight = datetime.combine(self.as_of_day, datetime.min.time())
        moves = (timedelta(), timedelta(hours=12), timedelta(microseconds=1), timedelta(-90), timedelta(400))
        return [midnight + move for move in moves]


@st.composite
def logs(
    draw: st.DrawFn, zones: Sequence[str] = ZONES, min_size: int = 0, max_size: int = 20, records: bool | None = None
) -> Log:
    """A log of a few customers, in half of which returns name sales; without `records`, half say when they knew."""
    as_of_day = draw(st.sampled_from(AS_OF_DAYS))
    zone = draw(st.sampled_from(zones))
    size = draw(st.integers(min_size, max_size))  # lists of a free size are short ones
    apart = moments(as_of_day, zone)
    times = st.one_of(apart, st.sampled_from(draw(st.lists(apart, min_size=1, max_size=3))))  # so that many tie
    log = draw(st.lists(events(times), min_size=size, max_size=size))
    if draw(st.booleans()):
        log = draw(named(log))
    if draw(st.booleans()) if records is None else records:
        log = draw(recorded(log))
    return Log(log, zone, as_of_day)


# Coding and shelving

ARROW = {name: pa.from_numpy_dtype(dtype) for name, dtype in DTYPES.items()}


def batch(log: Iterable[Event], zone: str, records: bool = True) -> pa.RecordBatch:
    """Return the events as a batch for `write_store`."""
    log = list(log)
    arrays: dict[str, pa.Array] = {"customer_id": pa.array([e.customer_id for e in log], pa.string())}
    for name, kind in ARROW.items():
        if name == "day":
            arrays[name] = pa.array([day_of(e.time, zone) for e in log], kind)
        elif records or name not in RECORD_COLUMNS:
            arrays[name] = pa.array([getattr(e, name) for e in log], kind)
    for name in SALE_COLUMNS:
        if any(getattr(e, name) for e in log):
            arrays[name] = pa.array([getattr(e, name) for e in log], pa.string())
    return pa.record_batch(arrays)


def coded(log: pa.Table, zone: str = "UTC") -> pa.RecordBatch:
    """Return a table in the columns of the contract, its times in UTC, as a batch for `write_store`."""
    absent = {field.name: pa.nulls(len(log), field.type) for field in LOG_SCHEMA}
    log = pa.table(absent | {name: log[name] for name in log.column_names}).combine_chunks()
    kind = pc.index_in(log["event_type"], pa.array(EVENT_TYPES))
    names = {"visit": (VISIT_CHANNELS, VISIT_OUTCOMES), "incentive": (INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES)}

    def code(column: str, at: int) -> pa.ChunkedArray:
        found = {n: pc.index_in(log[column], pa.array(values[at])) for n, values in names.items()}
        incentive = pc.equal(log["event_type"], "incentive")
        chosen = pc.if_else(incentive, found["incentive"], found["visit"])
        return pc.if_else(pc.is_in(log["event_type"], pa.array(list(names))), chosen, pa.scalar(None, pa.int32()))

    def scaled(column: str, scale: int) -> pa.ChunkedArray:
        return pc.floor(pc.add(pc.multiply(log[column], scale), 0.5)).cast(pa.int64())

    time = pc.cast(log["event_time"], pa.timestamp("us"))
    there = pd.DatetimeIndex(time.to_pandas()).tz_localize("UTC").tz_convert(zone).tz_localize(None)
    columns = {
        "customer_id": pc.cast(log["customer_id"], pa.string()),
        "time": pc.cast(time, pa.int64()),
        "day": pa.array(there.to_numpy().astype("datetime64[D]").astype(np.int32)),
        "kind": kind,
        "cents": scaled("amount", 100),
        "channel": code("channel", 0),
        "goal": pc.index_in(log["goal"], pa.array(GOALS)),
        "outcome": code("outcome", 1),
        "satisfaction": scaled("satisfaction", 1000),
        "loyalty": scaled("loyalty", 1000),
    }
    if log["recorded_at"].null_count < len(log):
        columns["known_from"] = pc.cast(pc.cast(log["recorded_at"], pa.timestamp("us")), pa.int64())
        columns["known_until"] = pa.nulls(len(log), pa.int64())
    table = pa.table({name: pc.cast(column, ARROW.get(name, pa.string())) for name, column in columns.items()})
    return table.combine_chunks().to_batches(max_chunksize=None)[0]


def events_table(batch: pa.RecordBatch) -> pa.Table:
    """Return the batch as the SQL takes it: all columns of the store, absent values as in `store.ABSENT`."""
    columns = {"customer_id": batch["customer_id"]}
    for name, kind in ARROW.items():
        column = batch[name] if name in batch.schema.names else pa.nulls(batch.num_rows, kind)
        columns[name] = pc.fill_null(column, pa.scalar(ABSENT[name], kind)) if name in ABSENT else column
    for name in SALE_COLUMNS:
        texts = batch[name].to_pylist() if name in batch.schema.names else [None] * batch.num_rows
        columns[name] = pa.array([reference_code(text) for text in texts], pa.int64())
    return pa.table(columns)


def shelved(
    log: Log | Iterable[pa.RecordBatch], zone: str = "UTC", records: bool = True, buckets: int = 1
) -> EventStore:
    """Return a store of a log or of batches; its files are gone from the disk, yet stay readable through their maps."""
    if isinstance(log, Log):
        zone, log = log.zone, [batch(log.events, log.zone, records)]
    # A store that is deleted at once need not outlive a power cut: without the waits for the disk, twice as fast.
    with TemporaryDirectory(prefix="store-") as folder, patch("os.fsync"):
        return write_store(folder, log, timezone=zone, digest="0", buckets=buckets)


# Computing and comparing


def plain_table(store: EventStore, time: int, day: int, features: FeatureSet | None = None) -> pd.DataFrame:
    """Return the feature table by the plain-Python kernel, one customer after the other, over lists."""
    features = features or default_features()
    function = python_kernel(store.recorded, features, store.names_sales)
    rows: dict[str, list[float]] = {}
    for customer, name in enumerate(store.customer_ids.to_pylist()):
        first, last = store.offsets[customer : customer + 2]
        columns = [column[first:last].tolist() for column in store.event_columns()]
        known = [t < time for t in columns[0]]
        if store.recorded:
            known = [k and a < time <= b for k, a, b in zip(known, *columns[-2:], strict=True)]
        if any(known):
            rows[name] = [0.0] * len(features.names)
            scratch = [[0] * len(known) for _ in range(scratch_rows(features, store.names_sales))]
            function(*columns, 0, len(known), time, day, scratch, rows[name])
    index = pd.Index(list(rows), dtype="str", name="customer_id")
    values = np.array(list(rows.values()), dtype=np.float64).reshape(len(rows), len(features.names))
    return pd.DataFrame(values, index=index, columns=list(features.names))


def same_bits(left: pd.DataFrame, right: pd.DataFrame) -> None:
    """Assert that two feature tables are equal to the last bit, null equal to null, -0.0 unlike 0.0."""
    assert list(left.columns) == list(right.columns)
    assert list(left.index) == list(right.index)
    a, b = (np.where(t.isna(), np.nan, t.to_numpy(np.float64)).view(np.uint64) for t in (left, right))
    for row, column in np.argwhere(a != b)[:1]:
        name, customer = left.columns[column], left.index[row]
        raise AssertionError(f"{name} of {customer!r}: {left.iloc[row, column]!r} and {right.iloc[row, column]!r}")
