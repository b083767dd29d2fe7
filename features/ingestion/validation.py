"""Validates batches of a log: log columns become columns of the event store, invalid rows are reported.

Invalid values never raise an error, and no row is handled in Python.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.ingestion.casting import RowErrors, cast_numbers, cast_text, cast_timestamps, strip_whitespace, text_bytes
from features.ingestion.planned_visits import PLANNED, PLANNED_OUTCOMES, VISIT, planned_visits
from features.schema import AMOUNT_MAXIMUM, EVENT_TYPES, LOG_COLUMNS, RATING_MAXIMUM, REQUIRED_LOG_COLUMNS
from features.store.layout import ABSENT, CODED_WORDS, KIND_CODES, SALE_COLUMNS, TEXT_KINDS
from features.timezones import BusinessTimezone

NO_WORD, WRONG = ABSENT["channel"], 254


@dataclass(frozen=True)
class ValidationRules:
    """What a log is checked against.

    Attributes
    ----------
    timezone : BusinessTimezone
        The zone of times without an offset.
    rating_maximum : float
        The highest rating.
    decimal : str
        The decimal mark of numbers in text, "." or ",".
    time_formats : tuple of str
        Formats of times besides the contract's, for `read_times`. Where there are any, reasons name options of ingest.
    known_at : int, optional
        When the log is read, in microseconds since 1970-01-01 UTC: a visit after it is planned. Without it only one
        after its own `recorded_at` is.
    """

    timezone: BusinessTimezone
    rating_maximum: float = RATING_MAXIMUM
    decimal: str = "."
    time_formats: tuple[str, ...] = ()
    known_at: int | None = None
    earliest: int | None = None


class ValidatedBatch(NamedTuple):
    """The valid rows of a batch, and what is wrong with the others.

    Attributes
    ----------
    events : pyarrow.RecordBatch
        The valid rows, in the columns that `StoreWriter.add` takes; also `known_from`, `reference`, `sale_reference`,
        `content` and `plan_item`, if any row has one.
    rows : numpy.ndarray of int64 or None
        Their positions in the batch; None: all rows are valid.
    errors : RowErrors
    expired : int
        Rows, valid or not, that are too old for the store.
    """

    events: pa.RecordBatch
    rows: NDArray[np.int64] | None
    errors: RowErrors
    expired: int = 0


def unreadable_type(name: str, type_: pa.DataType, numbers_as_times: bool = False) -> str | None:
    """Return None if a log column can be read from this Arrow type, else what was expected."""
    kind = next(column.type for column in LOG_COLUMNS if column.name == name)
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    text = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    if text or pa.types.is_null(type_) or pa.types.is_binary(type_) or pa.types.is_large_binary(type_):
        return None
    number = pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_)
    if kind == "timestamp":
        time = pa.types.is_timestamp(type_) or pa.types.is_date(type_) or (number and numbers_as_times)
        return None if time else "timestamps, dates or text"
    if number:
        return None
    return "numbers or text" if kind == "float" else "text or whole numbers"


def validate_batch(
    log: Mapping[str, pa.Array], rules: ValidationRules, errors: RowErrors | None = None
) -> ValidatedBatch:
    """Validate a batch of a log.

    Parameters
    ----------
    log : mapping of str to pyarrow.Array, shape (rows,)
        Log columns, the required ones at least, of types that `unreadable_type` accepts.
    rules : ValidationRules
    errors : RowErrors, optional
        What was found wrong with these rows before; more is added to it.

    Returns
    -------
    ValidatedBatch

    Examples
    --------
    >>> import pyarrow as pa
    >>> from features.timezones import business_timezone
    >>> log = {"customer_id": ["a", "b"], "event_time": ["2011-06-10"] * 2, "event_type": ["purchase", "theft"]}
    >>> arrays = {name: pa.array(values) for name, values in log.items()}
    >>> validated = validate_batch(arrays, ValidationRules(business_timezone("UTC")))
    >>> validated.rows.tolist(), [column for column, _, _ in validated.errors.entries]
    ([0], ['event_type'])
    """
    errors = RowErrors() if errors is None else errors
    formats = rules.time_formats
    size = len(log["customer_id"])
    log = {name: column for name, column in log.items() if name in REQUIRED_LOG_COLUMNS or column.null_count < size}
    columns: dict[str, pa.Array] = {"customer_id": _customer_ids(log["customer_id"], errors)}
    columns["time"] = cast_timestamps("event_time", log["event_time"], rules.timezone, errors, formats)
    types = {len(EVENT_TYPES): EVENT_TYPES}
    kind = _coded("event_type", log["event_type"], types, np.full(size, len(EVENT_TYPES), np.uint8), errors)
    errors.add("event_type", f"is empty: expected {', '.join(EVENT_TYPES)}", kind == NO_WORD)
    columns["kind"] = pa.array(kind)
    kind = np.minimum(kind, len(EVENT_TYPES))
    columns["cents"] = _scaled(
        "amount", log.get("amount"), rules, AMOUNT_MAXIMUM, 100, np.empty(size, np.int64), errors
    )
    for name, by_type in CODED_WORDS.items():
        absent = np.full(size, ABSENT[name], np.uint8)
        words = {KIND_CODES[event_type]: allowed for event_type, allowed in by_type.items()}
        columns[name] = pa.array(_coded(name, log[name], words, kind, errors) if name in log else absent)
    for name in ("satisfaction", "loyalty"):
        maximum = rules.rating_maximum
        columns[name] = _scaled(name, log.get(name), rules, maximum, 1000, np.empty(size, np.int32), errors)
    for name in SALE_COLUMNS:
        if name in log:
            columns[name] = strip_whitespace(cast_text(name, log[name], errors))
    if "recorded_at" in log:
        columns["known_from"] = cast_timestamps("recorded_at", log["recorded_at"], rules.timezone, errors, formats)
    for name, event_types in TEXT_KINDS.items():
        if name in log:
            columns[name] = _texts(name, log[name], kind, event_types, errors)
    for reason, planned in planned_visits(columns, errors, rules.timezone, rules.known_at):
        errors.add("event_time", reason, planned)
    for name in (*SALE_COLUMNS, *TEXT_KINDS, "known_from"):
        if name in columns and columns[name].null_count == size:
            del columns[name]
    events = pa.RecordBatch.from_pydict(columns)
    good = np.ones(size, bool)
    if rules.earliest is not None:
        good = ~pc.less(columns["time"], rules.earliest).fill_null(False).to_numpy(zero_copy_only=False)
        for column, _, rows in errors.entries:  # no time that could be too old
            good[rows] |= column == "event_time"
    expired = size - int(np.count_nonzero(good))
    if expired:
        errors = errors.only(good)
    if not errors.entries and not expired:
        return ValidatedBatch(events, None, errors)
    for _, _, rows in errors.entries:
        good[rows] = False
    return ValidatedBatch(events.filter(pa.array(good)), np.flatnonzero(good), errors, expired)


def _customer_ids(column: pa.Array, errors: RowErrors) -> pa.StringArray | pa.DictionaryArray:
    """Return the ids without white space around them; a dictionary stays one, and each of its texts is checked once."""
    if not pa.types.is_dictionary(column.type) or not len(column.dictionary):
        return _trimmed_ids(column, errors)
    entry_errors = RowErrors()
    entries = _trimmed_ids(column.dictionary, entry_errors)
    indices = column.indices
    if indices.null_count:
        errors.add("customer_id", "is empty", indices.is_null())
        indices = indices.fill_null(0)
    indices = indices.cast(pa.int32())
    for name, reason, invalid in entry_errors.entries:
        is_invalid = np.zeros(len(entries), bool)
        is_invalid[invalid] = True
        errors.add(name, reason, is_invalid[indices.to_numpy()])
    return pa.DictionaryArray.from_arrays(indices, entries)


def _trimmed_ids(column: pa.Array, errors: RowErrors) -> pa.StringArray:
    text = strip_whitespace(cast_text("customer_id", column, errors))
    if text.null_count:
        errors.add("customer_id", "is empty", text.is_null())
    if text_bytes(text).min(initial=255) == 0:
        errors.add("customer_id", "holds a NUL byte", pc.match_substring(text, "\0"))
    return text


def _coded(
    name: str, column: pa.Array, words: Mapping[int, Sequence[str]], kind: NDArray[np.uint8], errors: RowErrors
) -> NDArray[np.uint8]:
    """Return the code of each row's word: its position among the words of the row's event type.

    NO_WORD where it is blank or the event type has free text, WRONG (and an error) where it is unknown.
    """
    if not pa.types.is_dictionary(column.type):
        column = cast_text(name, column, errors).dictionary_encode()
    unreadable = RowErrors()
    entries = strip_whitespace(cast_text(name, column.dictionary, unreadable))
    blank = entries.is_null().to_numpy(zero_copy_only=False)
    for _, _, invalid in unreadable.entries:
        blank[invalid] = False
    # One row per event type, one column per distinct text, and a last column for null.
    table = np.full((len(EVENT_TYPES) + 1, len(entries) + 1), NO_WORD, np.uint8)
    for row, allowed in words.items():
        codes = pc.index_in(entries, pa.array(allowed)).fill_null(WRONG).to_numpy()
        table[row, :-1] = np.where(blank, NO_WORD, codes)
    position = column.indices.cast(pa.int32()).fill_null(len(entries)).to_numpy()
    coded: NDArray[np.uint8] = table[kind, position]
    if (coded == WRONG).any():
        if name == "outcome":
            planned = pc.is_in(entries, pa.array(PLANNED_OUTCOMES)).to_numpy(zero_copy_only=False)
            errors.add(name, f"is {PLANNED}", (coded == WRONG) & (kind == VISIT) & np.append(planned, False)[position])
        for row, allowed in words.items():
            of_kind = "" if name == "event_type" else f" for {EVENT_TYPES[row]}s"
            where = (coded == WRONG) & (kind == row)
            errors.add(name, f"is unknown{of_kind}: expected {', '.join(allowed)}", where)
    return coded


def _texts(
    name: str, column: pa.Array, kind: NDArray[np.uint8], event_types: Sequence[str], errors: RowErrors
) -> pa.DictionaryArray:
    """Return the texts of events of some types, null for the others."""
    rows = np.flatnonzero(np.isin(kind, [KIND_CODES[event_type] for event_type in event_types]))
    unreadable = RowErrors()
    texts = strip_whitespace(cast_text(name, column.take(pa.array(rows)), unreadable)).dictionary_encode()
    for _, reason, invalid in unreadable.entries:
        where = np.zeros(len(kind), bool)
        where[rows[invalid]] = True
        errors.add(name, reason, where)
    codes = np.full(len(kind), -1, np.int32)
    codes[rows] = texts.indices.fill_null(-1).to_numpy()
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=codes < 0), texts.dictionary)


def _scaled(
    name: str,
    column: pa.Array | None,
    rules: ValidationRules,
    maximum: float,
    scale: float,
    out: NDArray[np.signedinteger[Any]],
    errors: RowErrors,
) -> pa.Array:
    """Return `out` with numbers as floor(number * scale + 0.5), -1 where null or invalid."""
    if column is None:
        out[:] = -1
        return pa.array(out)
    numbers = cast_numbers(name, column, rules.decimal, errors, hints=bool(rules.time_formats))
    values = numbers.to_numpy(zero_copy_only=False)  # null as NaN, of which no comparison is true
    good = (values >= 0.0) & (values <= maximum)
    if np.count_nonzero(good) < len(numbers) - numbers.null_count:
        errors.add(name, "is not finite", pc.invert(pc.is_finite(numbers)))
        hint = ": give --negative return if it is money given back" if rules.time_formats and name == "amount" else ""
        errors.add(name, f"is negative{hint}", pc.less(numbers, 0.0))
        errors.add(name, f"is above {maximum:.15g}", pc.greater(numbers, maximum))
    scaled = np.where(good, values, 0.0)
    scaled *= scale
    scaled += 0.5
    out[:] = scaled  # cast to integers, which rounds down what is not negative
    out[~good] = -1
    return pa.array(out)
