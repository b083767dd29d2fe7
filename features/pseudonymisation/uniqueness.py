"""How many customers are singled out in a table by values that somebody else may know of them."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from features.errors import InvalidArgumentError
from features.known_names import check_name

FEW = 5
QUASI_IDENTIFIERS = ("frequency", "recency", "T", "monetary_value")
"""Features that somebody who knows a customer may know too."""
EVENT_QUASI_IDENTIFIERS = ("event_time", "event_type", "amount")


class Uniqueness(NamedTuple):
    """How many customers share their values.

    Attributes
    ----------
    customers : int
    unique : int
        Those whose values nobody else has.
    in_small_groups : int
        Those in groups of fewer than `FEW` with equal values, the unique ones among them.
    smallest : int
        The size of the smallest group of equal values: the k of k-anonymity. 0 without customers.
    """

    customers: int
    unique: int
    in_small_groups: int
    smallest: int


def uniqueness(table: pa.Table, columns: Sequence[str]) -> Uniqueness:
    """Return how many customers share their values of some columns; null is a value.

    Parameters
    ----------
    table : pyarrow.Table
        One row a customer.
    columns : sequence of str

    Raises
    ------
    InvalidArgumentError
        For a column that the table has not.

    Examples
    --------
    >>> uniqueness(pa.table({"x": [1, 1, 2], "y": [None, None, 3]}), ["x", "y"])
    Uniqueness(customers=3, unique=1, in_small_groups=3, smallest=1)
    """
    for name in columns:
        check_name("the table has no column", name, table.column_names, InvalidArgumentError)
    sizes = table.select(columns).group_by([*columns]).aggregate([([], "count_all")])["count_all"]
    in_small_groups = pc.sum(sizes.filter(pc.less(sizes, FEW))).as_py() or 0
    return Uniqueness(len(table), pc.sum(pc.equal(sizes, 1)).as_py() or 0, in_small_groups, pc.min(sizes).as_py() or 0)


def singled_out_by_one_event(events: pa.Table, timezone: str) -> int:
    """Return how many customers have an event whose day, type and amount no other customer has.

    Who knows that one event of them knows all the others.

    Parameters
    ----------
    events : pyarrow.Table
        With `customer_id`, `event_time`, `event_type` and `amount`.
    timezone : str
        The business time zone, in which days begin.
    """
    time = events["event_time"]
    day = pc.floor_temporal(time.cast(pa.timestamp(time.type.unit, timezone)), unit="day")
    place = events.schema.get_field_index("event_time")
    kinds = events.set_column(place, "event_time", day).select(["customer_id", *EVENT_QUASI_IDENTIFIERS])
    kinds = kinds.group_by(["customer_id", *EVENT_QUASI_IDENTIFIERS]).aggregate([])
    owners = kinds.group_by([*EVENT_QUASI_IDENTIFIERS]).aggregate([("customer_id", "count"), ("customer_id", "min")])
    alone = owners.filter(pc.equal(owners["customer_id_count"], 1))
    return len(pc.unique(alone["customer_id_min"]))
