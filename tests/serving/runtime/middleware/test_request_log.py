"""Each request has an id and one line in the log; a fault of the service is a problem that says where."""

import asyncio
import json
import os
from typing import Any

import pytest

from serving.runtime.json_log import JsonLog
from tests.serving.runtime.conftest import NOON, Ask, bare, fine


def test_a_request_has_one_line_in_the_log(ask: Ask) -> None:
    """With its id, route, status, time, and what the application told of it."""
    answered = ask(ask.app(fine), x_request_id="shop-2024.06_01")
    assert answered.headers["x-request-id"] == "shop-2024.06_01"
    (line,) = answered.lines
    assert line.pop("ms") >= 0
    assert line.pop("worker") == os.getpid()
    assert line == {
        "time": "2024-06-01T12:00:00Z",
        "id": "shop-2024.06_01",
        "method": "POST",
        "route": "/score",
        "status": 200,
        "customers": 3,
        "model_version": "7",
    }


@pytest.mark.parametrize(
    "given", ["", "short", "x" * 65, "with blank 123", 'quote"12345', "line\n12345", "ümlaut12345"]
)
def test_a_request_id_that_is_not_sane_is_replaced(ask: Ask, given: str) -> None:
    """So that nobody writes into the log or an answer's headers what they like."""
    answered = ask(ask.app(fine), x_request_id=given)
    assert answered.headers["x-request-id"] != given
    assert answered.headers["x-request-id"] == answered.lines[0]["id"]


def test_a_fault_of_ours_is_a_problem_and_says_where(ask: Ask) -> None:
    """The log has the place and the kind, and not the words: they may quote a customer's data."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise KeyError("anna@example.org")

    answered = ask(ask.app(broken))
    assert answered.problem["status"] == 500
    fault, line = answered.lines
    assert fault["event"] == "fault"
    assert fault["fault"] == "KeyError"
    assert fault["id"] == line["id"]
    assert "test_request_log.py" in fault["at"][-1]
    assert "broken" in fault["at"][-1]
    assert "anna" not in json.dumps([*answered.lines, answered.problem])


def test_a_caller_that_left_is_noted_as_such(ask: Ask) -> None:
    """An application that gives up without an answer is no fault."""

    async def gone(scope: Any, receive: Any, send: Any) -> None:
        assert (await receive())["type"] == "http.disconnect"

    assert ask(ask.app(gone)).lines[0]["status"] == 499


def test_a_line_that_cannot_be_written_stops_nothing(ask: Ask) -> None:
    """On a full disk the answer goes out, and the lost line is counted."""
    full = JsonLog(lambda: NOON, os.open("/dev/full", os.O_WRONLY))
    ask.log = full
    assert ask(ask.app(fine)).status == 200
    assert full.lost == 1


def test_checks_of_health_that_went_well_leave_no_line(ask: Ask) -> None:
    """Neither do scrapes of the metrics; every other request does, and so does a failed check."""
    app = ask.app(fine)
    for path in ("/livez", "/readyz", "/metrics"):
        assert ask(app, path).lines == []
    assert len(ask(app, "/schema.json").lines) == 1

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError

    assert [line["status"] for line in ask(ask.app(broken), "/livez").lines if "status" in line] == [500]


def test_every_answer_has_the_headers_of_safety(ask: Ask) -> None:
    """What the application set itself is left as it is."""
    headers = ask(ask.app(fine)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["Cache-Control"] == "max-age=9"
    assert "cache-control" not in headers
    assert ask(ask.app(bare), "/livez").headers["cache-control"] == "no-store"


def test_who_takes_an_answer_too_slowly_is_dropped(ask: Ask) -> None:
    """Its connection is aborted, as uvicorn's transport allows; others are not."""

    class Cycle:
        """Like uvicorn's: `send` waits until the transport has room, or is gone."""

        def __init__(self) -> None:
            self.transport, self.gone = self, asyncio.Event()

        def get_write_buffer_size(self) -> int:
            return 1

        def abort(self) -> None:
            self.gone.set()

        async def send(self, message: dict[str, Any]) -> None:
            await self.gone.wait()

    async def never() -> dict[str, Any]:
        raise AssertionError("nobody asked for it")

    cycle = Cycle()
    app = ask.app(fine, response_seconds=0.05)
    scope = {"type": "http", "method": "GET", "path": "/versions", "headers": []}
    asyncio.run(asyncio.wait_for(app(scope, never, cycle.send), 10))
    assert cycle.gone.is_set()


def test_half_a_response_is_cut_off(ask: Ask) -> None:
    """A fault after the start of a response drops the connection, or the client would take the half for the whole."""

    class Cycle:
        """Like uvicorn's, and notes that its transport was aborted."""

        aborted = False

        def get_write_buffer_size(self) -> int:
            return 0

        @property
        def transport(self) -> "Cycle":
            return self

        def abort(self) -> None:
            self.aborted = True

        async def send(self, message: dict[str, Any]) -> None:
            """Take anything."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError

    cycle = Cycle()
    scope = {"type": "http", "method": "GET", "path": "/versions", "headers": []}
    asyncio.run(ask.app(broken)(scope, cycle.send, cycle.send))
    assert cycle.aborted
