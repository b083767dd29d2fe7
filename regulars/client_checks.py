"""What a client refuses before anything is sent: values that no header, path or address may have, in one line each."""

import math
import re
from urllib.parse import quote

import httpx

from features.errors import InvalidArgumentError

LONGEST_SECONDS = 604_800.0
"""A week; the system's timers overflow with far more."""
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_EXPECTED_ADDRESS = "expected one like http://127.0.0.1:3000"
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def service_address(address: str) -> httpx.URL:
    """Return the address of a service; raises InvalidArgumentError for what is no http or https address."""
    try:
        url = httpx.URL(address.rstrip("/"))
    except (httpx.InvalidURL, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise InvalidArgumentError(f"the address cannot be read ({reason}); {_EXPECTED_ADDRESS}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidArgumentError(f"the address has no http:// or https:// with a host; {_EXPECTED_ADDRESS}")
    return url


def shown_address(url: httpx.URL) -> str:
    """Return an address for messages, without a password that may be in it."""
    return str(url.copy_with(userinfo=b"")).rstrip("/")


def key_header(key: str | None) -> dict[str, str]:
    """Return the header of an API key, without the newline of a file; the key is in no message."""
    if key is None:
        return {}
    stripped = key.rstrip("\r\n") if isinstance(key, str) else ""
    if not _VISIBLE.fullmatch(stripped):
        raise InvalidArgumentError(
            "the key is empty or has characters that no key has; expected visible ASCII characters without spaces"
        )
    return {"Authorization": f"Bearer {stripped}"}


def trace_header(trace: str | None) -> dict[str, str]:
    """Return the header of a trace; none without a trace."""
    if trace is None or trace == "":
        return {}
    if not (isinstance(trace, str) and _VISIBLE.fullmatch(trace)):
        raise InvalidArgumentError(
            f"traceparent: found {trace!r:.80}, expected visible ASCII characters without spaces"
        )
    return {"traceparent": trace}


def idempotency_header(key: str) -> dict[str, str]:
    """Return the header of an Idempotency-Key, of the characters that the service takes."""
    if not (isinstance(key, str) and IDEMPOTENCY_KEY.fullmatch(key)):
        raise InvalidArgumentError(
            f"idempotency_key: found {key!r:.80}, expected 1 to 200 characters of ASCII without spaces, or None"
        )
    return {"Idempotency-Key": key}


def path_segment(name: str, value: str) -> str:
    """Return an id as one segment of a path, quoted.

    A slash is refused, since servers undo its quoting before they look for the endpoint.
    """
    if not isinstance(value, str) or value in ("", ".", "..") or "/" in value or not _encodable(value):
        raise InvalidArgumentError(f"{name}: found {value!r:.80}, expected an id without slashes")
    return quote(value, safe="")


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True


def attempt_seconds(seconds: float) -> float:
    """Return a time limit of an attempt; raises InvalidArgumentError unless it is a number above 0 up to a week."""
    if not _number(seconds) or not 0 < seconds <= LONGEST_SECONDS:
        raise InvalidArgumentError(
            f"seconds: found {seconds!r:.80}, expected a number above 0 and at most {LONGEST_SECONDS:.0f}"
        )
    return seconds


def waiting_seconds(seconds: float) -> float:
    """Return how long to wait for a job; raises InvalidArgumentError unless it is a number, 0 or more."""
    if not _number(seconds) or not seconds >= 0:
        raise InvalidArgumentError(f"seconds: found {seconds!r:.80}, expected a number, 0 or more")
    return seconds


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and not math.isnan(value)


def attempts_again(retries: int) -> int:
    """Return how often a request is sent again; raises InvalidArgumentError unless it is a whole number, 0 or more."""
    if not isinstance(retries, int) or isinstance(retries, bool) or retries < 0:
        raise InvalidArgumentError(f"retries: found {retries!r:.80}, expected a whole number, 0 or more")
    return retries


def one_line(error: Exception) -> str:
    """Return the message of another library's error in one line."""
    return " ".join(": ".join(map(str, error.args)).split())
