"""The W3C trace context of a request: who called, in which trace, and which span answers."""

import re
import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

_TRACEPARENT = re.compile(rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
SAMPLED = 0x01


class TraceParent(NamedTuple):
    """The span that called, as `traceparent` names it.

    Attributes
    ----------
    trace_id, span_id : str
        32 and 16 hexadecimal digits.
    sampled : bool
        Whether the caller records its span.
    """

    trace_id: str
    span_id: str
    sampled: bool


def parse_traceparent(value: bytes) -> TraceParent | None:
    """Return the caller's span; None for a header that is no `traceparent`, which is as if there were none.

    A later version may append fields, which are left out.

    References
    ----------
    W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header

    Examples
    --------
    >>> parse_traceparent(b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").sampled
    True
    >>> parse_traceparent(b"00-00000000000000000000000000000000-b7ad6b7169203331-01")
    """
    match = _TRACEPARENT.fullmatch(value)
    if match is None or (match[1] == b"00" and match[5] is not None):
        return None
    return TraceParent(match[2].decode(), match[3].decode(), bool(int(match[4], 16) & SAMPLED))


class RequestTrace:
    """The span of a request. This one is recorded nowhere, so it is never sampled; the log and the answer name it.

    Parameters
    ----------
    trace_id, span_id : str
        32 and 16 hexadecimal digits.
    sampled : bool
        Whether the span is recorded.
    """

    def __init__(self, trace_id: str, span_id: str, sampled: bool = False) -> None:
        self.trace_id, self.span_id = trace_id, span_id
        self.header = b"traceresponse", f"00-{trace_id}-{span_id}-{int(sampled):02x}".encode()

    def end(self, status: int, state: Mapping[str, Any]) -> None:
        """End the span with the status of the response and what the application noted of the request."""


def continue_trace(headers: Mapping[bytes, bytes], method: str, route: str) -> RequestTrace | None:
    """Return the span of a request whose caller traces; None for another, which then costs nothing."""
    value = headers.get(b"traceparent")
    parent = parse_traceparent(value) if value else None
    return RequestTrace(parent.trace_id, secrets.token_hex(8)) if parent else None
