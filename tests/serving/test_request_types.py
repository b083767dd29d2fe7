"""Types of requests: the words of the event contract, limits of features, and which fields were given."""

from typing import get_args, get_type_hints

import msgspec
import pytest
from msgspec import UNSET

from features.definitions import FEATURE_COLUMNS, FEATURE_NAMES
from features.schema import EVENT_TYPES, GOALS, INCENTIVE_CHANNELS, INCENTIVE_OUTCOMES, VISIT_CHANNELS, VISIT_OUTCOMES
from serving.request_types import (
    AnyEvent,
    Customer,
    FeatureColumns,
    FeatureRow,
    Incentive,
    Purchase,
    RawColumns,
    ScoreRequest,
    Visit,
    feature_limits,
)


def words(type_: type, field: str) -> tuple[str, ...]:
    """The words that a field allows."""
    literal, *_ = get_args(get_type_hints(type_)[field])
    return get_args(literal)


def test_events_have_the_types_and_words_of_the_contract() -> None:
    """Each event type has a class; visits and incentives have the words of the schema."""
    assert {type_.event_type for type_ in get_args(AnyEvent)} == set(EVENT_TYPES)
    assert words(Visit, "channel") == tuple(VISIT_CHANNELS)
    assert words(Visit, "goal") == tuple(GOALS)
    assert words(Visit, "outcome") == tuple(VISIT_OUTCOMES)
    assert words(Incentive, "channel") == tuple(INCENTIVE_CHANNELS)
    assert words(Incentive, "outcome") == tuple(INCENTIVE_OUTCOMES)


def test_a_request_knows_which_fields_were_given() -> None:
    """A field that was left out is UNSET, one of null is None, and encoding writes back what was there."""
    event = b'{"event_type":"usage","event_time":"2011-01-01","amount":null}'
    body = b'{"as_of":null,"customers":[{"customer_id":"a","events":[%s]}]}' % event
    request = msgspec.json.decode(body, type=ScoreRequest)
    assert request.as_of is None
    assert request.horizon_days is UNSET
    (decoded,) = request.customers[0].events
    assert decoded.amount is None
    assert decoded.reference is UNSET
    assert len(msgspec.json.encode(request)) == len(body)


def test_events_are_made_in_python_with_the_fields_they_need() -> None:
    """What is not given is left out of the JSON."""
    customer = Customer("a", [Purchase(event_time="2011-01-01", amount=5.0)])
    event = {"event_type": "purchase", "event_time": "2011-01-01", "amount": 5.0}
    assert msgspec.to_builtins(customer) == {"customer_id": "a", "events": [event]}


@pytest.mark.parametrize("type_", [FeatureRow, FeatureColumns, RawColumns])
def test_feature_tables_have_all_columns_in_order(type_: type[msgspec.Struct]) -> None:
    """By rows and by columns, decoded or not."""
    assert type_.__struct_fields__ == ("customer_id", *FEATURE_NAMES)


def test_only_some_features_may_be_negative_or_fractional() -> None:
    """Counts are whole and not negative, differences may be negative, gaps are at least a day."""
    limits = {column.name: feature_limits(column) for column in FEATURE_COLUMNS}
    assert limits["purchase_count"][::2] == (0.0, True)
    assert limits["gap_mean"][::2] == (1.0, False)
    assert limits["net_spend"][0] < 0
    assert all(least < greatest for least, greatest, _ in limits.values())
