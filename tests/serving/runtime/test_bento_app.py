"""A worker's application: ours for most paths, BentoML's for health checks and metrics, and the server's lifespan."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from features.loyalty.formula import load_formula
from features.settings_file import PathOrAddress
from serving.clock import utc_now
from serving.runtime import bento_app
from serving.runtime.bento_app import BENTOML_PATHS, make_worker_app
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics import Metrics
from serving.runtime.settings import ServeSettings
from serving.score_tables.table_lookup import UNREACHABLE
from serving.state import Challenger, ServiceState
from tests.serving.running import ROOT
from training.models.rollout import Role

Messages = list[dict[str, Any]]


@pytest.fixture
def steps() -> list[str]:
    """What BentoML's application and the poller did, in order."""
    return []


@pytest.fixture
def bentoml_app(metrics: Metrics, monkeypatch: pytest.MonkeyPatch, steps: list[str]) -> Starlette:
    """A stand-in of BentoML's application."""

    async def behind(request: Request) -> Response:
        return PlainTextResponse("behind")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        steps.append("started")
        yield
        steps.append("poller" if "poller" in {thread.name for thread in threading.enumerate()} else "stopped")

    monkeypatch.setattr(bento_app, "Metrics", lambda *_: metrics)
    monkeypatch.setattr(JsonLog, "capture_libraries", lambda _: None)
    monkeypatch.setattr("gc.freeze", lambda: None)
    return Starlette(routes=[Route(path, behind) for path in BENTOML_PATHS], lifespan=lifespan)


@pytest.fixture
def app(bentoml_app: Starlette, tmp_path: Path) -> ASGIApp:
    """A worker's application before that."""
    return make_worker_app(bentoml_app, ServeSettings(watch_seconds=0.05), tmp_path)


def messages(app: ASGIApp, *received: str | dict[str, Any], **scope: Any) -> Messages:
    """Return what the application sends for a scope and for messages, or those of these types."""
    sent: Messages = []
    waiting = list(received)

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        if not waiting:
            await asyncio.sleep(60)
        message = waiting.pop(0)
        return {"type": message} if isinstance(message, str) else message

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    defaults = {"type": "http", "method": "GET", "headers": [], "query_string": b"", "client": None}
    asyncio.run(app(defaults | scope, receive, send))  # type: ignore[arg-type]
    return sent


def test_health_and_metrics_go_to_bentoml_and_all_else_to_us(app: ASGIApp) -> None:
    """With the security headers on BentoML's responses too."""
    for path in BENTOML_PATHS:
        start, body = messages(app, path=path)
        assert body["body"] == b"behind"
        assert dict(start["headers"])[b"cache-control"] == b"no-store"
    for path, status in (("/readyz", 200), ("/versions", 200), ("/schema.json", 404), ("/livez\n", 404)):
        start, body = messages(app, path=path)
        assert (start["status"], body["body"] != b"behind") == (status, True)


def test_a_table_of_scores_is_looked_up_and_missed_in_readiness(
    bentoml_app: Starlette, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """While its database does not answer, a look-up is a 503, readiness and the log say so, and no secret is shown."""
    scores = PathOrAddress("postgresql://ann:hidden@127.0.0.1:1/shop?table=scores")
    app = make_worker_app(bentoml_app, ServeSettings(watch_seconds=0.05, scores=scores), tmp_path)
    assert b"batch scores" not in messages(app, path="/readyz")[1]["body"]
    body = {"type": "http.request", "body": b'{"customer_ids": ["a"]}', "more_body": False}
    headers = [(b"content-type", b"application/json")]
    start, answer = messages(app, body, method="POST", path="/score_customers", headers=headers)
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"2")
    assert b"/problems/scores-unreachable" in answer["body"]
    assert UNREACHABLE.encode() in messages(app, path="/readyz")[1]["body"]
    logged = capfd.readouterr().out
    assert '"event":"batch scores","reason":"postgresql://ann:***@127.0.0.1:1/shop?table=scores cannot' in logged
    assert "hidden" not in logged


def test_a_shadow_that_nobody_logs_is_missed_in_readiness(
    bentoml_app: Starlette, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it forecasts would be for nothing; with a log there is nothing to miss."""
    model: Any = SimpleNamespace(version="8", digest="d", card=None)
    challenger = Challenger(model, Role.SHADOW, 1.0)
    state = ServiceState(load_formula(), "UTC", None, utc_now(), challenger=challenger)
    monkeypatch.setattr(bento_app, "initial_state", lambda *_, **__: state)
    for log, missed in ((None, True), (tmp_path / "log", False)):
        app = make_worker_app(bentoml_app, ServeSettings(forecast_log=log), tmp_path)
        assert (bento_app.SHADOW_UNLOGGED.encode() in messages(app, path="/readyz")[1]["body"]) is missed


def test_web_sockets_are_refused(app: ASGIApp) -> None:
    """There are none in this service."""
    (message,) = messages(app, type="websocket", path="/")
    assert message["type"] == "websocket.close"


def test_the_lifespan_includes_bentomls_and_ends_the_poller(app: ASGIApp, steps: list[str]) -> None:
    """BentoML's application starts first and stops last; a thread checks for new versions in between."""
    sent = messages(app, "lifespan.startup", "lifespan.shutdown", type="lifespan")
    assert [message["type"] for message in sent] == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert steps == ["started", "stopped"]


def test_a_worker_loads_what_a_bento_packs_and_nothing_large() -> None:
    """Each module of ours is in `bentofile.yaml`; what large tables, fits and logs need comes later, or never."""
    code = (
        "import sys, serving.runtime.bento_app; "
        "print(*(each.__file__ for each in sys.modules.values() if getattr(each, '__file__', None)), sep='\\n')"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    files = [Path(line) for line in ended.stdout.splitlines()]
    inside = [file.relative_to(ROOT) for file in files if file.is_relative_to(ROOT)]
    ours = {file.as_posix() for file in inside if ".venv" not in file.parts}
    packed = [name.strip("/") for name in yaml.safe_load((ROOT / "bentofile.yaml").read_text())["include"]]
    assert len(ours) > 50
    assert {file for file in ours if not any(f"{file}/".startswith(f"{name}/") for name in packed)} == set()
    libraries = {part for file in files for part in file.parts}
    assert not libraries & {"pandas", "scipy", "sklearn", "duckdb", "numba", "mlflow"}
