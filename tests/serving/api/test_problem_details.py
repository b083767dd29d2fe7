"""Problem documents name some of many faults, and batch scores that are missing."""

from starlette.applications import Starlette

from serving.api.problem_details import MAXIMUM_FAULTS
from tests.serving.asking import ask, problem_of, score_request


def test_of_many_faults_some_are_named(app: Starlette) -> None:
    """A request of a thousand faults is answered in one page."""
    events = [{"event_type": "usage", "event_time": "2011-02-30"}] * 1000
    answer = ask(app, "/score", score_request(customer={"events": events}))
    problem_of(answer, 422, "customers/0/events/19/event_time")
    assert len(answer.json()["errors"]) == MAXIMUM_FAULTS
    assert "and 999 more" in answer.json()["detail"]


def test_batch_scores_that_are_not_there_are_a_conflict(app: Starlette) -> None:
    """409 until `regulars score` has written them; bad ids are told before."""
    problem_of(ask(app, "/score_customers", {"customer_ids": ["a"]}), 409, None)
    problem_of(ask(app, "/score_customers", {"customer_ids": ["a", "a "]}), 422, "customer_ids/1")
    problem_of(ask(app, "/score_customers", {"customer_ids": []}), 422, "customer_ids")
    problem_of(ask(app, "/score_customers", {"customer_ids": [1.5]}), 422, "customer_ids/0")
