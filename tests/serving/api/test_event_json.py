"""Events in a request become the features that the one definition has for them, as JSON and as a table."""

import io
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette

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
from serving.api.app import make_app
from serving.api.content_negotiation import ARROW
from serving.api.event_json import features_of
from serving.api.event_tables import features_of_event_table
from serving.api.parameters import RequestLimits, scoring_context
from serving.request_types import Customer, ScoringParameters
from serving.state import CurrentState, ServiceState
from tests.serving.asking import (
    EVENT,
    JSON,
    arrow,
    ask,
    columns_request,
    event,
    feature_row,
    problem_of,
    rows_request,
    score_request,
    text,
)
from tests.serving.conftest import NOW, ZONE

AS_OF = "2011-06-10T12:30:00"
TIMES = st.datetimes(datetime(2009, 6, 1), datetime(2011, 12, 9)).map(lambda t: t.replace(microsecond=0, minute=0))
RATINGS = st.none() | st.integers(0, 100).map(lambda tenths: tenths / 10)
SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("customer_id", "event_time", "event_type", "channel", "goal", "outcome")]
    + [(name, pa.float64()) for name in ("amount", "satisfaction", "loyalty")]
    + [(name, pa.string()) for name in ("reference", "sale_reference", "recorded_at")]
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
    event["sale_reference"] = draw(st.none() | st.sampled_from(["r1", "r2 ", "", "r3"])) if kind == "return" else None
    event["recorded_at"] = draw(st.none() | st.sampled_from(["2010-01-01", "2011-06-01T09:00Z", "2011-07-01"]))
    if kind == "visit" and event["recorded_at"]:  # one without an outcome may be a plan, which has tests of its own
        event["outcome"] = event["outcome"] or "neutral"
    return event


def plain(event: dict[str, Any]) -> dict[str, Any]:
    """The event as `customer_features` takes it."""
    read = {name: event[name] and datetime.fromisoformat(event[name]) for name in ("event_time", "recorded_at")}
    return event | read | {name: event[name] and event[name].strip() for name in ("reference", "sale_reference")}


@settings(max_examples=40)
@given(log=st.lists(events(), max_size=12))
def test_json_and_tables_are_the_one_definition(rule_state: ServiceState, log: list[dict[str, Any]]) -> None:
    """The features from JSON, from Arrow, and of the plain function are equal in every bit; so are the duplicates."""
    expected = customer_features([plain(event) for event in log], datetime.fromisoformat(AS_OF), ZONE)
    customer = msgspec.convert({"customer_id": "a", "events": log}, Customer)
    ours, _ = features_of(customer, "", AsOf.parse(AS_OF, ZONE), ZONE, RATING_MAXIMUM, 2**62, [])
    assert np.array(list(ours.values())).tobytes() == np.array(list(expected.values())).tobytes()
    if not log:
        return
    rows = [event | {"customer_id": name} for event in log for name in ("b", "a")]
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, SCHEMA) as writer:
        writer.write_table(pa.Table.from_pylist(rows, SCHEMA))
    context = scoring_context(ScoringParameters(as_of=AS_OF), rule_state, lambda: NOW)
    table = features_of_event_table(sink.getvalue(), ARROW, context, RequestLimits(events=100, customers=2))
    duplicates = table.duplicates
    assert table.ids == ["b", "a"]
    assert np.array_equal(table.values, np.array([list(expected.values())] * 2), equal_nan=True)
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


def test_plan_items_are_taken_and_planned_visits_are_not() -> None:
    """As ingest has it: a plan item changes nothing, and a visit after its own record was planned."""
    as_of = AsOf.parse(AS_OF, ZONE)
    visit = {"event_type": "visit", "event_time": "2011-03-02 10:00", "channel": "phone"}

    def found(**more: object) -> tuple[str, list[tuple[str, str]]]:
        customer = msgspec.convert({"customer_id": "a", "events": [visit | more]}, Customer)
        faults: list[tuple[str, str]] = []
        row, _ = features_of(customer, "customers/0", as_of, ZONE, RATING_MAXIMUM, 2**62, faults)
        return str(row), faults

    assert found(plan_item="P1") == found() == found(recorded_at="2011-03-02")
    [(path, detail)] = found(recorded_at="2011-03-01 10:00")[1]
    assert path == "customers/0/events/0/event_time"
    assert detail.endswith("planned, not made: plans do not go into the log")
    for proof in ({"outcome": "neutral"}, {"satisfaction": 7}, {"loyalty": 0}):
        assert found(recorded_at="2011-03-01 10:00", **proof)[1] == []


@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_reference_is_none(text: str) -> None:
    """Events without a reference are events of their own."""
    log = [{"event_type": "usage", "event_time": "2011-01-01", "reference": text}] * 2
    customer = msgspec.convert({"customer_id": "a", "events": log}, Customer)
    assert features_of(customer, "", AsOf.parse(AS_OF, ZONE), ZONE, RATING_MAXIMUM, 2**62, [])[0]["usage_count"] == 2


INVALID: dict[str, tuple[Any, str]] = {
    "an unknown field of the request": (score_request(horizon=30), ""),
    "an unknown field of a customer": (score_request(customer={"name": "Anna"}), "customers/0"),
    "an unknown field of an event": (event(colour="red"), EVENT),
    "a field of another case": (event(Amount=1), EVENT),
    "no customers": ({"as_of": "2011-06-10"}, ""),
    "an empty list of customers": (score_request(customers=[]), "customers"),
    "customers that are no list": (score_request(customers={}), "customers"),
    "a list as the request": ([score_request()], ""),
    "null as the request": (b"null", ""),
    "a customer without an id": (score_request(customers=[{"events": []}]), "customers/0"),
    "a customer without events": (score_request(customers=[{"customer_id": "a"}]), "customers/0"),
    "half a number as an id": (score_request(customer={"customer_id": 12415.5}), "customers/0/customer_id"),
    "a truth value as an id": (score_request(customer={"customer_id": True}), "customers/0/customer_id"),
    "null as an id": (score_request(customer={"customer_id": None}), "customers/0/customer_id"),
    "an empty id": (score_request(customer={"customer_id": ""}), "customers/0/customer_id"),
    "a blank id": (score_request(customer={"customer_id": " \t "}), "customers/0/customer_id"),
    "an id with a NUL": (score_request(customer={"customer_id": "a\0b"}), "customers/0/customer_id"),
    "one customer twice": (
        score_request(customers=[{"customer_id": "a", "events": []}, {"customer_id": " a", "events": []}]),
        "customers/1/customer_id",
    ),
    "an event without a time": (event(event_time=None), f"{EVENT}/event_time"),
    "an event without a type": (event(event_type=None), f"{EVENT}/event_type"),
    "an unknown type": (event(event_type="gift"), f"{EVENT}/event_type"),
    "a type in capitals": (event(event_type="PURCHASE"), f"{EVENT}/event_type"),
    "a text as an amount": (event(amount="120.5"), f"{EVENT}/amount"),
    "true as an amount": (event(amount=True), f"{EVENT}/amount"),
    "a negative amount": (event(amount=-0.01), f"{EVENT}/amount"),
    "an amount beyond all bounds": (event(amount=1.1e12), f"{EVENT}/amount"),
    "an amount that no float holds": (text(score_request(), "120.5", "1e999"), f"{EVENT}/amount"),
    "an amount of 400 digits": (text(score_request(), "120.5", "9" * 400), f"{EVENT}/amount"),
    "a rating above its scale": (event(event_type="feedback", satisfaction=10.5), f"{EVENT}/satisfaction"),
    "a rating that overflows": (event(event_type="feedback", satisfaction=1.7e308), f"{EVENT}/satisfaction"),
    "another that overflows": (event(event_type="feedback", loyalty=1.7e308), f"{EVENT}/loyalty"),
    "a negative rating": (event(event_type="feedback", loyalty=-1), f"{EVENT}/loyalty"),
    "an unknown channel of a visit": (event(event_type="visit", channel="post"), f"{EVENT}/channel"),
    "an unknown goal of a visit": (event(event_type="visit", goal="sales"), f"{EVENT}/goal"),
    "an unknown outcome of a visit": (event(event_type="visit", outcome="sent"), f"{EVENT}/outcome"),
    "an unknown channel of an incentive": (event(event_type="incentive", channel="phone"), f"{EVENT}/channel"),
    "an unknown outcome of an incentive": (event(event_type="incentive", outcome="ordered"), f"{EVENT}/outcome"),
    "an object as a reference": (event(reference={"id": 1}), f"{EVENT}/reference"),
    "a number as a time": (event(event_time=1307692800), f"{EVENT}/event_time"),
    "a word as a time": (event(event_time="today"), f"{EVENT}/event_time"),
    "a time of another order": (event(event_time="10/06/2011"), f"{EVENT}/event_time"),
    "a week as a time": (event(event_time="2011-W23-5"), f"{EVENT}/event_time"),
    "a day that does not exist": (event(event_time="2011-02-29"), f"{EVENT}/event_time"),
    "an hour that does not exist": (event(event_time="2011-01-01T24:00:00"), f"{EVENT}/event_time"),
    "a time that the clocks skipped": (event(event_time="2011-03-27 01:30:00"), f"{EVENT}/event_time"),
    "a time before 1900": (event(event_time="1899-12-31"), f"{EVENT}/event_time"),
    "a time after 2200": (event(event_time="2201-01-01"), f"{EVENT}/event_time"),
    "the year 1 with an offset": (event(event_time="0001-01-01T00:00:00+14:00"), f"{EVENT}/event_time"),
    "a digit of another script": (event(event_time="201١-06-10"), f"{EVENT}/event_time"),
    "an event two days ahead": (event(event_time="2011-12-12T12:00:01Z"), f"{EVENT}/event_time"),
    "a record two days ahead": (event(recorded_at="2011-12-12T12:00:01Z"), f"{EVENT}/recorded_at"),
    "an as_of that is no time": (score_request(as_of="now"), "as_of"),
    "an as_of ahead of the clock": (score_request(as_of="2012-06-10"), "as_of"),
    "an as_of that the clocks skipped": (score_request(as_of="2011-03-27T01:00"), "as_of"),
    "a horizon of none": (score_request(horizon_days=0), "horizon_days"),
    "a horizon of eleven years": (score_request(horizon_days=3651), "horizon_days"),
    "a horizon of half a day": (score_request(horizon_days=0.5), "horizon_days"),
    "a horizon in words": (score_request(horizon_days="90"), "horizon_days"),
    "depth without end": (text(score_request(), "120.5", "[" * 100_000), f"{EVENT}/amount"),
}


@pytest.mark.parametrize(("body", "path"), INVALID.values(), ids=list(INVALID))
def test_events_that_break_the_contract_are_named(app: Starlette, body: Any, path: str) -> None:
    """422 with the path of what is wrong, for everything that ingest would quarantine and more."""
    problem_of(ask(app, "/score", body), 422, path)


# The rating scale

LOG = {"customer_id": ["a", "a"], "event_time": ["2011-01-01", "2011-01-02"], "event_type": ["purchase", "feedback"]}
MEANS = {"feedback_count": 1, "feedback_365": 1, "feedback_satisfaction_mean": 80.0, "days_since_last_feedback": 9}
SCALED: dict[str, tuple[str, Any, str, str]] = {
    "events": ("/score", event(event_type="feedback", satisfaction=80.0), JSON, f"{EVENT}/satisfaction"),
    "a table of events": ("/score", arrow(pa.table(LOG | {"loyalty": [None, 80.0]})), ARROW, "loyalty/1"),
    "rows": ("/score_features", rows_request(row=MEANS), JSON, "rows/0/feedback_satisfaction_mean"),
    "many rows": (
        "/score_features",
        rows_request(rows=[feature_row(customer_id=f"c{n}") for n in range(250)] + [feature_row(**MEANS)]),
        JSON,
        "rows/250/feedback_satisfaction_mean",
    ),
    "columns": (
        "/score_features",
        columns_request(columns={name: [value] for name, value in MEANS.items()}),
        JSON,
        "columns/feedback_satisfaction_mean/0",
    ),
    "a table of features": (
        "/score_features",
        arrow(pa.Table.from_pylist([feature_row(**MEANS)])),
        ARROW,
        "feedback_satisfaction_mean/0",
    ),
}


@pytest.mark.parametrize(("path", "body", "kind", "fault"), SCALED.values(), ids=list(SCALED))
def test_ratings_go_to_the_maximum_of_the_scale_in_service(
    model_state: ServiceState, path: str, body: Any, kind: str, fault: str
) -> None:
    """80 of 100 is scored where the log had that scale, in every kind of request; of 10 or 79 it is refused."""
    for maximum, status in ((100.0, 200), (80.0, 200), (79.0, 422), (10.0, 422)):
        state = replace(model_state, rating_maximum=maximum)
        answer = ask(make_app(CurrentState(state), clock=lambda: NOW), path, body, kind=kind)
        if status == 422:
            problem_of(answer, 422, fault)
            assert f"{maximum:.15g}" in answer.json()["errors"][0]["detail"]
        else:
            assert answer.status == 200, answer.body
