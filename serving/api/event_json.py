"""Computes the features of a customer from the events of a JSON request."""

from collections.abc import Iterable

from msgspec import UNSET

from features.as_of import AsOf
from features.engines.python_engine import UNRECORDED, encode_event, features_from_encoded
from features.errors import TimestampError
from serving.api.feature_constraints import above_scale
from serving.request_types import Customer
from serving.response_types import Duplicate
from serving.timestamps import read_timestamp

Faults = list[tuple[str, str]]


def features_of(
    customer: Customer, path: str, as_of: AsOf, timezone: str, rating_maximum: float, latest: int, faults: Faults
) -> dict[str, float]:
    """Return the customer's features at `as_of`: the row of the feature table for the same log, to the last bit.

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
    rows, references = [], []
    for position, event in enumerate(customer.events):
        field = "event_time"
        try:
            time, day = read_timestamp(event.event_time, timezone, latest)
            known_from = UNRECORDED[1]
            if event.recorded_at:
                field = "recorded_at"
                known_from, _ = read_timestamp(event.recorded_at, timezone, latest)
        except TimestampError as error:
            faults.append((f"{path}/events/{position}/{field}", str(error)))
            continue
        amount, satisfaction, loyalty = event.amount, event.satisfaction, event.loyalty
        satisfaction = None if satisfaction is UNSET else satisfaction
        loyalty = None if loyalty is UNSET else loyalty
        for field, rating in (("satisfaction", satisfaction), ("loyalty", loyalty)):
            if rating and rating > rating_maximum:
                faults.append((f"{path}/events/{position}/{field}", above_scale(rating_maximum)))
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
        references.append(event.reference.strip() if event.reference else None)
    return features_from_encoded(rows, references, as_of)


def duplicates_of(customer_id: str, references: Iterable[tuple[str, str]]) -> list[Duplicate]:
    """Return the events of a customer, by type and reference, that are given in several versions."""
    seen: set[tuple[str, str]] = set()
    repeated: dict[tuple[str, str], None] = {}
    for reference in references:
        if reference in seen:
            repeated[reference] = None
        seen.add(reference)
    return [Duplicate(customer_id, *reference) for reference in repeated]
