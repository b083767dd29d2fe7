"""A key of some reps sees their rows alone, and records for nobody else."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from planning.records import current_records
from serving.api.app import make_app
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ARROW, ask, problem_of
from tests.serving.conftest import NOW
from tests.serving.planned import CONTROL, ITEMS, PLAN_ID, plans_folder

ROWS, RECORDS = f"/plans/{PLAN_ID}/items", f"/plans/{PLAN_ID}/records"
OUTSIDE = {"customer_id": "new", "status": "done", "channel": "phone", "done_at": "2026-11-24T10:00:00+01:00"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plans_folder(tmp_path_factory.mktemp("plans"))


@pytest.fixture(scope="module")
def whole(folder: Path, rule_state: ServiceState) -> Starlette:
    return make_app(CurrentState(rule_state), plans=folder, clock=lambda: NOW.replace(year=2026))


def of_reps(app: ASGIApp, *reps: str) -> ASGIApp:
    """The application as the middleware hands it requests of a key of these reps."""

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, "state": {"key": "ann", "key_reps": frozenset(reps)}}, receive, send)

    return limited


def learnt(whole: Starlette) -> str:
    """The row of the other rep."""
    return next(item["plan_item"] for item in ask(whole, ROWS).json()["items"] if item.get("rep") == "王芳")


def test_rows_are_those_of_the_keys_reps(whole: Starlette) -> None:
    """With and without a query, in JSON and Arrow, counted as what can be seen; rows of nobody are not among them."""
    everything = ask(whole, ROWS).json()
    for reps in (("R07",), ("王芳",), ("R07", "王芳"), ("nobody",)):
        found = ask(of_reps(whole, *reps), ROWS).json()
        expected = [item for item in everything["items"] if item.get("rep") in reps]
        assert (found["items"], found["total"]) == (expected, len(expected))
    ann = of_reps(whole, "R07")
    assert ask(ann, ROWS, query="rep=R07").json()["items"] == ask(ann, ROWS).json()["items"]
    assert "王芳".encode() not in ask(ann, ROWS, accept=ARROW).body
    refused = ask(ann, ROWS, query="rep=%E7%8E%8B%E8%8A%B3")
    problem_of(refused, 403, None)
    assert "for R07 alone" in refused.json()["detail"]


def test_pages_are_for_keys_of_all_reps(whole: Starlette, folder: Path) -> None:
    """They show rows of others; the list of plans names none, nor damaged folders."""
    ann = of_reps(whole, "R07")
    (folder / "broken").mkdir(exist_ok=True)
    (folder / "broken" / "manifest.json").write_text("{")
    pages = [page for plan in ask(whole, "/plans").json()["plans"] for page in plan["pages"]]
    assert pages
    for page in (*pages, "/plans/effects.html"):
        problem_of(ask(ann, page), 403, None)
    listed = ask(ann, "/plans").json()
    assert [plan["pages"] for plan in listed["plans"]] == [[]] * len(listed["plans"])
    assert "unusable" not in listed
    assert b"reps/" not in ask(ann, "/plans", accept="text/html").body


def test_records_are_for_the_keys_reps_alone(whole: Starlette, folder: Path) -> None:
    """All faults are named, nothing is added, and a row of another rep looks like one that is not there."""
    ann = of_reps(whole, "R07")
    bad = [
        {"plan_item": learnt(whole), "status": "accepted"},
        {"plan_item": ITEMS[CONTROL], "status": "accepted"},
        {"plan_item": "Pnone", "status": "accepted"},
        {"plan_item": ITEMS["visited"], "status": "accepted", "rep": "王芳"},
        OUTSIDE | {"rep": "王芳"},
    ]
    good = {"plan_item": ITEMS["visited"], "status": "accepted"}
    refused = ask(ann, RECORDS, {"records": [good, *bad]})
    paths = [f"records/{at}/{name}" for at, name in enumerate(("plan_item",) * 3 + ("rep",) * 2, 1)]
    assert [fault["path"] for fault in refused.json()["errors"]] == paths
    assert len({fault["detail"] for fault in refused.json()["errors"][:3]}) == 1
    assert not len(current_records(folder / "first"))
    wrong = {"plan_item": learnt(whole), "customer_id": "x", "status": "accepted"}
    undecodable = ask(ann, RECORDS, {"records": [wrong, {"status": "none"}]})
    assert undecodable.status == 422
    assert [fault["path"] for fault in undecodable.json()["errors"]] == ["records/1/status"]
    assert ask(ann, RECORDS, {"records": [good, OUTSIDE]}).status == 200
    kept = current_records(folder / "first").set_index("customer_id")["rep"]
    assert kept["new"] == "R07"
    assert pd.isna(kept["visited"]) or kept["visited"] == "R07"


def test_a_key_of_several_reps_says_whom_it_means(whole: Starlette) -> None:
    """For what was done outside the plan."""
    both = of_reps(whole, "R07", "王芳")
    problem_of(ask(both, RECORDS, {"records": [OUTSIDE]}), 422, "records/0/rep")
    assert ask(both, RECORDS, {"records": [OUTSIDE | {"rep": "王芳", "customer_id": "another"}]}).status == 200
