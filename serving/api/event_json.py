"""Events as a request has them, to a customer's features: checked, then the one definition."""

from collections.abc import Iterable

from features.as_of import AsOf
from features.engines.python_engine import UNRECORDED, encode_event, features_from_encoded
from features.errors import TimestampError
from serving.request_types import Customer
from serving.response_types import Duplicate
from serving.timestamps import Moment, read_moment

Faults = list[tuple[str, str]]


def features_of(
    customer: Customer, path: str, as_of: Moment, timezone: str, latest: int, faults: Faults
) -> dict[str, float]:
    """Return the customer's features at `as_of`: the row that the feature table has for the same log, to the bit.

    A time that cannot be is added to the `faults` (path and detail), and the features are then of no use.
    """
    rows, references = [], []
    for position, event in enumerate(customer.events):
        name = "event_time"
        try:
            time, day = read_moment(event.event_time, timezone, latest)
            known_from = UNRECORDED[1]
            if event.recorded_at is not None:
                name = "recorded_at"
                known_from = read_moment(event.recorded_at, timezone, latest).time
        except TimestampError as error:
            faults.append((f"{path}/events/{position}/{name}", str(error)))
            continue
        rows.append(
            encode_event(
                event.event_type,
                time,
                day,
                event.channel,
                event.goal,
                event.outcome,
                event.amount,
                event.satisfaction,
                event.loyalty,
                known_from,
            )
        )
        references.append(event.reference and event.reference.strip())
    return features_from_encoded(rows, references, AsOf(*as_of))


def repeated(customer_id: str, named: Iterable[tuple[str, str]]) -> list[Duplicate]:
    """Return which events, by type and reference, a customer has in several versions."""
    seen: set[tuple[str, str]] = set()
    twice: dict[tuple[str, str], None] = {}
    for each in named:
        if each in seen:
            twice[each] = None
        seen.add(each)
    return [Duplicate(customer_id, event_type, reference) for event_type, reference in twice]
