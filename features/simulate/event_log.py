"""The simulated event log as a table, whole or streamed in blocks of customers."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import InvalidArgumentError
from features.schema import EVENT_TYPES, GOALS
from features.simulate.customers import Customers, draw_customers
from features.simulate.log_schema import LOG_SCHEMA
from features.simulate.pauses import draw_pauses
from features.simulate.purchase_process import History, simulate_history
from features.simulate.responses import CHANNEL_NAMES, CONTENTS, OUTCOMES, Events, draw_events
from features.simulate.seasonal_time import seasonal_clock, to_timestamps
from features.simulate.truth import PERIOD_DAYS, Truth
from features.simulate.world import World
from features.table_files import TableWriter, table_format, table_writer

BLOCK = 10_000


def simulate(
    truth: Truth | None = None, customers: int = 10_000, seed: int = 0, block: int = BLOCK
) -> tuple[pa.Table, pd.DataFrame]:
    """Simulate an event log and return it with the truth about its customers.

    The same arguments give the same rows. With the same `block`, customer i is the same for any number of customers. A
    block is like a sales region: its visits and incentives are distributed among its own customers. A truth with
    parameters that only worlds know is simulated as one `World` without blocks; its log has a column `plan_item` if
    the truth has `plan_items`.

    Parameters
    ----------
    truth : Truth, optional
        The parameters of the simulation.
    customers : int
        Number of customers, at least 1.
    seed : int
        Seed of the random numbers.
    block : int
        Customers simulated at a time.

    Returns
    -------
    log : pyarrow.Table
        Events with the columns `LOG_SCHEMA`. Times are wall-clock times without a zone, to the second; rows are sorted
        by time within each block.
    truth_table : DataFrame
        Indexed by `customer_id`, with the columns

        - `first_purchase`: timestamp,
        - `rate`: purchases per average day,
        - `dropout_probability` after each purchase and `dropout_rate` per day; 0 where the dropout model has none,
        - `alive_until`: timestamp of churn; null when it is after the end of the simulation,
        - `pauses`: ISO 8601 intervals with spaces between them; only if the truth has pauses,
        - `mean_spend`: currency per purchase,
        - `satisfaction_level`, `loyalty_level`: mean ratings,
        - `visits_at_random`, `incentives_at_random`: whether the customer is in the random group,
        - `effect_<channel>`: share by which such a visit or incentive raises the rate while it acts,
        - `induced_purchases`: purchases in the log that actions added; those they prevented are not in the log.

    Raises
    ------
    InvalidArgumentError
        When there is less than one customer, or less than one in a block.

    Examples
    --------
    >>> log, truth_table = simulate(customers=100, seed=1)
    >>> len(truth_table), log.column_names[:3]
    (100, ['customer_id', 'event_time', 'event_type'])
    """
    logs, truths = zip(*blocks(truth, customers, seed, block), strict=True)
    # The log of a world may have a column more.
    plain = [log if truth is not None and truth.needs_world else log.cast(LOG_SCHEMA) for log in logs]
    log = pa.concat_tables(plain)
    return log, pa.concat_tables(truths).to_pandas().set_index("customer_id")


def blocks(
    truth: Truth | None = None, customers: int = 10_000, seed: int = 0, block: int = BLOCK
) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yield the log and the truth table of `simulate` in blocks, so that memory does not grow with the customers.

    Text columns of the log are dictionary-encoded; `customer_id` is a column of the truth table.
    """
    truth = Truth() if truth is None else truth
    if customers < 1 or block < 1:
        raise InvalidArgumentError(f"customers is {customers} and block {block}; expected at least 1 of each")
    if truth.needs_world:
        yield _of_world(World(truth, customers, seed))
        return
    clock = seasonal_clock(truth, _whole_periods(truth))
    for number, start in enumerate(range(0, customers, block)):
        # Each block is drawn whole, then cut, so that its customers do not depend on how many are requested.
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))
        drawn = draw_customers(truth, clock, block, rng)
        pauses = draw_pauses(truth, drawn.first_purchase, (seed, number)) if truth.pause_days else None
        history = simulate_history(truth, drawn, clock, rng, pauses)
        events = draw_events(truth, drawn, history, rng)
        ids = pa.array([f"C{row:07d}" for row in range(start + 1, min(start + block, customers) + 1)])
        table = _truth_table(truth, drawn, history, ids)
        if pauses is not None:
            table = table.append_column("pauses", [pauses.text(truth)[: len(ids)]])
        yield _log(truth, events, ids, number, rng), table


def write_log(
    path: str | Path,
    truth: Truth | None = None,
    customers: int = 10_000,
    seed: int = 0,
    truth_path: str | Path | None = None,
    block: int = BLOCK,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Write the simulated log to a file, block by block, so that memory does not grow with the customers.

    Files appear only when they are complete. A name ends in the format: `.parquet`, `.csv`, `.xlsx` or `.arrow`.

    Parameters
    ----------
    path : str or Path
        Where to write the log.
    truth : Truth, optional
    customers : int
    seed : int
        As for `simulate`.
    truth_path : str or Path, optional
        Where to write the truth table.
    block : int
        Customers simulated and written at a time.
    progress : callable, optional
        Called after each block with the number of customers written so far.

    Returns
    -------
    int
        The number of events.

    Raises
    ------
    InvalidArgumentError
        As `simulate`.
    TableFileError
        When a name has another ending, or a table is too large for a workbook.
    OSError
        When a file cannot be written.
    """
    targets = [Path(path)] if truth_path is None else [Path(path), Path(truth_path)]
    for target in targets:
        table_format(target)
    writers: list[TableWriter] = []
    events = done = 0
    with ExitStack() as files:
        for tables in blocks(truth, customers, seed, block):
            for index, target in enumerate(targets):
                table = _plain(tables[index], "s" if table_format(target) == "csv" else "us")
                if index == len(writers):
                    writers.append(files.enter_context(table_writer(target, table.schema)))
                writers[index].write_table(table)
            events += tables[0].num_rows
            done += tables[1].num_rows
            if progress is not None:
                progress(done)
    return events


def _of_world(world: World) -> tuple[pa.Table, pa.Table]:
    log = world.until(world.truth.days)
    return log, pa.Table.from_pandas(world.truth_table().reset_index(), preserve_index=False)


def _whole_periods(truth: Truth) -> int:
    return -(-truth.days // PERIOD_DAYS) * PERIOD_DAYS


def _plain(table: pa.Table, unit: str) -> pa.Table:
    """Return the table without dictionaries, and with times in this unit; all times are whole seconds."""
    plain = {pa.timestamp("us"): pa.timestamp(unit)}
    fields = [
        (field.name, pa.string() if pa.types.is_dictionary(field.type) else plain.get(field.type, field.type))
        for field in table.schema
    ]
    return table.cast(pa.schema(fields))


def _log(truth: Truth, events: Events, ids: pa.Array, number: int, rng: np.random.Generator) -> pa.Table:
    times = to_timestamps(truth, events.time)
    rows = np.argsort(times, kind="stable")
    lag = rng.exponential(truth.recorded_lag_days * 86_400, len(rows)) if truth.recorded_lag_days else None
    requested = np.flatnonzero(events.customer[rows] < len(ids))
    rows = rows[requested]

    references = pa.nulls(len(rows), pa.string())
    if truth.references:
        kinds = pa.array([f"{kind[:3]}-{number}-" for kind in EVENT_TYPES])
        serial = pc.cast(pa.array(requested), pa.string())
        references = pc.binary_join_element_wise(kinds.take(pa.array(events.event_type[rows])), serial, "")
    recorded = pa.nulls(len(rows), pa.timestamp("us"))
    if lag is not None:
        recorded = pa.array((times[rows] + lag[requested].astype("timedelta64[s]")).astype("datetime64[us]"))
    return pa.table(
        [
            pa.DictionaryArray.from_arrays(events.customer[rows].astype(np.int32), ids),
            pa.array(times[rows].astype("datetime64[us]")),
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


def _truth_table(truth: Truth, drawn: Customers, history: History, ids: pa.Array) -> pa.Table:
    count = len(ids)
    # Nothing is known beyond the last period.
    alive_until = np.where(history.alive_until < _whole_periods(truth), history.alive_until, np.inf)
    induced = history.purchases.customer[(history.purchases.code == 1) & (history.purchases.time < truth.days)]
    columns = {
        "first_purchase": to_timestamps(truth, drawn.first_purchase).astype("datetime64[us]"),
        "rate": drawn.rate,
        "dropout_probability": drawn.dropout_probability,
        "dropout_rate": drawn.dropout_rate,
        "alive_until": to_timestamps(truth, alive_until).astype("datetime64[us]"),
        "mean_spend": drawn.mean_spend,
        "satisfaction_level": drawn.satisfaction * truth.rating_max,
        "loyalty_level": drawn.loyalty * truth.rating_max,
        "visits_at_random": drawn.visits_at_random,
        "incentives_at_random": drawn.incentives_at_random,
        "induced_purchases": np.bincount(induced, minlength=len(drawn.rate)),
    }
    for actions, effects in (
        (truth.visits, drawn.visit_effects),
        (truth.incentives, drawn.incentive_effects),
    ):
        columns |= {f"effect_{action.channel}": effects[:, index] for index, action in enumerate(actions)}
    return pa.table({"customer_id": ids} | {name: column[:count] for name, column in columns.items()})
