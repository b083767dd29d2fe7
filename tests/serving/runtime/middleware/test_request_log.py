"""Each request has an id and one line in the log; a fault of the service is a problem that says where."""

import json
import os
from typing import Any

import pytest

from serving.runtime.json_log import JsonLog
from tests.serving.runtime.conftest import NOON, Ask, fine


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
