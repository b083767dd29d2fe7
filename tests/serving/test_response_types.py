"""Types of responses: what is not known is left out, never null."""

import msgspec
import pytest

from serving.response_types import Interval, Problem, Readiness, Score, ScoreAnswer


def test_what_is_not_known_is_left_out() -> None:
    """A score without a forecast has its reason and no null."""
    score = Score(customer_id="a", coverage=0.0, loyalty_parts={}, absent={"forecast": "no model is in service"})
    encoded = msgspec.json.encode(score)
    assert b"null" not in encoded
    assert msgspec.json.decode(encoded) == {
        "customer_id": "a",
        "loyalty_parts": {},
        "coverage": 0.0,
        "absent": {"forecast": "no model is in service"},
    }


def test_an_interval_says_its_content() -> None:
    """It is .9 unless said otherwise, and always in the response."""
    assert msgspec.to_builtins(Interval(0.0, 2.0)) == {"low": 0.0, "high": 2.0, "content": 0.9}


def test_a_response_is_read_back_as_it_was_written() -> None:
    """The client gets the struct that the service encoded."""
    facts = b'"formula_version":"1","as_of":"2011-06-10T00:00:00+01:00","horizon_days":90'
    body = b'{"scores":[{"customer_id":"a","coverage":1.0}],%s}' % facts
    answer = msgspec.json.decode(body, type=ScoreAnswer)
    assert answer.scores[0].customer_id == "a"
    assert msgspec.json.decode(msgspec.json.encode(answer)) == msgspec.json.decode(body)


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        (Score, {"customer_id": "a", "coverage": 1.5}),
        (Readiness, {"status": "fine"}),
        (Problem, {"type": "/problems/x"}),
    ],
)
def test_other_responses_are_no_responses(type_: type[msgspec.Struct], body: dict[str, object]) -> None:
    """The client refuses a body that the service never sends."""
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(body, type_)
