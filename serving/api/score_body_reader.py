"""Reads whole bodies of requests for scores: customers with events, feature tables, and ids of customers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from features.errors import BatchScoresError, ScoresUnreachableError
from serving.api.content_negotiation import ARROW, JSON, PARQUET
from serving.api.event_json import features_of_event_json
from serving.api.event_tables import features_of_event_table
from serving.api.feature_rows import Features, features_in_json, features_of_table, repeated_customers
from serving.api.parameters import Clock, RequestLimits, ScoringContext, one_source, scoring_context
from serving.api.problem_details import ProblemError, invalid
from serving.api.request_body import decode_json, refuse_long_list, refuse_too_many
from serving.api.responses import batch_answer
from serving.batch_lookup import Lookup
from serving.request_types import CustomersRequest, FeaturesRequest, ScoreRequest, ScoringParameters, id_text
from serving.response_types import LastScoresAnswer
from serving.state import ServiceState

BODY_TYPES = {
    "/score": (JSON, ARROW, PARQUET),
    "/score_features": (JSON, ARROW, PARQUET),
    "/score_customers": (JSON,),
}
"""The media types of bodies that each endpoint takes."""
RESPONSE_TYPES = {
    "/score": (JSON, ARROW, PARQUET),
    "/score_features": (JSON, ARROW, PARQUET),
    "/score_customers": (JSON,),
}
"""The media types of responses that each endpoint offers."""
RETRY_AFTER_SECONDS = "2"
"""When to try again where a database does not answer."""


class _Reader(NamedTuple):
    decode: Callable[[bytes], Any]
    of_json: Callable[[Any, ScoringContext, RequestLimits], Features]
    of_table: Callable[[bytes, str, ScoringContext, RequestLimits], Features]


class ScoreBodyReader:
    """Reads bodies, within the limits of a request.

    Parameters
    ----------
    limits : RequestLimits
    lookup : callable, optional
        Returns the batch scores of customers.
    """

    def __init__(self, limits: RequestLimits, lookup: Lookup | None) -> None:
        self._limits, self._lookup = limits, lookup
        self._decode_customers = msgspec.json.Decoder(CustomersRequest).decode
        self._readers = {
            "/score": _Reader(
                msgspec.json.Decoder(ScoreRequest).decode, features_of_event_json, features_of_event_table
            ),
            "/score_features": _Reader(
                msgspec.json.Decoder(FeaturesRequest).decode, features_in_json, features_of_table
            ),
        }

    def features(
        self, path: str, body: bytes, media_type: str, query: ScoringParameters, state: ServiceState, clock: Clock
    ) -> tuple[Features, ScoringContext]:
        """Return the features of the customers in a body of /score or /score_features, and how to score them.

        Raises a 400, 413 or 422 problem.
        """
        reader = self._readers[path]
        if media_type == JSON:
            decoded = decode_json(body, reader.decode)
            context = scoring_context(one_source(query, decoded), state, clock)
            return reader.of_json(decoded, context, self._limits), context
        context = scoring_context(query, state, clock)
        return reader.of_table(body, media_type, context, self._limits), context

    def batch(self, body: bytes, state: ServiceState) -> tuple[int, LastScoresAnswer]:
        """Return the number of customers in a body of /score_customers, and the answer.

        While a canary runs each score has its version here too: that of the batch, whoever answers at /score. Raises a
        400, 409, 413, 422 or 503 problem.
        """
        refuse_long_list("customers", body, self._limits.customers)
        ids = [id_text(customer_id) for customer_id in decode_json(body, self._decode_customers).customer_ids]
        refuse_too_many("customers", len(ids), self._limits.customers)
        if faults := repeated_customers(ids, "customer_ids/{row}"):
            raise invalid(faults)
        if self._lookup is None:
            detail = "the service was given no file of batch scores; name at its start what `regulars score` wrote"
            raise ProblemError("no-batch-scores", detail)
        try:
            scores = self._lookup(ids)
        except ScoresUnreachableError:
            detail = "the database of the batch scores does not answer; try again"
            raise ProblemError("scores-unreachable", detail, headers={"Retry-After": RETRY_AFTER_SECONDS}) from None
        except BatchScoresError as error:
            raise ProblemError("no-batch-scores", str(error)) from None
        answer = batch_answer(scores, ids)
        if state.canary is not None:
            for score in answer.scores:
                score.model_version = answer.model_version
        return len(ids), answer
