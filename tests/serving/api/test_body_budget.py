"""All bodies of a worker together stay within a budget, whatever comes of their requests."""

import asyncio
import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from serving.api.app import RequestLimits, make_app
from serving.api.body_budget import SMALL_BYTES, BodyBudget, HeldBody
from serving.api.problem_details import ProblemError
from serving.state import CurrentState, ServiceState
from tests.serving.asking import JSON, ask, problem_of, score_request
from tests.serving.conftest import NOW

MAXIMUM = 100_000
SMALL, LARGE = score_request(), json.dumps(score_request(event={"content": "x" * 60_000})).encode()


@pytest.fixture
def app(rule_state: ServiceState) -> Starlette:
    """The app with room for 100,000 bytes."""
    return make_app(CurrentState(rule_state), RequestLimits(bodies_bytes=MAXIMUM), clock=lambda: NOW)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2 * MAXIMUM)), max_size=30))
def test_never_more_than_the_budget_and_nothing_is_kept(steps: list[tuple[int, int]]) -> None:
    """However bodies grow and end: the sum of the large ones is what is held, a refused step changes nothing."""
    budget = BodyBudget(MAXIMUM)
    held, sizes = [HeldBody(budget) for _ in range(5)], [0] * 5
    for body, size in steps:
        total = sizes[body] + size
        others = sum(one for at, one in enumerate(sizes) if at != body and one > SMALL_BYTES)
        if total > SMALL_BYTES and others + total > MAXIMUM:
            before = budget.held_bytes
            with pytest.raises(ProblemError, match="try again"):
                held[body].grow_to(total)
            assert budget.held_bytes == before
        else:
            held[body].grow_to(total)
            sizes[body] = total
        assert budget.held_bytes == sum(each for each in sizes if each > SMALL_BYTES) <= MAXIMUM
    for one in held:
        one.__exit__()
    assert budget.held_bytes == 0


def beside(app: Starlette, body: bytes, ask_meanwhile: Any) -> None:
    """Send a body but for its last byte, ask, and have the client leave."""
    parts: Iterator[bytes] = iter([body[:-1]])
    read, left = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        for part in parts:
            return {"type": "http.request", "body": part, "more_body": True}
        read.set()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError(f"{message} for a client that has left")

    async def run() -> None:
        scope = {"type": "http", "method": "POST", "path": "/score", "query_string": b""}
        headers = [(b"content-type", JSON.encode())]
        first = asyncio.create_task(app({**scope, "headers": headers}, receive, send))  # type: ignore[arg-type]
        await read.wait()
        await asyncio.to_thread(ask_meanwhile)
        left.set()
        await first

    asyncio.run(run())


def test_bodies_that_do_not_fit_are_refused_and_small_ones_are_not(app: Starlette) -> None:
    """By what they become, with the time to come back; when one has ended the next one fits."""

    def ask_meanwhile() -> None:
        packed = gzip.compress(LARGE)
        assert len(packed) < 1000
        for sent, headers in ((LARGE, {}), (packed, {"content-encoding": "gzip"})):
            refused = ask(app, "/score", sent, headers=headers)
            problem_of(refused, 503, None)
            assert refused.headers["retry-after"] == "1"
        assert ask(app, "/score", SMALL).status == 200
        assert ask(app, "/score", SMALL | {"as_of": "x"}).status == 422

    beside(app, LARGE, ask_meanwhile)
    assert ask(app, "/score", LARGE).status == 200


def test_a_body_that_says_that_it_will_not_fit_is_not_read(app: Starlette) -> None:
    """Nor is one that comes in pieces without a length read further than the budget."""
    large = b" " * (2 * MAXIMUM)
    problem_of(ask(app, "/score", large, headers={"content-length": str(len(large))}), 503, None)
    problem_of(ask(app, "/score", large, pieces=10), 503, None)


@pytest.mark.parametrize("path", ["/score", "/score_features", "/score_customers"])
def test_whatever_comes_of_a_body_its_room_is_free_again(app: Starlette, path: str) -> None:
    """Refused, broken or scored."""
    for body in (b" " * 90_000, b"[" * 90_000, gzip.compress(b" " * 90_000)[:-4]):
        for headers in ({}, {"content-encoding": "gzip"}):
            assert 400 <= ask(app, path, body, headers=headers).status < 500
