"""Assembles the ASGI application of a worker: our HTTP application and middleware, and BentoML's behind them."""

import asyncio
import gc
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from features.loyalty.formula_settings import formula_of_settings
from features.schema import RATING_MAXIMUM
from serving.api.app import ExactRoute, make_app
from serving.clock import utc_now
from serving.runtime.api_keys import KeyRing
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics import Metrics, remove_gauges_of_dead_workers
from serving.runtime.middleware.admission import AdmissionMiddleware
from serving.runtime.middleware.request_log import RequestLogMiddleware
from serving.runtime.middleware.security_headers import SecurityHeadersMiddleware
from serving.runtime.middleware.slow_clients import SlowClientMiddleware
from serving.runtime.model_reload import ModelReload, initial_state
from serving.runtime.poller import Poller
from serving.runtime.settings import ServeSettings
from serving.state import CurrentState

BENTOML_PATHS = ("/livez", "/healthz", "/metrics")


def make_worker_app(bentoml_app: ASGIApp, settings: ServeSettings, store: Path) -> "WorkerApp":
    """Return the application of a worker that serves the models of `store`; BentoML's answers BENTOML_PATHS."""
    remove_gauges_of_dead_workers()
    log = JsonLog(utc_now)
    log.capture_libraries()
    formula, timezone = formula_of_settings(), settings.timezone or "UTC"
    rating_maximum = settings.rating_maximum or RATING_MAXIMUM
    current = CurrentState(initial_state(store, formula, timezone, utc_now, log.log_event, rating_maximum))
    routes = [ExactRoute(path, _Behind(bentoml_app)) for path in BENTOML_PATHS]
    app = make_app(current, scores=settings.scores, report=settings.report, clock=utc_now, more_routes=routes)
    paths = frozenset(route.path for route in app.routes if isinstance(route, ExactRoute))
    metrics = Metrics(paths)
    keys = KeyRing(settings.keys, log.log_event) if settings.keys else None
    reload = ModelReload(current, store, utc_now, log.log_event)

    def count() -> None:
        state = current.state
        metrics.set_state(state.model.version if state.model else None, state.refused is not None, log.lost)

    @contextmanager
    def background() -> Iterator[None]:
        gc.collect()
        gc.freeze()  # what is loaded by now stays, so later collections need not look at it
        with Poller(settings.watch_seconds, log.log_event, reload.check, *([keys.check] if keys else []), count):
            yield

    admission = AdmissionMiddleware(app, paths, keys, settings.rate)
    logged = RequestLogMiddleware(SecurityHeadersMiddleware(admission), metrics, log.log_event)
    return WorkerApp(SlowClientMiddleware(logged), bentoml_app, background())


class WorkerApp:
    """The ASGI application that uvicorn runs.

    Parameters
    ----------
    app : SlowClientMiddleware
        Receives the HTTP requests.
    bentoml_app : ASGIApp
        Receives the messages of the server's lifespan.
    background : context manager
        Entered when the server starts, left when it has stopped.
    """

    def __init__(
        self, app: SlowClientMiddleware, bentoml_app: ASGIApp, background: AbstractContextManager[object]
    ) -> None:
        self._app, self._bentoml_app, self._background = app, bentoml_app, background

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle an HTTP request or the lifespan; web sockets are closed."""
        if scope["type"] == "http":
            await self._app(scope, receive, send)
        elif scope["type"] == "lifespan":
            sweeper = asyncio.create_task(self._app.drop_slow_readers())
            try:
                with self._background:
                    await self._bentoml_app(scope, receive, send)
            finally:
                sweeper.cancel()
        else:
            await send({"type": "websocket.close"})


class _Behind:
    """An ASGI application as an object, which Starlette does not take for an endpoint function."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
