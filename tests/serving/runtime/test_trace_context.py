"""A request's trace context is that of W3C: what is no `traceparent` is as if there were none."""

import re

import pytest

from serving.runtime.trace_context import TraceParent, continue_trace, parse_traceparent
from tests.serving.runtime.conftest import Ask, fine

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("value", "sampled"),
    [
        (f"00-{TRACE}-{SPAN}-01", True),
        (f"00-{TRACE}-{SPAN}-00", False),
        (f"00-{TRACE}-{SPAN}-03", True),  # the random flag beside it
        (f"cc-{TRACE}-{SPAN}-01", True),  # of a version to come
        (f"cc-{TRACE}-{SPAN}-01-what-may-come", True),
    ],
)
def test_a_traceparent_is_read(value: str, sampled: bool) -> None:
    """Also of later versions, which may have more at the end."""
    assert parse_traceparent(value.encode()) == TraceParent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "value",
    [
        "",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"cc-{TRACE}-{SPAN}-01.more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f" 00-{TRACE}-{SPAN}-01",
    ],
)
def test_another_header_is_none(value: str) -> None:
    """The specification asks to start anew, and without a collector nothing starts."""
    assert parse_traceparent(value.encode()) is None
    assert continue_trace({b"traceparent": value.encode()}, "POST", "/score") is None


def test_the_line_and_the_answer_of_a_traced_request_name_its_span(ask: Ask) -> None:
    """A span of its own in the caller's trace; it is recorded nowhere, so it is not sampled."""
    answered = ask(ask.app(fine), traceparent=f"00-{TRACE}-{SPAN}-01")
    (line,) = answered.lines
    assert line["trace_id"] == TRACE
    assert re.fullmatch("[0-9a-f]{16}", line["span_id"])
    assert line["span_id"] != SPAN
    assert answered.headers["traceresponse"] == f"00-{TRACE}-{line['span_id']}-00"


def test_a_request_without_one_has_no_trace(ask: Ask) -> None:
    """Neither has a check of health, whatever it sends."""
    answered = ask(ask.app(fine))
    assert "traceresponse" not in answered.headers
    assert not {"trace_id", "span_id"} & set(answered.lines[0])
    assert "traceresponse" not in ask(ask.app(fine), "/livez", traceparent=f"00-{TRACE}-{SPAN}-01").headers
