"""The endpoints that score at once take what they say and offer what they say."""

import pytest
from starlette.applications import Starlette

from serving.api.score_body_reader import BODY_TYPES, RESPONSE_TYPES
from tests.serving.asking import ARROW, JSON, PARQUET, ask, rows_request, score_request

REQUESTS = {"/score": score_request(), "/score_features": rows_request(), "/score_customers": {"customer_ids": ["a"]}}


@pytest.mark.parametrize("path", REQUESTS)
def test_media_types_are_those_of_the_endpoint(app: Starlette, path: str) -> None:
    """Bodies of other types are 415, responses in others 406, before the body is looked at."""
    for kind in (JSON, ARROW, PARQUET, "text/csv"):
        assert (ask(app, path, b"?", kind=kind).status == 415) == (kind not in BODY_TYPES[path])
        assert (ask(app, path, REQUESTS[path], accept=kind).status == 406) == (kind not in RESPONSE_TYPES[path])
