"""Accept as RFC 9110 has it."""

from typing import Any

import pytest
from starlette.applications import Starlette

from serving.api.content_negotiation import ARROW, JSON, response_type
from serving.api.problem_details import ProblemError
from tests.serving.asking import ask, rows_request, score_request


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (ARROW, ARROW),
        (f"{JSON}, {ARROW}", JSON),
        (f"{JSON};q=0.5, {ARROW}", ARROW),
        (f"{ARROW};q=0.5, */*;q=0.1", ARROW),
        (f"{JSON};q=0, */*", ARROW),
        (f"text/html, */*;q=0.1, {ARROW};q=0", JSON),
        (" , ", None),
        ("text/*", None),
        (f"{JSON};q=0, {ARROW};q=0", None),
        ("*/*;q=0", None),
    ],
)
def test_the_most_specific_range_decides(accept: str | None, expected: str | None) -> None:
    """Weights and exclusions count; between equals the first offered is taken; nothing acceptable is 406."""
    if expected is None:
        with pytest.raises(ProblemError, match="Accept"):
            response_type(accept, (JSON, ARROW))
    else:
        assert response_type(accept, (JSON, ARROW)) == expected


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"kind": None}, 415, "unsupported-media-type"),
        ({"kind": "text/plain"}, 415, "unsupported-media-type"),
        ({"kind": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        ({"kind": "json"}, 415, "unsupported-media-type"),
        ({"kind": "application/json; charset=latin-1"}, 415, "unsupported-media-type"),
        ({"headers": {"content-encoding": "gzip"}}, 400, "malformed"),
        ({"headers": {"content-encoding": "br"}}, 415, "unsupported-media-type"),
        ({"headers": {"content-encoding": "br, gzip"}}, 415, "unsupported-media-type"),
        ({"accept": "text/html"}, 406, "not-acceptable"),
        ({"accept": "application/json;q=0"}, 406, "not-acceptable"),
        ({"accept": "application/json;q=high"}, 406, "not-acceptable"),
        ({"query": "as_of=2011-06-11"}, 400, "unknown-parameter"),
        ({"query": "debug"}, 400, "unknown-parameter"),
        ({"method": "PUT"}, 405, "method-not-allowed"),
        ({"method": "GET"}, 405, "method-not-allowed"),
        ({"method": "TRACE"}, 405, "method-not-allowed"),
    ],
)
@pytest.mark.parametrize("path", ["/score", "/score_features"])
def test_the_envelope_must_be_right_too(
    app: Starlette, path: str, changes: dict[str, Any], status: int, kind: str
) -> None:
    """Method, media types, encodings and the query have their own statuses."""
    answer = ask(app, path, score_request() if path == "/score" else rows_request(), **changes)
    assert (answer.status, answer.json()["type"]) == (status, f"/problems/{kind}")
