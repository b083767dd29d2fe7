"""The endpoints that score at once: /score, /score_features and /score_customers."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Protocol

from starlette.requests import Request
from starlette.responses import Response

from serving.api.body_budget import BodyBudget, HeldBody, counted_in
from serving.api.content_negotiation import JSON, body_type, response_type
from serving.api.feature_rows import Features
from serving.api.parameters import Clock, RequestLimits, ScoringContext, query_parameters, query_values
from serving.api.request_body import read_body
from serving.api.responses import json_response, score_response
from serving.api.routes import ExactRoute
from serving.api.score_body_reader import BODY_TYPES, RESPONSE_TYPES, ScoreBodyReader
from serving.api.time_limit import TimeLimit
from serving.api.trial_request import is_trial
from serving.api.worker_thread import WorkerThread
from serving.response_types import LastScoresAnswer
from serving.state import CurrentState


class AnswerListener(Protocol):
    """Receives what was scored: path, customers and context; may wait for a moment where that is no harm."""

    def __call__(self, route: str, features: Features, context: ScoringContext, *, wait: bool = False) -> None:
        """Take them."""


LookUpListener = Callable[[str, LastScoresAnswer, datetime], None]
"""Receives batch scores that were looked up: path, answer and the time of the request."""


class ScoreEndpoints:
    """The endpoints, which share a worker thread.

    Parameters
    ----------
    current : CurrentState
        Every request uses the state at its arrival.
    bodies : ScoreBodyReader
    budget : BodyBudget
    limits : RequestLimits
    clock : callable
        Returns the present time.
    worker_thread : WorkerThread
        Scores large requests.
    body_time : TimeLimit
        Within which a body must arrive.
    answered : callable, optional
        Receives the path, the customers and the context of each answer of /score and /score_features, except that of
        the service's own trial.
    looked_up : callable, optional
        Receives the path, the answer and the time of each of /score_customers.
    """

    def __init__(
        self,
        current: CurrentState,
        bodies: ScoreBodyReader,
        budget: BodyBudget,
        limits: RequestLimits,
        clock: Clock,
        worker_thread: WorkerThread,
        body_time: TimeLimit,
        answered: AnswerListener | None = None,
        looked_up: LookUpListener | None = None,
    ) -> None:
        self._current, self._bodies, self._limits, self._clock = current, bodies, limits, clock
        self._budget, self._answered, self._looked_up = budget, answered, looked_up
        self._worker_thread, self._body_time = worker_thread, body_time

    def routes(self) -> list[ExactRoute]:
        """Return the routes of the endpoints."""
        return [
            ExactRoute("/score", counted_in(self._budget, partial(self.score, "/score")), methods=["POST"]),
            ExactRoute(
                "/score_features", counted_in(self._budget, partial(self.score, "/score_features")), methods=["POST"]
            ),
            ExactRoute("/score_customers", counted_in(self._budget, self.score_customers), methods=["POST"]),
        ]

    async def score(self, path: str, request: Request, held: HeldBody) -> Response:
        """Answer POST /score or /score_features."""
        state = self._current.state
        media_type, wanted = media_types(request, path)
        query = query_parameters(request.scope["query_string"])
        body = await read_body(request, self._limits.body_bytes, self._body_time, held)

        def respond() -> Response:
            features, context = self._bodies.features(path, body, media_type, query, state, self._clock)
            request.state.customers = len(features.ids)
            request.state.model_version = state.model.version if state.model else None
            response = score_response(features, context, wanted)
            if self._answered and not is_trial(request.headers):
                self._answered(path, features, context)
            return response

        if media_type == wanted == JSON and len(body) <= self._limits.inline_bytes:
            return respond()
        return await self._worker_thread.run(respond, request, len(body))

    async def score_customers(self, request: Request, held: HeldBody) -> Response:
        """Answer POST /score_customers: the latest batch scores of some customers."""
        state = self._current.state
        media_types(request, "/score_customers")
        query_values(request.scope["query_string"])
        body = await read_body(request, self._limits.body_bytes, self._body_time, held)

        def respond() -> Response:
            request.state.customers, answer = self._bodies.batch(body, state)
            response = json_response(answer)
            if self._looked_up:
                self._looked_up("/score_customers", answer, self._clock())
            return response

        return await self._worker_thread.run(respond, request, len(body))


def media_types(request: Request, path: str) -> tuple[str, str]:
    """Return the media types of the body and of the response; raises a 406 or 415 problem."""
    headers = request.headers
    media_type = body_type(headers.get("content-type"), headers.get("content-encoding"), BODY_TYPES[path])
    return media_type, response_type(headers.get("accept"), RESPONSE_TYPES[path])
