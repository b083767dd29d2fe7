"""Events in a request become the features that the one definition has for them, as JSON and as a table."""

import io
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.as_of import AsOf
from features.engines.python_engine import customer_features
from features.schema import (
    GOALS,
    INCENTIVE_CHANNELS,
    INCENTIVE_OUTCOMES,
    RATING_MAXIMUM,
    VISIT_CHANNELS,
    VISIT_OUTCOMES,
)
from serving.api.content_negotiation import ARROW
from serving.api.event_json import features_of
from serving.api.event_tables import features_of_table
from serving.api.parameters import scoring_context
from serving.request_types import Customer, ScoringParameters
from serving.state import ServiceState
from tests.serving.conftest import NOW, ZONE

AS_OF = "2011-06-10T12:30:00"
TIMES = st.datetimes(datetime(2009, 6, 1), datetime(2011, 12, 9)).map(lambda t: t.replace(microsecond=0, minute=0))
RATINGS = st.none() | st.integers(0, 100).map(lambda tenths: tenths / 10)
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("customer_id", "event_time", "event_type", "channel", "goal", "outcome")]
    + [(name, pa.float64()) for name in ("amount", "satisfaction", "loyalty")]
    + [(name, pa.string()) for name in ("reference", "recorded_at")]
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of any type as JSON has it; few references and moments of record, so that versions come up."""
    kind = draw(st.sampled_from(["purchase", "purchase", "return", "visit", "feedback", "usage", "incentive"]))
    time = draw(TIMES)
    # A local time that the clocks skip is refused, and has tests of its own.
    written = str(time) if (time.month, time.hour) != (3, 1) else f"{time.isoformat()}Z"
    event: dict[str, Any] = {"event_time": draw(st.sampled_from([written, f"{time.isoformat()}+05:30"]))}
    event["event_type"] = kind
    event["amount"] = draw(st.none() | st.integers(0, 10**7).map(lambda cents: cents / 100))
    event["satisfaction"], event["loyalty"] = draw(RATINGS), draw(RATINGS)
    words = {
        "visit": {"channel": VISIT_CHANNELS, "goal": GOALS, "outcome": VISIT_OUTCOMES},
        "incentive": {"channel": INCENTIVE_CHANNELS, "outcome": INCENTIVE_OUTCOMES},
    }
    for name in ("channel", "goal", "outcome"):
        known = words.get(kind, {}).get(name)
        event[name] = draw(st.none() | (st.sampled_from(known) if known else st.sampled_from(["online", "phone"])))
    event["reference"] = draw(st.none() | st.sampled_from(["r1", " r1 ", "r2"]))
    event["recorded_at"] = draw(st.none() | st.sampled_from(["2010-01-01", "2011-06-01T09:00Z", "2011-07-01"]))
    return event


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """The event as `customer_features` takes it."""
    read = {name: event[name] and datetime.fromisoformat(event[name]) for name in ("event_time", "recorded_at")}
    return event | read | {"reference": event["reference"] and event["reference"].strip()}


@settings(max_examples=40)
@given(log=st.lists(events(), max_size=12))
def test_json_and_tables_are_the_one_definition(rule_state: ServiceState, log: list[dict[str, Any]]) -> None:
    """The features from JSON, from Arrow, and of the plain function are equal in every bit; so are the duplicates."""
    expected = customer_features([plain(event) for event in log], datetime.fromisoformat(AS_OF), ZONE)
    customer = msgspec.convert({"customer_id": "a", "events": log}, Customer)
    ours = features_of(customer, "", AsOf.parse(AS_OF, ZONE), ZONE, RATING_MAXIMUM, 2**62, [])
    assert np.array(list(ours.values())).tobytes() == np.array(list(expected.values())).tobytes()
    if not log:
        return
    rows = [event | {"customer_id": name} for event in log for name in ("b", "a")]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    context = scoring_context(ScoringParameters(as_of=AS_OF), rule_state, lambda: NOW)
    table, duplicates = features_of_table(sink.getvalue(), ARROW, context, 100, 2)
    assert list(table.index) == ["b", "a"]
    assert np.array_equal(table.to_numpy(), np.array([list(expected.values())] * 2), equal_nan=True)
    named = [(event["event_type"], event["reference"].strip()) for event in log if event["reference"]]
    twice = {each for each in named if named.count(each) > 1}
    assert {(d.event_type, d.reference) for d in duplicates if d.customer_id == "a"} == twice
    assert len(duplicates) == 2 * len(twice)


def test_events_at_or_after_as_of_change_nothing() -> None:
    """What is not known yet does not count, whether it happened or was recorded later."""
    as_of = AsOf.parse(AS_OF, ZONE)
    at = datetime.fromisoformat(AS_OF).replace(tzinfo=ZoneInfo(ZONE))
    before = {"event_type": "purchase", "event_time": "2011-01-01", "amount": 5}
    later = [
        before | {"event_time": at.isoformat()},
        before | {"event_time": (at + timedelta(days=3)).isoformat()},
        before | {"recorded_at": at.isoformat()},
        {"event_type": "visit", "event_time": "2011-06-10 12:30:00.000001", "channel": "phone"},
    ]
    found = [
        features_of(
            msgspec.convert({"customer_id": "a", "events": log}, Customer), "", as_of, ZONE, RATING_MAXIMUM, 2**62, []
        )
        for log in ([before], [before, *later], [*later[::-1], before])
    ]
    assert str(found[0]) == str(found[1]) == str(found[2])


@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_reference_is_none(text: str) -> None:
    """Events without a reference are events of their own."""
    log = [{"event_type": "usage", "event_time": "2011-01-01", "reference": text}] * 2
    customer = msgspec.convert({"customer_id": "a", "events": log}, Customer)
    assert features_of(customer, "", AsOf.parse(AS_OF, ZONE), ZONE, RATING_MAXIMUM, 2**62, [])["usage_count"] == 2
