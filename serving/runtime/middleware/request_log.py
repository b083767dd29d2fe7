"""Gives each request an id, counts it, writes its line in the log, and answers faults of the service with a problem."""

import re
import secrets
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problem_details import internal_error
from serving.runtime.json_log import LogEvent, fault_fields
from serving.runtime.metrics import Metrics

REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
HEALTH = frozenset({"/livez", "/healthz", "/readyz"})
QUIET = HEALTH | {"/metrics"}
"""Paths whose successful requests are not logged."""
CLIENT_LEFT = 499
"""Status in the log and the counters of a client that left before the response."""


class RequestLogMiddleware:
    """Counts and logs requests; `scope["state"]` carries `request_id` in, and `customers` and the like back out."""

    def __init__(self, app: ASGIApp, metrics: Metrics, log_event: LogEvent) -> None:
        self.app, self._metrics, self._log_event = app, metrics, log_event

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one HTTP request."""
        began = time.perf_counter()
        given_id = dict(scope["headers"]).get(b"x-request-id", b"")
        request_id = given_id.decode() if REQUEST_ID.fullmatch(given_id) else secrets.token_hex(8)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        route = self._metrics.route(scope["path"])
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", request_id.encode())]
            await send(message)

        self._metrics.in_flight.inc()
        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            self._log_event(event="fault", id=request_id, route=route, **fault_fields(error))
            if not status:
                await internal_error(request_id)(scope, receive, send_with_id)
            elif status != 500:  # half of the response has gone out
                raise
        finally:
            self._metrics.in_flight.dec()
            self._finish(scope, route, status or CLIENT_LEFT, time.perf_counter() - began)

    def _finish(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        state, method = scope["state"], scope["method"]
        customers = state.get("customers", 0)
        self._metrics.answered(route, method, status, seconds, customers)
        if status < 400 and route in QUIET:
            return
        fields = {
            "id": state["request_id"],
            "method": method,
            "route": route,
            "status": status,
            "ms": round(1000 * seconds, 3),
        }
        fields |= {name: state[name] for name in ("customers", "model_version", "key") if state.get(name)}
        self._log_event(**fields)
