"""The OpenAPI document, made from the types of requests and responses; each of its examples is answered with 200."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from features.as_of import AsOf
from features.definitions import FEATURE_COLUMNS
from serving.api.content_negotiation import ARROW, JSON, PARQUET
from serving.api.event_json import features_of
from serving.api.problem_details import KINDS, PROBLEM_TYPE
from serving.request_types import (
    MAXIMUM_HORIZON_DAYS,
    ColumnsRequest,
    Customer,
    CustomersRequest,
    RowsRequest,
    ScoreRequest,
    Timestamp,
)
from serving.response_types import LastScoresAnswer, Problem, Readiness, ScoreAnswer, Versions

REQUESTS = (ScoreRequest, RowsRequest, ColumnsRequest, CustomersRequest)
RESPONSES = (ScoreAnswer, LastScoresAnswer, Versions, Readiness, Problem)
GET_PROBLEMS = ("unknown-parameter", "unauthorized", "forbidden", "not-acceptable", "too-many-requests", "internal")
POST_PROBLEMS = (*GET_PROBLEMS, "malformed", "timeout", "too-large", "unsupported-media-type", "invalid", "busy")
DESCRIPTION = """\
Customer scores: the firm's own loyalty rule, and the model's forecasts of purchases, churn and spend.
Null and absent mean the same in a request: not known. Nothing in a response is null: a value that is not known is
absent, and `absent` gives the reason. Every error is a problem document (RFC 9457). Besides these paths there are
`/livez` (200 while the process lives) and `/metrics` (Prometheus)."""
EVENTS_TABLE = "An event log, a row an event: the columns of the log, customer_id among them."
FEATURES_TABLE = f"A feature table: customer_id and all {len(FEATURE_COLUMNS)} columns."
SCORES_TABLE = "The columns of a file of batch scores, null where JSON has no value."
TABLE_PARAMETER = "For a body of Arrow or Parquet; a JSON body has it as a field."


@cache
def document() -> bytes:
    """Return the document as JSON; it does not depend on the model, so it is made once."""
    _, schemas = msgspec.json.schema_components(REQUESTS + RESPONSES, ref_template="#/components/schemas/{name}")
    features = {"oneOf": [_ref("RowsRequest"), _ref("ColumnsRequest")]}
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": "Regulars", "version": "1.0.0", "description": DESCRIPTION},
            "paths": {
                "/score": _post("/score", "Score customers by their events.", _ref("ScoreRequest"), EVENTS_TABLE),
                "/score_features": _post(
                    "/score_features",
                    "Score customers by rows or columns of the feature table at as_of.",
                    features,
                    FEATURES_TABLE,
                ),
                "/score_customers": _post(
                    "/score_customers",
                    "The latest batch scores of these customers; customers without any are named.",
                    _ref("CustomersRequest"),
                ),
                "/versions": _get("What is in service: formula, features, model, data.", "Versions"),
                "/readyz": _get(
                    "Whether the service is complete; without a model it still serves the rule, which is degraded.",
                    "Readiness",
                ),
                "/docs.json": _get("This document."),
                "/docs": _get("This document as a page to read.", media_type="text/html"),
                "/": _get("A page for people: the rule against the model.", media_type="text/html"),
            },
            "security": [{}, {"bearer": []}, {"header": []}],
            "components": {
                "schemas": schemas,
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer", "description": "If the service has keys."},
                    "header": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                },
            },
        }
    )


def examples() -> dict[str, dict[str, Any]]:
    """Return the example bodies of each path, by name; those of /score_features have the features of /score's first."""
    bodies: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "examples.json").read_text())
    events = bodies["/score"]["one customer"]
    as_of = AsOf.parse(events["as_of"], "UTC")
    customer = msgspec.convert(events["customers"][0], Customer)
    features = features_of(customer, "", as_of, "UTC", 2**62, [])
    row: dict[str, Any] = {"customer_id": customer.customer_id}
    row |= {name: None if value != value else value for name, value in features.items()}
    bodies["/score_features"] = {
        "rows": {"rows": [row], "as_of": events["as_of"], "horizon_days": 180},
        "columns": {"columns": {name: [value] for name, value in row.items()}, "as_of": events["as_of"]},
    }
    return bodies


def _post(path: str, summary: str, schema: dict[str, Any], table: str | None = None) -> dict[str, Any]:
    """Return the operation of a path with a body; `table` describes its Arrow and Parquet bodies, if it takes them."""
    named = {name: {"value": value} for name, value in examples()[path].items()}
    content: dict[str, Any] = {JSON: {"schema": schema, "examples": named}}
    response: dict[str, Any] = {JSON: {"schema": _ref("ScoreAnswer" if table else "LastScoresAnswer")}}
    operation: dict[str, Any] = {"summary": summary, "operationId": path.strip("/")}
    if table:
        content |= {media_type: {"schema": {"description": table}} for media_type in (ARROW, PARQUET)}
        response[ARROW] = {"schema": {"description": SCORES_TABLE}}
        operation["parameters"] = _parameters()
    problems = POST_PROBLEMS if table else (*POST_PROBLEMS, "no-batch-scores")
    operation["requestBody"] = {"required": True, "content": content}
    operation["responses"] = {"200": {"description": "Scores.", "content": response}, **_problems(problems)}
    return {"post": operation}


def _parameters() -> list[dict[str, Any]]:
    (time,), _ = msgspec.json.schema_components([Timestamp])
    horizon = {"type": "integer", "minimum": 1, "maximum": MAXIMUM_HORIZON_DAYS}
    return [
        {"name": name, "in": "query", "required": False, "description": TABLE_PARAMETER, "schema": schema}
        for name, schema in (("as_of", time), ("horizon_days", horizon))
    ]


def _get(summary: str, schema: str | None = None, media_type: str = JSON) -> dict[str, Any]:
    content = {media_type: {"schema": _ref(schema)} if schema else {}}
    responses = {"200": {"description": "OK.", "content": content}, **_problems(GET_PROBLEMS)}
    return {"get": {"summary": summary, "responses": responses}}


def _problems(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the responses of these problems by status; two problems with one status share a response."""
    lines: dict[str, list[str]] = {}
    for name in kinds:
        lines.setdefault(str(KINDS[name].status), []).append(f"`/problems/{name}`: {KINDS[name].meaning}.")
    content = {PROBLEM_TYPE: {"schema": _ref("Problem")}}
    return {status: {"description": " ".join(texts), "content": content} for status, texts in sorted(lines.items())}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
