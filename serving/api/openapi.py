"""The OpenAPI document, made from the types of requests and responses; each of its examples is answered with 200.

`python -m serving.api.openapi FILE` writes it, without a service.
"""

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from features.as_of import AsOf
from features.schema import RATING_MAXIMUM
from serving.api.content_negotiation import JSON, PARQUET
from serving.api.deprecations import mark_deprecated
from serving.api.event_json import features_of
from serving.api.problem_details import KINDS, PROBLEM_TYPE
from serving.job_types import Job, JobQuery
from serving.plan_types import ItemsAnswer, ItemsQuery, PlansAnswer, RecordsAnswer, RecordsRequest
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
RESPONSES = (ScoreAnswer, LastScoresAnswer, Job, Versions, Readiness, Problem)
PLAN_BODIES = (RecordsRequest, PlansAnswer, ItemsAnswer, RecordsAnswer)
GET_PROBLEMS = ("unknown-parameter", "unauthorized", "forbidden", "not-acceptable", "too-many-requests", "internal")
POST_PROBLEMS = (*GET_PROBLEMS, "malformed", "timeout", "too-large", "unsupported-media-type", "invalid", "busy")
MORE_PROBLEMS = {
    "/score_customers": ("no-batch-scores", "scores-unreachable"),
    "/customers/{customer}": ("not-found",),
    "/jobs": ("unknown-job", "idempotency-conflict", "jobs-full", "jobs-unusable"),
    "/jobs/{job_id}": ("unknown-job", "jobs-unusable"),
    "/jobs/{job_id}/result": (
        *("unknown-job", "no-result", "jobs-unusable", "malformed", "no-batch-scores", "too-large"),
        *("unsupported-media-type", "invalid"),
    ),
    "/plans": ("unknown-plan", "plan-unusable", "busy"),
    "/plans/effects.html": ("unknown-plan",),
    "/plans/{plan_id}/items": ("invalid", "unknown-plan", "plan-unusable", "busy"),
    "/plans/{plan_id}/records": ("unknown-plan", "plan-unusable"),
    "/plans/{plan_id}/plan.html": ("invalid", "unknown-plan", "plan-unusable", "busy"),
    "/plans/{plan_id}/reps/{page}": ("invalid", "unknown-plan", "plan-unusable", "busy"),
}
TABLE_PARAMETER = "Where the body is JSON it may be a field of it instead; both must agree."
FOLDER = Path(__file__).parent


@cache
def document() -> bytes:
    """Return the document as JSON; it does not depend on the model, so it is made once.

    openapi.json has what is written by hand; the schemas, limits, examples and problems are those of the code.
    """
    api: dict[str, Any] = json.loads((FOLDER / "openapi.json").read_text())
    _, schemas = msgspec.json.schema_components(
        REQUESTS + RESPONSES + PLAN_BODIES, ref_template="#/components/schemas/{name}"
    )
    api["components"]["schemas"] = schemas
    for path, methods in api["paths"].items():
        more = MORE_PROBLEMS.get(path, ())
        if "post" not in methods:
            for operation in methods.values():
                operation["responses"] |= _problems((*GET_PROBLEMS, *more))
            continue
        content = methods["post"]["requestBody"]["content"]
        if path in examples():
            content[JSON]["examples"] = {name: {"value": value} for name, value in examples()[path].items()}
        if PARQUET in content:
            methods["post"].setdefault("parameters", []).extend(_parameters())
        methods["post"]["responses"] |= _problems((*POST_PROBLEMS, *more))
    (endpoint,) = (each for each in _query_parameters(JobQuery) if each["name"] == "endpoint")
    api["paths"]["/jobs"]["post"]["parameters"].append({**endpoint, "required": True})
    items = api["paths"]["/plans/{plan_id}/items"]["get"]
    items["parameters"] += _query_parameters(ItemsQuery)
    mark_deprecated(api)
    return msgspec.json.encode(api)


def examples() -> dict[str, dict[str, Any]]:
    """Return the example bodies of each path, by name; those of /score_features have the features of /score's first."""
    bodies: dict[str, dict[str, Any]] = json.loads((FOLDER / "examples.json").read_text())
    events = bodies["/score"]["one customer"]
    as_of = AsOf.parse(events["as_of"], "UTC")
    customer = msgspec.convert(events["customers"][0], Customer)
    features, _ = features_of(customer, "", as_of, "UTC", RATING_MAXIMUM, 2**62, [])
    row: dict[str, Any] = {"customer_id": customer.customer_id}
    row |= {name: None if value != value else value for name, value in features.items()}
    bodies["/score_features"] = {
        "rows": {"rows": [row], "as_of": events["as_of"], "horizon_days": 180},
        "columns": {"columns": {name: [value] for name, value in row.items()}, "as_of": events["as_of"]},
    }
    return bodies


def _parameters() -> list[dict[str, Any]]:
    (time,), _ = msgspec.json.schema_components([Timestamp])
    horizon = {"type": "integer", "minimum": 1, "maximum": MAXIMUM_HORIZON_DAYS}
    return [
        {"name": name, "in": "query", "required": False, "description": TABLE_PARAMETER, "schema": schema}
        for name, schema in (("as_of", time), ("horizon_days", horizon))
    ]


def _query_parameters(query: type[msgspec.Struct]) -> list[dict[str, Any]]:
    """Return the parameters of a query as its struct has them."""
    _, schemas = msgspec.json.schema_components([query])
    properties = schemas[query.__name__]["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in properties.items()]


def _problems(kinds: tuple[str, ...]) -> dict[str, Any]:
    """Return the responses of these problems by status; two problems with one status share a response."""
    lines: dict[str, list[str]] = {}
    for name in kinds:
        lines.setdefault(str(KINDS[name].status), []).append(f"`/problems/{name}`: {KINDS[name].meaning}.")
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": " ".join(texts), "content": content} for status, texts in sorted(lines.items())}


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(msgspec.json.format(document(), indent=1) + b"\n")
