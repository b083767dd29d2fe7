"""What stands behind the other paths, and how large requests are kept from holding up small ones."""

import asyncio
from typing import Any

import pytest
from starlette.applications import Starlette

from serving.api.app import RequestLimits, make_app
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ask, columns_request, feature_row, score_request
from tests.serving.conftest import NOW


def test_a_swap_is_seen_by_the_next_request(model_state: ServiceState, rule_state: ServiceState) -> None:
    """The state is read once a request."""
    current = CurrentState(rule_state)
    app = make_app(current, clock=lambda: NOW)
    assert "model_version" not in ask(app, "/score", score_request()).json()
    current.state = model_state
    assert ask(app, "/score", score_request()).json()["model_version"] == "7"


def test_a_long_answer_is_that_of_its_parts(app: Starlette) -> None:
    """Thousands of scores come in pieces that make up one JSON text, in the order asked for."""
    names = [f"c{at}" for at in range(4001)]
    columns = {name: [value] * len(names) for name, value in feature_row().items()} | {"customer_id": names}
    answer = ask(app, "/score_features", columns_request(columns=columns)).json()
    alone = ask(app, "/score_features", columns_request()).json()
    assert [score["customer_id"] for score in answer["scores"]] == names
    (expected,) = alone["scores"]
    for score in (answer["scores"][0], answer["scores"][-1]):
        assert score["loyalty_parts"] == expected["loyalty_parts"]
        assert score["expected_purchases"] == pytest.approx(expected["expected_purchases"], rel=1e-9)
    assert {k: v for k, v in answer.items() if k != "scores"} == {k: v for k, v in alone.items() if k != "scores"}


def test_the_log_is_told_how_many_and_by_which(app: Starlette) -> None:
    """What the log may know of a request: the number of customers and the version, nothing of the customers."""
    told: dict[str, Any] = {}
    body = b'{"customers":[{"customer_id":"a","events":[]},{"customer_id":"b","events":[]}]}'

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        pass

    scope = {"type": "http", "method": "POST", "path": "/score", "query_string": b"", "state": told}
    asyncio.run(app(scope | {"headers": [(b"content-type", b"application/json")]}, receive, send))  # type: ignore[arg-type]
    assert told == {"customers": 2, "model_version": "7"}


def test_a_client_that_leaves_gets_no_answer(app: Starlette) -> None:
    """Nothing is sent to who went away before the body was whole."""
    got: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        got.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/score", "query_string": b"", "headers": headers}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert got == []


def test_large_bodies_do_not_hold_up_the_loop(model_state: ServiceState) -> None:
    """A body above the limit for inline work is worked on in another thread, with the same answer."""
    inline = make_app(CurrentState(model_state), clock=lambda: NOW)
    threaded = make_app(CurrentState(model_state), RequestLimits(inline_bytes=10), clock=lambda: NOW)
    assert ask(inline, "/score", score_request()).body == ask(threaded, "/score", score_request()).body


@pytest.mark.parametrize(
    "path", ["/scores", "/score/", "/score\n", "//score", "/Score", "/score_features/x", "", "/%2e%2e/etc"]
)
def test_other_paths_are_not_there(app: Starlette, path: str) -> None:
    """404, and the paths that there are."""
    answer = ask(app, path, score_request())
    assert answer.status == 404
    assert "/score_features" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/versions", "/readyz", "/docs.json", "/docs", "/"])
def test_reading_is_by_get(app: Starlette, path: str) -> None:
    """405 with Allow for other methods; a query or an impossible Accept is refused."""
    refused = ask(app, path, {}, method="POST")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")
    assert ask(app, path, query="x=1").status == 400
    assert ask(app, path, accept="image/png").status == 406
    assert ask(app, path, accept="*/*").status == ask(app, path, method="HEAD").status == 200
