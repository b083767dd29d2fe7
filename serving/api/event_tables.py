"""Computes features from the event log of an Arrow or Parquet request, with the checks of ingest."""

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.definitions import FEATURE_NAMES
from features.ingestion.validation import ValidationRules, unreadable_type, validate_batch
from features.schema import LOG_COLUMN_NAMES, REQUIRED_LOG_COLUMNS
from features.store.layout import ABSENT, DTYPES, SALE_COLUMNS, SORT_ORDER, TEXT_KINDS
from features.timezones import business_timezone
from serving.api.arrow_parquet import TableColumns, plain_array, read_table
from serving.api.event_json import features_of_encoded
from serving.api.feature_rows import Features, faults_of, row_faults
from serving.api.parameters import RequestLimits, ScoringContext
from serving.api.problem_details import invalid
from serving.api.request_body import refuse_too_many
from serving.api.turns import checkpoint
from serving.response_types import Duplicate

EVENTS_AT_ONCE = 50_000
COLUMNS = TableColumns(
    REQUIRED_LOG_COLUMNS,
    [name for name in LOG_COLUMN_NAMES if name not in REQUIRED_LOG_COLUMNS],
    unreadable_type,
    tuple(TEXT_KINDS),  # which no feature reads
)


def features_of_event_table(body: bytes, media_type: str, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return the features of an event log in Arrow or Parquet, customers in order of appearance.

    Raises a 400 or 413 problem, and a 422 problem with the faults that ingest would find.
    """
    table = read_table(body, media_type, COLUMNS, limits.events)
    log = {name: plain_array(table[name]) for name in table.column_names}
    del table
    state = context.state
    validated = validate_batch(log, ValidationRules(business_timezone(state.timezone), state.rating_maximum))
    faults = faults_of(validated.errors)
    for column, name in (("time", "event_time"), ("known_from", "recorded_at")):
        if column in validated.events.schema.names:
            ahead = validated.events[column].fill_null(0).to_numpy() > context.latest
            faults += row_faults(
                f"{name}/{{row}}", ahead, "is more than a day ahead of the clock; expected a time that was"
            )
    if faults:
        raise invalid(faults)
    ids = validated.events["customer_id"].dictionary_encode()
    customers = ids.dictionary.to_pylist()
    refuse_too_many("customers", len(customers), limits.customers)
    codes = ids.indices.to_numpy()
    counts = np.bincount(codes, minlength=len(customers))
    refuse_too_many(f"events of customer {customers[counts.argmax()][:100]}", counts.max(), limits.customer_events)
    return _features(validated.events, codes, counts, customers, context)


def _features(
    events: pa.RecordBatch,
    codes: NDArray[np.int32],
    counts: NDArray[np.int64],
    customers: list[str],
    context: ScoringContext,
) -> Features:
    order = np.argsort(codes, kind="stable")
    ends = np.append(0, np.cumsum(counts))
    coded = {
        name: events[name].fill_null(ABSENT.get(name, 0)).to_numpy() for name in events.schema.names if name in DTYPES
    }
    coded["day"] = business_timezone(context.state.timezone).days(coded["time"])
    values = np.empty((len(customers), len(FEATURE_NAMES)))
    duplicates: list[Duplicate] = []
    first = 0
    while first < len(customers):  # some customers at a time: as Python objects events take ten times the memory
        last = max(first + 1, int(np.searchsorted(ends, ends[first] + EVENTS_AT_ONCE, "right")) - 1)
        at = order[ends[first] : ends[last]]
        columns = [
            coded[name][at].tolist() if name in coded else [ABSENT.get(name, 0)] * len(at) for name in SORT_ORDER
        ]
        rows = list(zip(*columns, strict=True))
        references, sale_references = (
            events[name].take(pa.array(at)).to_pylist() if name in events.schema.names else [None] * len(at)
            for name in SALE_COLUMNS
        )
        for position, (start, stop) in enumerate(pairwise((ends[first : last + 1] - ends[first]).tolist()), first):
            checkpoint()
            features, repeated = features_of_encoded(
                customers[position],
                rows[start:stop],
                references[start:stop],
                sale_references[start:stop],
                context.as_of,
            )
            values[position] = list(features.values())
            duplicates += repeated
        first = last
    return Features(customers, values, duplicates)
