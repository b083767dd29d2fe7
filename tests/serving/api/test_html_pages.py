"""The pages for people: the report where there is one, else what is in service; and how to ask, as a page."""

import re
from html import unescape
from pathlib import Path

from starlette.applications import Starlette

from serving.api.app import make_app
from serving.api.html_pages import REPORT_POLICY, page_style
from serving.api.openapi import examples
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask
from tests.serving.conftest import NOW


def test_the_report_is_handed_out_as_it_is(model_state: ServiceState, tmp_path: Path) -> None:
    """Its bytes come unchanged, also when it is replaced, and the header adds no rule that its own scripts break."""
    report = tmp_path / "report.html"
    app = make_app(CurrentState(model_state), report=report, clock=lambda: NOW)
    for text in ("<p>first</p>", "<p>第二</p>"):
        report.write_text(text)
        answer = ask(app, "/")
        assert answer.body.decode() == text
        assert answer.headers["content-security-policy"] == REPORT_POLICY


def test_before_the_report_is_written_the_page_says_so(model_state: ServiceState, tmp_path: Path) -> None:
    """The page names what is in service and what writes the report."""
    app = make_app(CurrentState(model_state), report=tmp_path / "report.html", clock=lambda: NOW)
    text = ask(app, "/").body.decode()
    assert "version 7" in text
    assert "awaited at report.html: regulars compare writes it" in text


def test_why_there_is_no_model_is_on_the_page(rule_app: Starlette) -> None:
    """Without a model the page gives the reason, and the version of the rule that is served all the same."""
    text = ask(rule_app, "/").body.decode()
    assert "nothing was published" in text
    assert "<dt>Formula</dt><dd>version 2</dd>" in text


def test_what_is_said_of_the_service_is_text_and_nothing_else(rule_state: ServiceState) -> None:
    """A reason with markup in it is shown, not obeyed."""
    bad = "<script>alert(1)</script>"
    app = make_app(CurrentState(ServiceState(rule_state.formula, "UTC", None, NOW, absent=bad)), clock=lambda: NOW)
    assert bad not in ask(app, "/").body.decode()


def test_how_to_ask_has_every_endpoint_and_example(app: Starlette) -> None:
    """The page shows each path and the examples of its body, and loads nothing."""
    answer = ask(app, "/docs")
    text = unescape(answer.body.decode())
    assert answer.headers["content-security-policy"] == page_style()[1]
    for path in {route.path for route in app.routes}:
        assert re.search(rf"(GET|POST) {re.escape(path)}</code>", text), path
    for named in examples().values():
        assert all(name in text for name in named)
    assert not re.search(r"<script|src=|https?://", answer.body.decode())
