"""Types of requests: the words of the event contract, limits of features, and which fields were given."""

import os
import subprocess
import sys
from pathlib import Path
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

ROOT = Path(__file__).parents[2]


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
    assert limits["purchase_trend"][0] < 0
    assert limits["net_spend"][0] == 0
    assert all(least < greatest for least, greatest, _ in limits.values())


FIRM = """
import msgspec
from features.engines.python_engine import customer_features
from serving.request_types import ScoreRequest
event = '{"event_type": "%s", "event_time": "2011-01-01", "channel": "%s", "outcome": "%s"}'
body = '{"customers": [{"customer_id": "a", "events": [%s]}]}'
for words in (("service_ticket", "any text", "solved"), ("visit", "wechat", "ordered"), ("loan", "app", "any text")):
    (decoded,) = msgspec.json.decode(body % event % words, type=ScoreRequest).customers[0].events
    assert (decoded.event_type, decoded.channel, decoded.outcome) == words
    seen = {"event_type": words[0], "event_time": __import__("datetime").datetime(2011, 1, 1), "channel": words[1]}
    features = customer_features([seen | {"outcome": words[2]}], "2011-02-01")
    assert features["visits_wechat"] == (words[0] == "visit")
for words in (("service_ticket", "app", "lost"), ("visit", "fax", "ordered"), ("loan", "shop", ""), ("trip", "", "")):
    try:
        msgspec.json.decode(body % event % words, type=ScoreRequest)
        raise SystemExit(f"{words} is accepted")
    except msgspec.ValidationError:
        pass
_, schemas = msgspec.json.schema_components([ScoreRequest])
assert {"ServiceTicketEvent", "LoanEvent", "Visit", "Purchase"} < set(schemas), schemas
"""
WORDS = """[events]
types = ["service_ticket", "loan"]
channels = { visit = ["wechat"], loan = ["branch", "app"] }
outcomes = { service_ticket = ["solved", "open"] }
"""


def test_requests_have_the_event_words_of_the_firm(tmp_path: Path) -> None:
    """Types and words of the settings file are accepted and computed with; others are refused."""
    (tmp_path / "regulars.toml").write_text(WORDS)
    environment = os.environ | {"REGULARS_CONFIG": str(tmp_path / "regulars.toml")}
    command = [sys.executable, "-c", FIRM]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
