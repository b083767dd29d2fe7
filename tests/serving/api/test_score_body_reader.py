"""Bodies are read the same, whether a request waits for them or not."""

import json
from collections.abc import Sequence

import pytest

from features.errors import ScoresUnreachableError
from serving.api.content_negotiation import JSON
from serving.api.parameters import NO_PARAMETERS, RequestLimits
from serving.api.problem_details import ProblemError
from serving.api.score_body_reader import BODY_TYPES, RESPONSE_TYPES, ScoreBodyReader
from serving.batch_lookup import BatchLookup
from serving.request_types import ScoringParameters
from serving.state import ServiceState
from tests.serving.asking import score_request
from tests.serving.conftest import NOW


def test_parameters_beside_a_body_are_those_of_the_query(model_state: ServiceState) -> None:
    """They may not contradict the body; without any, the cutoff is the clock's."""
    bodies, request = ScoreBodyReader(RequestLimits(), None), score_request()
    del request["as_of"], request["horizon_days"]
    body = json.dumps(request).encode()
    features, context = bodies.features("/score", body, JSON, NO_PARAMETERS, model_state, lambda: NOW)
    assert (features.ids, context.as_of.time) == (["12415"], int(NOW.timestamp() * 1e6))
    given = ScoringParameters(as_of="2011-06-10", horizon_days=30)
    assert bodies.features("/score", body, JSON, given, model_state, lambda: NOW)[1].horizon_days == 30
    whole = json.dumps(score_request(horizon_days=7)).encode()
    with pytest.raises(ProblemError, match="keep one"):
        bodies.features("/score", whole, JSON, given, model_state, lambda: NOW)


def test_the_batch_needs_a_file(rule_state: ServiceState) -> None:
    """Without one that is the problem, after the body has been checked."""
    bodies = ScoreBodyReader(RequestLimits(), None)
    for body, kind in ((b'{"customer_ids":["a"]}', "no-batch-scores"), (b'{"customer_ids":["a","a"]}', "invalid")):
        with pytest.raises(ProblemError) as found:
            bodies.batch(body, rule_state)
        assert found.value.kind == kind
    assert BODY_TYPES.keys() == RESPONSE_TYPES.keys()


def test_a_database_that_does_not_answer_is_asked_again_later(rule_state: ServiceState) -> None:
    """The problem says when, and not where the database is; the log does."""

    def away(ids: Sequence[str]) -> BatchLookup:
        raise ScoresUnreachableError("postgresql://ann@db.internal/shop cannot be reached")

    with pytest.raises(ProblemError) as found:
        ScoreBodyReader(RequestLimits(), away).batch(b'{"customer_ids":["a"]}', rule_state)
    assert (found.value.kind, found.value.headers) == ("scores-unreachable", {"Retry-After": "2"})
    assert "db.internal" not in found.value.detail
