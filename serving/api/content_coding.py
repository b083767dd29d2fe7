"""Content codings: compressed request bodies are decoded piece by piece, and large responses are compressed."""

import asyncio
import sys
import zlib
from collections.abc import Awaitable, Callable, Iterator
from functools import lru_cache
from typing import Any

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from serving.api.problem_details import ProblemError

if sys.version_info >= (3, 14):
    from compression.zstd import DecompressionParameter, ZstdDecompressor, ZstdError
else:
    from backports.zstd import DecompressionParameter, ZstdDecompressor, ZstdError

PIECE = 2**20
"""Decoded bytes between two looks at the limit: a few milliseconds of the event loop."""
ZSTD_WINDOW_LOG = 23
"""8 MB, the largest window that RFC 9659 allows in HTTP; a decoder allocates what a frame asks for."""
SMALLEST_COMPRESSED = 2048
"""Bytes of a response from which compressing it saves packets."""
COMPRESSED_PIECE = 2**18
"""Bytes of a response that are compressed at a time: some milliseconds of the event loop."""
GZIP_LEVEL = 4
"""From 2 to 9 a response shrinks to about the same size, at three times the cost."""


def _gzip() -> Any:
    return zlib.decompressobj(16 + zlib.MAX_WBITS)


def _zstd() -> Any:
    return ZstdDecompressor(options={DecompressionParameter.window_log_max: ZSTD_WINDOW_LOG})


DECODERS: dict[str, Callable[[], Any]] = {"gzip": _gzip, "x-gzip": _gzip, "zstd": _zstd}


class BodyDecoder:
    """Decodes a body in pieces of at most PIECE bytes; members or frames may follow each other.

    Parameters
    ----------
    coding : str
        A name of DECODERS.
    """

    def __init__(self, coding: str) -> None:
        self._coding, self._new = coding, DECODERS[coding]
        self._decoder = self._new()

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next bytes of the body become; raises a 400 problem for what is not of the coding."""
        more = False
        while data or more:
            if self._decoder.eof:
                self._decoder = self._new()
            try:
                piece = self._decoder.decompress(data, PIECE)
            except (zlib.error, ZstdError) as error:
                raise self._malformed(str(error)) from None
            if self._decoder.eof:
                data, more = self._decoder.unused_data, False
            else:
                data, more = getattr(self._decoder, "unconsumed_tail", b""), len(piece) == PIECE
            yield piece

    def finish(self) -> None:
        """Raise a 400 problem if the body has not ended."""
        if not self._decoder.eof:
            raise self._malformed("it is cut off")

    def _malformed(self, why: str) -> ProblemError:
        detail = f"the body is not whole in the content coding {self._coding}: {why}"
        return ProblemError("malformed", f"{detail}; send it again, or without Content-Encoding")


def compressed(endpoint: Callable[..., Any]) -> Callable[[Request], Awaitable[ASGIApp]]:
    """Return the endpoint with large responses compressed for clients that accept gzip; small ones are untouched."""

    async def compressing_endpoint(request: Request) -> ASGIApp:
        response: Response = await endpoint(request)
        body = getattr(response, "body", None)
        if not isinstance(response, StreamingResponse) and body is not None and len(body) < SMALLEST_COMPRESSED:
            return response
        if not _accepts_gzip(request.headers.get("accept-encoding")):
            return response
        return GZipMiddleware(_with_own_headers(response), SMALLEST_COMPRESSED, GZIP_LEVEL)

    return compressing_endpoint


def _with_own_headers(response: Response) -> ASGIApp:
    """Return the response for GZipMiddleware: with a copy of its headers, which that changes, and its body in pieces.

    Some responses are made once. A piece is compressed in some milliseconds, and others are answered after it.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_copy(message: Message) -> None:
            if "headers" in message:
                await send({**message, "headers": list(message["headers"])})
                return
            body = message.get("body", b"")
            last = max(0, len(body) - 1) // COMPRESSED_PIECE * COMPRESSED_PIECE
            for start in range(0, last, COMPRESSED_PIECE):
                piece = body[start : start + COMPRESSED_PIECE]
                await send({**message, "body": piece, "more_body": True})
                await asyncio.sleep(0)
            await send({**message, "body": body[last:]})

        await response(scope, receive, send_copy)

    return app


@lru_cache(256)
def _accepts_gzip(accept_encoding: str | None) -> bool:
    """Return whether a client takes gzip; GZipMiddleware alone would take `gzip;q=0` for a yes."""
    return bool(
        accept_encoding and "gzip" in accept_encoding and parse_accept_header(accept_encoding, Accept).quality("gzip")
    )
