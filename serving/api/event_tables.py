"""Event logs in a request as Arrow or Parquet: the checks of ingest, then one customer after the other."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.python_engine import ORDER, features_from_encoded
from features.ingestion.validation import ValidationRules, unreadable_type, validate_batch
from features.schema import EVENT_TYPES, LOG_COLUMN_NAMES, REQUIRED_LOG_COLUMNS
from features.store.layout import ABSENT
from features.timezones import business_timezone
from serving.api.arrow_parquet import plain, read_table
from serving.api.event_json import repeated
from serving.api.feature_rows import frame
from serving.api.parameters import Asking
from serving.api.problem_details import MOST_FAULTS, invalid
from serving.api.request_body import too_many
from serving.response_types import Duplicate

OPTIONAL = tuple(name for name in LOG_COLUMN_NAMES if name not in REQUIRED_LOG_COLUMNS)


def frame_of_events(
    body: bytes, kind: str, asked: Asking, most_events: int, most_customers: int
) -> tuple[pd.DataFrame, list[Duplicate]]:
    """Return the feature table at `as_of` of an event log, and the repeated references; customers as they first appear.

    Raises the problems malformed (400), too-large (413), and invalid (422) with the faults that ingest would find.
    """
    table = read_table(body, kind, REQUIRED_LOG_COLUMNS, OPTIONAL, most_events)
    log = {name: plain(table[name]) for name in table.column_names}
    wrong = [(name, unreadable_type(name, array.type), array.type) for name, array in log.items()]
    if faults := [(name, f"found {type_}, expected {expected}") for name, expected, type_ in wrong if expected]:
        raise invalid(faults)
    found = validate_batch(log, ValidationRules(business_timezone(asked.timezone)))
    faults = [
        (f"{name}/{row}", reason) for name, reason, rows in found.errors.entries for row in rows[:MOST_FAULTS].tolist()
    ]
    faults += _from_the_future(found.events, asked.latest)
    if faults:
        raise invalid(faults)
    ids = found.events["customer_id"].dictionary_encode()
    customers = ids.dictionary.to_pylist()
    if len(customers) > most_customers:
        raise too_many("customers", len(customers), most_customers)
    return _features(found.events, ids.indices.to_numpy(), customers, asked)


def _from_the_future(events: pa.RecordBatch, latest: int) -> list[tuple[str, str]]:
    faults = []
    for column, name in (("time", "event_time"), ("known_from", "recorded_at")):
        if column in events.schema.names:
            ahead = events[column].fill_null(0).to_numpy() > latest
            rows = np.flatnonzero(ahead)[:MOST_FAULTS].tolist()
            faults += [
                (f"{name}/{row}", "is more than a day ahead of the clock; expected a time that was") for row in rows
            ]
    return faults


def _features(
    events: pa.RecordBatch, codes: NDArray[np.int32], customers: list[str], asked: Asking
) -> tuple[pd.DataFrame, list[Duplicate]]:
    order = np.argsort(codes, kind="stable")
    ends = np.append(0, np.cumsum(np.bincount(codes, minlength=len(customers))))
    coded = {
        name: events[name].fill_null(ABSENT.get(name, 0)).to_numpy() for name in events.schema.names if name in ORDER
    }
    coded["day"] = business_timezone(asked.timezone).days(coded["time"])
    absent = [ABSENT.get(name) for name in ORDER]
    columns = [
        coded[name][order].tolist() if name in coded else [empty] * len(order)
        for name, empty in zip(ORDER, absent, strict=True)
    ]
    rows = list(zip(*columns, strict=True))
    references: list[str | None] = [None] * len(rows)
    if "reference" in events.schema.names:
        references = events["reference"].take(pa.array(order)).to_pylist()
    values = np.empty((len(customers), len(FEATURE_NAMES)))
    duplicates: list[Duplicate] = []
    kind = ORDER.index("kind")
    for at, (start, stop) in enumerate(pairwise(ends.tolist())):
        own = references[start:stop]
        values[at] = list(features_from_encoded(rows[start:stop], own, AsOf(*asked.as_of)).values())
        named = [(EVENT_TYPES[row[kind]], each) for row, each in zip(rows[start:stop], own, strict=True) if each]
        duplicates += repeated(customers[at], named)
    return frame(customers, values), duplicates
