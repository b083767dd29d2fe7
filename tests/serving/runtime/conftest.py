"""The middleware around an application of the tests' own, without a server."""

import asyncio
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import Response as StarletteResponse

from serving.api.routes import ExactRoute, RouteTemplates, TemplateRoute
from serving.runtime.api_keys import KeyRing
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics import Metrics
from serving.runtime.middleware.admission import AdmissionMiddleware
from serving.runtime.middleware.request_log import RequestLogMiddleware

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)
ROUTES = ("/", "/score", "/score_customers", "/versions", "/readyz", "/livez", "/metrics", "/plans")
PLAN_ROUTES = ("/plans/{plan_id}/items", "/plans/{plan_id}/records", "/plans/{plan_id}/reps/{page}")


async def unused(request: Request) -> StarletteResponse:
    """Stand for an endpoint, of routes whose templates alone matter."""
    return StarletteResponse()


TEMPLATES = RouteTemplates(
    [*(ExactRoute(path, unused) for path in ROUTES), *(TemplateRoute(path, unused) for path in PLAN_ROUTES)]
)


@pytest.fixture(scope="session")
def metrics() -> Metrics:
    """The metrics of this process, in which Prometheus takes a name once."""
    return Metrics(TEMPLATES)


class Response:
    """What a client received, and the lines in the log."""

    def __init__(self, sent: list[dict[str, Any]], lines: list[dict[str, Any]]) -> None:
        self.sent, self.lines = sent, lines
        starts = [message for message in sent if message["type"] == "http.response.start"]
        self.status = starts[0]["status"] if starts else None
        self.headers = {name.decode(): value.decode() for name, value in starts[0]["headers"]} if starts else {}
        self.body = b"".join(message.get("body", b"") for message in sent)

    @property
    def problem(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/problem+json"
        return json.loads(self.body)


class Ask:
    """Sends requests to an application behind all middleware."""

    def __init__(self, metrics: Metrics, log: JsonLog, file: Path) -> None:
        self.metrics, self.log, self.file = metrics, log, file
        self.read = 0

    def app(
        self, app: Any, keys: KeyRing | None = None, rate: str | None = None, in_flight: int = 512, **seconds: float
    ) -> RequestLogMiddleware:
        admission = AdmissionMiddleware(app, TEMPLATES, keys, rate, in_flight)
        return RequestLogMiddleware(admission, self.metrics, self.log.log_event, **seconds)

    def __call__(self, app: Any, path: str = "/score", body: tuple[bytes, ...] = (), **headers: str) -> Response:
        sent: list[dict[str, Any]] = []
        parts = list(body)

        async def receive() -> dict[str, Any]:
            if not parts:
                return {"type": "http.disconnect"}
            part = parts.pop(0)
            self.read += len(part)
            return {"type": "http.request", "body": part, "more_body": bool(parts)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        if body:
            named.append((b"content-length", str(sum(map(len, body))).encode()))
        scope = {"type": "http", "method": "POST", "path": path, "headers": named, "client": ("10.0.0.7", 1234)}
        before = self.file.stat().st_size
        asyncio.run(app(scope, receive, send))
        with self.file.open() as lines:
            lines.seek(before)
            return Response(sent, [json.loads(line) for line in lines])


@pytest.fixture
def ask(metrics: Metrics, tmp_path: Path) -> Iterator[Ask]:
    descriptor = os.open(tmp_path / "log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    yield Ask(metrics, JsonLog(lambda: NOON, descriptor), tmp_path / "log")
    os.close(descriptor)


async def fine(scope: Any, receive: Any, send: Any) -> None:
    """Answers with a header of its own, and notes what was scored."""
    scope["state"].update(customers=3, model_version="7")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"max-age=9")]})
    await send({"type": "http.response.body", "body": b"fine"})


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Answers without headers."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})
