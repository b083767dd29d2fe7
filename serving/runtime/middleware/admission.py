"""Admits requests: API keys and their scopes, rate limits, and a limit of requests in flight."""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from serving.api.customer_pages import PATH as CUSTOMER_PATH
from serving.api.problem_details import ProblemError, problem_response
from serving.api.routes import RouteTemplates
from serving.runtime.api_keys import Key, KeyRing, find_key
from serving.runtime.middleware.request_log import HEALTH
from serving.runtime.rate_limits import RateLimiter

PLAN_PAGES = ("/plans", "/plans/effects.html", "/plans/{plan_id}/plan.html", "/plans/{plan_id}/reps/{page}")
PAGES = frozenset({"/", "/docs", CUSTOMER_PATH, *PLAN_PAGES})
"""Routes that people open in a browser, which then asks them for the key."""
SCOPES = {
    **{"/score": "score", "/score_features": "score", "/score_customers": "customers", "/metrics": "metrics"},
    **dict.fromkeys(PAGES, "page"),
    **dict.fromkeys((*PLAN_PAGES, "/plans/{plan_id}/items", "/plans/{plan_id}/records"), "plan"),
}
"""The scope that a route needs; other known ones need any key, unknown paths none."""


class AdmissionMiddleware:
    """Answers requests that may not pass with a problem document; health checks always pass.

    Parameters
    ----------
    app : ASGIApp
        Receives the admitted requests.
    templates : RouteTemplates
        Those of the known paths.
    keys : KeyRing, optional
        The API keys; None admits requests without a key.
    rate : str, optional
        Rate limit of keys without one, and of each address without a key.
    in_flight : int
        Requests that may be in flight at once.
    """

    def __init__(
        self,
        app: ASGIApp,
        templates: RouteTemplates,
        keys: KeyRing | None = None,
        rate: str | None = None,
        in_flight: int = 512,
    ) -> None:
        self.app, self._templates, self._keys, self._rate, self._maximum = app, templates, keys, rate, in_flight
        self._rate_limiter = RateLimiter()
        self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
        if scope["path"] not in HEALTH:
            try:
                self._admit(scope)
            except ProblemError as error:
                await problem_response(error)(scope, receive, send)
                return
        self._in_flight += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._in_flight -= 1

    def _admit(self, scope: Scope) -> None:
        """Raise the problem too-many-requests, busy, unauthorized or forbidden of a request that may not pass."""
        key = None
        if self._keys is not None:
            headers = Headers(scope=scope)
            key = find_key(self._keys.keys, headers.get("authorization"), headers.get("x-api-key"))
            if key:
                scope["state"].update(key=key.name, key_scopes=key.scopes, key_reps=key.reps)
        self._limit(key, (scope.get("client") or ("",))[0])
        route = self._templates.of(scope["path"]) if self._keys is not None else None
        if route is None:
            return
        if key is None:
            scheme = "Basic" if route in PAGES else "Bearer"
            detail = "found no known key, expected one as Authorization: Bearer or X-API-Key"
            raise ProblemError("unauthorized", detail, headers={"WWW-Authenticate": f'{scheme} realm="regulars"'})
        needed = SCOPES.get(route)
        if needed and needed not in key.scopes:
            raise ProblemError("forbidden", f"the key {key.name} has not the scope {needed}, which {route} needs")

    def _limit(self, key: Key | None, address: str) -> None:
        rate = key.rate or self._rate if key else self._rate
        if rate and (wait := self._rate_limiter.wait(key.name if key else f"address {address}", rate)):
            detail = f"found more than {rate}; try again in {wait} s"
            raise ProblemError("too-many-requests", detail, headers={"Retry-After": str(wait)})
        if self._in_flight >= self._maximum:
            detail = f"{self._maximum} requests are being answered; try again in 1 s"
            raise ProblemError("busy", detail, headers={"Retry-After": "1"})
