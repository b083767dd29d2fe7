"""Validates the batches of all sources: valid rows go on with their place in the source, the others to quarantine."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.erasure.suppression import Suppression
from features.errors import SourceError
from features.ingestion.batches import SourceBatch
from features.ingestion.casting import RowErrors
from features.ingestion.erased_rows import without_erased
from features.ingestion.interpretation import chosen_rows, interpret, refund_events
from features.ingestion.quarantine import Quarantine
from features.ingestion.row_counts import RowCounts
from features.ingestion.row_reasons import settle_reasons
from features.ingestion.source_formats import Source
from features.ingestion.validation import ValidationRules, validate_batch
from features.schema import LOG_COLUMNS
from features.store.customer_ids import text_hashes

FLOAT_COLUMNS = frozenset(column.name for column in LOG_COLUMNS if column.type == "float")
NOBODY = Suppression()


def validated_batches(
    batches: Iterable[tuple[int, Source, SourceBatch]],
    rules: ValidationRules,
    quarantine: Quarantine,
    counts: RowCounts,
    progress: Callable[[int], None] | None = None,
    suppression: Suppression = NOBODY,
) -> Iterator[pa.RecordBatch]:
    """Yield the valid rows of each batch that has any, with `source` (its number) and `row_number`.

    `reference`, `sale_reference` and `known_from` are in the batches in which any row has them; beside a reference,
    `other_columns` is a hash of the columns that are not read, where there are any. The other rows are added to the
    quarantine, all rows are counted, and `progress` is called with the number of rows of each batch. Rows of customers
    on the suppression list are counted and go nowhere, and neither do those that are too old for the store.
    """
    for number, source, batch in batches:
        size = len(batch.numbers) + len(batch.unreadable)
        batch = chosen_rows(batch, source.profile.rows)
        counts.rows_in += size
        counts.rows_by_source[number] += size
        counts.left_out += size - len(batch.numbers) - len(batch.unreadable)
        batch, erased = without_erased(source, batch, suppression)
        counts.suppressed += erased
        counts.removed_by_source[number] += erased
        if progress:
            progress(size)
        events = _valid_events(number, source, batch, rules, quarantine, counts)
        for part in events:
            if len(part):
                yield part.append_column("source", pa.array(np.full(len(part), number, np.int32)))


def _valid_events(
    number: int,
    source: Source,
    batch: SourceBatch,
    rules: ValidationRules,
    quarantine: Quarantine,
    counts: RowCounts,
) -> Iterator[pa.RecordBatch]:
    """Yield the valid rows of a batch, then the returns that were made of what was given back of them."""
    size = len(batch.numbers)
    profile = source.profile
    log = {**batch.log, **{name: _constant(name, value, size) for name, value in source.constants.items()}}
    errors = RowErrors()
    interpreted = interpret(log, profile, rules.timezone, errors)
    settled = replace(rules, decimal=profile.amounts.decimal or ".", time_formats=profile.times.format or ("iso",))
    events, rows, errors, expired = validate_batch(interpreted.log, settled, errors)
    counts.expired += expired
    counts.removed_by_source[number] += expired
    quarantine.add(source, batch, settle_reasons(errors, batch.full_rows))
    if not len(events):
        return
    valid = np.arange(size) if rows is None else rows
    events = events.append_column("row_number", pa.array(batch.numbers[valid]))
    others = [name for name in source.header if name not in source.columns.values()]
    if "reference" in events.schema.names and others:
        events = events.append_column("other_columns", pa.array(_hashes(batch.full_rows(valid).select(others))))
    yield events
    if interpreted.refunds is not None:
        returns = refund_events(events, interpreted, valid)
        counts.added += len(returns)
        yield returns


def check_constants(constants: Mapping[str, str], rules: ValidationRules) -> None:
    """Raise SourceError for an invalid constant, which would send every row to quarantine."""
    example = {"customer_id": "1", "event_time": "2000-01-01", "event_type": "usage"}
    row = {name: pa.array([value]) for name, value in (example | dict(constants)).items()}
    for column, reason, _ in validate_batch(row, rules).errors.entries:
        if column in constants:
            raise SourceError(f"the constant {column}={constants[column]} {reason}")


def _constant(name: str, value: str, size: int) -> pa.Array:
    if name in FLOAT_COLUMNS:
        return pa.repeat(float(value), size)
    return pa.DictionaryArray.from_arrays(np.zeros(size, np.int32), pa.array([value]))


def _hashes(rows: pa.Table) -> NDArray[np.uint64]:
    """Return a hash of each row; null counts as no column, so that rows of several files can be equal."""
    hashes = np.zeros(len(rows), np.uint64)
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        named = text_hashes(column)[:, 0] * (text_hashes(pa.array([name]))[:, 0] | np.uint64(1))
        hashes += np.where(column.is_valid().to_numpy(zero_copy_only=False), named, 0).astype(np.uint64)
    return hashes
