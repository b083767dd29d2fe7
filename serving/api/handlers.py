"""Computes features and scores from the body of a scoring request; all of it is checked before anything is scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pandas as pd
from msgspec import UNSET

from features.definitions import FEATURE_NAMES
from serving.api.event_json import duplicates_of, features_of
from serving.api.feature_constraints import impossible_row
from serving.api.feature_rows import feature_frame, frame_of_columns, frame_of_rows, frame_of_table, repeated_customers
from serving.api.parameters import ScoringContext, scoring_context
from serving.api.problem_details import invalid
from serving.api.request_body import decode_json, refuse_too_many
from serving.request_types import FeaturesRequest, ScoreRequest
from serving.response_types import Duplicate, Score
from serving.scoring import row_of, score_many, score_one
from serving.state import ServiceState

SINGLE_ROWS = 200
"""Up to this many customers the plain-Python functions are faster than a table."""

_decode_events = msgspec.json.Decoder(ScoreRequest).decode
_decode_features = msgspec.json.Decoder(FeaturesRequest).decode

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class RequestLimits:
    """Limits of one request.

    Attributes
    ----------
    body_bytes : int
        Size of a body.
    body_seconds : float
        Seconds in which a body must arrive.
    customers, events : int
        Number of each in a request.
    inline_bytes : int
        JSON bodies up to this size are scored in the event loop, others in the worker thread.
    queue_size : int
        Large requests that may wait for the worker thread.
    """

    body_bytes: int = 64 * 2**20
    body_seconds: float = 30.0
    customers: int = 100_000
    events: int = 1_000_000
    inline_bytes: int = 16 * 2**10
    queue_size: int = 8


class Features(NamedTuple):
    """Customers to score: rows of the feature table by customer if there are few, else a frame."""

    context: ScoringContext
    table: Mapping[str, Mapping[str, float]] | pd.DataFrame
    duplicates: list[Duplicate]


def features_of_event_json(body: bytes, state: ServiceState, clock: Clock, limits: RequestLimits) -> Features:
    """Return the features of a ScoreRequest; raises the problems malformed, too-large and invalid."""
    request = decode_json(body, _decode_events)
    context = scoring_context(request, state, clock)
    customers = request.customers
    refuse_too_many("customers", len(customers), limits.customers)
    refuse_too_many("events", sum(len(customer.events) for customer in customers), limits.events)
    ids = [customer.customer_id.strip() for customer in customers]
    faults = repeated_customers(ids, "customers/{row}/customer_id")
    rows = [
        features_of(
            customer, f"customers/{at}", context.as_of, state.timezone, state.rating_maximum, context.latest, faults
        )
        for at, customer in enumerate(customers)
    ]
    if faults:
        raise invalid(faults)
    duplicates = [
        duplicate
        for customer_id, customer in zip(ids, customers, strict=True)
        for duplicate in duplicates_of(
            customer_id,
            [(e.event_type, e.reference.strip()) for e in customer.events if e.reference and e.reference.strip()],
        )
    ]
    if len(ids) <= SINGLE_ROWS:
        return Features(context, dict(zip(ids, rows, strict=True)), duplicates)
    return Features(context, feature_frame(ids, np.array([list(row.values()) for row in rows])), duplicates)


def features_of_event_table(body: bytes, media_type: str, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return the features of an event log in Arrow or Parquet; raises the problems malformed, too-large and invalid."""
    from serving.api.event_tables import features_of_table  # the checks of ingest, which JSON requests do not need

    return Features(context, *features_of_table(body, media_type, context, limits.events, limits.customers))


def features_in_json(body: bytes, state: ServiceState, clock: Clock, limits: RequestLimits) -> Features:
    """Return the features of a FeaturesRequest; raises the problems malformed, too-large and invalid."""
    request = decode_json(body, _decode_features)
    context = scoring_context(request, state, clock)
    given: Any = request.rows
    if (given is UNSET) == (request.columns is UNSET):
        raise invalid([("", "expected rows or columns, and not both")])
    if given is UNSET:
        return Features(context, frame_of_columns(request.columns, limits.customers, state.rating_maximum), [])
    refuse_too_many("customers", len(given), limits.customers)
    if len(given) > SINGLE_ROWS:
        return Features(context, frame_of_rows(given, state.rating_maximum), [])
    ids = [row.customer_id.strip() for row in given]
    rows = [row_of(msgspec.structs.astuple(row)[1:]) for row in given]
    faults = repeated_customers(ids, "rows/{row}/customer_id")
    faults += [
        fault for at, row in enumerate(rows) for fault in impossible_row(row, f"rows/{at}", state.rating_maximum)
    ]
    if faults:
        raise invalid(faults)
    return Features(context, dict(zip(ids, rows, strict=True)), [])


def features_in_table(body: bytes, media_type: str, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return a feature table in Arrow or Parquet; raises the problems malformed, too-large and invalid."""
    return Features(context, frame_of_table(body, media_type, limits.customers, context.state.rating_maximum), [])


def scored(features: Features, as_table: bool) -> list[Score] | pd.DataFrame:
    """Return the scores: a list if there are few, else or on request the table of `score_many`."""
    context, table, _ = features
    state, day, horizon_days = context.state, context.as_of.day, context.horizon_days
    if as_table or len(table) > SINGLE_ROWS:
        if not isinstance(table, pd.DataFrame):
            table = feature_frame(list(table), np.array([list(row.values()) for row in table.values()]))
        return score_many(table, state, day, horizon_days)
    if isinstance(table, pd.DataFrame):
        rows = (dict(zip(FEATURE_NAMES, row, strict=True)) for row in table.to_numpy().tolist())
        table = dict(zip(table.index, rows, strict=True))
    return [score_one(customer_id, row, state, day, horizon_days) for customer_id, row in table.items()]
