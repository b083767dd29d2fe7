"""How the clients reach the service: time limits, retries, and the headers of a request."""

from collections.abc import Callable

import httpx
from httpx_retries import Retry

from features.errors import InvalidArgumentError, ServiceUnreachableError
from regulars.client_calls import Call
from regulars.client_checks import attempt_seconds, attempts_again, trace_header

Traceparent = str | Callable[[], str | None] | None
CONNECT_SECONDS = 5.0
LONGEST_PAUSE = 60.0
"""Seconds between two attempts, whatever Retry-After says."""


def timeout_of(seconds: float) -> httpx.Timeout:
    """Return the time limits of a request."""
    return httpx.Timeout(attempt_seconds(seconds), connect=min(CONNECT_SECONDS, seconds))


def retry_of(retries: int) -> Retry:
    """Return when a request is sent again.

    A response that does not come in time is not waited for again: the service may still be working on it.
    """
    return Retry(
        total=attempts_again(retries),
        allowed_methods=("GET", "POST", "DELETE"),
        retry_on_exceptions=(httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout),
        backoff_factor=0.25,
        max_backoff_wait=LONGEST_PAUSE,
    )


def headers_of(call: Call, traceparent: Traceparent) -> dict[str, str]:
    """Return the headers of a request."""
    headers = {"Accept": call.accept, **(call.headers or {})}
    if call.content is not None:
        headers["Content-Type"] = call.media_type
    trace = traceparent() if callable(traceparent) else traceparent
    return headers | trace_header(trace)


def request_of(http: httpx.Client | httpx.AsyncClient, call: Call, traceparent: Traceparent) -> httpx.Request:
    """Return the request of a call; raises InvalidArgumentError when the client is closed."""
    if http.is_closed:
        raise InvalidArgumentError("the client is closed: make another one")
    return http.build_request(
        call.method,
        call.path,
        content=call.content,
        params=call.params,
        headers=headers_of(call, traceparent),
        extensions={} if call.retried else {"retry": retry_of(0)},
    )


def unreachable(address: str, error: httpx.TransportError) -> ServiceUnreachableError:
    """Return the error of a service that does not answer, in one line."""
    # The message of an error of the protocol can quote a header of the request, such as the key.
    hidden = isinstance(error, httpx.LocalProtocolError)
    reason = "" if hidden else " ".join(str(error).split())
    return ServiceUnreachableError(
        f"the service at {address} does not answer ({type(error).__name__}: {reason or 'no answer'}): "
        "is it running, and is the address right?"
    )
