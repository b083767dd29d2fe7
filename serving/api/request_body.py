"""The body of a request: read up to a limit and no further, then strictly decoded, each fault with its path."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from serving.api.problem_details import ProblemError, invalid
from serving.api.routing import Call, DisconnectError
from serving.timestamps import TIME

T = TypeVar("T")

CLOSE = {"Connection": "close"}
_encode = msgspec.json.Encoder().encode
_WHERE = re.compile(r"^(.*) - at `\$?(.*?)`$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


async def read_body(call: Call, most: int, seconds: float) -> bytes:
    """Return the body; raises the problems too-large (413) as soon as it is known, and timeout (408).

    The connection is closed with these answers, for the rest of the body may still be on its way. Raises
    DisconnectError when the client leaves.
    """
    said = call.headers.get(b"content-length", b"")
    if said.isdigit() and int(said) > most:
        raise too_large(int(said), most)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(seconds):
            while True:
                message = await call.receive()
                if message["type"] != "http.request":
                    raise DisconnectError
                chunk = message.get("body", b"")
                size += len(chunk)
                if size > most:
                    raise too_large(size, most)
                if not message.get("more_body", False):
                    return b"".join([*chunks, chunk]) if chunks else chunk
                chunks.append(chunk)
    except TimeoutError:
        raise ProblemError("timeout", f"the body was not whole after {seconds:g} seconds", headers=CLOSE) from None


def too_large(found: int, most: int) -> ProblemError:
    """Return the problem of a body of too many bytes."""
    told = f"found at least {found} bytes, expected {most} at most; send fewer customers, or columns, Arrow or Parquet"
    return ProblemError("too-large", told, headers=CLOSE)


def too_many(what: str, found: int, most: int) -> ProblemError:
    """Return the problem of a request of too many of something."""
    return ProblemError("too-large", f"found {found} {what}, expected {most} at most; send them in several requests")


def decoded(body: bytes, decode: Callable[[bytes], T]) -> T:
    """Return the JSON body as `decode` (of a msgspec Decoder) types it.

    Raises the problems malformed (400): no JSON in UTF-8, a key twice in one object; and invalid (422): another shape.
    """
    try:
        request = decode(body)
    except msgspec.ValidationError as error:
        raise invalid([fault_of(str(error))]) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProblemError("malformed", f"the body is no JSON in UTF-8: {error}; correct it") from None
    # Encoding writes each key and each text once. Without escapes a text has two quotation marks: more of them in the
    # body, and a key came twice, for which msgspec silently takes the last; or null or a default was written out.
    if b"\\" in body or body.count(b'"') != _encode(request).count(b'"'):
        _refuse_repeated_keys(body)
    return request


def fault_of(message: str, prefix: str = "") -> tuple[str, str]:
    """Return a message of msgspec as path and detail."""
    found = _WHERE.match(message)
    text, where = (found[1], found[2]) if found else (message, "")
    steps = [name or index for name, index in _STEP.findall(where)]
    return "/".join(([prefix] if prefix else []) + steps), _in_words(text)


def _in_words(text: str) -> str:
    """Return what msgspec says in our words, where its own are a pattern."""
    if "matching regex" not in text:
        return text
    if TIME.replace("\\", "\\\\") in text or TIME in text:
        return "expected a time like 2011-06-10T09:30:00+01:00, 2011-06-10 09:30:00 or 2011-06-10"
    return "expected a text that is not blank and has no NUL character"


def _refuse_repeated_keys(body: bytes) -> None:
    """Raise the problem malformed where an object of the body has a key twice."""

    def unique(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            twice = next(name for name in names if names.count(name) > 1)
            raise ProblemError(
                "malformed", f"the key {twice!r} comes twice in one object; keep one", [(twice, "comes twice")]
            )

    # Numbers are not looked at here, and a large table has millions.
    json.loads(body, object_pairs_hook=unique, parse_float=len, parse_int=len)
