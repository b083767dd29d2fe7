"""The HTTP application: its routes, its endpoints, and the problem documents that errors become."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from serving.api.body_budget import BodyBudget
from serving.api.content_negotiation import JSON, prefers_page, response_type
from serving.api.customer_pages import PATH as CUSTOMER_PATH
from serving.api.customer_pages import customer_page
from serving.api.html_pages import api_page, home_page, not_found_page
from serving.api.job_endpoints import JobEndpoints
from serving.api.openapi import document
from serving.api.parameters import (
    Clock,
    RequestLimits,
    query_values,
)
from serving.api.plan_endpoints import PlanEndpoints
from serving.api.problem_details import ProblemError, internal_error, problem_response
from serving.api.responses import json_response
from serving.api.routes import HTML, Endpoint, ExactRoute, TemplateRoute
from serving.api.score_body_reader import ScoreBodyReader
from serving.api.score_endpoints import AnswerListener, LookUpListener, ScoreEndpoints
from serving.api.status import readiness, versions
from serving.api.time_limit import TimeLimit
from serving.api.worker_thread import WorkerThread
from serving.batch_lookup import Lookup, lookup_batch_scores
from serving.clock import utc_now
from serving.jobs.job_runner import JobRunner
from serving.jobs.job_store import JobStore
from serving.runtime.json_log import LogEvent
from serving.state import CurrentState
from serving.timestamps import read_timestamp

__all__ = ["RequestLimits", "make_app"]


def make_app(
    current: CurrentState,
    limits: RequestLimits | None = None,
    *,
    scores: str | Path | Lookup | None = None,
    report: Path | None = None,
    plans: Path | None = None,
    jobs: JobStore | None = None,
    log_event: LogEvent = lambda **fields: None,
    count_job: Callable[[int], None] = lambda customers: None,
    answered: AnswerListener | None = None,
    looked_up: LookUpListener | None = None,
    clock: Clock = utc_now,
    more_routes: Sequence[BaseRoute] = (),
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]] | None = None,
) -> Starlette:
    """Return the HTTP application.

    Parameters
    ----------
    current : CurrentState
        The formula and model to score with; every request uses the state at its arrival.
    limits : RequestLimits, optional
        Limits of one request.
    scores : path or callable, optional
        The file or folder of `regulars score`, for /score_customers; it may appear or be replaced at any time. Or what
        looks the scores of customers up.
    report : path, optional
        The page of `regulars compare`, for `/`, with the pages of customers beside it; likewise.
    plans : path, optional
        The folder of plan folders, for /plans; likewise.
    jobs : JobStore, optional
        The folder of jobs, for /jobs; they are run while the application runs.
    log_event : callable, optional
        Receives a line for each job that ended.
    count_job : callable, optional
        Receives the number of customers of each job that is done.
    answered : callable, optional
        Receives what was scored, see `ScoreEndpoints`; jobs as well, under `/jobs`.
    looked_up : callable, optional
        Receives batch scores that were looked up, likewise.
    clock : callable, optional
        Returns the present time, the default of `as_of`; no timestamp may be more than a day after it.
    more_routes : sequence of BaseRoute, optional
        Routes of other applications.
    lifespan : callable, optional
        As of Starlette.
    """
    limits = limits or RequestLimits()
    worker_thread, body_time = WorkerThread(limits.queue_size), TimeLimit(limits.body_seconds)
    lookup = scores if scores is None or callable(scores) else partial(lookup_batch_scores, scores)
    bodies, budget = ScoreBodyReader(limits, lookup), BodyBudget(limits.bodies_bytes)
    runner = jobs and JobRunner(
        jobs, current, bodies, budget, worker_thread, clock, log_event, count_job, answered, looked_up
    )
    job_endpoints = JobEndpoints(jobs, limits, budget, clock, body_time, *([runner.wake] if runner else []))
    if runner:
        current.troubles.append(lambda: runner.trouble)

    @asynccontextmanager
    async def with_jobs(app: Starlette) -> AsyncIterator[None]:
        async with lifespan(app) if lifespan else nullcontext(), runner or nullcontext():
            yield

    posts = ScoreEndpoints(current, bodies, budget, limits, clock, worker_thread, body_time, answered, looked_up)
    read_timestamp("2000-01-01", current.state.timezone, 2**62)  # finds the zone's clock changes before a request does
    document()
    app = Starlette(
        routes=[
            *posts.routes(),
            ExactRoute("/readyz", _page(JSON, lambda: json_response(readiness(current), current.ready_status))),
            ExactRoute("/versions", _page(JSON, lambda: json_response(versions(current.state)))),
            ExactRoute("/docs.json", _page(JSON, lambda: Response(document(), media_type=JSON))),
            ExactRoute("/docs", _page(HTML, api_page)),
            ExactRoute("/", _page(HTML, lambda: home_page(current.state, report, plans))),
            TemplateRoute(CUSTOMER_PATH, customer_page(report)),
            *PlanEndpoints(plans, limits, budget, clock).routes(),
            *job_endpoints.routes(),
            *more_routes,
        ],
        exception_handlers={
            ProblemError: _problem,
            HTTPException: _routing_problem,
            ClientDisconnect: _no_response,
            Exception: _internal_error,
        },
        lifespan=with_jobs,
    )
    app.router.redirect_slashes = False
    app.state.jobs = runner
    return app


def _page(media_type: str, respond: Callable[[], Response]) -> Endpoint:
    """Return the endpoint of a page that takes no parameters."""

    async def endpoint(request: Request) -> Response:
        query_values(request.scope["query_string"])
        response_type(request.headers.get("accept"), (media_type,))
        return respond()

    return endpoint


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    return problem_response(error)


async def _routing_problem(request: Request, error: Exception) -> Response:
    """Return the problem document of an unknown path or a wrong method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allowed = ", ".join(sorted(request.scope["route"].methods))
        detail = f"found {request.method}, expected {allowed}"
        return problem_response(ProblemError("method-not-allowed", detail, headers={"Allow": allowed}))
    if prefers_page(request.headers.get("accept")):
        return not_found_page(request.scope["path"], request.scope.get("root_path", ""))
    known = ", ".join(sorted(route.path for route in request.app.routes if route.methods))
    return problem_response(ProblemError("not-found", f"found no {request.scope['path']!r}, expected one of {known}"))


async def _internal_error(request: Request, error: Exception) -> Response:
    return internal_error(request.scope.get("state", {}).get("request_id", "without an id"))


async def _no_response(request: Request, error: Exception) -> Any:
    """Send nothing to a client that has left."""
