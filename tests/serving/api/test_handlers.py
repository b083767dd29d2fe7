"""A request by events that breaks the contract is refused with the path of what is wrong."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from starlette.applications import Starlette

from serving.api.app import make_app
from serving.state import CurrentState, ServiceState
from tests.serving.asking import (
    ARROW,
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
from tests.serving.conftest import NOW

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
    "a number as an id": (score_request(customer={"customer_id": 12415}), "customers/0/customer_id"),
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
    "a horizon of null": (score_request(horizon_days=None), "horizon_days"),
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
