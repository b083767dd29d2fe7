"""The OpenAPI description, made from the types of requests and answers; every example in it is answered with 200."""

from functools import cache
from typing import Any

import msgspec

from serving.api.content_negotiation import ARROW, JSON, PARQUET
from serving.api.event_json import features_of
from serving.api.problem_details import KINDS, PROBLEM_TYPE
from serving.request_types import (
    FEATURE_TYPES,
    LONGEST_HORIZON,
    ColumnsRequest,
    Customer,
    CustomersRequest,
    RowsRequest,
    ScoreRequest,
    Time,
)
from serving.response_types import LastScoresAnswer, Problem, Readiness, ScoreAnswer, Versions
from serving.timestamps import read_moment

TYPES = (
    *(ScoreRequest, RowsRequest, ColumnsRequest, CustomersRequest, ScoreAnswer, LastScoresAnswer, Versions, Readiness),
    Problem,
)
GET_PROBLEMS = ("unknown-parameter", "unauthorized", "forbidden", "not-acceptable", "too-many-requests", "internal")
POST_PROBLEMS = (*GET_PROBLEMS, "malformed", "timeout", "too-large", "unsupported-media-type", "invalid", "busy")
ABOUT = """\
Customer scores: the firm's own loyalty rule, and the model's forecasts of purchases, staying away and spend.
Null and absent mean the same in a request: not known. Nothing in an answer is null: what cannot be said is absent, and
`absent` says why. Whatever is wrong is told in a problem document (RFC 9457). Beside the paths here there are `/livez`
(200 while the process lives) and `/metrics` (Prometheus)."""
AS_OF = "2011-06-10"
EXAMPLE_EVENTS: list[dict[str, Any]] = [
    {"event_type": "purchase", "event_time": "2010-12-03 10:30:00", "amount": 120.5, "reference": "536370"},
    {"event_type": "purchase", "event_time": "2011-03-20 15:05:00", "amount": 88.9, "reference": "547113"},
    {"event_type": "return", "event_time": "2011-03-28T09:12:00+01:00", "amount": 12.0},
    {"event_type": "visit", "event_time": "2011-05-02", "channel": "phone", "goal": "loyalty", "outcome": "interested"},
    {"event_type": "feedback", "event_time": "2011-05-04", "satisfaction": 8, "loyalty": 9},
    {"event_type": "usage", "event_time": "2011-05-09 20:00:00"},
    {"event_type": "incentive", "event_time": "2011-05-20", "channel": "coupon", "outcome": "sent"},
]


@cache
def description() -> bytes:
    """Return the description as JSON; it says nothing of what is in service, so it is made once."""
    _, schemas = msgspec.json.schema_components(TYPES, ref_template="#/components/schemas/{name}")
    document = {
        "openapi": "3.1.0",
        "info": {"title": "Regulars", "version": "1.0.0", "description": ABOUT},
        "paths": _paths(),
        "security": [{}, {"bearer": []}, {"header": []}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "Where the service has keys."},
                "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
            },
        },
    }
    return msgspec.json.encode(document)


def examples() -> dict[str, dict[str, Any]]:
    """Return the examples of each path's request body, by name."""
    row = _example_row()
    columns = {name: [value] for name, value in row.items()}
    return {
        "/score": {
            "one customer": {
                "customers": [{"customer_id": "12415", "events": EXAMPLE_EVENTS}],
                "as_of": AS_OF,
                "horizon_days": 90,
            },
            "as of now, one of them new": {
                "customers": [
                    {
                        "customer_id": "a",
                        "events": [{"event_type": "purchase", "event_time": "2011-04-30", "amount": 5}],
                    },
                    {"customer_id": "b", "events": []},
                ]
            },
        },
        "/score_features": {
            "rows": {"rows": [row], "as_of": AS_OF, "horizon_days": 180},
            "columns": {"columns": columns, "as_of": AS_OF},
        },
        "/score_customers": {"two customers": {"customer_ids": ["12415", "nobody"]}},
    }


def _example_row() -> dict[str, Any]:
    """Return the example customer's row of the feature table, null as None."""
    customer = msgspec.convert({"customer_id": "12415", "events": EXAMPLE_EVENTS}, Customer)
    as_of = read_moment(AS_OF, "UTC", 2**62)
    features = features_of(customer, "", as_of, "UTC", 2**62, [])
    return {"customer_id": "12415"} | {name: None if v != v else v for name, v in features.items()}


def _paths() -> dict[str, Any]:
    features = {"oneOf": [_ref("RowsRequest"), _ref("ColumnsRequest")]}
    events_table = "An event log, a row an event: the columns of the log, customer_id among them."
    features_table = f"A feature table: customer_id and all {len(FEATURE_TYPES)} columns."
    return {
        "/score": {
            "post": _post(
                "/score", "Score customers by their events.", _ref("ScoreRequest"), "ScoreAnswer", events_table
            )
        },
        "/score_features": {
            "post": _post(
                "/score_features",
                "Score customers by rows or columns of the feature table at as_of.",
                features,
                "ScoreAnswer",
                features_table,
            )
        },
        "/score_customers": {
            "post": _post(
                "/score_customers",
                "The last batch scores of these customers; those that have none are named.",
                _ref("CustomersRequest"),
                "LastScoresAnswer",
            )
        },
        "/versions": {"get": _get("What is in service: formula, features, model, data.", "Versions")},
        "/readyz": {
            "get": _get("Whether all is in service; without a model the rule still is, which is degraded.", "Readiness")
        },
        "/docs.json": {"get": _get("This description.", None)},
        "/docs": {"get": _get("This description as a page to read.", None, "text/html")},
        "/": {"get": _get("A page for people: the rule against the model.", None, "text/html")},
    }


def _post(path: str, summary: str, schema: Any, answer: str, table: str | None = None) -> dict[str, Any]:
    content: dict[str, Any] = {
        JSON: {"schema": schema, "examples": {name: {"value": value} for name, value in examples()[path].items()}}
    }
    answers: dict[str, Any] = {JSON: {"schema": _ref(answer)}}
    problems = POST_PROBLEMS if table else (*POST_PROBLEMS, "no-batch-scores")
    operation: dict[str, Any] = {"summary": summary, "operationId": path.strip("/")}
    if table:
        content |= {kind: {"schema": {"description": table}} for kind in (ARROW, PARQUET)}
        answers[ARROW] = {
            "schema": {"description": "The columns of a file of batch scores, null where JSON is silent."}
        }
        operation["parameters"] = _parameters()
    return operation | {
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "Scores.", "content": answers}, **_problems(problems)},
    }


def _parameters() -> list[dict[str, Any]]:
    (time,), _ = msgspec.json.schema_components([Time])
    horizon = {"type": "integer", "minimum": 1, "maximum": LONGEST_HORIZON}
    told = "For a body of Arrow or Parquet; JSON says it in the body."
    return [
        {"name": name, "in": "query", "required": False, "description": told, "schema": schema}
        for name, schema in (("as_of", time), ("horizon_days", horizon))
    ]


def _get(summary: str, answer: str | None, kind: str = JSON) -> dict[str, Any]:
    content = {kind: {"schema": _ref(answer)} if answer else {}}
    return {
        "summary": summary,
        "responses": {"200": {"description": "As asked.", "content": content}, **_problems(GET_PROBLEMS)},
    }


def _problems(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the answers of these kinds by status; two kinds of one status are one answer."""
    told: dict[str, list[str]] = {}
    for name in kinds:
        told.setdefault(str(KINDS[name].status), []).append(f"`/problems/{name}`: {KINDS[name].meaning}.")
    content = {PROBLEM_TYPE: {"schema": _ref("Problem")}}
    return {status: {"description": " ".join(lines), "content": content} for status, lines in sorted(told.items())}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
