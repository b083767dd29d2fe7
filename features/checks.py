"""The checks at the door: a batch of a log in the contract's columns to the columns of the event store.

Whatever breaks the contract is named with its rows, never raised, and no row is looked at in Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.business_time import BusinessTime
from features.events import (
    AMOUNT_MAXIMUM,
    CHANNELS,
    COLUMNS,
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    RATING_MAXIMUM,
    VISIT_OUTCOMES,
)
from features.values import Faults, as_moments, as_numbers, as_texts, bytes_of, trimmed

VISIT, INCENTIVE = EVENT_TYPES.index("visit"), EVENT_TYPES.index("incentive")
ABSENT, WRONG = 255, 254


@dataclass(frozen=True)
class Rules:
    """What a log is checked against: the business clock, the highest rating, the decimal mark of numbers in text."""

    clock: BusinessTime
    rating_maximum: float = RATING_MAXIMUM
    decimal: str = "."


class Checked(NamedTuple):
    """`events`: the columns of `write_store` plus `reference` where given, good rows alone; `rows`: their positions."""

    events: pa.RecordBatch
    rows: NDArray[np.int64] | None  # None: all of them
    faults: Faults


def unreadable_type(name: str, type_: pa.DataType) -> str | None:
    """Return what a contract column of this Arrow type should have been, None when it can be read."""
    kind = next(column.type for column in COLUMNS if column.name == name)
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    text = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    if text or pa.types.is_null(type_) or pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return None
    number = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    if kind == "timestamp":
        return None if pa.types.is_timestamp(type_) or pa.types.is_date(type_) else "timestamps, dates or text"
    if number:
        return None
    return "numbers or text" if kind == "float" else "text or whole numbers"


def checked(log: Mapping[str, pa.Array], rules: Rules) -> Checked:
    """Check a batch: equally long arrays by contract column, `REQUIRED` at least, of types that can be read."""
    faults = Faults()
    size = len(log["customer_id"])
    columns: dict[str, pa.Array] = {"customer_id": _customer_ids(log["customer_id"], faults)}
    time = as_moments("event_time", log["event_time"], rules.clock, faults)
    columns["time"] = time
    columns["day"] = pa.array(rules.clock.days(time.fill_null(0).to_numpy()))
    types = {len(EVENT_TYPES): EVENT_TYPES}
    kind = _coded("event_type", log["event_type"], types, np.full(size, len(EVENT_TYPES), np.uint8), faults)
    faults.add("event_type", f"is empty: expected {', '.join(EVENT_TYPES)}", kind == ABSENT)
    columns["kind"] = pa.array(kind)
    kind = np.minimum(kind, len(EVENT_TYPES))
    columns["cents"] = _scaled("amount", log.get("amount"), rules, AMOUNT_MAXIMUM, 100, pa.int64(), size, faults)
    words: Mapping[str, Mapping[int, Sequence[str]]] = {
        "channel": {VISIT: CHANNELS, INCENTIVE: INCENTIVE_CHANNELS},
        "goal": {VISIT: GOALS},
        "outcome": {VISIT: VISIT_OUTCOMES, INCENTIVE: INCENTIVE_OUTCOMES},
    }
    for name, by_kind in words.items():
        if name in log and log[name].null_count < size:
            codes = _coded(name, log[name], by_kind, kind, faults)
            columns[name] = pa.array(codes, mask=codes >= WRONG)
        else:
            columns[name] = pa.nulls(size, pa.uint8())
    for name in ("satisfaction", "loyalty"):
        maximum = rules.rating_maximum
        columns[name] = _scaled(name, log.get(name), rules, maximum, 1000, pa.int32(), size, faults)
    if "reference" in log:
        columns["reference"] = trimmed(as_texts("reference", log["reference"], faults))
    if "recorded_at" in log:
        columns["known_from"] = as_moments("recorded_at", log["recorded_at"], rules.clock, faults)
    events = pa.RecordBatch.from_pydict(columns)
    if not faults.found:
        return Checked(events, None, faults)
    good = np.ones(size, bool)
    for _, _, rows in faults.found:
        good[rows] = False
    return Checked(events.filter(pa.array(good)), np.flatnonzero(good), faults)


def _customer_ids(column: pa.Array, faults: Faults) -> pa.StringArray:
    text = trimmed(as_texts("customer_id", column, faults))
    if text.null_count:
        faults.add("customer_id", "is empty", text.is_null())
    if bytes_of(text).min(initial=255) == 0:
        faults.add("customer_id", "holds a NUL byte", pc.match_substring(text, "\0"))
    return text


def _coded(
    name: str, column: pa.Array, words: Mapping[int, Sequence[str]], kind: NDArray[np.uint8], faults: Faults
) -> NDArray[np.uint8]:
    """Return each row's place among the words that its kind of event may have.

    ABSENT where blank or where any word goes, WRONG (and a fault) where the word is unknown.
    """
    if not pa.types.is_dictionary(column.type):
        column = as_texts(name, column, faults).dictionary_encode()
    unreadable = Faults()
    entries = trimmed(as_texts(name, column.dictionary, unreadable))
    blank = entries.is_null().to_numpy(zero_copy_only=False)
    for _, _, where in unreadable.found:
        blank[where] = False
    # A row of the table for each kind of event, a column for each distinct text and a last one for null.
    table = np.full((len(EVENT_TYPES) + 1, len(entries) + 1), ABSENT, np.uint8)
    for row, allowed in words.items():
        codes = pc.index_in(entries, pa.array(allowed)).fill_null(WRONG).to_numpy()
        table[row, :-1] = np.where(blank, ABSENT, codes)
    position = column.indices.cast(pa.int32()).fill_null(len(entries)).to_numpy()
    coded: NDArray[np.uint8] = table.ravel().take(kind * np.int32(len(entries) + 1) + position)
    if (coded == WRONG).any():
        for row, allowed in words.items():
            of_kind = "" if name == "event_type" else f" for {EVENT_TYPES[row]}s"
            where = (coded == WRONG) & (kind == row)
            faults.add(name, f"is unknown{of_kind}: expected {', '.join(allowed)}", where)
    return coded


def _scaled(
    name: str,
    column: pa.Array | None,
    rules: Rules,
    maximum: float,
    scale: float,
    type_: pa.DataType,
    size: int,
    faults: Faults,
) -> pa.Array:
    """Return numbers as floor(number * scale + 0.5), null where absent or faulty."""
    if column is None or column.null_count == size:
        return pa.nulls(size, type_)
    numbers = as_numbers(name, column, rules.decimal, faults)
    good = pc.and_(pc.greater_equal(numbers, 0.0), pc.less_equal(numbers, maximum))
    if not pc.all(good, min_count=0).as_py():
        faults.add(name, "is not finite", pc.invert(pc.is_finite(numbers)))
        faults.add(name, "is negative", pc.less(numbers, 0.0))
        faults.add(name, f"is above {maximum:.15g}", pc.greater(numbers, maximum))
        numbers = pc.if_else(good, numbers, None)
    return pc.floor(pc.add(pc.multiply(numbers, scale), 0.5)).cast(type_, safe=False)
