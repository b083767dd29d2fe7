"""What every request passes on its way in and out: who asks and how often; its line in the log and its count."""

import asyncio
import time
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.problem_details import ProblemError, problem
from serving.runtime.access_log import Log, request_id
from serving.runtime.api_keys import Key, KeyRing, caller
from serving.runtime.metrics import OTHER, Metrics
from serving.runtime.rate_limits import Rates

BEHIND = frozenset({"/livez", "/healthz", "/metrics"})
HEALTH = frozenset({"/livez", "/healthz", "/readyz"})
PAGES = frozenset({"/", "/docs"})
SCOPE_OF = {
    **{"/score": "score", "/score_features": "score", "/score_customers": "customers", "/metrics": "metrics"},
    **dict.fromkeys(PAGES, "page"),
}
PAGES = frozenset({"/", "/docs"})
"""What people look at in a browser, which then asks them for the key."""
SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
]
WANTED = frozenset(
    {b"authorization", b"x-api-key", b"x-request-id", b"expect", b"content-length", b"transfer-encoding"}
)
LEFT = 499
"""What the log and the counters say of a caller that left before it was answered."""


@dataclass(frozen=True)
class Bounds:
    """What callers may take of a worker: requests at one moment, and seconds to take the next piece of an answer.

    A body that is refused is read on and thrown away for `drain_seconds`: who is cut off while sending may never see
    the answer.
    """

    in_flight: int = 512
    answer_seconds: float = 30.0
    drain_seconds: float = 5.0


class Guard:
    """The ASGI application that uvicorn sees: `app` for what is ours, BentoML's `behind` for health and metrics.

    `living` is entered when the server starts and left when it has stopped. `keys` None means that anybody may ask;
    `rate` holds for keys without one, and for addresses of callers without a key.
    """

    def __init__(
        self,
        app: ASGIApp,
        behind: ASGIApp,
        metrics: Metrics,
        log: Log,
        living: AbstractContextManager[object],
        keys: KeyRing | None = None,
        rate: str | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.app, self.behind, self.metrics, self.log = app, behind, metrics, log
        self.keys, self.rate, self.bounds = keys, rate, bounds or Bounds()
        self.rates = Rates()
        self.passages: set[_Passage] = set()
        self._living = living

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve what uvicorn asks: a request, or the life of the server; there are no web sockets here."""
        if scope["type"] == "http":
            await _Passage(self, scope, receive, send).go()
        elif scope["type"] == "lifespan":
            sweep = asyncio.create_task(self._sweep())
            try:
                with self._living:
                    await self.behind(scope, receive, send)
            finally:
                sweep.cancel()
        else:
            await send({"type": "websocket.close"})

    def admit(self, route: str, key: Key | None, address: str) -> None:
        """Raise the problem of a caller, by its key or else its address, that may not come in."""
        rate = key.rate or self.rate if key else self.rate
        if rate and (wait := self.rates.wait(key.name if key else f"address {address}", rate)):
            detail = f"found more than {rate}; try again in {wait} s"
            raise ProblemError("too-many-requests", detail, headers={"Retry-After": str(wait)})
        if len(self.passages) > self.bounds.in_flight:
            detail = f"{self.bounds.in_flight} requests are being answered; try again in 1 s"
            raise ProblemError("busy", detail, headers={"Retry-After": "1"})
        if self.keys is None or route == OTHER:  # there is nothing to protect at other paths
            return
        if key is None:
            scheme = "Basic" if route in PAGES else "Bearer"
            detail = "found no known key, expected one as Authorization: Bearer or X-API-Key"
            raise ProblemError("unauthorized", detail, headers={"WWW-Authenticate": f'{scheme} realm="regulars"'})
        needed = SCOPE_OF.get(route)
        if needed and needed not in key.scopes:
            raise ProblemError("forbidden", f"the key {key.name} has not the scope {needed}, which {route} needs")

    async def _sweep(self) -> None:
        """Drop who takes an answer too slowly; one look a second at all costs less than a timer a request."""
        while True:
            await asyncio.sleep(min(1.0, self.bounds.answer_seconds / 4))
            late = time.perf_counter() - self.bounds.answer_seconds
            for passage in list(self.passages):
                if passage.sending_since is not None and passage.sending_since < late:
                    passage.drop()


class _Passage:
    """One request on its way."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.guard, self.scope, self._receive, self._send = guard, scope, receive, send
        self.began = time.perf_counter()
        self.given = {name: value for name, value in scope["headers"] if name in WANTED}
        self.id = request_id(self.given.get(b"x-request-id"))
        self.unread = b"content-length" in self.given or b"transfer-encoding" in self.given
        self.touched = False
        self.status = 0
        self.sending_since: float | None = None
        self.told: dict[str, Any] = {}
        scope["regulars"] = self.told

    async def go(self) -> None:
        """Carry the request to where it belongs, and see that it is answered, counted and written down."""
        guard = self.guard
        route = guard.metrics.route(self.scope["path"])
        key = None
        guard.passages.add(self)
        guard.metrics.in_flight.inc()
        try:
            if route not in HEALTH:
                if guard.keys is not None:
                    key = caller(guard.keys.now, self._text(b"authorization"), self._text(b"x-api-key"))
                guard.admit(route, key, (self.scope.get("client") or ("",))[0])
            app = guard.behind if route in BEHIND else guard.app
            await app(self.scope, self._receiving, self._sending)
        except ProblemError as error:
            await self._answer(error.kind, error.detail, error.headers)
        except Exception as error:
            # Where it happened, not what the error says: that may quote a customer's data.
            places = [f"{f.filename}:{f.lineno} {f.name}" for f in traceback.extract_tb(error.__traceback__)[1:]]
            guard.log.line(event="fault", id=self.id, route=route, fault=type(error).__name__, at=places)
            await self._answer("internal", f"request {self.id} met a fault of the service; its log says where")
        finally:
            guard.passages.remove(self)
            guard.metrics.in_flight.dec()
            self._note(route, key)

    async def _receiving(self) -> Message:
        self.touched = True
        message = await self._receive()
        self.unread = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def _sending(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self.unread:
                await self._drain()
            headers = list(message.get("headers", ()))
            named = {name.lower() for name, _ in headers}
            headers += [each for each in SECURITY if each[0] not in named]
            headers.append((b"x-request-id", self.id.encode()))
            if self.unread and b"connection" not in named:
                headers.append((b"connection", b"close"))
            message = {**message, "headers": headers}
            self.status = message["status"]
        self.sending_since = time.perf_counter()
        await self._send(message)
        self.sending_since = None

    async def _drain(self) -> None:
        """Read the rest of a body that nobody wants, unless the caller waits for leave to send it."""
        if b"expect" in self.given and not self.touched:
            return
        try:
            async with asyncio.timeout(self.guard.bounds.drain_seconds):
                while self.unread:
                    await self._receiving()
        except TimeoutError:
            pass

    async def _answer(self, kind: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answer with a problem; an answer that is half sent cannot be mended, so its connection is dropped."""
        if self.status:
            self.drop()
        else:
            await problem(kind, detail, headers=headers)(self.scope, self._receiving, self._sending)

    def drop(self) -> None:
        """Drop the connection at once, with what was not sent yet; uvicorn alone has hold of it."""
        transport = getattr(getattr(self._send, "__self__", None), "transport", None)
        if transport is not None:
            transport.abort()

    def _note(self, route: str, key: Key | None) -> None:
        """Count the request and write its line; a look at the service's health that went well is no news."""
        seconds, status = time.perf_counter() - self.began, self.status or LEFT
        method, customers = self.scope["method"], self.told.get("customers", 0)
        self.guard.metrics.answered(route, method, status, seconds, customers)
        if status < 400 and (route in HEALTH or route == "/metrics"):
            return
        said = {"id": self.id, "method": method, "route": route, "status": status, "ms": round(1000 * seconds, 3)}
        if customers:
            said["customers"] = customers
        if version := self.told.get("model_version"):
            said["model_version"] = version
        if key:
            said["key"] = key.name
        self.guard.log.line(**said)

    def _text(self, name: bytes) -> str | None:
        value = self.given.get(name)
        return None if value is None else value.decode("latin-1")
