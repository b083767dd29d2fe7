"""Assembles the ASGI application of a worker: our HTTP application and middleware, and BentoML's behind them."""

import gc
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from features.loyalty.formula_settings import formula_of_settings
from features.schema import RATING_MAXIMUM
from features.segments.settings import segmentation_of_settings
from serving.api.app import RequestLimits, make_app
from serving.api.feature_rows import Features
from serving.api.parameters import ScoringContext
from serving.api.routes import ExactRoute, RouteTemplates, methods_of
from serving.api.score_endpoints import AnswerListener
from serving.clock import utc_now
from serving.forecast_log.forecast_log import ForecastLog
from serving.forecast_log.pseudonyms import PseudonymKeys
from serving.jobs.job_runner import ROUTE as JOBS_ROUTE
from serving.jobs.job_store import JobLimits, JobStore
from serving.runtime.api_keys import KeyRing
from serving.runtime.draining import drain_first
from serving.runtime.json_log import JsonLog
from serving.runtime.metrics import Metrics
from serving.runtime.middleware.admission import AdmissionMiddleware
from serving.runtime.middleware.cors import CorsMiddleware
from serving.runtime.middleware.request_log import RequestLogMiddleware
from serving.runtime.model_reload import SERVED, ModelReload, initial_state
from serving.runtime.model_store import Trust
from serving.runtime.monitor_metrics import MonitorMetrics
from serving.runtime.poller import Poller
from serving.runtime.settings import ServeSettings
from serving.runtime.supervision import report
from serving.runtime.trace_context import continue_trace
from serving.score_tables.table_address import is_table_address, read_table_address
from serving.score_tables.table_lookup import TableLookup
from serving.state import CurrentState

BENTOML_PATHS = ("/livez", "/healthz", "/metrics")
KEYS_REFUSED = "the file of API keys cannot be used, so nobody is admitted: the log says why"
SHADOW_UNLOGGED = "a version is in shadow, but nothing keeps its forecasts: start with --forecast-log"
CHECK_HANGS = "a check for newer versions or changed keys does not end: is the store's disk or network there?"


def make_worker_app(
    bentoml_app: Starlette,
    settings: ServeSettings,
    store: Path,
    metrics_shared: bool = True,
    folder: Path | None = None,
) -> ASGIApp:
    """Return the application of a worker that serves the models of `store`; BentoML's answers BENTOML_PATHS.

    In the `folder` of the service its workers note which version they serve.
    """
    note = folder / SERVED if folder else None
    log = JsonLog(utc_now)
    log.capture_libraries()
    formula, timezone = formula_of_settings(), settings.timezone or "UTC"
    rating_maximum = settings.rating_maximum or RATING_MAXIMUM
    trust = Trust(settings.trusted_key, settings.allow_pickle, settings.signed_since_time)
    state = initial_state(store, formula, timezone, utc_now, log.log_event, rating_maximum, trust, note)
    current = CurrentState(replace(state, segmentation=segmentation_of_settings()))
    reload = ModelReload(current, store, utc_now, log.log_event, trust, note)
    limits = JobLimits(settings.jobs_maximum, int(1e9 * settings.jobs_gigabytes), 3600 * settings.jobs_hours)
    jobs = JobStore(settings.jobs, limits, utc_now) if settings.jobs else None
    forecast_logs = _forecast_logs(settings)
    keys = KeyRing(settings.keys, log.log_event) if settings.keys else None
    table = None
    if settings.scores and is_table_address(settings.scores):
        table = TableLookup(
            read_table_address(settings.scores),
            lambda reason: log.log_event(event="batch scores", reason=reason or "their database answers again"),
        )

    def count() -> None:
        state = current.state
        metrics.set_state(
            state.model.version if state.model else None,
            refused=state.refused is not None,
            lost=log.lost,
            keys_refused=keys is not None and keys.refused is not None,
            hanging=poller.stalled(),
        )
        metrics.set_challenger(state.challenger)
        if forecast_logs:
            metrics.set_forecast_log(*(each.lost for each in forecast_logs))

    def count_jobs() -> None:
        if jobs:
            with suppress(OSError):  # the runner of jobs says so
                metrics.set_jobs(jobs.counts())

    look = None
    if settings.monitor:
        look = MonitorMetrics(settings.monitor, settings.monitor_max_age_days, utc_now, log.log_event, metrics_shared)
    checks = (reload.check, *[each.check for each in (keys, table, look) if each], count, count_jobs)
    poller = Poller(settings.watch_seconds, log.log_event, *checks)
    current.troubles.append(lambda: KEYS_REFUSED if keys and keys.refused else None)
    current.troubles.append(lambda: CHECK_HANGS if poller.stalled() else None)
    current.troubles.append(lambda: forecast_logs[0].trouble if forecast_logs else None)
    current.troubles.append(lambda: SHADOW_UNLOGGED if current.state.shadow and not forecast_logs else None)
    current.troubles.append(lambda: table.trouble if table else None)

    tracer = None
    if settings.traces:
        from serving.runtime.tracing import Tracer  # loads OpenTelemetry

        tracer = Tracer(settings.traces)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        gc.collect()
        gc.freeze()  # what is loaded by now stays, so later collections need not look at it
        async with bentoml_app.router.lifespan_context(bentoml_app):
            with ExitStack() as stack:
                stack.enter_context(poller)
                for each in forecast_logs:
                    stack.enter_context(each)
                stack.enter_context(drain_first(current, settings.drain_seconds))
                report()
                yield
        if tracer:
            tracer.close()
        if table:
            table.close()

    app = make_app(
        current,
        RequestLimits(bodies_bytes=settings.bodies_megabytes * 2**20),
        scores=table or settings.scores,
        report=settings.report,
        plans=settings.plans,
        jobs=jobs,
        log_event=log.log_event,
        count_job=lambda customers: metrics.scored(JOBS_ROUTE, customers),
        answered=_to_each(forecast_logs) if forecast_logs else None,
        looked_up=forecast_logs[0].looked_up if forecast_logs else None,
        clock=utc_now,
        more_routes=[ExactRoute(path, bentoml_app) for path in BENTOML_PATHS],
        lifespan=lifespan,
    )
    templates = RouteTemplates(app.routes)
    metrics = Metrics(templates, metrics_shared)
    inner: ASGIApp = AdmissionMiddleware(app, templates, keys, settings.rate)
    if settings.cors_origins:
        inner = CorsMiddleware(inner, settings.cors_origins, methods_of(app.routes))
    start_trace = tracer.start if tracer else continue_trace
    http_app = RequestLogMiddleware(inner, metrics, log.log_event, start_trace=start_trace)

    async def worker_app(scope: Scope, receive: Receive, send: Send) -> None:
        await (http_app if scope["type"] == "http" else app)(scope, receive, send)

    return worker_app


def _forecast_logs(settings: ServeSettings) -> tuple[ForecastLog, ...]:
    """Return the log of the answers and that of the model in shadow; none without a folder for them."""
    if settings.forecast_log is None:
        return ()
    folder, keys, days = settings.forecast_log, PseudonymKeys(settings.keys_folder), settings.forecast_log_days
    size, sample = int(1e9 * settings.forecast_log_gigabytes), settings.forecast_log_feature_share
    return tuple(
        ForecastLog(folder, keys, days, size, utc_now, sample=sample, shadow=shadow) for shadow in (False, True)
    )


def _to_each(forecast_logs: tuple[ForecastLog, ...]) -> AnswerListener:
    def answered(route: str, features: Features, context: ScoringContext, *, wait: bool = False) -> None:
        for log in forecast_logs:
            log.answered(route, features, context, wait=wait)

    return answered
