"""The OpenAPI description is true: its examples work, and what it says of requests and answers holds."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from jsonschema import Draft202012Validator
from schemathesis import checks
from schemathesis.schemas import BaseSchema
from starlette.applications import Starlette

from serving.api.app import make_app
from serving.api.openapi import document as openapi_document
from serving.api.openapi import examples
from serving.api.problem_details import KINDS
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ARROW, PARQUET, ask
from tests.serving.conftest import NOW
from tests.serving.described import parts, sent
from tests.serving.planned import CONTROL, LATER_ID, PLAN_ID, plans_folder


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of plans."""
    return plans_folder(tmp_path_factory.mktemp("served") / "plans")


@pytest.fixture(scope="module")
def document(app: Starlette) -> dict[str, Any]:
    found: dict[str, Any] = ask(app, "/docs.json").json()
    return found


def nulls(value: Any, path: str = "") -> Iterator[str]:
    """Where in a JSON value there is a null."""
    if value is None:
        yield path
    for key, each in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from nulls(each, f"{path}/{key}")


EXAMPLES = [(path, name, body) for path, named in examples().items() for name, body in named.items()]


WITH_FILES = {"/score_customers": 409, "/plans/{plan_id}/records": 422}
"""Paths whose examples need files, and their status without: tests of the batch and of plans have them with these."""


@pytest.mark.parametrize(("path", "name", "body"), EXAMPLES, ids=[f"{path} {name}" for path, name, _ in EXAMPLES])
@pytest.mark.parametrize("with_model", [True, False], ids=["model", "rule alone"])
def test_every_example_works(
    app: Starlette, rule_app: Starlette, document: dict[str, Any], path: str, name: str, body: Any, with_model: bool
) -> None:
    """Each example of a request is answered as described, nothing in the answer is null, and absences have reasons."""
    described = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]
    assert described[name]["value"] == body
    answer = ask(app if with_model else rule_app, path, body)
    if path in WITH_FILES:
        assert answer.status == WITH_FILES[path]
        return
    assert answer.status == 200, answer.body
    found = answer.json()
    schema = {"$ref": "#/components/schemas/ScoreAnswer", "components": document["components"]}
    Draft202012Validator(schema).validate(found)
    assert list(nulls(found)) == []
    assert ("model_version" in found) == with_model
    assert found.get("absent") == (None if with_model else {"model_version": "nothing was published"})
    for score in found["scores"]:
        assert ("loyalty_score" in score) != ("loyalty_score" in score.get("absent", {}))
        assert ("churn_probability" in score) != ("forecast" in score.get("absent", {}))
        assert not with_model or score["customer_id"] == "b" or "expected_spend" in score


def test_every_path_is_described(app: Starlette, document: dict[str, Any]) -> None:
    """The description has the paths of the app, and every kind of problem that a path can give."""
    assert set(document["paths"]) == {route.path for route in app.routes}
    told = str(document["paths"])
    elsewhere = {"method-not-allowed", "cross-origin"}
    assert {kind for kind in KINDS if f"/problems/{kind}`" in told} == KINDS.keys() - elsewhere


def test_generated_clients_know_every_type(document: dict[str, Any]) -> None:
    """No body is of an unknown type, and no field that may be left out has a default, which would make it required."""
    contents = {path: part for path, part in parts(document) if path.endswith("/content") and "properties" not in path}
    untyped = [
        f"{path}/{media_type}"
        for path, content in contents.items()
        for media_type, body in content.items()
        if not {"type", "$ref", "oneOf"} & body.get("schema", {}).keys()
    ]
    assert (len(contents) > 50, untyped) == (True, [])
    for path, content in contents.items():
        for media_type in {ARROW, PARQUET} & content.keys():
            schema = content[media_type]["schema"]
            assert (schema["type"], schema["format"]) == ("string", "binary"), path
    schemas = document["components"]["schemas"]
    requests = schemas.keys() - {name for name in schemas if f"#/components/schemas/{name}" not in sent(document)}
    assert {"ScoreRequest", "Customer", "Purchase", "RowsRequest", "FeatureRow"} <= requests
    defaults = [f"{name}{path}" for name in requests for path, part in parts(schemas[name]) if "default" in part]
    assert defaults == []
    nothing = [path for path, part in parts(document) if "default" in part and part["default"] is None]
    assert nothing == []


def test_the_repository_has_the_description_of_the_service(document: dict[str, Any]) -> None:
    """docs/openapi.json, for generators of clients, is what a running service answers; `make openapi` writes it."""
    assert json.loads((Path(__file__).parents[3] / "docs" / "openapi.json").read_text()) == document


def json_alone() -> dict[str, Any]:
    """The description without the media types of tables: nothing draws such bodies, and they have their own tests."""
    document: dict[str, Any] = json.loads(openapi_document())
    for path in ("/score", "/score_features", "/jobs"):
        content = document["paths"][path]["post"]["requestBody"]["content"]
        del content[ARROW], content[PARQUET]
        del document["paths"][path]["post"]["parameters"]  # fields of the body too, and both must agree
    del document["paths"]["/plans/{plan_id}/items"]["get"]["responses"]["200"]["content"][ARROW]
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", ()):
                if parameter["name"] in KNOWN:  # else nearly all requests would be for what is not there
                    parameter["schema"] = {"type": "string", "enum": KNOWN[parameter["name"]]}
    return document


KNOWN = {"customer": ["12415"], "plan_id": [PLAN_ID, LATER_ID], "page": ["r07.html"], "rep": ["R07", "王芳"]}


# What a schema cannot say: rows that no customer can have (422), files that are not there (404, 409).
CHECKS: dict[str, Any] = {"positive_data_acceptance": {"expected-statuses": ["2xx", 404, 409, 422]}}
# One case a rule for each of 154 columns takes half a minute, and tests/serving/api/test_responses.py has their limits.
NO_COVERAGE: dict[str, Any] = {"phases": {"coverage": {"enabled": False}}}
LENIENT = {"suppress_health_check": list(HealthCheck), "deadline": None}


def read_by_schemathesis(request: pytest.FixtureRequest, *without_coverage: str) -> BaseSchema:
    """The description as Schemathesis reads it, without a case a rule for some paths."""
    request.node._nodeid = request.node.nodeid  # which Schemathesis 4.32 looks for, and pytest 9.2 has no more
    operations = [{"include-path": path, **NO_COVERAGE} for path in without_coverage]
    config = schemathesis.Config.from_dict({"operations": operations, "checks": CHECKS})
    return schemathesis.openapi.from_dict(json_alone(), config=config)


@pytest.fixture
def described(request: pytest.FixtureRequest) -> BaseSchema:
    return read_by_schemathesis(request, "/score_features", "/jobs")


@pytest.fixture
def described_for_many_requests(request: pytest.FixtureRequest) -> BaseSchema:
    return read_by_schemathesis(request, "/score_features")


def holds(case: schemathesis.Case, state: ServiceState, plans: Path) -> None:
    """Ask the service and apply every check of Schemathesis to its answer, which nobody of a control group is in."""
    response = case.call(app=make_app(CurrentState(state), plans=plans, clock=lambda: NOW))
    case.validate_response(response, checks=checks.CHECKS.get_all())
    assert CONTROL not in response.text


# From a fixture, Schemathesis makes its cases when the test runs; else when it is collected, which every worker does.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the client that Schemathesis uses
@schemathesis.pytest.from_fixture("described").parametrize()
@settings(max_examples=12, **LENIENT)
def test_the_description_holds(case: schemathesis.Case, model_state: ServiceState, plans: Path) -> None:
    """Requests drawn from the description, good and bad: no 5xx, bad ones refused, answers as they are described."""
    holds(case, model_state, plans)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@schemathesis.pytest.from_fixture("described_for_many_requests").parametrize()
@settings(max_examples=150, **LENIENT)
def test_the_description_holds_for_many_requests(
    case: schemathesis.Case, model_state: ServiceState, plans: Path
) -> None:
    """The same, with more than 2,000 drawn requests over all operations."""
    holds(case, model_state, plans)
