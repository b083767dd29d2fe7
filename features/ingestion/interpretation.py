"""Turns the columns of a source into those of the contract, as its profile says, a batch at a time.

Columns that a profile names and the contract does not have are in a batch under their own names after `OWN`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from features.errors import TimezoneError
from features.ingestion.amounts import AmountMarks, read_amounts
from features.ingestion.arithmetic import column_names, evaluate
from features.ingestion.batches import SourceBatch
from features.ingestion.casting import RowErrors, cast_text, cast_timestamps, strip_whitespace
from features.ingestion.currencies import WITHOUT_CENTS, convert_amounts, currency_codes
from features.ingestion.id_rules import read_ids
from features.ingestion.profile import RowProfile, SourceProfile
from features.ingestion.read_options import OWN
from features.schema import EVENT_TYPES
from features.store.layout import KIND_CODES
from features.timezones import BusinessTimezone, business_timezone

Columns = Mapping[str, pa.Array]
CLOCK_FORMS = (
    (r"^\d{4}-\d{2}-\d{2}[ T]", ""),  # the day zero of a spreadsheet
    (r"^(\d{1,2})(\d{2})$", r"\1:\2"),
    (r"^(\d{1,2})(\d{2})(\d{2})$", r"\1:\2:\3"),
)
TWO_READINGS = "can be read in two ways: give --thousands '.' or --decimal '.'"


class Interpreted(NamedTuple):
    """The columns of the contract, and what was given back of each row's amount.

    Attributes
    ----------
    log : dict of str to pyarrow.Array
    refunds : pyarrow.DoubleArray or None
        0 where nothing was given back.
    refund_times : pyarrow.Int64Array or None
        Microseconds since 1970-01-01 UTC; null: the time of the row.
    """

    log: dict[str, pa.Array]
    refunds: pa.DoubleArray | None = None
    refund_times: pa.Int64Array | None = None


def chosen_rows(batch: SourceBatch, rules: RowProfile) -> SourceBatch:
    """Return the rows of a batch that the profile does not leave out."""
    keep = np.ones(len(batch.numbers), bool)
    for values, kept in ((rules.leave_out, False), (rules.keep, True)):
        for name, texts in values.items():
            own = pc.utf8_lower(_text(own_column(batch.log, name))).fill_null("")
            listed = pc.is_in(own, pa.array([text.strip().lower() for text in texts]))
            keep &= listed.to_numpy(zero_copy_only=False) == kept
    return batch if keep.all() else rows_of_batch(batch, np.flatnonzero(keep))


def rows_of_batch(batch: SourceBatch, rows: NDArray[np.int64]) -> SourceBatch:
    """Return some rows of a batch, by their positions; rows that could not be read stay."""
    return replace(
        batch,
        log={name: column.take(pa.array(rows)) for name, column in batch.log.items()},
        numbers=batch.numbers[rows],
        lines=None if batch.lines is None else batch.lines[rows],
        full_rows=lambda positions: batch.full_rows(rows[positions]),
    )


def interpret(log: Columns, profile: SourceProfile, timezone: BusinessTimezone, errors: RowErrors) -> Interpreted:
    """Return the contract's columns of a batch; what cannot be read is added to the errors.

    Parameters
    ----------
    log : mapping of str to pyarrow.Array, shape (rows,)
        The contract's columns as the source has them, and its own under `OWN`.
    profile : SourceProfile
        With the formats and marks that were detected.
    timezone : BusinessTimezone
        Of times without an offset and without a zone of their own.
    errors : RowErrors
    """
    columns = {name: column for name, column in log.items() if not name.startswith(OWN)}
    columns["customer_id"] = read_ids(log["customer_id"], profile.ids, errors)
    if profile.times.clock_column:
        columns["event_time"] = with_clock(columns["event_time"], own_column(log, profile.times.clock_column))
    for name in ("event_time", "recorded_at"):
        if name in columns and (profile.times.zone_column or _is_number(columns[name])):
            columns[name] = _times(name, columns[name], log, profile, timezone, errors)
    amounts, marks = profile.amounts, amount_marks(profile)
    if not amounts.decimal:
        for name in ("amount", *(OWN + name for name in profile.amount_columns())):
            if name in log:
                errors.add("amount", TWO_READINGS, has_two_readings(log[name]))
    if _has_own_amounts(profile, log):
        columns["amount"] = _amounts(log, profile, columns["event_time"], timezone, errors)
    types = profile.event_types
    if types.values or types.prefixes or types.negative:
        columns["event_type"] = _event_types(log, profile, errors)
        if "amount" in columns:
            columns |= _without_negatives(columns, profile, errors)
    if not amounts.refund:
        return Interpreted(columns)
    refunds = read_amounts("amount", own_column(log, amounts.refund), marks, errors)
    refunds = pc.abs(_in_currency(refunds, log, profile, columns["event_time"], timezone, errors)).fill_null(0.0)
    times = None
    if amounts.refund_time:
        formats = profile.times.format or ("iso",)
        times = cast_timestamps("amount", own_column(log, amounts.refund_time), timezone, errors, formats)
    return Interpreted(columns, refunds, times)


def has_two_readings(column: pa.Array) -> pa.BooleanArray:
    """Return where an amount such as 1.234 may have decimals or thousands, for a source whose sample has no mark."""
    if not pa.types.is_string(column.type) or not pc.any(pc.match_substring(column, ".")).as_py():
        return pa.nulls(len(column), pa.bool_())
    return pc.match_substring_regex(column, r"^\D*[1-9]\d{0,2}\.\d{3}\D*$")


def with_clock(dates: pa.Array, clocks: pa.Array) -> pa.StringArray:
    """Return dates with the times of day of another column, null where there is no date.

    Examples
    --------
    >>> dates = pa.array(["1.3.2024", "2024-03-01 00:00:00", None])
    >>> with_clock(dates, pa.array(["9:05", "1899-12-31 09:05:07", "9:05"])).to_pylist()
    ['1.3.2024 9:05', '2024-03-01 09:05:07', None]
    """
    dates, clocks = (_text(column) for column in (dates, clocks))
    for pattern, form in CLOCK_FORMS:
        clocks = pc.replace_substring_regex(clocks, pattern, form)
    dates = pc.if_else(clocks.is_valid(), pc.replace_substring_regex(dates, r"[ T]0?0:00(:00(\.0+)?)?$", ""), dates)
    return pc.binary_join_element_wise(dates, pc.binary_join_element_wise(" ", clocks, "").fill_null(""), "")


def amount_marks(profile: SourceProfile) -> AmountMarks:
    """Return how a profile's amounts are written."""
    amounts = profile.amounts
    return AmountMarks(amounts.decimal or ".", amounts.thousands, amounts.sign)


def _has_own_amounts(profile: SourceProfile, log: Columns) -> bool:
    """Return whether amounts are more than plain numbers with a decimal mark, which validation reads."""
    amounts, currency = profile.amounts, profile.currency
    more = amounts.thousands or amounts.sign or amounts.unit == "cents" or amounts.add or amounts.subtract
    own_types = profile.event_types.negative or profile.event_types.prefixes or profile.event_types.values
    return bool(amounts.expression or ("amount" in log and (more or own_types or currency.column)))


def _amounts(
    log: Columns, profile: SourceProfile, times: pa.Array, timezone: BusinessTimezone, errors: RowErrors
) -> pa.DoubleArray:
    amounts, marks = profile.amounts, amount_marks(profile)

    def read(name: str) -> pa.DoubleArray:
        return read_amounts("amount", own_column(log, name), marks, errors)

    if amounts.expression:
        names = column_names(amounts.expression)
        values = evaluate(amounts.expression, {name: read(name) for name in names})
    else:
        values = read_amounts("amount", log["amount"], marks, errors)
    for name in amounts.add:
        values = pc.add(values, read(name).fill_null(0.0))
    for name in amounts.subtract:
        values = pc.subtract(values, read(name).fill_null(0.0))
    return _in_currency(values, log, profile, times, timezone, errors)


def _in_currency(
    values: pa.DoubleArray,
    log: Columns,
    profile: SourceProfile,
    times: pa.Array,
    timezone: BusinessTimezone,
    errors: RowErrors,
) -> pa.DoubleArray:
    """Return amounts in the unit and the currency of the log."""
    currency = profile.currency
    codes = currency_codes(own_column(log, currency.column)) if currency.column else None
    if profile.amounts.unit == "cents":
        hundredths = pc.divide(values, pa.scalar(100.0))
        whole = pc.is_in(codes, pa.array(sorted(WITHOUT_CENTS))) if codes is not None else pa.scalar(False)
        values = pc.if_else(whole, values, hundredths)
    if codes is None or not currency.keep:
        return values
    days = cast_timestamps("event_time", times, timezone, RowErrors(), profile.times.format or ("iso",))
    return convert_amounts(values, codes, days, currency, errors)


def _event_types(log: Columns, profile: SourceProfile, errors: RowErrors) -> pa.StringArray:
    """Return the contract's event types; a word that no rule knows stays, and validation names it."""
    rules = profile.event_types
    text = _text(log["event_type"], errors, "event_type")
    words = {word: word for word in EVENT_TYPES} | {key.strip().lower(): word for key, word in rules.values.items()}
    codes = pc.index_in(pc.utf8_lower(text), pa.array(list(words)))
    types = pc.coalesce(pa.array(list(words.values())).take(codes), text)
    if rules.prefix_column:
        beginnings = _text(own_column(log, rules.prefix_column)).fill_null("")
        for prefix, word in rules.prefixes.items():
            types = pc.if_else(pc.starts_with(beginnings, prefix, ignore_case=True), word, types)
    return types


def _without_negatives(columns: Columns, profile: SourceProfile, errors: RowErrors) -> dict[str, pa.Array]:
    """Return types and amounts with negative amounts as what the profile says, and returns as positive amounts."""
    types, amounts = columns["event_type"], columns["amount"]
    negative = pc.less(amounts, 0.0).fill_null(False)
    if profile.event_types.negative:
        types = pc.if_else(negative, profile.event_types.negative, types)
    given_back = pc.and_(negative, pc.equal(types, "return").fill_null(False))
    return {"event_type": types, "amount": pc.if_else(given_back, pc.abs(amounts), amounts)}


def _times(
    name: str,
    column: pa.Array,
    log: Columns,
    profile: SourceProfile,
    timezone: BusinessTimezone,
    errors: RowErrors,
) -> pa.Array:
    """Return times in UTC, each read on the clock of its row's zone."""
    if _is_number(column):
        column = cast_text(name, column, errors)
    if not profile.times.zone_column:
        return column
    zones = _text(own_column(log, profile.times.zone_column))
    times: NDArray[np.int64] = np.zeros(len(column), np.int64)
    present = np.zeros(len(column), bool)
    for zone in zones.unique().to_pylist():
        here = (pc.equal(zones, zone) if zone else zones.is_null()).fill_null(False)
        rows = np.flatnonzero(here.to_numpy(zero_copy_only=False))
        try:
            clock = business_timezone(zone) if zone else timezone
        except TimezoneError:
            errors.add(
                name, f"is in the time zone {zone!r}, which does not exist: expected one like Europe/Berlin", here
            )
            continue
        unread = RowErrors()
        read = cast_timestamps(name, column.take(pa.array(rows)), clock, unread, profile.times.format or ("iso",))
        times[rows], present[rows] = read.fill_null(0).to_numpy(), read.is_valid().to_numpy(zero_copy_only=False)
        for _, reason, wrong in unread.entries:
            mask = np.zeros(len(column), bool)
            mask[rows[wrong]] = True
            errors.add(name, reason, mask)
    return pa.array(times, mask=~present).cast(pa.timestamp("us", "UTC"))


def _text(column: pa.Array, errors: RowErrors | None = None, name: str = "") -> pa.StringArray:
    return strip_whitespace(cast_text(name, column, RowErrors() if errors is None else errors))


def _is_number(column: pa.Array) -> bool:
    type_ = column.type
    return bool(pa.types.is_integer(type_) or pa.types.is_floating(type_) or pa.types.is_decimal(type_))


def refund_events(events: pa.RecordBatch, interpreted: Interpreted, rows: NDArray[np.int64]) -> pa.RecordBatch:
    """Return a return for each valid event of which something was given back; `rows` are their places in the batch.

    It names the event as its sale.
    """
    assert interpreted.refunds is not None
    cents = np.floor(interpreted.refunds.to_numpy()[rows] * 100 + 0.5).astype(np.int64)
    given_back = np.flatnonzero(cents > 0)
    returns = events.take(pa.array(given_back))
    kinds = np.full(len(given_back), KIND_CODES["return"], np.uint8)
    changed = {"kind": pa.array(kinds), "cents": pa.array(cents[given_back])}
    if interpreted.refund_times is not None:
        times = interpreted.refund_times.take(pa.array(rows[given_back]))
        changed["time"] = pc.coalesce(times, returns["time"])
    if "sale_reference" in returns.schema.names:
        returns = returns.drop_columns("sale_reference")
    if "reference" in returns.schema.names:
        returns = returns.append_column("sale_reference", returns["reference"])
    for name, column in changed.items():
        returns = returns.set_column(returns.schema.get_field_index(name), name, column)
    return returns


def own_column(log: Columns, name: str) -> pa.Array:
    """Return a source's own column; one that is null throughout may not have been read."""
    return log[OWN + name] if OWN + name in log else pa.nulls(len(log["customer_id"]), pa.string())
