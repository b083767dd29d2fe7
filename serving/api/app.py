"""The endpoints of the service and the app that they make, over what is in service."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from starlette.responses import Response

from features.errors import BatchScoresError
from serving.api.content_negotiation import ARROW, JSON, PARQUET, answer_type, body_type
from serving.api.handlers import (
    Clock,
    Features,
    Limits,
    events_in_json,
    events_in_table,
    features_in_json,
    features_in_table,
    refuse_many,
    repeated_ids,
    scored,
)
from serving.api.html_pages import home, how_to_ask
from serving.api.openapi import description
from serving.api.parameters import Asking, asked_in_query, asking, refuse_query
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import decoded, read_body
from serving.api.responses import encode, score_answer, stored_answer
from serving.api.routing import Call, Door
from serving.api.status import readiness, versions
from serving.api.worker_thread import Aside
from serving.batch_lookup import last_scores
from serving.clock import utc_now
from serving.request_types import CustomersRequest
from serving.state import Holder, InService
from serving.timestamps import moment

__all__ = ["Limits", "make_app"]

BODIES, ANSWERS = (JSON, ARROW, PARQUET), (JSON, ARROW)
HTML = "text/html"

_customers_request = msgspec.json.Decoder(CustomersRequest).decode


def make_app(
    holder: Holder,
    limits: Limits | None = None,
    *,
    scores: str | Path | None = None,
    report: Path | None = None,
    clock: Clock = utc_now,
) -> Door:
    """Return the app over what is in service.

    `scores`: the file that `regulars score` wrote, for /score_customers; it may appear or be replaced at any time.
    `report`: the page that `regulars compare` wrote, for `/`; likewise.
    `clock` gives the default of `as_of`, and what no time may be more than a day after.
    """
    here = _Endpoints(holder, limits or Limits(), scores, report, clock)
    moment(clock(), holder.now.timezone)  # a zone's changes take a while to find: not in the first request
    description()
    return Door(
        {
            "/": ("GET", here.page),
            "/docs": ("GET", here.how_to_ask),
            "/docs.json": ("GET", here.description),
            "/readyz": ("GET", here.readiness),
            "/score": ("POST", here.score),
            "/score_customers": ("POST", here.score_customers),
            "/score_features": ("POST", here.score_features),
            "/versions": ("GET", here.versions),
        }
    )


class _Endpoints:
    """What is behind each path. `holder.now` is read once a request: a swap meanwhile concerns the next one."""

    def __init__(
        self, holder: Holder, limits: Limits, scores: str | Path | None, report: Path | None, clock: Clock
    ) -> None:
        self._holder, self._limits, self._clock = holder, limits, clock
        self._scores, self._report = scores, report
        self._aside = Aside(limits.waiting)

    async def score(self, call: Call) -> Response:
        """Answer POST /score: events in, scores out."""
        return await self._scored(call, events_in_json, events_in_table)

    async def score_features(self, call: Call) -> Response:
        """Answer POST /score_features: rows of the feature table in, scores out."""
        return await self._scored(call, features_in_json, features_in_table)

    async def _scored(
        self,
        call: Call,
        of_json: Callable[[bytes, InService, Clock, Limits], Features],
        of_table: Callable[[bytes, str, Asking, Limits], Features],
    ) -> Response:
        now, limits = self._holder.now, self._limits
        kind = body_type(call.headers.get(b"content-type"), call.headers.get(b"content-encoding"), BODIES)
        wanted = answer_type(call.headers.get(b"accept"), ANSWERS)
        if kind == JSON:
            refuse_query(call.query)
        else:
            asked = asking(asked_in_query(call.query), now, self._clock)
        body = await self._body(call)

        def answered() -> Response:
            features = of_json(body, now, self._clock, limits) if kind == JSON else of_table(body, kind, asked, limits)
            call.told["customers"] = len(features.table)
            if now.champion:
                call.told["model_version"] = now.champion.version
            scores = scored(features, wanted == ARROW)
            return score_answer(scores, features.asked, features.duplicates, wanted)

        if kind == JSON and wanted == JSON and len(body) <= limits.inline_bytes:
            return answered()
        return await self._aside.do(answered)

    async def score_customers(self, call: Call) -> Response:
        """Answer POST /score_customers: the last batch scores of some customers."""
        body_type(call.headers.get(b"content-type"), call.headers.get(b"content-encoding"), (JSON,))
        self._refuse_all_but(call, JSON)
        body = await self._body(call)
        return await self._aside.do(lambda: self._stored(body, call))

    def _stored(self, body: bytes, call: Call) -> Response:
        ids = [customer_id.strip() for customer_id in decoded(body, _customers_request).customer_ids]
        refuse_many("customers", len(ids), self._limits.customers)
        if faults := repeated_ids(ids, "customer_ids/{at}"):
            raise invalid(faults)
        call.told["customers"] = len(ids)
        if self._scores is None:
            told = "the service was given no file of batch scores; name at its start what `regulars score` wrote"
            raise ProblemError("no-batch-scores", told)
        try:
            return stored_answer(last_scores(self._scores, ids), ids)
        except BatchScoresError as error:
            raise ProblemError("no-batch-scores", str(error)) from None

    async def versions(self, call: Call) -> Response:
        """Answer GET /versions."""
        self._refuse_all_but(call, JSON)
        return Response(encode(versions(self._holder.now)), media_type=JSON)

    async def readiness(self, call: Call) -> Response:
        """Answer GET /readyz."""
        self._refuse_all_but(call, JSON)
        return Response(encode(readiness(self._holder.now)), media_type=JSON)

    async def description(self, call: Call) -> Response:
        """Answer GET /docs.json."""
        self._refuse_all_but(call, JSON)
        return Response(description(), media_type=JSON)

    async def page(self, call: Call) -> Response:
        """Answer GET /."""
        self._refuse_all_but(call, HTML)
        return home(self._holder.now, self._report)

    async def how_to_ask(self, call: Call) -> Response:
        """Answer GET /docs."""
        self._refuse_all_but(call, HTML)
        return how_to_ask()

    async def _body(self, call: Call) -> bytes:
        return await read_body(call, self._limits.body_bytes, self._limits.body_seconds)

    def _refuse_all_but(self, call: Call, kind: str) -> None:
        refuse_query(call.query)
        answer_type(call.headers.get(b"accept"), (kind,))
