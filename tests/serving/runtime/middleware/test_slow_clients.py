"""Slow clients cost little: bodies are drained for a while, and slow readers dropped."""

import asyncio
from typing import Any

from tests.serving.runtime.conftest import Ask, fine


def test_a_body_that_nobody_wants_is_read_before_the_answer(ask: Ask) -> None:
    """A caller that is still sending sees the refusal; one that asked for leave to send does not send at all."""
    body = (b"x" * 1000,) * 50
    answered = ask(ask.app(fine), body=body)
    assert (answered.status, ask.read) == (200, 50_000)
    assert "connection" not in answered.headers
    ask.read = 0
    answered = ask(ask.app(fine), body=body, expect="100-continue")
    assert (answered.status, ask.read) == (200, 0)
    assert answered.headers["connection"] == "close"


def test_who_sends_for_ever_is_answered_all_the_same(ask: Ask) -> None:
    """After the seconds that a drain may take, with the connection closed."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.001)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "headers": [(b"transfer-encoding", b"chunked")]}
    asyncio.run(ask.app(fine, drain_seconds=0.05)(scope, receive, send))
    assert (b"connection", b"close") in sent[0]["headers"]


def test_who_takes_an_answer_too_slowly_is_dropped(ask: Ask) -> None:
    """Its connection is aborted, as uvicorn's transport allows; others are not."""

    class Cycle:
        """Like uvicorn's: `send` waits until the transport has room, or is gone."""

        def __init__(self) -> None:
            self.transport, self.gone = self, asyncio.Event()

        def abort(self) -> None:
            self.gone.set()

        async def send(self, message: dict[str, Any]) -> None:
            await self.gone.wait()

    async def never() -> dict[str, Any]:
        raise AssertionError("nobody asked for it")

    async def life() -> None:
        app = ask.app(fine, response_seconds=0.05)
        sweeper = asyncio.create_task(app.drop_slow_readers())
        scope = {"type": "http", "method": "GET", "path": "/versions", "headers": []}
        await asyncio.wait_for(app(scope, never, Cycle().send), 10)
        sweeper.cancel()

    asyncio.run(life())
