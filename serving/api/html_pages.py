"""Pages for people: the report of `regulars compare` or what is in service, and the description of the API."""

import base64
import hashlib
import json
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from serving.api.openapi import document
from serving.plan_types import PlansAnswer
from serving.scoring import NO_MODEL
from serving.state import ServiceState

REPORT_POLICY = "frame-ancestors 'none'"
"""Pages of the command have a policy in their heads; the header adds the one directive that counts only there."""


def home_page(state: ServiceState, report: Path | None, plans: Path | None = None) -> HTMLResponse:
    """Return the report if there is one, else a page of what is in service."""
    if report:
        try:
            return file_page(report)
        except OSError:  # not written yet; the page below says where it is expected
            pass
    return _page("home.html", state=state, report=report, no_model=NO_MODEL, plans=plans)


def file_page(file: Path) -> HTMLResponse:
    """Return a page that the command wrote, as it is; raises OSError if it cannot be read."""
    return HTMLResponse(file.read_bytes(), headers={"content-security-policy": REPORT_POLICY})


def plans_page(listed: PlansAnswer, effects: bool) -> HTMLResponse:
    """Return the plans with links to their pages, the latest first, and to the page of effects if there is one."""
    return _page("plans.html", plans=listed.plans[::-1], unusable=listed.unusable or [], effects=effects)


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
