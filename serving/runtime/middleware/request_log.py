"""Gives each request an id, counts it, and writes its line in the log; adds headers to its response.

It is the outermost middleware, so that it can drop the connection of a client through the `send` of uvicorn.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Mapping
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problem_details import internal_error
from serving.runtime.json_log import LogEvent, fault_fields
from serving.runtime.metrics import Metrics
from serving.runtime.trace_context import RequestTrace, continue_trace

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
HEALTH = frozenset({"/livez", "/healthz", "/readyz"})
QUIET = HEALTH | {"/metrics"}
"""Paths whose successful requests are not logged."""
CLIENT_LEFT = 499
"""Status in the log and the counters of a client that left before the response."""
LOGGED = ("customers", "model_version", "key", "trace_id", "span_id")
"""What is added to the line of a request where `scope["state"]` has it: of the application, of admission, its trace."""
StartTrace = Callable[[Mapping[bytes, bytes], str, str], RequestTrace | None]
"""Returns the span of a request from its headers, method and route; None where it has none."""
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
"""Headers of every response that does not set them itself."""


class RequestLogMiddleware:
    """Counts and logs requests; `scope["state"]` carries `request_id` in, and `customers` and the like back out.

    Parameters
    ----------
    app : ASGIApp
        Receives all requests.
    metrics : Metrics
        Counts them.
    log_event : callable
        Writes their lines.
    response_seconds : float
        Seconds for a client to take the next piece of a response; the connection of a slower one is dropped.
    start_trace : callable
        Starts the spans of requests; checks of health and metrics have none.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        log_event: LogEvent,
        response_seconds: float = 30.0,
        start_trace: StartTrace = continue_trace,
    ) -> None:
        self.app, self._metrics, self._log_event, self._seconds = app, metrics, log_event, response_seconds
        self._start_trace = start_trace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
        began = time.perf_counter()
        given = dict(scope["headers"])
        given_id = given.get(b"x-request-id", b"")
        request_id = given_id if REQUEST_ID.fullmatch(given_id) else secrets.token_hex(8).encode()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id.decode()
        route = self._metrics.route(scope["path"])
        trace = None if route in QUIET else self._start_trace(given, scope["method"], route)
        own_headers = [(b"x-request-id", request_id)]
        if trace:
            state["trace_id"], state["span_id"] = trace.trace_id, trace.span_id
            own_headers.append(trace.header)
        status, transport = 0, getattr(getattr(send, "__self__", None), "transport", None)

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", ()))
                absent = _absent_security_headers(tuple([name for name, _ in headers]))
                message["headers"] = [*headers, *own_headers, *absent]
            if transport is not None and not transport.get_write_buffer_size():
                await send(message)  # waits for nothing: the client has taken all before
                return
            too_slow = asyncio.get_running_loop().call_later(self._seconds, abort, transport)
            try:
                await send(message)  # returns when the connection is dropped
            finally:
                too_slow.cancel()

        self._metrics.in_flight.inc()
        try:
            await self.app(scope, receive, send_with_headers)
        except Exception as error:
            self._log_event(event="fault", id=state["request_id"], route=route, **fault_fields(error))
            if not status:
                await internal_error(state["request_id"])(scope, receive, send_with_headers)
            elif status != 500:  # half of the response has gone out
                abort(transport)
        finally:
            self._metrics.in_flight.dec()
            if trace:
                trace.end(status or CLIENT_LEFT, state)
            self._finish(scope, route, status or CLIENT_LEFT, time.perf_counter() - began)

    def _finish(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        state, method = scope["state"], scope["method"]
        self._metrics.answered(route, method, status, seconds, state.get("customers", 0) if status < 400 else 0)
        if status < 400 and route in QUIET:
            return
        ms = round(1000 * seconds, 3)
        line = {"id": state["request_id"], "method": method, "route": route, "status": status, "ms": ms}
        self._log_event(**line, **{name: state[name] for name in LOGGED if state.get(name)})


@lru_cache(64)  # a response has one of few sets of headers
def _absent_security_headers(present: tuple[bytes, ...]) -> list[tuple[bytes, bytes]]:
    """Return the security headers that are not among the names of a response's headers."""
    names = {name.lower() for name in present}
    return [header for header in SECURITY_HEADERS if header[0] not in names]


def abort(transport: asyncio.WriteTransport | None) -> None:
    """Drop the connection of a request at once, with what is not sent yet, through uvicorn's transport."""
    if transport is not None:
        transport.abort()
