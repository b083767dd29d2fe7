"""The parameters of a request with a table stand in its query, under the rules of those in a body."""

import pytest
from starlette.applications import Starlette

from tests.serving.api.test_arrow_parquet import FEATURE_TABLE
from tests.serving.asking import ARROW, arrow, ask, problem_of


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
