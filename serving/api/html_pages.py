"""The pages for people: the comparison that `regulars compare` wrote, what is in service, and how to ask for scores."""

import base64
import hashlib
import json
from collections.abc import Iterable
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from starlette.responses import HTMLResponse

from serving.api.content_negotiation import JSON
from serving.api.openapi import description
from serving.scoring import NO_MODEL
from serving.state import InService

STYLE = """
:root { color-scheme: light dark; --ink: #1d2430; --soft: #5b6573; --ground: #faf9f6; --card: #fff; --line: #dfe2e6;
  --accent: #1b6f96 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaee; --soft: #a3acb8; --ground: #14181d; --card: #1c2229;
  --line: #333b45; --accent: #6bb8dd } }
body { margin: 0 auto; padding: 2rem 1rem 4rem; max-width: 60rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif }
h1 { margin: 0 0 .5rem } h2 { margin: 2.5rem 0 .5rem; font-size: 1.2rem } p, dd { max-width: 44rem }
a { color: var(--accent) } dt { color: var(--soft) } dd { margin: 0 0 .75rem }
section { margin-top: 1rem; padding: 1rem 1.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem }
section h2 { margin: 0 } code, pre { font: .875rem/1.45 ui-monospace, monospace }
pre { overflow: auto; max-height: 22rem; margin: .5rem 0; padding: .75rem; border: 1px solid var(--line);
  border-radius: .375rem }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
OF_REPORT = "frame-ancestors 'none'"
"""The report says in its own head what it may load; a header adds what counts only there."""


def home(now: InService, report: Path | None) -> HTMLResponse:
    """Return the report's page where there is one, else a page of what is in service."""
    if report:
        try:
            return HTMLResponse(report.read_bytes(), headers={"content-security-policy": OF_REPORT})
        except OSError:  # it may not be written yet; the page below says where it is awaited
            pass
    return _answer(_page("Regulars", _state(now, report)))


def how_to_ask() -> HTMLResponse:
    """Return the OpenAPI description as a page to read: each endpoint, an example to send, and what may be wrong."""
    return _answer(_api_page())


def _state(now: InService, report: Path | None) -> str:
    champion = now.champion
    model = f"version {champion.version}, since {now.since:%Y-%m-%d %H:%M %Z}" if champion else now.absent or NO_MODEL
    lines = {"Formula": f"version {now.formula.version}", "Model": model, "Days are counted in": now.timezone}
    if now.refused:
        lines["A newer version was refused"] = now.refused
    lines["The rule against the model"] = (
        f"awaited at {report.name}: regulars compare writes it" if report else "regulars serve --report FILE shows it"
    )
    told = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in lines.items())
    return (
        f"<p>Customer scores: how loyal, how often next, for how much.</p><section><dl>{told}</dl></section>"
        '<p><a href="docs">How to ask for scores</a> · <a href="versions">All of what is in service</a></p>'
    )


@cache
def _api_page() -> str:
    told = json.loads(description())
    sections = "".join(
        _operation(path, method.upper(), operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    )
    about = "".join(f"<p>{_code(text)}</p>" for text in told["info"]["description"].split("\n\n"))
    links = '<p><a href="docs.json">The same as OpenAPI</a> · <a href="./">Back</a></p>'
    return _page("How to ask for scores", about + links + sections)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {})
    examples = content.get(JSON, {}).get("examples", {})
    shown = "".join(
        f"<h3>{escape(name)}</h3><pre tabindex='0'>{escape(json.dumps(example['value'], indent=1))}</pre>"
        for name, example in examples.items()
    )
    bodies = f"<p>Bodies: {_list(content)}</p>" if content else ""
    answers = "".join(
        f"<dt>{status}</dt><dd>{_code(answer['description'])}</dd>" for status, answer in operation["responses"].items()
    )
    return (
        f"<section><h2><code>{method} {escape(path)}</code></h2><p>{_code(operation['summary'])}</p>{bodies}"
        f"<details><summary>Examples and answers</summary>{shown}<dl>{answers}</dl></details></section>"
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"<code>{escape(name)}</code>" for name in names)


def _code(text: str) -> str:
    """Return the text with what stands between backticks as code."""
    return "".join(
        f"<code>{escape(part)}</code>" if at % 2 else escape(part) for at, part in enumerate(text.split("`"))
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>'
        f"<body><main><h1>{escape(title)}</h1>{body}</main></body></html>\n"
    )


def _answer(page: str) -> HTMLResponse:
    return HTMLResponse(page, headers={"content-security-policy": POLICY})
