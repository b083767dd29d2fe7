"""The HTTP application: its routes, its endpoints, and the problem documents that errors become."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import Lifespan

from features.errors import BatchScoresError
from serving.api.body_budget import BodyBudget, HeldBody, within
from serving.api.content_negotiation import ARROW, JSON, PARQUET, body_type, prefers_page, response_type
from serving.api.customer_pages import PATH as CUSTOMER_PATH
from serving.api.customer_pages import customer_page
from serving.api.event_json import features_of_event_json
from serving.api.event_tables import features_of_event_table
from serving.api.feature_rows import Features, features_in_json, features_of_table, repeated_customers
from serving.api.html_pages import api_page, home_page, not_found_page
from serving.api.openapi import document
from serving.api.parameters import (
    Clock,
    RequestLimits,
    ScoringContext,
    one_source,
    query_parameters,
    query_values,
    scoring_context,
)
from serving.api.plan_endpoints import PlanEndpoints
from serving.api.problem_details import ProblemError, internal_error, invalid, problem_response
from serving.api.request_body import decode_json, read_body, refuse_long_list, refuse_too_many
from serving.api.responses import batch_response, json_response, score_response
from serving.api.routes import HTML, Endpoint, ExactRoute, TemplateRoute
from serving.api.status import readiness, versions
from serving.api.time_limit import TimeLimit
from serving.api.worker_thread import WorkerThread
from serving.batch_lookup import lookup_batch_scores
from serving.clock import utc_now
from serving.request_types import CustomersRequest, FeaturesRequest, ScoreRequest, id_text
from serving.state import CurrentState
from serving.timestamps import read_timestamp

__all__ = ["RequestLimits", "make_app"]

BODIES, RESPONSES = (JSON, ARROW, PARQUET), (JSON, ARROW)


def make_app(
    current: CurrentState,
    limits: RequestLimits | None = None,
    *,
    scores: str | Path | None = None,
    report: Path | None = None,
    plans: Path | None = None,
    clock: Clock = utc_now,
    more_routes: Sequence[BaseRoute] = (),
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Return the HTTP application.

    Parameters
    ----------
    current : CurrentState
        The formula and model to score with; every request uses the state at its arrival.
    limits : RequestLimits, optional
        Limits of one request.
    scores : path, optional
        The file or folder of `regulars score`, for /score_customers; it may appear or be replaced at any time.
    report : path, optional
        The page of `regulars compare`, for `/`, with the pages of customers beside it; likewise.
    plans : path, optional
        The folder of plan folders, for /plans; likewise.
    clock : callable, optional
        Returns the present time, the default of `as_of`; no timestamp may be more than a day after it.
    more_routes : sequence of BaseRoute, optional
        Routes of other applications.
    lifespan : callable, optional
        As of Starlette.
    """
    limits = limits or RequestLimits()
    bodies = BodyBudget(limits.bodies_bytes)
    posts = _Posts(current, limits, bodies, scores, clock)
    by_events = posts.scoring(ScoreRequest, features_of_event_json, features_of_event_table)
    by_features = posts.scoring(FeaturesRequest, features_in_json, features_of_table)
    read_timestamp("2000-01-01", current.state.timezone, 2**62)  # finds the zone's clock changes before a request does
    document()
    app = Starlette(
        routes=[
            ExactRoute("/score", by_events, methods=["POST"]),
            ExactRoute("/score_features", by_features, methods=["POST"]),
            ExactRoute("/score_customers", within(bodies, posts.score_customers), methods=["POST"]),
            ExactRoute("/readyz", _page(JSON, lambda: json_response(readiness(current), current.ready_status))),
            ExactRoute("/versions", _page(JSON, lambda: json_response(versions(current.state)))),
            ExactRoute("/docs.json", _page(JSON, lambda: Response(document(), media_type=JSON))),
            ExactRoute("/docs", _page(HTML, api_page)),
            ExactRoute("/", _page(HTML, lambda: home_page(current.state, report, plans))),
            TemplateRoute(CUSTOMER_PATH, customer_page(report)),
            *PlanEndpoints(plans, limits, bodies, clock).routes(),
            *more_routes,
        ],
        exception_handlers={
            ProblemError: _problem,
            HTTPException: _routing_problem,
            ClientDisconnect: _no_response,
            Exception: _internal_error,
        },
        lifespan=lifespan,
    )
    app.router.redirect_slashes = False
    return app


class _Posts:
    """The endpoints that take a body."""

    def __init__(
        self,
        current: CurrentState,
        limits: RequestLimits,
        bodies: BodyBudget,
        scores: str | Path | None,
        clock: Clock,
    ) -> None:
        self._current, self._limits, self._bodies, self._scores, self._clock = current, limits, bodies, scores, clock
        self._worker_thread = WorkerThread(limits.queue_size)
        self._body_time = TimeLimit(limits.body_seconds)
        self._decode_customers = msgspec.json.Decoder(CustomersRequest).decode

    def scoring(
        self,
        request_type: type,
        of_json: Callable[[Any, ScoringContext, RequestLimits], Features],
        of_table: Callable[[bytes, str, ScoringContext, RequestLimits], Features],
    ) -> Endpoint:
        """Return the endpoint that scores requests of this type, or tables in Arrow or Parquet."""
        decode: Callable[[bytes], Any] = msgspec.json.Decoder(request_type).decode

        async def endpoint(request: Request, held: HeldBody) -> Response:
            state, limits = self._current.state, self._limits
            media_type, wanted = _media_types(request, BODIES, RESPONSES)
            query = query_parameters(request.scope["query_string"])
            body = await read_body(request, limits.body_bytes, self._body_time, held)

            def respond() -> Response:
                if media_type == JSON:
                    decoded = decode_json(body, decode)
                    context = scoring_context(one_source(query, decoded), state, self._clock)
                    features = of_json(decoded, context, limits)
                else:
                    context = scoring_context(query, state, self._clock)
                    features = of_table(body, media_type, context, limits)
                request.state.customers = len(features.ids)
                request.state.model_version = state.model.version if state.model else None
                return score_response(features, context, wanted)

            if media_type == wanted == JSON and len(body) <= limits.inline_bytes:
                return respond()
            return await self._worker_thread.run(respond, request, len(body))

        return within(self._bodies, endpoint)

    async def score_customers(self, request: Request, held: HeldBody) -> Response:
        """Answer POST /score_customers: the latest batch scores of some customers."""
        _media_types(request, (JSON,), (JSON,))
        query_values(request.scope["query_string"])
        body = await read_body(request, self._limits.body_bytes, self._body_time, held)

        def respond() -> Response:
            refuse_long_list("customers", body, self._limits.customers)
            ids = [id_text(customer_id) for customer_id in decode_json(body, self._decode_customers).customer_ids]
            refuse_too_many("customers", len(ids), self._limits.customers)
            if faults := repeated_customers(ids, "customer_ids/{row}"):
                raise invalid(faults)
            request.state.customers = len(ids)
            if self._scores is None:
                detail = "the service was given no file of batch scores; name at its start what `regulars score` wrote"
                raise ProblemError("no-batch-scores", detail)
            try:
                return batch_response(lookup_batch_scores(self._scores, ids), ids)
            except BatchScoresError as error:
                raise ProblemError("no-batch-scores", str(error)) from None

        return await self._worker_thread.run(respond, request, len(body))


def _media_types(request: Request, bodies: tuple[str, ...], responses: tuple[str, ...]) -> tuple[str, str]:
    """Return the media types of the body and of the response."""
    headers = request.headers
    media_type = body_type(headers.get("content-type"), headers.get("content-encoding"), bodies)
    return media_type, response_type(headers.get("accept"), responses)


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
