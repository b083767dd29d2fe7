"""The parameters of a request with a table stand in its query, under the rules of those in a body."""

import pytest
from starlette.applications import Starlette

from tests.serving.api.test_arrow_parquet import FEATURE_TABLE
from tests.serving.asking import ARROW, EVENT, arrow, ask, problem_of, score_request


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ("as_off=2011-06-10", 400, "as_off"),
        ("as_of=2011-06-10&as_of=2011-06-11", 400, "as_of"),
        ("as_of", 400, None),
        ("as_of=%ff", 400, None),
        ("as_of=soon", 422, "as_of"),
        ("as_of=2012-06-10", 422, "as_of"),
        ("horizon_days=0", 422, "horizon_days"),
        ("horizon_days=9.5", 422, "horizon_days"),
        ("horizon_days=", 422, "horizon_days"),
    ],
)
def test_the_query_of_a_table_is_checked(app: Starlette, query: str, status: int, where: str | None) -> None:
    """as_of and horizon_days stand in the query of a table, under the same rules."""
    problem_of(ask(app, "/score_features", arrow(FEATURE_TABLE), kind=ARROW, query=query), status, where)


def test_a_time_may_be_a_day_ahead_of_the_clock_and_no_more(app: Starlette) -> None:
    """Of an event and of as_of alike; the clock of the app stands at noon of 10 December 2011."""
    on_time, late = "2011-12-11T12:00:00Z", "2011-12-11T12:00:00.000001Z"
    assert ask(app, "/score", score_request(event={"event_time": on_time}, as_of=on_time)).status == 200
    problem_of(ask(app, "/score", score_request(event={"event_time": late})), 422, f"{EVENT}/event_time")
    problem_of(ask(app, "/score", score_request(as_of=late)), 422, "as_of")
