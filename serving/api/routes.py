"""Routes of exactly the paths that they name, and the template of a path for scopes, metrics and the log."""

import re
from collections.abc import Awaitable, Callable, Iterable
from inspect import iscoroutinefunction
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from serving.api.content_coding import compressed
from serving.api.deprecations import announcing

HTML = "text/html"
Endpoint = Callable[[Request], Awaitable[Response]]


class ExactRoute(Route):
    """A route of exactly one path; Starlette's pattern would also match the path with a line feed at its end.

    Large responses of an endpoint are compressed; an application answers as it does. Those of a deprecated path say so.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, compressed(endpoint) if iscoroutinefunction(endpoint) else endpoint, **options)
        self.app = announcing(path, self.app)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Return whether path and method match."""
        parameters = self.parameters(scope["path"]) if scope["type"] == "http" else None
        if parameters is None:
            return Match.NONE, {}
        full = not self.methods or scope["method"] in self.methods
        return Match.FULL if full else Match.PARTIAL, {"endpoint": self.endpoint, "path_params": parameters}

    def parameters(self, path: str) -> dict[str, Any] | None:
        """Return the parameters in a path; None if it is not one of this route."""
        return {} if path == self.path else None


class TemplateRoute(ExactRoute):
    """A route of a template like `/plans/{plan_id}/items`; a parameter is one segment of the path, or empty."""

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self._pattern = re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(path)))

    def parameters(self, path: str) -> dict[str, Any] | None:
        """Return the parameters in a path; None if it is not one of this route."""
        match = self._pattern.fullmatch(path)
        return match.groupdict() if match else None


class RouteTemplates:
    """The templates of an application's routes.

    Parameters
    ----------
    routes : iterable of BaseRoute
        Those that are no ExactRoute are left out.
    """

    def __init__(self, routes: Iterable[BaseRoute]) -> None:
        known = [route for route in routes if isinstance(route, ExactRoute)]
        self._templates = [route for route in known if isinstance(route, TemplateRoute)]
        self._exact = {route.path for route in known}.difference(route.path for route in self._templates)

    def of(self, path: str) -> str | None:
        """Return the template of a path, which for most is the path itself; None for an unknown path."""
        if path in self._exact:
            return path
        return next((route.path for route in self._templates if route.parameters(path) is not None), None)


def methods_of(routes: Iterable[BaseRoute]) -> frozenset[str]:
    """Return the methods that some route takes; those of other applications are theirs."""
    return frozenset(method for route in routes if isinstance(route, ExactRoute) for method in route.methods or ())
