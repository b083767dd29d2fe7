"""Pages for people: the report of `regulars compare` or what is in service, and the description of the API."""

import base64
import hashlib
import json
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from serving.api.openapi import document
from serving.api.schema_fields import curl_of, fields_of
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
    """Return the OpenAPI document as a page: each endpoint with its fields, examples, problems and a form to try it."""
    script = Path(__file__).with_name("api.js").read_text()
    functions = {"indented": partial(json.dumps, indent=1), "fields_of": fields_of, "curl_of": curl_of}
    return _page("api.html", script, api=json.loads(document()), script=script, **functions)


def not_found_page(path: str, root: str) -> HTMLResponse:
    """Return the page for people who came to a path that is not there; `root` is the path before the service's own."""
    response = _page("not_found.html", path=path, root=root)
    response.status_code = 404
    return response


@cache
def page_style(script: str = "") -> tuple[str, str]:
    """Return the style of the pages, and the policy that allows this style, the script if there is one, no other."""
    style = Path(__file__).with_name("page.css").read_text()
    allowed = (
        f"style-src '{_digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    if script:
        allowed += f"; script-src '{_digest(script)}'; connect-src 'self'"
    return style, f"default-src 'none'; {allowed}"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("serving.api", "."), autoescape=True, undefined=StrictUndefined)


def _page(template: str, allowed_script: str = "", **values: object) -> HTMLResponse:
    style, policy = page_style(allowed_script)
    page = _templates().get_template(template).render(style=style, **values)
    return HTMLResponse(page, headers={"content-security-policy": policy})
