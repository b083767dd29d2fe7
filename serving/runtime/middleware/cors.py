"""Cross-origin requests of web pages (CORS): Starlette's middleware, with refused preflights as problem documents."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from serving.api.problem_details import ProblemError, problem_response

REQUEST_HEADERS = (
    *("Accept", "Authorization", "Content-Encoding", "Content-Type", "X-API-Key", "X-Request-ID"),
    *("traceparent", "tracestate"),
)
"""Request headers that pages may set; `Accept-Encoding` is the browser's own."""
RESPONSE_HEADERS = (
    *("Allow", "Deprecation", "Link", "Location", "Retry-After", "Sunset", "WWW-Authenticate", "X-Request-ID"),
    "traceresponse",
)
"""Response headers that pages may read besides those that every page may."""


class CorsMiddleware(CORSMiddleware):
    """Lets pages of some origins read the answers; they send their API key in a header, so there are no credentials.

    It stands before admission: a browser's preflight has no key, and a page has to be able to read that its key is
    unknown.

    Parameters
    ----------
    app : ASGIApp
        Receives all requests but preflights.
    origins : collection of str
        Those that may; `*` is any.
    methods : collection of str
        The methods of the application's routes.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str], methods: Collection[str]) -> None:
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=sorted(methods),
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return 200, or a problem document that says what is not allowed; browsers take any refusal for a no."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        origin, method = request_headers["origin"], request_headers["access-control-request-method"]
        asked = request_headers.get("access-control-request-headers", "none")
        detail = f"the origin {origin!r} may not send {method} with the headers {asked}: is it in cors_origins?"
        refusal = problem_response(ProblemError("cross-origin", detail, headers={"Vary": response.headers["vary"]}))
        if allowed := response.headers.get("access-control-allow-origin"):
            refusal.headers["Access-Control-Allow-Origin"] = allowed  # the origin may read why
        return refusal
