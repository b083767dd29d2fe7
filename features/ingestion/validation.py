"""The checks at the door: a batch of a log in the contract's columns to the columns of the event store.

Whatever breaks the contract is named with its rows, never raised, and no row is looked at in Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.casting import Faults, as_moments, as_numbers, as_texts, bytes_of, trimmed
from features.optional_numba import njit
from features.schema import (
    AMOUNT_MAXIMUM,
    CHANNELS,
    COLUMNS,
    EVENT_TYPES,
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    RATING_MAXIMUM,
    REQUIRED,
    VISIT_OUTCOMES,
)
from features.store.event_store import ABSENT
from features.timezones import BusinessTime

VISIT, INCENTIVE = EVENT_TYPES.index("visit"), EVENT_TYPES.index("incentive")
NO_WORD, WRONG = 255, 254


@dataclass(frozen=True)
class Rules:
    """What a log is checked against: the business clock, the highest rating, the decimal mark of numbers in text."""

    clock: BusinessTime
    rating_maximum: float = RATING_MAXIMUM
    decimal: str = "."


class Checked(NamedTuple):
    """`events`: the columns of `write_store`, good rows alone; `rows`: their positions.

    `known_from`, and beside these columns `reference`, are there if any row has one.
    """

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
    log = {name: column for name, column in log.items() if name in REQUIRED or column.null_count < size}
    columns: dict[str, pa.Array] = {"customer_id": _customer_ids(log["customer_id"], faults)}
    columns["time"] = as_moments("event_time", log["event_time"], rules.clock, faults)
    types = {len(EVENT_TYPES): EVENT_TYPES}
    kind = _coded("event_type", log["event_type"], types, np.full(size, len(EVENT_TYPES), np.uint8), faults)
    faults.add("event_type", f"is empty: expected {', '.join(EVENT_TYPES)}", kind == NO_WORD)
    columns["kind"] = pa.array(kind)
    kind = np.minimum(kind, len(EVENT_TYPES))
    columns["cents"] = _scaled(
        "amount", log.get("amount"), rules, AMOUNT_MAXIMUM, 100, np.empty(size, np.int64), faults
    )
    words: Mapping[str, Mapping[int, Sequence[str]]] = {
        "channel": {VISIT: CHANNELS, INCENTIVE: INCENTIVE_CHANNELS},
        "goal": {VISIT: GOALS},
        "outcome": {VISIT: VISIT_OUTCOMES, INCENTIVE: INCENTIVE_OUTCOMES},
    }
    for name, by_kind in words.items():
        absent = np.full(size, ABSENT[name], np.uint8)
        columns[name] = pa.array(_coded(name, log[name], by_kind, kind, faults) if name in log else absent)
    for name in ("satisfaction", "loyalty"):
        maximum = rules.rating_maximum
        columns[name] = _scaled(name, log.get(name), rules, maximum, 1000, np.empty(size, np.int32), faults)
    if "reference" in log:
        columns["reference"] = trimmed(as_texts("reference", log["reference"], faults))
    if "recorded_at" in log:
        columns["known_from"] = as_moments("recorded_at", log["recorded_at"], rules.clock, faults)
    for name in ("reference", "known_from"):
        if name in columns and columns[name].null_count == size:
            del columns[name]
    events = pa.RecordBatch.from_pydict(columns)
    if not faults.found:
        return Checked(events, None, faults)
    good = np.ones(size, bool)
    for _, _, rows in faults.found:
        good[rows] = False
    return Checked(events.filter(pa.array(good)), np.flatnonzero(good), faults)


def _customer_ids(column: pa.Array, faults: Faults) -> pa.StringArray | pa.DictionaryArray:
    """Return the ids, trimmed; those that come as codes and a few texts stay so, and each text is looked at once."""
    if not pa.types.is_dictionary(column.type) or not len(column.dictionary):
        return _trimmed_ids(column, faults)
    of_entries = Faults()
    entries = _trimmed_ids(column.dictionary, of_entries)
    indices = column.indices
    if indices.null_count:
        faults.add("customer_id", "is empty", indices.is_null())
        indices = indices.fill_null(0)
    indices = indices.cast(pa.int32())
    for name, reason, where in of_entries.found:
        faulty = np.zeros(len(entries), bool)
        faulty[where] = True
        faults.add(name, reason, faulty[indices.to_numpy()])
    return pa.DictionaryArray.from_arrays(indices, entries)


def _trimmed_ids(column: pa.Array, faults: Faults) -> pa.StringArray:
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

    NO_WORD where blank or where any word goes, WRONG (and a fault) where the word is unknown.
    """
    if not pa.types.is_dictionary(column.type):
        column = as_texts(name, column, faults).dictionary_encode()
    unreadable = Faults()
    entries = trimmed(as_texts(name, column.dictionary, unreadable))
    blank = entries.is_null().to_numpy(zero_copy_only=False)
    for _, _, where in unreadable.found:
        blank[where] = False
    # A row of the table for each kind of event, a column for each distinct text and a last one for null.
    table = np.full((len(EVENT_TYPES) + 1, len(entries) + 1), NO_WORD, np.uint8)
    for row, allowed in words.items():
        codes = pc.index_in(entries, pa.array(allowed)).fill_null(WRONG).to_numpy()
        table[row, :-1] = np.where(blank, NO_WORD, codes)
    coded = np.empty(len(kind), np.uint8)
    if _look_up(table, kind, *_raw(column.indices.cast(pa.int32()), np.int32), coded):
        for row, allowed in words.items():
            of_kind = "" if name == "event_type" else f" for {EVENT_TYPES[row]}s"
            where = (coded == WRONG) & (kind == row)
            faults.add(name, f"is unknown{of_kind}: expected {', '.join(allowed)}", where)
    return coded


def _raw(column: pa.Array, dtype: type[np.generic]) -> tuple[NDArray[Any], NDArray[np.uint8], int]:
    """Return a column's values (anything where null), the bits that say which are there, and where these begin."""
    bits, values = column.buffers()
    at = column.offset
    present = np.full((at + len(column)) // 8 + 1, 255, np.uint8) if bits is None else np.frombuffer(bits, np.uint8)
    return np.frombuffer(values or b"", dtype)[at : at + len(column)], present, at


@njit(nogil=True, cache=True)
def _look_up(table, kind, position, present, offset, coded):  # type: ignore[no-untyped-def]
    """Fill `coded` from the table, from its last column where there is no position; return how many are WRONG."""
    wrong = 0
    last = table.shape[1] - 1
    for row in range(len(kind)):
        bit = row + offset
        there = np.int64((present[bit >> 3] >> (bit & 7)) & 1)  # no branch: which rows have a word is hard to guess
        word = table[kind[row], there * position[row] + (1 - there) * last]
        coded[row] = word
        wrong += word == WRONG
    return wrong


def _scaled(
    name: str,
    column: pa.Array | None,
    rules: Rules,
    maximum: float,
    scale: float,
    out: NDArray[np.signedinteger[Any]],
    faults: Faults,
) -> pa.Array:
    """Return `out` with numbers as floor(number * scale + 0.5), -1 where absent or faulty."""
    if column is None:
        out[:] = -1
        return pa.array(out)
    numbers = as_numbers(name, column, rules.decimal, faults)
    if _scale(*_raw(numbers, np.float64), scale, maximum, out):
        faults.add(name, "is not finite", pc.invert(pc.is_finite(numbers)))
        faults.add(name, "is negative", pc.less(numbers, 0.0))
        faults.add(name, f"is above {maximum:.15g}", pc.greater(numbers, maximum))
    return pa.array(out)


@njit(nogil=True, cache=True)
def _scale(numbers, present, offset, scale, maximum, out):  # type: ignore[no-untyped-def]
    """Fill `out`, -1 where a number is absent or not from 0 to `maximum`; return how many are there and are not."""
    outside = np.int64(0)
    for row in range(len(numbers)):
        bit = row + offset
        there = np.int64((present[bit >> 3] >> (bit & 7)) & 1)
        good = there & np.int64(numbers[row] >= 0.0) & np.int64(numbers[row] <= maximum)
        number = numbers[row] if good else 0.0
        out[row] = np.int64(np.floor(number * scale + 0.5)) - (1 - good)
        outside += there - good
    return outside
