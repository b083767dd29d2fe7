"""The simulated log as a table, whole or in a stream of blocks of customers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv, parquet

from features.errors import InvalidArgumentError
from features.schema import EVENT_TYPES, GOALS
from features.simulate.answers import CHANNEL_NAMES, CONTENTS, OUTCOMES, Events, events_of
from features.simulate.clock import clock_of, to_timestamps
from features.simulate.customers import Customers, draw_customers
from features.simulate.life import Life, live
from features.simulate.truth import ROUND_DAYS, Truth

BLOCK = 10_000

LOG_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("event_time", pa.timestamp("us")),
        ("event_type", pa.string()),
        ("amount", pa.float64()),
        ("channel", pa.string()),
        ("goal", pa.string()),
        ("content", pa.string()),
        ("outcome", pa.string()),
        ("satisfaction", pa.float64()),
        ("loyalty", pa.float64()),
        ("reference", pa.string()),
        ("recorded_at", pa.timestamp("us")),
    ]
)


def simulate(
    truth: Truth | None = None, customers: int = 10_000, seed: int = 0, block: int = BLOCK
) -> tuple[pa.Table, pd.DataFrame]:
    """The log and the truth table of a simulated world, in memory.

    The log has the columns of the event contract (`LOG_SCHEMA`); times are wall-clock times without a
    zone, to the second; rows are in order of time within each block of `block` customers. The truth table
    is indexed by `customer_id`:

    `first_purchase`; `rate`, purchases on an average day; `dropout_probability` after each purchase and
    `dropout_rate` a day (0 where the kind of dropout has none); `alive_until`, the moment of leaving
    (null: after the end of the simulation); `mean_spend` a purchase, in currency; `satisfaction_level`,
    `loyalty_level`, mean ratings; `visits_at_random`, `incentives_at_random`: what this customer got was
    decided by lot; `effect_<channel>`: the share by which one such visit or incentive raises the rate
    while it acts; `induced_purchases`: how many purchases of the log actions added (those they prevented
    are not in the log).

    The same arguments give the same rows; with the same `block`, customer i is the same for any number of
    customers. A block is like a region: those who choose weigh its customers against each other.

    Raises ValueError for fewer than one customer or an empty block.
    """
    logs, truths = zip(*blocks(truth, customers, seed, block), strict=True)
    log = pa.concat_tables([table.cast(LOG_SCHEMA) for table in logs])
    return log, pa.concat_tables(truths).to_pandas().set_index("customer_id")


def blocks(
    truth: Truth | None = None, customers: int = 10_000, seed: int = 0, block: int = BLOCK
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """The same as `simulate`, one (log, truth table) of at most `block` customers at a time, for any size.

    Text columns of the log are dictionary-encoded, `customer_id` is a column of the truth table.
    """
    truth = Truth() if truth is None else truth
    if customers < 1 or block < 1:
        raise InvalidArgumentError(f"customers is {customers} and block {block}; expected at least 1 of each")
    clock = clock_of(truth, _whole_rounds(truth))
    for number, start in enumerate(range(0, customers, block)):
        # Each block is drawn whole, then cut: its customers do not depend on how many are asked for.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        people = draw_customers(truth, clock, block, rng)
        life = live(truth, people, clock, rng)
        events = events_of(truth, people, life, rng)
        ids = pa.array([f"C{row:07d}" for row in range(start + 1, min(start + block, customers) + 1)])
        yield _log(truth, events, ids, number, rng), _truth_table(truth, people, life, ids)


def write_log(
    path: str | Path,
    truth: Truth | None = None,
    customers: int = 10_000,
    seed: int = 0,
    truth_path: str | Path | None = None,
    block: int = BLOCK,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the log to a file, block by block, and return its number of events.

    `truth_path`: where the truth table goes. A file is CSV if its name ends in `.csv`, else Parquet.
    `progress` is called with the number of customers written after each block. Memory does not grow with
    the number of customers. Files appear only when they are complete. Raises OSError where a file cannot
    be written, ValueError as `simulate`.
    """
    targets = [Path(path)] if truth_path is None else [Path(path), Path(truth_path)]
    parts = [target.with_name(target.name + ".part") for target in targets]
    writers: list[parquet.ParquetWriter | csv.CSVWriter] = []
    events = done = 0
    try:
        with ExitStack() as files:
            for tables in blocks(truth, customers, seed, block):
                for at, (target, part) in enumerate(zip(targets, parts, strict=True)):
                    table = _plain(tables[at]) if target.suffix.lower() == ".csv" else tables[at]
                    if at == len(writers):
                        writers.append(files.enter_context(_open(target, part, table.schema)))
                    writers[at].write_table(table)
                events += tables[0].num_rows
                done += tables[1].num_rows
                if progress is not None:
                    progress(done)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
    for part, target in zip(parts, targets, strict=True):
        part.replace(target)
    return events


def _whole_rounds(truth: Truth) -> int:
    return -(-truth.days // ROUND_DAYS) * ROUND_DAYS


def _open(target: Path, part: Path, schema: pa.Schema) -> parquet.ParquetWriter | csv.CSVWriter:
    if target.suffix.lower() == ".csv":
        return csv.CSVWriter(part, schema)
    # Without the stored Arrow schema readers see plain strings, not dictionaries.
    return parquet.ParquetWriter(part, schema, store_schema=False)


def _plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, and its times without fractions of a second."""
    plain = {pa.timestamp("us"): pa.timestamp("s")}
    fields = [
        (field.name, pa.string() if pa.types.is_dictionary(field.type) else plain.get(field.type, field.type))
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _log(truth: Truth, events: Events, ids: pa.Array, number: int, rng: np.random.Generator) -> pa.Table:
    moments = to_timestamps(truth, events.when)
    rows = np.argsort(moments, kind="stable")
    lag = rng.exponential(truth.recorded_lag_days * 86_400, len(rows)) if truth.recorded_lag_days else None
    asked = np.flatnonzero(events.who[rows] < len(ids))
    rows = rows[asked]

    references = pa.nulls(len(rows), pa.string())
    if truth.references:
        kinds = pa.array([f"{kind[:3]}-{number}-" for kind in EVENT_TYPES])
        serial = pc.cast(pa.array(asked), pa.string())
        references = pc.binary_join_element_wise(kinds.take(pa.array(events.event_type[rows])), serial, "")
    recorded = pa.nulls(len(rows), pa.timestamp("us"))
    if lag is not None:
        recorded = pa.array((moments[rows] + lag[asked].astype("timedelta64[s]")).astype("datetime64[us]"))
    return pa.table(
        [
            pa.DictionaryArray.from_arrays(events.who[rows].astype(np.int32), ids),
            pa.array(moments[rows].astype("datetime64[us]")),
            _text(events.event_type[rows], EVENT_TYPES),
            _number(events.amount[rows]),
            _text(events.channel[rows], CHANNEL_NAMES),
            _text(events.goal[rows], GOALS),
            _text(events.content[rows], CONTENTS),
            _text(events.outcome[rows], OUTCOMES),
            _number(events.satisfaction[rows]),
            _number(events.loyalty[rows]),
            references,
            recorded,
        ],
        names=LOG_SCHEMA.names,
    )


def _text(codes: NDArray[np.int8], names: tuple[str, ...]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), pa.array(names))


def _number(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _truth_table(truth: Truth, people: Customers, life: Life, ids: pa.Array) -> pa.Table:
    count = len(ids)
    # Nothing is known beyond the last round.
    alive_until = np.where(life.alive_until < _whole_rounds(truth), life.alive_until, np.inf)
    induced = life.purchases.who[(life.purchases.which == 1) & (life.purchases.when < truth.days)]
    columns = {
        "first_purchase": to_timestamps(truth, people.first_purchase).astype("datetime64[us]"),
        "rate": people.rate,
        "dropout_probability": people.dropout_probability,
        "dropout_rate": people.dropout_rate,
        "alive_until": to_timestamps(truth, alive_until).astype("datetime64[us]"),
        "mean_spend": people.mean_spend,
        "satisfaction_level": people.satisfaction * truth.rating_max,
        "loyalty_level": people.loyalty * truth.rating_max,
        "visits_at_random": people.visits_at_random,
        "incentives_at_random": people.incentives_at_random,
        "induced_purchases": np.bincount(induced, minlength=len(people.rate)),
    }
    for actions, effects in (
        (truth.visits, people.visit_effects),
        (truth.incentives, people.incentive_effects),
    ):
        columns |= {f"effect_{action.channel}": effects[:, at] for at, action in enumerate(actions)}
    return pa.table({"customer_id": ids} | {name: column[:count] for name, column in columns.items()})
