"""Pages for people: the report of `regulars compare` or what is in service, and the description of the API."""

import base64
import hashlib
import json
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

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
    return _page("home.html", state=state, report=report, no_model=NO_MODEL)


@cache
def api_page() -> HTMLResponse:
    """Return the OpenAPI document as a page to read: each endpoint, example requests, and the possible problems."""
    return _page("api.html", api=json.loads(document()), indented=partial(json.dumps, indent=1))


@cache
def page_style() -> tuple[str, str]:
    """Return the style of the pages, and the policy that allows this style and nothing else."""
    style = Path(__file__).with_name("page.css").read_text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    allowed = f"style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return style, f"default-src 'none'; {allowed}"


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("serving.api", "."), autoescape=True, undefined=StrictUndefined)


def _page(template: str, **values: object) -> HTMLResponse:
    style, policy = page_style()
    page = _templates().get_template(template).render(style=style, **values)
    return HTMLResponse(page, headers={"content-security-policy": policy})
