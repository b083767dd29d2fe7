"""Reads a sample of a source with all its columns, and shows its first rows as events."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.errors import SourceError
from features.ingestion.batches import SourceBatch
from features.ingestion.casting import RowErrors
from features.ingestion.interpretation import chosen_rows, interpret
from features.ingestion.profile import SourceProfile
from features.ingestion.profile_detection import SAMPLE_ROWS
from features.ingestion.query_sources import open_database
from features.ingestion.read_options import OWN, ReadOptions
from features.ingestion.row_counts import zone_text
from features.ingestion.row_reasons import first_errors, settle_reasons
from features.ingestion.source_formats import open_file
from features.ingestion.sources import files_of
from features.ingestion.sql_reader import DATABASES
from features.ingestion.validation import ValidationRules, validate_batch
from features.schema import EVENT_TYPES, REQUIRED_LOG_COLUMNS
from features.store.layout import SALE_COLUMNS
from features.timezones import business_timezone

NOTHING_OPEN = SourceProfile().with_values(
    times={"format": ("day_first",)}, amounts={"decimal": ".", "sign": "?"}, currency={"keep": "?"}
)
"""A profile under which nothing is detected, because it is the sample that says what the source means."""


def read_sample(source: str, options: ReadOptions) -> dict[str, pa.Array]:
    """Return the first rows of a source, its own columns as text.

    Parameters
    ----------
    source : str
        A file, a glob, of which the first file is read, or a database URL.
    options : ReadOptions

    Raises
    ------
    SourceError
        When it cannot be read, or has no rows.
    """
    options = replace(options, constants=dict.fromkeys(REQUIRED_LOG_COLUMNS, "1"), profiles={"": NOTHING_OPEN})
    with TemporaryDirectory(prefix="regulars-inspect-", ignore_cleanup_errors=True) as folder:
        if source.partition("://")[0] in DATABASES:
            first = open_database(source, Path(folder) / "answer.parquet", options)
        else:
            first = open_file(files_of(source, Path(folder))[0], options)[0]
        batch = next(first.batches(), None)
        if batch is None:
            raise SourceError(f"{first.name} has no rows: expected at least one below the header")
        sample = batch.full_rows(np.arange(min(len(batch.numbers), SAMPLE_ROWS))).select(list(first.header))
        return {name: sample[name].combine_chunks() for name in sample.column_names}


def preview_events(
    sample: Mapping[str, pa.Array], profile: SourceProfile, timezone: str, count: int
) -> tuple[list[dict[str, str]], Counter[str]]:
    """Return the first rows of a sample as events in words, and the reasons of rows that are faulty.

    Without a customer and a time there are none.
    """
    columns = {name: sample[theirs] for name, theirs in profile.columns.items() if theirs in sample}
    if not {"customer_id", "event_time"} <= {*columns, *profile.constants}:
        return [], Counter()
    size = len(next(iter(sample.values())))
    constants = {name: pa.array([value] * size) for name, value in profile.constants.items() if name not in columns}
    own = {OWN + name: sample[name] for name in profile.own_columns() if name in sample}
    log = {**columns, **constants, **own}
    whole = pa.table(dict(sample))

    def full_rows(rows: NDArray[np.int64]) -> pa.Table:
        return whole.take(pa.array(rows))

    batch = chosen_rows(SourceBatch(log, np.arange(size), full_rows), profile.rows)
    zone = business_timezone(timezone)
    errors = RowErrors()
    interpreted = interpret(batch.log, profile, zone, errors)
    formats = profile.times.format or ("iso",)
    rules = ValidationRules(zone, decimal=profile.amounts.decimal or ".", time_formats=formats)
    events, _, errors, _ = validate_batch(interpreted.log, rules, errors)
    first = [
        {
            "customer_id": row["customer_id"],
            "event_time": zone_text(row["time"], timezone).replace("T", " "),
            "event_type": EVENT_TYPES[row["kind"]],
            "amount": "" if row["cents"] < 0 else f"{row['cents'] / 100:,.2f}",
            **{name: row[name] or "" for name in SALE_COLUMNS if name in row},
        }
        for row in islice(events.slice(0, count).to_pylist(), count)
    ]
    errors = settle_reasons(errors, batch.full_rows)
    reasons = [f"{column} {reason}" for column, reason, _ in errors.entries]
    _, places = first_errors(errors, len(batch.numbers))
    return first, Counter(reasons[place] for place in places.tolist())
