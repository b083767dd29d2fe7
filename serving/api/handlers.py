"""Bodies to scores: what a request of each form asks for, checked as a whole before anything is scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from serving.api.event_json import features_of, repeated
from serving.api.feature_constraints import row_faults
from serving.api.feature_rows import frame, frame_of_columns, frame_of_rows, frame_of_table, twice
from serving.api.parameters import Asking, asking
from serving.api.problem_details import invalid
from serving.api.request_body import decoded, too_many
from serving.request_types import FeaturesRequest, ScoreRequest
from serving.response_types import Duplicate, Score
from serving.scoring import row_of, score_many, score_one
from serving.state import InService

ONE_BY_ONE = 200
"""Up to so many customers the plain-Python forms are quicker than a frame."""

_score_request = msgspec.json.Decoder(ScoreRequest).decode
_features_request = msgspec.json.Decoder(FeaturesRequest).decode

Clock = Callable[[], datetime]
Rows = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Limits:
    """What a request may ask for at most, and how much of it is answered without a thread of its own.

    Bodies of more than `inline_bytes` are worked on beside the event loop, one at a time, `waiting` more in a queue.
    """

    body_bytes: int = 64 * 2**20
    body_seconds: float = 30.0
    customers: int = 100_000
    events: int = 1_000_000
    inline_bytes: int = 16 * 2**10
    waiting: int = 8


class Features(NamedTuple):
    """Customers to score: rows of the feature table by id where they are few, else a frame."""

    asked: Asking
    table: Rows | pd.DataFrame
    duplicates: list[Duplicate]


def events_in_json(body: bytes, now: InService, clock: Clock, limits: Limits) -> Features:
    """Return the features of a ScoreRequest; raises the problems malformed, too-large and invalid."""
    request = decoded(body, _score_request)
    asked = asking(request, now, clock)
    customers = request.customers
    refuse_many("customers", len(customers), limits.customers)
    refuse_many("events", sum(len(customer.events) for customer in customers), limits.events)
    ids = [customer.customer_id.strip() for customer in customers]
    faults = repeated_ids(ids, "customers/{at}/customer_id")
    rows = [
        features_of(customer, f"customers/{at}", asked.as_of, asked.timezone, asked.latest, faults)
        for at, customer in enumerate(customers)
    ]
    if faults:
        raise invalid(faults)
    named = [
        duplicate
        for one, customer in zip(ids, customers, strict=True)
        for duplicate in repeated(
            one, [(e.event_type, e.reference.strip()) for e in customer.events if e.reference and e.reference.strip()]
        )
    ]
    if len(ids) <= ONE_BY_ONE:
        return Features(asked, dict(zip(ids, rows, strict=True)), named)
    return Features(asked, frame(ids, np.array([list(row.values()) for row in rows])), named)


def events_in_table(body: bytes, kind: str, asked: Asking, limits: Limits) -> Features:
    """Return the features of an event log in Arrow or Parquet; raises the problems malformed, too-large and invalid."""
    from serving.api.event_tables import frame_of_events  # its checks load Numba, which a worker should not

    return Features(asked, *frame_of_events(body, kind, asked, limits.events, limits.customers))


def features_in_json(body: bytes, now: InService, clock: Clock, limits: Limits) -> Features:
    """Return the features of a FeaturesRequest; raises the problems malformed, too-large and invalid."""
    request = decoded(body, _features_request)
    asked = asking(request, now, clock)
    rows: Any = request.rows
    if (rows is UNSET) == (request.columns is UNSET):
        raise invalid([("", "expected rows or columns, and not both")])
    if rows is UNSET:
        return Features(asked, frame_of_columns(request.columns, limits.customers), [])
    refuse_many("customers", len(rows), limits.customers)
    if len(rows) > ONE_BY_ONE:
        return Features(asked, frame_of_rows(rows), [])
    ids = [row.customer_id.strip() for row in rows]
    faults = repeated_ids(ids, "rows/{at}/customer_id")
    found = [row_of(msgspec.structs.astuple(row)[1:]) for row in rows]
    faults += [fault for at, row in enumerate(found) for fault in row_faults(row, f"rows/{at}")]
    if faults:
        raise invalid(faults)
    return Features(asked, dict(zip(ids, found, strict=True)), [])


def features_in_table(body: bytes, kind: str, asked: Asking, limits: Limits) -> Features:
    """Return a feature table in Arrow or Parquet; raises the problems malformed, too-large and invalid."""
    return Features(asked, frame_of_table(body, kind, limits.customers), [])


def scored(features: Features, as_table: bool) -> list[Score] | pd.DataFrame:
    """Return the scores: a list where they are few, else, or where asked for, the frame of `score_many`."""
    asked, table, _ = features
    if as_table or len(table) > ONE_BY_ONE:
        if not isinstance(table, pd.DataFrame):
            table = frame(list(table), np.array([list(row.values()) for row in table.values()]))
        return score_many(table, asked.now, asked.as_of.day, asked.horizon_days)
    if isinstance(table, pd.DataFrame):
        values = table.to_numpy().tolist()
        table = {one: dict(zip(FEATURE_NAMES, row, strict=True)) for one, row in zip(table.index, values, strict=True)}
    return [score_one(one, row, asked.now, asked.as_of.day, asked.horizon_days) for one, row in table.items()]


def repeated_ids(ids: list[str], path: str) -> list[tuple[str, str]]:
    """Return the faults of customers that are asked for twice."""
    return [(path.format(at=at), f"{one!r} comes twice; give each customer once") for at, one in twice(ids)]


def refuse_many(what: str, found: int, most: int) -> None:
    """Raise the problem too-large (413) for more than may be."""
    if found > most:
        raise too_many(what, found, most)
