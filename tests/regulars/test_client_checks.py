"""What no header, path or address may have is refused in one line, in which no key is."""

from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import InvalidArgumentError
from regulars.client_checks import (
    attempt_seconds,
    attempts_again,
    idempotency_header,
    key_header,
    path_segment,
    service_address,
    shown_address,
    trace_header,
    waiting_seconds,
)


@given(st.text(min_size=1) | st.sampled_from(["KEY\nKEY", "KEY KEY", "KEY\r\n\x00", "KEY\u00e9"]))
def test_a_key_is_sent_or_refused_and_never_shown(key: str) -> None:
    """What is sent is a header that HTTP allows; only the newline of a file is left out."""
    stripped = key.rstrip("\r\n")
    if stripped.isascii() and stripped.isprintable() and " " not in stripped and stripped:
        assert key_header(key) == {"Authorization": f"Bearer {stripped}"}
        return
    with pytest.raises(InvalidArgumentError) as refused:
        key_header(key)
    assert str(refused.value) == (
        "the key is empty or has characters that no key has; expected visible ASCII characters without spaces"
    )


def test_the_newline_of_a_file_is_no_part_of_a_key() -> None:
    """No key sends no header; an empty one is a mistake."""
    assert key_header("KEY\r\n") == {"Authorization": "Bearer KEY"}
    assert key_header(None) == {}
    for key in ("", "\n", 7):
        with pytest.raises(InvalidArgumentError, match=r"^the key is empty or"):
            key_header(key)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["a\nb", "caf\u00e9", "a b", "x" * 300 + "\n"])
def test_headers_of_a_trace_and_a_job_are_visible_ascii(text: str) -> None:
    """Anything else is refused before it is sent."""
    for header, name in ((trace_header, "traceparent"), (idempotency_header, "idempotency_key")):
        with pytest.raises(InvalidArgumentError, match=rf"^{name}: found [^\n]*$"):
            header(text)
    with pytest.raises(InvalidArgumentError, match=r"^idempotency_key: found ''"):
        idempotency_header("")
    assert (trace_header(None), trace_header("00-a")) == ({}, {"traceparent": "00-a"})
    assert idempotency_header("week-23") == {"Idempotency-Key": "week-23"}


@given(st.text() | st.sampled_from(["../../score", "a?b=c", "a#b", "%2e%2e", "..", ".", "a b"]))
def test_an_id_is_one_segment_of_a_path(value: str) -> None:
    """Quoted, or refused; it leads to no other endpoint."""
    if value in ("", ".", "..") or "/" in value:
        with pytest.raises(InvalidArgumentError, match=r"^job_id: found [^\n]*, expected an id without slashes$"):
            path_segment("job_id", value)
        return
    segment = path_segment("job_id", value)
    assert unquote(segment) == value
    assert httpx.URL(f"http://x/jobs/{segment}/result").raw_path == f"/jobs/{segment}/result".encode()


def test_an_id_of_another_type_is_refused() -> None:
    """Nor is a text that is no Unicode one."""
    for value in (7, None, "\ud800"):
        with pytest.raises(InvalidArgumentError, match=r"^plan_id: found "):
            path_segment("plan_id", value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "address", ["http://[::1", "127.0.0.1:3000", "service", "ftp://x", "http://", "", None, "http://x:y"]
)
def test_an_address_is_that_of_a_service(address: Any) -> None:
    """One line says what one looks like."""
    with pytest.raises(InvalidArgumentError, match=r"^the address [^\n]*expected one like http://127.0.0.1:3000$"):
        service_address(address)


def test_an_address_is_shown_without_its_password() -> None:
    """Otherwise as it was given."""
    assert shown_address(service_address("http://user:SECRET@service:3000/api/")) == "http://service:3000/api"
    assert shown_address(service_address("https://[::1]:3000")) == "https://[::1]:3000"


@pytest.mark.parametrize("seconds", [-1, 0, None, "7", True, float("nan"), float("inf"), 1e12])
def test_seconds_of_an_attempt_are_a_number_above_0(seconds: Any) -> None:
    """And of a job 0 or more: it is asked once."""
    with pytest.raises(InvalidArgumentError, match=r"^seconds: found "):
        attempt_seconds(seconds)
    assert attempt_seconds(0.5) == 0.5


@pytest.mark.parametrize("seconds", [-1, None, "7", float("nan")])
def test_a_job_is_waited_for_0_seconds_or_more(seconds: Any) -> None:
    """With 0 it is asked once."""
    with pytest.raises(InvalidArgumentError, match=r"^seconds: found "):
        waiting_seconds(seconds)
    assert waiting_seconds(0) == 0


@pytest.mark.parametrize("retries", [-1, None, 1.5, True])
def test_retries_are_a_whole_number(retries: Any) -> None:
    """0 sends each request once."""
    with pytest.raises(InvalidArgumentError, match=r"^retries: found "):
        attempts_again(retries)
    assert attempts_again(0) == 0
