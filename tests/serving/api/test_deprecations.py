"""The interface only grows; what is to go is announced in headers and in the description a year before."""

import json
from copy import deepcopy
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from serving.api.deprecations import FIELDS, NOTICE_DAYS, PATHS, Deprecation, announcing, headers_of, mark_deprecated
from serving.api.openapi import document
from serving.api.problem_details import KINDS
from tests.frozen.replay import PACK
from tests.serving.asking import ask
from tests.serving.described import sent

DUE = Deprecation(date(2026, 1, 1), date(2027, 1, 1), "/v2/score")
FINE = {"customers": [{"customer_id": "anna", "events": []}]}
FIRST: dict[str, Any] = json.loads((PACK / "responses.json").read_text())["docs"]["body"]
"""The description that was recorded first."""


def test_the_headers_are_those_of_the_standards() -> None:
    """A structured date, an HTTP date and a link."""
    headers = headers_of(DUE)
    assert headers["Deprecation"] == f"@{int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())}"
    assert parsedate_to_datetime(headers["Sunset"]) == datetime(2027, 1, 1, tzinfo=UTC)
    assert headers["Link"] == '</v2/score>; rel="successor-version"'
    assert "Link" not in headers_of(DUE._replace(successor="/v2/plans/{plan_id}/items"))  # a template is no address


def test_every_answer_of_a_deprecated_path_says_so(app: Starlette) -> None:
    """Problems too; a path that is not deprecated keeps its application as it is."""
    (route,) = [route for route in app.routes if route.path == "/score"]
    assert announcing("/score", route.app, {"/versions": DUE}) is route.app
    before, route.app = route.app, announcing("/score", route.app, {"/score": DUE})
    try:
        for body, status in ((FINE, 200), ({"customers": 1}, 422)):
            answer = ask(app, "/score", body)
            assert answer.status == status
            assert {name: answer.headers[name.lower()] for name in headers_of(DUE)} == headers_of(DUE)
    finally:
        route.app = before
    assert "deprecation" not in ask(app, "/score", FINE).headers


def test_the_description_marks_what_is_deprecated() -> None:
    """Operations and fields, each with what to use instead, and nothing else."""
    api = json.loads(document())
    marked = deepcopy(api)
    mark_deprecated(marked, {"/score": DUE}, {("ScoreAnswer", "horizon_days"): DUE})
    parts = (
        marked["paths"]["/score"]["post"],
        marked["components"]["schemas"]["ScoreAnswer"]["properties"]["horizon_days"],
    )
    for part in parts:
        assert part["deprecated"] is True
        assert part["description"].endswith("Deprecated since 2026-01-01, gone from 2027-01-01: use /v2/score.")
    assert json.dumps(marked).count('"deprecated"') == 2


def test_the_table_keeps_the_policy() -> None:
    """What is deprecated is there, has a year, and a successor that is there too."""
    api = json.loads(document())
    assert PATHS.keys() <= api["paths"].keys()
    for schema, name in FIELDS:
        assert name in api["components"]["schemas"][schema]["properties"]
    for due in (*PATHS.values(), *FIELDS.values()):
        assert (due.sunset - due.since).days >= NOTICE_DAYS
        assert not due.successor.startswith("/") or due.successor in api["paths"]


def breaks(old: dict[str, Any], new: dict[str, Any]) -> set[str]:
    """What a client written for the old description would miss, or lack, under the new one."""
    missing = {f"{method} {path}" for path in old["paths"] for method in old["paths"][path]
               if method not in new["paths"].get(path, {})}  # fmt: skip
    before, now = old["components"]["schemas"], new["components"]["schemas"]
    requests = {name.rpartition("/")[2] for name in sent(old)}
    for name, schema in before.items():
        if name not in now:
            missing.add(name)
            continue
        fields, properties = schema.get("properties", {}), now[name].get("properties", {})
        missing |= {f"{name}.{field}" for field in fields.keys() - properties.keys()}
        required, needed = set(schema.get("required", ())), set(now[name].get("required", ()))
        changed = needed - required if name in requests else required - needed
        missing |= {f"{name}.{field} required" for field in changed}
        for field in fields.keys() & properties.keys() if name in requests else ():
            gone = set(fields[field].get("enum", ())) - set(
                properties[field].get("enum", fields[field].get("enum", ()))
            )
            missing |= {f"{name}.{field} {word}" for word in gone}
    return missing


def test_a_client_of_the_first_description_still_works() -> None:
    """No path, field or word is gone but those whose sunset is past, nothing more is required, no promise withdrawn."""
    today = datetime.now(UTC).date()
    past = {f"{method} {path}" for path, due in PATHS.items() if due.sunset <= today for method in ("get", "post")}
    past |= {f"{schema}.{name}" for (schema, name), due in FIELDS.items() if due.sunset <= today}
    assert breaks(FIRST, json.loads(document())) <= past


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        (lambda api: api["paths"].pop("/score"), "post /score"),
        (lambda api: api["components"]["schemas"]["Purchase"]["properties"].pop("amount"), "Purchase.amount"),
        (lambda api: api["components"]["schemas"]["Customer"]["required"].append("tier"), "Customer.tier required"),
        (
            lambda api: api["components"]["schemas"]["ScoreAnswer"]["required"].remove("scores"),
            "ScoreAnswer.scores required",
        ),
    ],
)
def test_what_breaks_is_seen(change: Any, missed: str) -> None:
    """A path or field that is gone, one more that a request must have, one less that an answer promises."""
    api = json.loads(document())
    change(api)
    assert missed in breaks(json.loads(document()), api)


def test_types_of_problems_stay() -> None:
    """Those of the first description are still there, with their statuses."""
    named = {kind for kind in KINDS if f"/problems/{kind}`" in str(FIRST["paths"])}
    assert len(named) > 10
    assert named <= {kind for kind in KINDS if f"/problems/{kind}`" in document().decode()}
