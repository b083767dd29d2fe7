"""Computes the features of customers from their events in a JSON request."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from msgspec import UNSET, UnsetType

from features.as_of import AsOf
from features.definitions import FEATURE_NAMES
from features.engines.python_engine import UNRECORDED, Row, encode_event, features_from_encoded
from features.errors import TimestampError
from features.ingestion.planned_visits import AFTER_RECORD, is_after
from features.schema import EVENT_TYPES
from features.store.layout import SORT_ORDER
from features.timezones import business_timezone
from serving.api.feature_constraints import above_scale
from serving.api.feature_rows import SINGLE_ROWS, Faults, Features, repeated_customers
from serving.api.parameters import RequestLimits, ScoringContext
from serving.api.problem_details import invalid
from serving.api.request_body import refuse_too_many
from serving.api.turns import checkpoint
from serving.request_types import Customer, Event, ScoreRequest, id_text
from serving.response_types import Duplicate
from serving.timestamps import read_timestamp

KIND = SORT_ORDER.index("kind")
FAULTS_LOOKED_FOR = 10_000
"""Faults after which no more customers are looked at: a million would take more memory than the request."""


def features_of_event_json(request: ScoreRequest, context: ScoringContext, limits: RequestLimits) -> Features:
    """Return the features of customers by their events; raises a 413 or 422 problem."""
    customers, state = request.customers, context.state
    refuse_too_many("customers", len(customers), limits.customers)
    refuse_too_many("events", sum(len(customer.events) for customer in customers), limits.events)
    longest = max(customers, key=lambda customer: len(customer.events))
    refuse_too_many(
        f"events of customer {id_text(longest.customer_id)[:100]}", len(longest.events), limits.customer_events
    )
    ids = [id_text(customer.customer_id) for customer in customers]
    faults = repeated_customers(ids, "customers/{row}/customer_id")
    rows: list[dict[str, float]] = []
    values = np.empty((len(ids), len(FEATURE_NAMES))) if len(ids) > SINGLE_ROWS else None
    duplicates = []
    for at, customer in enumerate(customers):
        checkpoint()
        path, scale = f"customers/{at}", state.rating_maximum
        row, repeated = features_of(customer, path, context.as_of, state.timezone, scale, context.latest, faults)
        if values is None:
            rows.append(row)
        else:
            values[at] = list(row.values())
        duplicates += repeated
        customer.events.clear()  # decoded events take several times the size of the body
        if len(faults) >= FAULTS_LOOKED_FOR:
            break
    if faults:
        raise invalid(faults)
    return Features(ids, rows if values is None else values, duplicates)


def features_of(
    customer: Customer, path: str, as_of: AsOf, timezone: str, rating_maximum: float, latest: int, faults: Faults
) -> tuple[dict[str, float], list[Duplicate]]:
    """Return the customer's features at `as_of`, and the events that are given in several versions.

    The features are the row of the feature table for the same log, to the last bit.

    Parameters
    ----------
    customer : Customer
        As decoded from a request.
    path : str
        Path of the customer in the request, for `faults`.
    as_of : AsOf
        The cutoff.
    timezone : str
        The business time zone.
    rating_maximum : float
        The highest rating of the scale.
    latest : int
        The last acceptable event time, in microseconds since 1970 UTC.
    faults : list of (str, str)
        Receives path and detail of each impossible timestamp and rating; the features are then of no use.
    """
    rows, references, sale_references = [], [], []
    for position, event in enumerate(customer.events):
        field, faults_before = "event_time", len(faults)
        try:
            time, day = read_timestamp(event.event_time, timezone, latest)
            known_from = UNRECORDED[1]
            if event.recorded_at:
                field = "recorded_at"
                known_from, _ = read_timestamp(event.recorded_at, timezone, latest)
        except TimestampError as error:
            faults.append((f"{path}/events/{position}/{field}", str(error)))
            continue
        if event.recorded_at and known_from < time and _is_planned(event, time, known_from, timezone):
            faults.append((f"{path}/events/{position}/event_time", AFTER_RECORD))
        amount, satisfaction, loyalty = event.amount, event.satisfaction, event.loyalty
        satisfaction = None if satisfaction is UNSET else satisfaction
        loyalty = None if loyalty is UNSET else loyalty
        if satisfaction and satisfaction > rating_maximum:
            faults.append((f"{path}/events/{position}/satisfaction", above_scale(rating_maximum)))
        if loyalty and loyalty > rating_maximum:
            faults.append((f"{path}/events/{position}/loyalty", above_scale(rating_maximum)))
        if len(faults) > faults_before:
            continue  # what is out of range may be too large to encode
        row = encode_event(
            event.event_type,
            time,
            day,
            event.channel or None,
            event.goal or None,
            event.outcome or None,
            None if amount is UNSET else amount,
            satisfaction,
            loyalty,
            known_from,
        )
        rows.append(row)
        references.append(_reference(event.reference))
        sale_references.append(_reference(event.sale_reference))
    return features_of_encoded(id_text(customer.customer_id), rows, references, sale_references, as_of)


def _reference(value: str | int | UnsetType | None) -> str | None:
    return id_text(value) if value or value == 0 else None


def _is_planned(event: Event, time: int, known_from: int, timezone: str) -> bool:
    """Return whether an event is a visit that ingest would take for a planned one."""
    if event.event_type != "visit" or event.outcome:
        return False
    if any(rating is not UNSET and rating is not None for rating in (event.satisfaction, event.loyalty)):
        return False
    times, recorded = (np.array([each], np.int64) for each in (time, known_from))
    return bool(is_after(times, recorded, business_timezone(timezone))[0])


def features_of_encoded(
    customer_id: str,
    rows: list[Row],
    references: Sequence[str | None],
    sale_references: Sequence[str | None],
    as_of: AsOf,
) -> tuple[dict[str, float], list[Duplicate]]:
    """Return the features of encoded events, and the types and references that come more than once."""
    named = Counter((EVENT_TYPES[row[KIND]], ref) for row, ref in zip(rows, references, strict=True) if ref)
    duplicates = [Duplicate(customer_id, *key) for key, count in named.items() if count > 1]
    return features_from_encoded(rows, references, as_of, sale_references=sale_references), duplicates
