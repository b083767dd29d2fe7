"""The pages of customers are handed out beside the report, and an id leads to the one that holds it."""

from pathlib import Path
from urllib.parse import unquote

import pytest
from starlette.applications import Starlette

from reporting.page.customer_pages import part_of
from serving.api.app import make_app
from serving.api.customer_pages import FOLDER, pages_in
from serving.api.html_pages import REPORT_POLICY
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask
from tests.serving.conftest import NOW

PAGES = 7


@pytest.fixture
def beside(model_state: ServiceState, tmp_path: Path) -> Starlette:
    """A service whose report has pages of customers, and a file beside them that is none."""
    (tmp_path / FOLDER).mkdir()
    for number in range(PAGES):
        (tmp_path / FOLDER / f"{number:05}.html").write_text(f"<p>page {number}</p>")
    (tmp_path / "note.html").write_text("not for you")
    return make_app(CurrentState(model_state), report=tmp_path / "report.html", clock=lambda: NOW)


def get(app: Starlette, path: str, **headers: str | None) -> tuple[int, dict[str, str], str]:
    answer = ask(app, path, kind=None, method="GET", **headers)
    return answer.status, answer.headers, answer.body.decode()


def test_a_page_is_handed_out_as_it_is(beside: Starlette) -> None:
    """With the policy of the report, whose scripts it has."""
    status, headers, body = get(beside, "/customers/00003.html")
    assert (status, body, headers["content-security-policy"]) == (200, "<p>page 3</p>", REPORT_POLICY)


@pytest.mark.parametrize("customer", ["12415", "王芳", "a b?c#d", "100%", "..", "00012.htm", "<b>anna"])
def test_an_id_leads_to_the_page_that_holds_it(beside: Starlette, customer: str) -> None:
    """By the same checksum as the report, whatever is in the id; browsers and clients come to the same page."""
    status, headers, _ = get(beside, f"/customers/{customer}")
    assert status == 307
    page, _, fragment = headers["location"].partition("#")
    assert page == f"{part_of(customer, PAGES):05}.html"
    assert unquote(fragment) == customer
    assert get(beside, f"/customers/{page}")[0] == 200


@pytest.mark.parametrize("path", ["/customers/", "/customers/00007.html", "/customers/../note.html", "/customers/a/b"])
def test_what_is_no_page_is_not_found(beside: Starlette, path: str) -> None:
    """Also a path that would lead out of the folder; a browser gets a page that says so."""
    status, headers, body = get(beside, path)
    assert (status, headers["content-type"]) == (404, "application/problem+json")
    status, headers, body = get(beside, path, accept="text/html,*/*;q=0.8")
    assert (status, headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "not for you" not in body


def test_without_a_report_it_says_what_writes_them(
    rule_app: Starlette, rule_state: ServiceState, tmp_path: Path
) -> None:
    """And so it does before the report is written."""
    before = make_app(CurrentState(rule_state), report=tmp_path / "report.html", clock=lambda: NOW)
    for each in (rule_app, before):
        status, _, body = get(each, "/customers/12415")
        assert status == 404
        assert "`regulars compare` writes them beside the report that --report names" in body


@pytest.mark.parametrize("count", [0, 1, 2, 63, 500])
def test_pages_are_counted_without_reading_the_folder(tmp_path: Path, count: int) -> None:
    """Whatever else lies there."""
    for number in range(count):
        (tmp_path / f"{number:05}.html").touch()
    (tmp_path / "note.txt").touch()
    assert pages_in(tmp_path) == count
