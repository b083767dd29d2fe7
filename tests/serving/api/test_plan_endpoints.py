"""/plans: rows to carry out, pages and records, as apps and people ask for them; never the control group."""

import io
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette

from features.store.generations import locked
from planning.records import RECORDS_FILE, current_records
from serving.api import plan_endpoints
from serving.api.app import RequestLimits, make_app
from serving.api.openapi import document
from serving.state import CurrentState, ServiceState
from tests.laws import test_architecture
from tests.serving.asking import ARROW, Answer, ask, problem_of
from tests.serving.conftest import NOW
from tests.serving.planned import CONTROL, ITEMS, LATER_ID, PLAN_ID, plans_folder

CLOCK = NOW.replace(year=2026)
RECORDS = f"/plans/{PLAN_ID}/records"
DONE = {"plan_item": ITEMS["visited"], "status": "done", "satisfaction": 8, "outcome": "interested"}
OUTSIDE = {"customer_id": "new", "status": "done", "channel": "phone", "done_at": "2026-11-24T10:00:00+01:00"}


@pytest.fixture(scope="module")
def written_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return plans_folder(tmp_path_factory.mktemp("written_once") / "plans")


@pytest.fixture
def folder(written_once: Path, tmp_path: Path) -> Path:
    """A copy, in which a test may record."""
    return shutil.copytree(written_once, tmp_path / "plans")


@pytest.fixture
def app(folder: Path, rule_state: ServiceState) -> Starlette:
    return make_app(CurrentState(rule_state), plans=folder, clock=lambda: CLOCK)


def valid(answer: Answer, name: str) -> Any:
    """Return a body after checking that it is as the description says, with no null in it."""
    assert answer.status == 200, answer.body
    api = json.loads(document())
    schema = {"$ref": f"#/components/schemas/{name}", "components": api["components"]}
    Draft202012Validator(schema).validate(answer.json())
    assert b"null" not in answer.body
    return answer.json()


def test_the_plans_that_there_are(app: Starlette, folder: Path) -> None:
    """With their times, pages and what replaces them; a browser sees a page with links to all of them."""
    (folder / "broken").mkdir()
    (folder / "broken" / "manifest.json").write_text("{")
    found = valid(ask(app, "/plans"), "PlansAnswer")
    assert [plan["plan_id"] for plan in found["plans"]] == [PLAN_ID, LATER_ID]
    assert found["plans"][0]["replaced_by"] == LATER_ID
    assert found["plans"][0]["as_of"] == "2026-11-20T01:00:00+01:00"
    assert [each["folder"] for each in found["unusable"]] == ["broken"]
    page = ask(app, "/plans", accept="text/html,application/xhtml+xml,*/*;q=0.8")
    assert page.headers["content-type"].startswith("text/html")
    for plan in found["plans"]:
        for path in plan["pages"]:
            assert ask(app, path).status == 200
    assert f'href="plans/{PLAN_ID}/reps/r07.html"' in page.body.decode()
    assert 'href="plans/effects.html"' in page.body.decode()


def test_rows_of_a_rep_or_of_all(app: Starlette) -> None:
    """In pages, in the order of the week, with times in the plan's zone; a replaced plan says which one stands."""
    answer = ask(app, f"/plans/{PLAN_ID}/items", query="rep=R07")
    found = valid(answer, "ItemsAnswer")
    assert [item["customer_id"] for item in found["items"]] == ["<b>&", "visited"]
    assert found["items"][0]["start"] == "2026-11-23T09:00:00+01:00"
    assert (found["total"], found["replaced_by"]) == (2, LATER_ID)
    assert answer.headers["link"] == f'</plans/{LATER_ID}/items>; rel="successor-version"'
    pages, offset = [], 0
    while offset is not None:
        page = valid(ask(app, f"/plans/{LATER_ID}/items", query=f"limit=3&offset={offset}"), "ItemsAnswer")
        pages += page["items"]
        offset = page.get("next_offset")
    assert [item["customer_id"] for item in pages] == ["<b>&", "learn", "visited", "客户"]
    assert "replaced_by" not in page
    assert valid(ask(app, f"/plans/{LATER_ID}/items", query="offset=99"), "ItemsAnswer")["items"] == []


def test_rows_as_arrow(app: Starlette) -> None:
    """The same rows as a table; what JSON has beside them is metadata."""
    answer = ask(app, f"/plans/{PLAN_ID}/items", accept=ARROW)
    table = pa.ipc.open_stream(io.BytesIO(answer.body)).read_all()
    items = ask(app, f"/plans/{PLAN_ID}/items").json()["items"]
    assert table["customer_id"].to_pylist() == [item["customer_id"] for item in items]
    assert table.schema.field("start").type == pa.timestamp("us", "Europe/Berlin")
    assert table.schema.metadata[b"total"] == b"4"


@pytest.mark.parametrize(
    ("path", "query", "status", "fault"),
    [
        ("/plans/2026-W01-00000000/items", "", 404, None),
        ("/plans/2026-W01-00000000/plan.html", "", 404, None),
        (f"/plans/{PLAN_ID}/reps/nobody.html", "", 404, None),
        (f"/plans/{PLAN_ID}/reps/r07.xlsx", "", 404, None),
        (f"/plans/{PLAN_ID}/reps/..", "", 404, None),
        (f"/plans/{PLAN_ID}/manifest.json", "", 404, None),
        (f"/plans/{PLAN_ID}/plan.parquet", "", 404, None),
        (f"/plans/{PLAN_ID}/records.parquet", "", 404, None),
        (f"/plans/{PLAN_ID}/reps/../../manifest.json", "", 404, None),
        ("/plans/first/items", "", 404, None),  # a folder's name is no id
        ("/plans/../items", "", 422, "plan_id"),
        ("/plans//items", "", 422, "plan_id"),
        ("/plans/a b/items", "", 422, "plan_id"),
        (f"/plans/{PLAN_ID}\n/items", "", 422, "plan_id"),
        ("/plans/" + "x" * 200 + "/items", "", 422, "plan_id"),
        (f"/plans/{PLAN_ID}/items", "rep=R99", 422, "rep"),
        (f"/plans/{PLAN_ID}/items", "rep=", 422, "rep"),
        (f"/plans/{PLAN_ID}/items", "limit=0", 422, "limit"),
        (f"/plans/{PLAN_ID}/items", "limit=10001", 422, "limit"),
        (f"/plans/{PLAN_ID}/items", "limit=many", 422, "limit"),
        (f"/plans/{PLAN_ID}/items", "offset=-1", 422, "offset"),
        (f"/plans/{PLAN_ID}/items", "arm=leave", 400, "arm"),
        (f"/plans/{PLAN_ID}/items", "rep=R07&rep=R08", 400, "rep"),
        ("/plans", "x=1", 400, "x"),
    ],
)
def test_what_is_not_there_or_no_id_is_a_problem(
    app: Starlette, path: str, query: str, status: int, fault: str | None
) -> None:
    """In one line that says what was expected."""
    problem_of(ask(app, path, query=query), status, fault)


def test_without_a_folder_the_option_is_named(rule_app: Starlette) -> None:
    """On every route of plans, also before a body is looked at."""
    for path in ("/plans", f"/plans/{PLAN_ID}/items", f"/plans/{PLAN_ID}/plan.html", "/plans/effects.html"):
        answer = ask(rule_app, path)
        problem_of(answer, 404, None)
        assert "regulars serve --plans DIR" in answer.json()["detail"]
    answer = ask(rule_app, RECORDS, {"records": [DONE]})
    assert (answer.status, "--plans DIR" in answer.json()["detail"]) == (404, True)


def test_records_are_taken_once(app: Starlette, folder: Path) -> None:
    """Row by row it says what became of each; the same body again adds nothing, and says so."""
    body = {"records": [DONE, OUTSIDE, {"plan_item": ITEMS["<b>&"], "status": "skipped", "reason": "not_there"}]}
    found = valid(ask(app, RECORDS, body), "RecordsAnswer")
    assert (found["recorded"], found["known"], found["superseded"]) == (3, 0, 0)
    assert [row["row"] for row in found["records"]] == ["planned", "outside", "planned"]
    assert found["records"][0]["plan_item"] == ITEMS["visited"]
    assert found["plan"]["statuses"] == {"done": 1, "skipped": 1, "unanswered": 2}
    assert found["plan"]["skipped"] == {"not_there": 1}
    before = (folder / "first" / RECORDS_FILE).read_bytes()
    again = valid(ask(app, RECORDS, body), "RecordsAnswer")
    assert (again["recorded"], again["known"]) == (0, 3)
    assert (folder / "first" / RECORDS_FILE).read_bytes() == before
    assert current_records(folder / "first").set_index("customer_id")["satisfaction"]["visited"] == 8


def test_a_later_record_supersedes_and_an_earlier_one_is_kept(app: Starlette) -> None:
    """By the time at which it was recorded, whichever comes first."""
    late = DONE | {"recorded_at": "2026-11-26T12:00:00Z"}
    early = {"plan_item": ITEMS["visited"], "status": "accepted", "recorded_at": "2026-11-25T12:00:00Z"}
    outcomes = [ask(app, RECORDS, {"records": [each]}).json()["records"][0]["outcome"] for each in (late, early)]
    assert outcomes == ["recorded", "superseded"]


def test_one_of_the_control_group_who_was_met_is_counted(app: Starlette) -> None:
    """The row says so, and does not give the row of the plan."""
    found = valid(ask(app, RECORDS, {"records": [OUTSIDE | {"customer_id": CONTROL}]}), "RecordsAnswer")
    assert found["records"] == [{"outcome": "recorded", "status": "done", "row": "control", "customer_id": CONTROL}]
    assert (found["plan"]["control_contacted"], found["plan"]["outside"]) == (1, 1)


def test_a_customer_whom_the_plan_did_not_know_is_named(app: Starlette) -> None:
    """In its row, and counted; a customer of the plan is known."""
    met = [OUTSIDE | {"customer_id": each} for each in ("typo", "visited")]
    found = valid(ask(app, RECORDS, {"records": met}), "RecordsAnswer")
    assert [row.get("unknown_customer", False) for row in found["records"]] == [True, False]
    assert (found["plan"]["outside"], found["plan"]["unknown"]) == (2, 1)


def test_all_faults_of_a_request_are_named_at_once(app: Starlette, folder: Path) -> None:
    """Those of types and those that the plan knows, in the order of the records, with the words that are allowed."""
    records = [
        {"plan_item": "P0", "status": "done"},
        DONE | {"status": "finished", "loyalty": "9"},
        {"plan_item": ITEMS["visited"], "status": "skipped", "reason": "rain"},
        DONE,
    ]
    problem = ask(app, RECORDS, {"records": records}).json()
    paths = ["records/0/plan_item", "records/1/status", "records/1/loyalty", "records/2/reason"]
    assert [fault["path"] for fault in problem["errors"]] == paths
    assert "expected already_in_contact, bad_moment" in problem["errors"][3]["detail"]
    assert not (folder / "first" / RECORDS_FILE).exists()


@pytest.mark.parametrize(
    ("record", "path"),
    [
        (DONE | {"status": "finished"}, "records/1/status"),
        (DONE | {"satisfaction": "8"}, "records/1/satisfaction"),
        (DONE | {"satisfaction": -1}, "records/1/satisfaction"),
        (DONE | {"satisfaction": 11}, "records/1/satisfaction"),
        (DONE | {"arm": "leave"}, "records/1/arm"),
        (DONE | {"plan_item": "P0"}, "records/1/plan_item"),
        (DONE | {"plan_item": " "}, "records/1/plan_item"),
        (DONE | {"customer_id": "other"}, "records/1/customer_id"),
        (DONE | {"outcome": "sold"}, "records/1/outcome"),
        (DONE | {"done_at": "yesterday"}, "records/1/done_at"),
        (DONE | {"done_at": "2026-02-30"}, "records/1/done_at"),
        (DONE | {"recorded_at": "2031-01-01"}, "records/1/recorded_at"),
        ({"status": "done"}, "records/1/customer_id"),
        ({"plan_item": ITEMS["visited"]}, "records/1/status"),
        ({"plan_item": ITEMS["visited"], "status": "skipped"}, "records/1/reason"),
        ({"plan_item": ITEMS["visited"], "status": "moved", "outcome": "ordered"}, "records/1/outcome"),
        (OUTSIDE | {"status": "skipped", "reason": "other"}, "records/1/status"),
        (OUTSIDE | {"channel": "fax"}, "records/1/channel"),
        (OUTSIDE | {"note": "a\0b"}, "records/1/note"),
    ],
)
def test_one_faulty_record_and_none_is_added(app: Starlette, folder: Path, record: Any, path: str) -> None:
    """422 with field and reason."""
    problem_of(ask(app, RECORDS, {"records": [DONE, record]}), 422, path)
    assert not (folder / "first" / RECORDS_FILE).exists()


def test_every_faulty_record_is_named(app: Starlette) -> None:
    """However many there are."""
    faults = ask(app, RECORDS, {"records": [DONE | {"plan_item": f"P{at}"} for at in range(300)]}).json()["errors"]
    assert [fault["path"] for fault in faults] == [f"records/{at}/plan_item" for at in range(300)]


@pytest.mark.parametrize(
    ("body", "given", "status"),
    [
        (b"{", {}, 400),
        (b'{"records":[{"status":"done","status":"moved"}]}', {}, 400),
        (b'{"records":[{"status":"moved","note":"\xff"}]}', {}, 400),
        (b'{"records":[{"status":"moved","note":"\\ud800"}]}', {}, 400),
        (b'{"records":[]}', {}, 422),
        (b'{"records":[],"plan":1}', {}, 422),
        (b"[]", {}, 422),
        (b'{"records":[{"status":"done","amount":NaN}]}', {}, 400),
        (b'{"records":[{"status":"done","amount":1e999}]}', {}, 422),
        (b"{}", {"kind": "text/plain"}, 415),
        (b"{}", {"accept": "text/html"}, 406),
        (b"{}", {"query": "rep=R07"}, 400),
    ],
)
def test_a_body_that_is_none_is_refused(app: Starlette, body: bytes, given: Any, status: int) -> None:
    """As at /score."""
    answer = ask(app, RECORDS, body, **given)
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"


def test_too_many_records_and_bytes_are_refused(folder: Path, rule_state: ServiceState) -> None:
    """413 with the limit."""
    limits = RequestLimits(records=2, records_bytes=500)
    app = make_app(CurrentState(rule_state), limits, plans=folder, clock=lambda: CLOCK)
    problem_of(ask(app, RECORDS, {"records": [DONE] * 3}), 413, None)
    problem_of(ask(app, RECORDS, {"records": [DONE | {"note": "x" * 500}]}), 413, None)
    assert ask(app, RECORDS, {"records": [DONE]}).status == 200


def test_a_damaged_plan_is_a_problem_and_takes_no_records(app: Starlette, folder: Path) -> None:
    """409 with the reason, without the path on the server; the other plan is served."""
    (folder / "first" / "plan.parquet").write_bytes(b"x")
    for answer in (ask(app, f"/plans/{PLAN_ID}/items"), ask(app, RECORDS, {"records": [DONE]})):
        problem_of(answer, 409, None)
        assert answer.json()["detail"].startswith("first/plan.parquet was changed")
    assert ask(app, f"/plans/{LATER_ID}/items").status == 200
    (folder / "later" / RECORDS_FILE).write_bytes(b"x")
    record = {"customer_id": "new", "status": "done", "channel": "phone", "done_at": "2026-11-24"}
    problem_of(ask(app, f"/plans/{LATER_ID}/records", {"records": [record]}), 409, None)
    (folder / "later" / "manifest.json").write_text("{")
    answer = ask(app, f"/plans/{LATER_ID}/items")
    problem_of(answer, 404, None)
    assert "1 folders cannot be used" in answer.json()["detail"]


def test_a_plan_that_another_process_writes_to_is_busy(
    app: Starlette, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a wait: 503 with Retry-After, and nothing was added."""
    monkeypatch.setattr(plan_endpoints, "LOCK_SECONDS", 0.05)
    lock = locked(folder / "first")
    answer = ask(app, RECORDS, {"records": [DONE]})
    lock.close()
    problem_of(answer, 503, None)
    assert answer.headers["retry-after"] == "1"
    assert ask(app, RECORDS, {"records": [DONE]}).json()["recorded"] == 1


def test_the_control_group_is_in_no_answer(app: Starlette, folder: Path) -> None:
    """Neither the customer nor the row, in any body or header of any route, good or bad, before or after records."""
    queries = ("", "rep=R07", "limit=1&offset=3", "rep=R99", "offset=4")
    paths = [path for plan in ask(app, "/plans").json()["plans"] for path in plan["pages"]]
    assert len(paths) == 6
    for _ in range(2):
        answers = [ask(app, path) for path in (*paths, "/plans", "/plans/effects.html", "/docs", "/docs.json", "/")]
        answers.append(ask(app, "/plans", accept="text/html"))
        answers += [ask(app, f"/plans/{name}/items", query=q) for name in (PLAN_ID, LATER_ID) for q in queries]
        answers += [ask(app, f"/plans/{PLAN_ID}/items", accept=ARROW)]
        answers += [ask(app, RECORDS, {"records": [DONE, OUTSIDE]}), ask(app, RECORDS, {"records": [{"status": "x"}]})]
        for answer in answers:
            for text in (CONTROL, ITEMS[CONTROL]):
                assert text.encode() not in answer.body
                assert text not in str(answer.headers)
        ask(app, RECORDS, {"records": [OUTSIDE | {"customer_id": CONTROL}]})


def test_pages_are_handed_out_as_they_are(app: Starlette, folder: Path) -> None:
    """With a header that adds no rule which their own scripts break; also one of a rep whose name is Chinese."""
    answer = ask(app, f"/plans/{PLAN_ID}/reps/王芳.html")
    assert answer.body == (folder / "first" / "reps" / "王芳.html").read_bytes()
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert ask(app, "/plans/effects.html").body == b"<p>effects</p>"
    (folder / "effects" / "effects.html").unlink()
    problem_of(ask(app, "/plans/effects.html"), 404, None)


def test_a_worker_loads_no_solver_for_plans() -> None:
    """Nothing of planning but plan folders and records, and for these none of pandas, SciPy and what reads logs."""
    found = subprocess.run(
        [sys.executable, "-c", "import sys, planning.plan_folder, planning.records; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert "planning.record_rows" in found
    assert not {"pandas", "scipy", "sklearn", "duckdb", "numba", "highspy", "openpyxl", "jinja2"} & set(found)
    whole = subprocess.run(
        [sys.executable, "-c", "import sys, serving.runtime.bento_app; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert {name for name in whole if name.startswith("planning.")} == {
        f"planning.{part}" for part in test_architecture.RECORDS
    }
    assert not {"duckdb", "numba"} & set(whole)
