"""The pages for people: the report where there is one, else what is in service; and how to ask, as a page."""

import json
import re
import shlex
from html import unescape
from pathlib import Path

import pytest
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
    """The page shows each path and the examples of its body; one script runs, which may ask this service alone."""
    answer = ask(app, "/docs")
    text = unescape(answer.body.decode())
    [script] = re.findall(r"<script>(.*?)</script>", answer.body.decode(), re.DOTALL)
    assert answer.headers["content-security-policy"] == page_style(script)[1]
    assert "connect-src 'self'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    for path in {route.path for route in app.routes}:
        assert re.search(rf"(GET|POST) {re.escape(path)}</code>", text), path
    for named in examples().values():
        assert all(name in text for name in named)
    assert not re.search(r"src=|https?://(?!127\.0\.0\.1:3000)", answer.body.decode())


def test_a_request_that_the_page_shows_can_be_sent(app: Starlette) -> None:
    """What stands in a form is answered with 200 by the path of the form, and so is the body of the curl beside it."""
    text = ask(app, "/docs").body.decode()
    forms = re.findall(r'data-path="([^"]+)">.*?<textarea[^>]*>(.*?)</textarea>', text, re.DOTALL)
    assert {path for path, _ in forms} >= {"score", "score_features"}
    for path, body in forms:
        if path.startswith("score") and path != "score_customers":
            assert ask(app, f"/{path}", json.loads(unescape(body))).status == 200
    commands = [
        shlex.split(line) for line in re.findall(r"<pre tabindex='0'>(curl .*?)</pre>", unescape(text), re.DOTALL)
    ]
    [score] = [words for words in commands if words[1].endswith("/score")]
    assert ask(app, "/score", json.loads(score[-1])).status == 200


def test_the_fields_of_requests_and_answers_are_listed(app: Starlette) -> None:
    """With type, limits and meaning; those of the feature table in short."""
    text = unescape(ask(app, "/docs").body.decode())
    for field in ("customers[].events[].amount", "scores[].churn_probability", "horizon_days"):
        assert f"<code>{field}</code>" in text
    assert "P(no purchase in the horizon)." in text
    assert "more columns of the feature table" in text


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("*/*", False),
        ("application/json", False),
        ("text/html;q=0.5, application/json", False),
        ("text/plain", False),
        (None, False),
    ],
)
def test_an_unknown_path_is_a_page_for_browsers_and_json_for_clients(
    app: Starlette, accept: str | None, page: bool
) -> None:
    """Both are 404; the page leads on, shows the path as text, and runs nothing."""
    answer = ask(app, "/noth<b>ing", accept=accept)
    assert answer.status == 404
    kind = answer.headers["content-type"]
    if not page:
        assert kind == "application/problem+json"
        return
    text = answer.body.decode()
    assert kind.startswith("text/html")
    assert 'href="/docs"' in text
    assert "<code>/noth&lt;b&gt;ing</code>" in text
    assert answer.headers["content-security-policy"] == page_style()[1]
