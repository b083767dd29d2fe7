"""When a request is sent again, and with what headers."""

import httpx
import pytest

from regulars.client_calls import Call
from regulars.client_transport import headers_of, retry_of, timeout_of, unreachable


@pytest.mark.parametrize(
    ("error", "again"),
    [(httpx.ConnectError, True), (httpx.ReadError, True), (httpx.RemoteProtocolError, True),
     (httpx.ConnectTimeout, True), (httpx.ReadTimeout, False), (ValueError, False)],
)  # fmt: skip
def test_lost_connections_are_tried_again_and_slow_answers_not(error: type[Exception], again: bool) -> None:
    """A second request would only add to the work of a slow service."""
    raised = error("x")
    assert retry_of(5).is_retryable_exception(raised) == again


def test_headers_name_the_body_and_the_trace() -> None:
    """A request without a body names no type."""
    assert headers_of(Call("GET", "/versions"), None) == {"Accept": "application/json"}
    call = Call("POST", "/jobs", b"{}", headers={"Idempotency-Key": "k"})
    assert headers_of(call, "00-x")["traceparent"] == "00-x"
    assert headers_of(call, lambda: None).keys() == {"Accept", "Content-Type", "Idempotency-Key"}


def test_an_error_is_one_line_and_connecting_takes_no_minute() -> None:
    """Whatever the library says."""
    error = unreachable("http://x", httpx.ConnectError("a\nb"))
    assert str(error).startswith("the service at http://x does not answer (ConnectError: a b)")
    assert (timeout_of(60).connect, timeout_of(60).read, timeout_of(2).connect) == (5, 60, 2)
