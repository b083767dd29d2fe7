"""A path is that of one route or of none, and its template names it."""

import pytest
from starlette.requests import Request
from starlette.responses import Response

from serving.api.routes import ExactRoute, RouteTemplates, TemplateRoute


async def endpoint(request: Request) -> Response:
    """Answer nothing."""
    return Response()


ROUTES = [ExactRoute("/plans", endpoint), TemplateRoute("/plans/{plan_id}/items", endpoint)]


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/plans", "/plans"),
        ("/plans\n", None),
        ("/plans/", None),
        ("/plans/a/items", "/plans/{plan_id}/items"),
        ("/plans//items", "/plans/{plan_id}/items"),
        ("/plans/a/items\n", None),
        ("/plans/a\n/items", "/plans/{plan_id}/items"),
        ("/plans/a/b/items", None),
        ("/plans/../a/items", None),
        ("/plans/{plan_id}/items", "/plans/{plan_id}/items"),
        ("/plans/a/itemsx", None),
    ],
)
def test_a_path_has_the_template_of_its_route(path: str, template: str | None) -> None:
    """The whole path, no more and no less."""
    assert RouteTemplates(ROUTES).of(path) == template


def test_parameters_are_segments_of_the_path() -> None:
    """By name, as they are."""
    assert ROUTES[1].parameters("/plans/2026-W48-x/items") == {"plan_id": "2026-W48-x"}
    assert ROUTES[1].parameters("/plans/a/b/items") is None
