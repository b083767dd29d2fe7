"""The events of a world: collected day by day, given out as a table once their time has come."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.schema import EVENT_TYPES, GOALS
from features.simulate.log_schema import LOG_SCHEMA, PLAN_SCHEMA
from features.simulate.responses import CHANNEL_NAMES, CONTENTS, OUTCOMES
from features.simulate.seasonal_time import Floats, to_timestamps
from features.simulate.truth import Truth

Ints = NDArray[np.int64]

_CODES = ("event_type", "channel", "goal", "content", "outcome", "plan_item")
_NUMBERS = ("customer", "time", "amount", "satisfaction", "loyalty")
CHANNEL_CODES = {name: code for code, name in enumerate(CHANNEL_NAMES)}
OUTCOME_CODES = {name: code for code, name in enumerate(OUTCOMES)}


class EventBuffer:
    """Events as columns of codes (-1 for null) and numbers (NaN for null), until somebody takes them."""

    def __init__(self) -> None:
        self.types = list(EVENT_TYPES)
        self.contents = list(CONTENTS)
        self.plan_items: list[str] = []
        self._parts: list[dict[str, NDArray[Any]]] = []

    def add(self, event_type: str, customer: Ints, time: Floats, **columns: NDArray[Any] | int) -> None:
        """Add events of one type; columns that are not given are null."""
        if not len(customer):
            return
        given = {"customer": customer, "time": time, "event_type": self.types.index(event_type)} | columns
        defaults = dict.fromkeys(_CODES, -1) | dict.fromkeys(_NUMBERS, np.nan)
        self._parts.append(
            {
                name: np.broadcast_to(
                    np.asarray(given.get(name, default), np.int64 if name in _CODES else np.float64), len(customer)
                )
                for name, default in defaults.items()
            }
        )

    def take(self, day: float) -> dict[str, NDArray[Any]]:
        """Remove and return the events before a time, sorted by time; later ones stay."""
        parts = self._parts or [{name: np.empty(0) for name in (*_CODES, *_NUMBERS)}]
        rows = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        later = rows["time"] >= day
        self._parts = [{name: column[later] for name, column in rows.items()}]
        order = np.flatnonzero(~later)
        order = order[np.argsort(rows["time"][order], kind="stable")]
        return {name: column[order] for name, column in rows.items()}

    def table(self, truth: Truth, ids: pa.Array, rows: dict[str, NDArray[Any]], lag: Floats | None) -> pa.Table:
        """Return rows that were taken as a table in the columns of the log, with `plan_item` if a row has one."""
        count = len(rows["time"])
        times = to_timestamps(truth, rows["time"])
        recorded = pa.nulls(count, pa.timestamp("us"))
        if lag is not None:
            recorded = pa.array((times + (lag * 86_400).astype("timedelta64[s]")).astype("datetime64[us]"))
        columns = {
            "customer_id": ids.take(pa.array(rows["customer"].astype(np.int64))),
            "event_time": pa.array(times.astype("datetime64[us]")),
            "event_type": _words(rows["event_type"], self.types),
            "amount": pa.array(rows["amount"], pa.float64(), from_pandas=True),
            "channel": _words(rows["channel"], CHANNEL_NAMES),
            "goal": _words(rows["goal"], GOALS),
            "content": _words(rows["content"], self.contents),
            "outcome": _words(rows["outcome"], OUTCOMES),
            "satisfaction": pa.array(rows["satisfaction"], pa.float64(), from_pandas=True),
            "loyalty": pa.array(rows["loyalty"], pa.float64(), from_pandas=True),
            "reference": pa.nulls(count, pa.string()),
            "plan_item": _words(rows["plan_item"], self.plan_items),
            "recorded_at": recorded,
        }
        schema = PLAN_SCHEMA if self.plan_items else LOG_SCHEMA
        return pa.table([columns[name] for name in schema.names], schema=schema)


def _words(codes: NDArray[Any], words: tuple[str, ...] | list[str]) -> pa.Array:
    whole = codes.astype(np.int64)
    return pa.array(words, pa.string()).take(pa.array(whole, mask=whole < 0))


def with_references(table: pa.Table, first: int) -> pa.Table:
    """Give each row a `reference` of its type and its number in the log."""
    kinds = pc.utf8_slice_codeunits(table["event_type"], 0, 3)
    serial = pc.cast(pa.array(np.arange(first, first + table.num_rows)), pa.string())
    references = pc.binary_join_element_wise(kinds, serial, "-")
    return table.set_column(table.schema.get_field_index("reference"), "reference", references)
