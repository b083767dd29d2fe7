"""Pages for people: the report of `regulars compare` or what is in service, and the description of the API."""

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from starlette.responses import HTMLResponse

from serving.api.content_negotiation import JSON
from serving.api.openapi import document
from serving.scoring import NO_MODEL
from serving.state import ServiceState

REPORT_POLICY = "frame-ancestors 'none'"
"""The report has its own policy in its head; the header adds the one directive that counts only there."""


def home_page(state: ServiceState, report: Path | None) -> HTMLResponse:
    """Return the report if there is one, else a page of what is in service."""
    if report:
        try:
            return HTMLResponse(report.read_bytes(), headers={"content-security-policy": REPORT_POLICY})
        except OSError:  # not written yet; the page below says where it is expected
            pass
    return _page("Regulars", _state(state, report))


@cache
def api_page() -> HTMLResponse:
    """Return the OpenAPI document as a page to read: each endpoint, example requests, and the possible problems."""
    api = json.loads(document())
    operations = "".join(
        _operation(path, method.upper(), operation)
        for path, methods in api["paths"].items()
        for method, operation in methods.items()
    )
    about = "".join(f"<p>{_code(text)}</p>" for text in api["info"]["description"].split("\n\n"))
    links = '<p><a href="docs.json">The same as OpenAPI</a> · <a href="./">Back</a></p>'
    return _page("How to ask for scores", about + links + operations)


def _state(state: ServiceState, report: Path | None) -> str:
    model = state.absent or NO_MODEL
    if state.model:
        model = f"version {state.model.version}, since {state.since:%Y-%m-%d %H:%M %Z}"
    lines = {"Formula": f"version {state.formula.version}", "Model": model, "Days are counted in": state.timezone}
    if state.refused:
        lines["A newer version was refused"] = state.refused
    lines["The rule against the model"] = (
        f"awaited at {report.name}: regulars compare writes it" if report else "regulars serve --report FILE shows it"
    )
    terms = _terms({name: escape(text) for name, text in lines.items()})
    return (
        f"<p>Customer scores: how loyal, how often next, for how much.</p><section><dl>{terms}</dl></section>"
        '<p><a href="docs">How to ask for scores</a> · <a href="versions">All of what is in service</a></p>'
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    examples = "".join(
        f"<h3>{escape(name)}</h3><pre tabindex='0'>{escape(json.dumps(example['value'], indent=1))}</pre>"
        for name, example in content.get(JSON, {}).get("examples", {}).items()
    )
    bodies = f"<p>Bodies: {_list(content)}</p>" if content else ""
    responses = _terms({status: _code(response["description"]) for status, response in operation["responses"].items()})
    return (
        f"<section><h2><code>{method} {escape(path)}</code></h2><p>{_code(operation['summary'])}</p>{bodies}"
        f"<details><summary>Examples and answers</summary>{examples}<dl>{responses}</dl></details></section>"
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def _terms(descriptions: dict[str, str]) -> str:
    """Return a list of terms, their descriptions as HTML."""
    return "".join(f"<dt>{escape(term)}</dt><dd>{text}</dd>" for term, text in descriptions.items())


def _code(text: str) -> str:
    """Return the text with what is between backticks as code."""
    parts = enumerate(text.split("`"))
    return "".join(f"<code>{escape(part)}</code>" if position % 2 else escape(part) for position, part in parts)


@cache
def _template() -> tuple[Template, str, str]:
    """Return the page, its style, and the policy that allows this style and nothing else."""
    folder = Path(__file__).parent
    style = (folder / "page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return Template((folder / "page.html").read_text()), style, f"default-src 'none'; {allowed}"


def _page(title: str, body: str) -> HTMLResponse:
    template, style, policy = _template()
    page = template.substitute(title=escape(title), style=style, body=body)
    return HTMLResponse(page, headers={"content-security-policy": policy})
