"""When a request is sent again, and with what headers."""

import asyncio
from typing import Any

import httpx
import pytest

from features.errors import InvalidArgumentError
from regulars import AsyncClient, Client
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


def test_a_header_that_may_not_be_sent_is_not_shown() -> None:
    """The library names its value, which may be the key."""
    error = unreachable("http://x", httpx.LocalProtocolError("Illegal header value b'Bearer SECRET'"))
    assert "SECRET" not in str(error)
    assert "(LocalProtocolError: no answer)" in str(error)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_client_that_could_not_ask_is_not_made(kind: type[Any]) -> None:
    """The key is in no message."""
    for arguments in (
        {"key": "SECRET\nKEY"}, {"seconds": 0}, {"retries": -1}, {"address": "http://[::1"},
    ):  # fmt: skip
        with pytest.raises(InvalidArgumentError) as refused:
            kind(**{"address": "http://x"} | arguments)
        assert "SECRET" not in str(refused.value)


def test_a_closed_client_says_so() -> None:
    """Of both kinds."""
    client, other = Client("http://x"), AsyncClient("http://x")
    client.close()
    with pytest.raises(InvalidArgumentError, match=r"^the client is closed: make another one$"):
        client.versions()

    async def ask() -> None:
        await other.close()
        with pytest.raises(InvalidArgumentError, match=r"^the client is closed: make another one$"):
            await other.versions()

    asyncio.run(ask())
