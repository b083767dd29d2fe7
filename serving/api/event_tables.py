"""Computes features from the event log of an Arrow or Parquet request, with the checks of ingest."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.definitions import FEATURE_NAMES
from features.engines.python_engine import features_from_encoded
from features.ingestion.validation import ValidationRules, unreadable_type, validate_batch
from features.schema import EVENT_TYPES, LOG_COLUMN_NAMES, REQUIRED_LOG_COLUMNS
from features.store.layout import ABSENT, SORT_ORDER
from features.timezones import business_timezone
from serving.api.arrow_parquet import plain_array, read_table
from serving.api.event_json import duplicates_of
from serving.api.feature_rows import feature_frame, row_faults
from serving.api.parameters import ScoringContext
from serving.api.problem_details import MAXIMUM_FAULTS, invalid
from serving.api.request_body import refuse_too_many
from serving.response_types import Duplicate

OPTIONAL = tuple(name for name in LOG_COLUMN_NAMES if name not in REQUIRED_LOG_COLUMNS)
KIND = SORT_ORDER.index("kind")


def features_of_table(
    body: bytes, media_type: str, context: ScoringContext, maximum_events: int, maximum_customers: int
) -> tuple[pd.DataFrame, list[Duplicate]]:
    """Return the feature table of an event log, customers in order of appearance, and the repeated references.

    Raises the problems malformed (400), too-large (413), and invalid (422) with the faults that ingest would find.
    """
    table = read_table(body, media_type, REQUIRED_LOG_COLUMNS, OPTIONAL, maximum_events)
    log = {name: plain_array(table[name]) for name in table.column_names}
    types = [(name, array.type, unreadable_type(name, array.type)) for name, array in log.items()]
    if faults := [(name, f"found {found}, expected {expected}") for name, found, expected in types if expected]:
        raise invalid(faults)
    validated = validate_batch(
        log, ValidationRules(business_timezone(context.state.timezone), context.state.rating_maximum)
    )
    faults = [
        (f"{name}/{row}", reason)
        for name, reason, rows in validated.errors.entries
        for row in rows[:MAXIMUM_FAULTS].tolist()
    ]
    for column, name in (("time", "event_time"), ("known_from", "recorded_at")):
        if column in validated.events.schema.names:
            ahead = validated.events[column].fill_null(0).to_numpy() > context.latest
            faults += row_faults(name, ahead, "is more than a day ahead of the clock; expected a time that was")
    if faults:
        raise invalid(faults)
    ids = validated.events["customer_id"].dictionary_encode()
    customers = ids.dictionary.to_pylist()
    refuse_too_many("customers", len(customers), maximum_customers)
    return _features(validated.events, ids.indices.to_numpy(), customers, context)


def _features(
    events: pa.RecordBatch, codes: NDArray[np.int32], customers: list[str], context: ScoringContext
) -> tuple[pd.DataFrame, list[Duplicate]]:
    order = np.argsort(codes, kind="stable")
    ends = np.append(0, np.cumsum(np.bincount(codes, minlength=len(customers))))
    coded = {
        name: events[name].fill_null(ABSENT.get(name, 0)).to_numpy()[order]
        for name in events.schema.names
        if name in SORT_ORDER
    }
    coded["day"] = business_timezone(context.state.timezone).days(coded["time"])
    columns = [coded[name].tolist() if name in coded else [ABSENT.get(name)] * len(order) for name in SORT_ORDER]
    rows = list(zip(*columns, strict=True))
    references: list[str | None] = [None] * len(rows)
    if "reference" in events.schema.names:
        references = events["reference"].take(pa.array(order)).to_pylist()
    values = np.empty((len(customers), len(FEATURE_NAMES)))
    duplicates: list[Duplicate] = []
    for position, (start, stop) in enumerate(pairwise(ends.tolist())):
        own_rows, own_references = rows[start:stop], references[start:stop]
        features = features_from_encoded(own_rows, own_references, context.as_of)
        values[position] = list(features.values())
        pairs = zip(own_rows, own_references, strict=True)
        duplicates += duplicates_of(customers[position], [(EVENT_TYPES[row[KIND]], ref) for row, ref in pairs if ref])
    return feature_frame(customers, values), duplicates
