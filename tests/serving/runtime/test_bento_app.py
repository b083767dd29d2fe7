"""A worker's application: ours for most paths, BentoML's for health checks and metrics, and the server's lifespan."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from serving.runtime import bento_app
from serving.runtime.bento_app import BENTOML_PATHS, WorkerApp, make_worker_app
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics import Metrics
from serving.runtime.settings import ServeSettings

Messages = list[dict[str, Any]]


async def bentoml_app(scope: Any, receive: Any, send: Any) -> None:
    """Stands for BentoML's application."""
    if scope["type"] == "lifespan":
        await send({"type": await receive()})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"behind"})


@pytest.fixture
def app(metrics: Metrics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WorkerApp:
    monkeypatch.setattr(bento_app, "Metrics", lambda _: metrics)
    monkeypatch.setattr(JsonLog, "capture_libraries", lambda _: None)
    return make_worker_app(bentoml_app, ServeSettings(watch_seconds=0.05), tmp_path)


def messages(app: WorkerApp, **scope: Any) -> Messages:
    sent: Messages = []

    async def receive() -> str:
        await asyncio.sleep(0.01)
        return "lifespan.startup.complete"

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    defaults = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "client": None}
    asyncio.run(app(defaults | scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_health_and_metrics_go_to_bentoml_and_all_else_to_us(app: WorkerApp) -> None:
    """With the headers of safety on BentoML's responses too."""
    for path in BENTOML_PATHS:
        start, body = messages(app, path=path)
        assert body["body"] == b"behind"
        assert dict(start["headers"])[b"cache-control"] == b"no-store"
    for path, status in (("/readyz", 200), ("/versions", 200), ("/schema.json", 404), ("/livez\n", 404)):
        start, body = messages(app, path=path)
        assert (start["status"], body["body"] != b"behind") == (status, True)


def test_web_sockets_are_refused(app: WorkerApp) -> None:
    """There are none in this service."""
    assert messages(app, type="websocket", path="/") == [{"type": "websocket.close"}]


def test_the_lifespan_is_bentomls_and_ends_the_poller(app: WorkerApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """BentoML handles the messages; while it does, a thread checks for new versions, and none is left afterwards."""
    import threading

    monkeypatch.setattr("gc.freeze", lambda: None)
    assert messages(app, type="lifespan") == [{"type": "lifespan.startup.complete"}]
    assert "poller" not in {thread.name for thread in threading.enumerate()}
