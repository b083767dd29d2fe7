"""Reads the body of a request up to a limit, and decodes JSON strictly, with the path of each error."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request

from serving.api.body_budget import HeldBody
from serving.api.content_coding import DECODERS, PIECE, BodyDecoder
from serving.api.json_pieces import pieces_of
from serving.api.problem_details import ProblemError, invalid
from serving.api.time_limit import TimeLimit
from serving.api.turns import checkpoint
from serving.timestamps import TIME

T = TypeVar("T")

_encode = msgspec.json.Encoder().encode
_ERROR_PATH = re.compile(r"^(.*) - at `\$?(.*?)`$", re.DOTALL)
_COMMA_OR_TEXT = re.compile(rb',|"(?:[^"\\]++|\\.)*+"')
_PLACE = re.compile(r"\(byte (\d+)\)")
_NO_NUMBER = re.compile(rb"-?(NaN|Infinity)")
_PATH_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


SEND_LESS = "send fewer customers, or columns, Arrow or Parquet"
"""What to do where a body with customers is too large."""


async def read_body(
    request: Request, maximum_bytes: int, time_limit: TimeLimit, held: HeldBody, send_less: str = SEND_LESS
) -> bytes:
    """Return the body, decoded if it has a content coding, and count it in `held`.

    Raises a 413 or 503 problem as soon as it is known to be too large, as sent or as decoded, a 400 or 408 problem, and
    Starlette's ClientDisconnect when the client leaves. Uvicorn reads and drops the rest of a refused body.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit():
        if int(announced) > maximum_bytes:
            raise _too_large(int(announced), maximum_bytes, send_less)
        held.require_room(int(announced))
    try:
        return await time_limit.wait_for(_read_chunks(request, maximum_bytes, held, send_less))
    except TimeoutError:
        detail = f"the body was not whole after {time_limit.seconds:g} seconds"
        raise ProblemError("timeout", detail, headers={"Connection": "close"}) from None


async def _read_chunks(request: Request, maximum_bytes: int, held: HeldBody, send_less: str) -> bytes:
    size, sent, chunks = 0, 0, []
    coding = request.headers.get("content-encoding")
    decoder = BodyDecoder(name) if coding and (name := coding.strip().lower()) in DECODERS else None
    async for chunk in request.stream():
        sent += len(chunk)
        if sent > maximum_bytes:
            raise _too_large(sent, maximum_bytes, send_less)
        if decoder is None:
            held.grow_to(sent)
            chunks.append(chunk)
            continue
        for piece in decoder.pieces(chunk):
            size += len(piece)
            if size > maximum_bytes:
                raise _too_large(size, maximum_bytes, send_less)
            held.grow_to(size)
            chunks.append(piece)
            if len(piece) == PIECE:
                await asyncio.sleep(0)  # a small body may become a large one, and other requests are waiting
    if decoder is not None:
        decoder.finish()
    return b"".join(chunks)


def _too_large(size: int, maximum_bytes: int, send_less: str) -> ProblemError:
    detail = f"found at least {size} bytes, expected {maximum_bytes} at most"
    return ProblemError("too-large", f"{detail}; {send_less}")


def refuse_too_many(what: str, count: int, maximum: int) -> None:
    """Raise a 413 problem if there are more than `maximum` of something."""
    if count > maximum:
        detail = f"found {count} {what}, expected {maximum} at most; send them in several requests"
        raise ProblemError("too-large", detail)


def refuse_long_list(what: str, raw: bytes | msgspec.Raw, maximum: int) -> None:
    """Raise a 413 problem if a list in JSON has more than `maximum` values, before it is decoded.

    In two bytes of a list may be a Python object of fifty. Of wrong values that hold commas themselves these count too.
    """
    if len(memoryview(raw)) <= 2 * maximum or (text := bytes(raw)).count(b",") < maximum:
        return
    commas = 0
    for match in _COMMA_OR_TEXT.finditer(text):
        commas += match.end() == match.start() + 1
        refuse_too_many(what, commas + 1, maximum)


def decode_json(body: bytes, decode: Callable[[bytes], T]) -> T:
    """Return a JSON body decoded by `decode`, of a msgspec decoder whose type has UNSET as default of optional fields.

    Raises a 400 problem for a body that is not JSON in UTF-8 or has a key twice in one object, and a 422 problem for
    values of other types. A large body is decoded in pieces, between which other threads have their turn.
    """
    elements: list[Any] = []
    repeated = b"\\u0022" in body
    for piece in pieces_of(body):
        try:
            request = decode(piece.text)
        except msgspec.ValidationError as error:
            raise invalid([fault_of(piece.message_in_body(str(error), len(elements)))]) from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            message = piece.message_in_body(str(error), len(elements))
            raise ProblemError("malformed", _why_malformed(body, message)) from None
        # msgspec keeps the last of repeated keys. Encoding the request again writes every key and text of the body
        # once, so one with more quotation marks has a key twice. Only \u0022 hides a quotation mark from the count.
        repeated = repeated or piece.text.count(b'"') != _encode(request).count(b'"')
        if piece.list_name:
            elements += getattr(request, piece.list_name)
            checkpoint()
    if repeated:
        _refuse_repeated_keys(body)
    if piece.list_name:
        setattr(request, piece.list_name, elements)
    return request


def _why_malformed(body: bytes, error: str) -> str:
    """Return why a body is no JSON; NaN and Infinity, which some writers make of missing numbers, by name."""
    if place := _PLACE.search(error):
        at = int(place[1])
        if found := _NO_NUMBER.match(body, max(at - 1, 0)) or _NO_NUMBER.match(body, at):
            key = body[:at].rpartition(b'":')[0].rpartition(b'"')[2][:100].decode("utf-8", "replace")
            where = f"after the key {key!r} " if key else ""
            return f"found {found[0].decode()} {where}(byte {found.start()}), which JSON does not have; send null"
    return f"the body is no JSON in UTF-8: {error}; correct it"


def fault_of(message: str, prefix: str = "") -> tuple[str, str]:
    """Return the path and detail of a msgspec error message."""
    match = _ERROR_PATH.match(message)
    detail, path = (match[1], match[2]) if match else (message, "")
    if "matching regex" in detail:  # a pattern is no help to a reader
        if TIME.replace("\\", "\\\\") in detail or TIME in detail:
            detail = "expected a time like 2011-06-10T09:30:00+01:00, 2011-06-10 09:30:00 or 2011-06-10"
        else:
            detail = "expected a text that is not blank and has no NUL character"
    steps = [name or index for name, index in _PATH_STEP.findall(path)]
    return "/".join(([prefix] if prefix else []) + steps), detail


def _refuse_repeated_keys(body: bytes) -> None:
    """Raise a 400 problem if an object of the body has a key twice."""

    def refuse_repeated(pairs: list[tuple[str, Any]]) -> None:
        names = [name for name, _ in pairs]
        if len(set(names)) < len(names):
            repeated = next(name for name in names if names.count(name) > 1)
            detail = f"the key {repeated!r} comes twice in one object; keep one"
            raise ProblemError("malformed", detail, [(repeated, "comes twice")])

    # The numbers do not matter, and a large table has millions of them.
    json.loads(body, object_pairs_hook=refuse_repeated, parse_float=len, parse_int=len)
