"""Compressed bodies are decoded within the limit, and large responses are compressed for clients that take gzip."""

import asyncio
import gzip
import json
import sys
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from serving.api.app import RequestLimits, make_app
from serving.api.content_coding import COMPRESSED_PIECE, PIECE, SMALLEST_COMPRESSED, BodyDecoder, compressed
from serving.api.problem_details import ProblemError
from serving.state import CurrentState, ServiceState
from tests.serving.api.test_arrow_parquet import LOG
from tests.serving.asking import PARQUET, ask, parquet, problem_of, rows_request, score_request
from tests.serving.conftest import NOW

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

ENCODERS: dict[str, Any] = {"gzip": gzip.compress, "x-gzip": gzip.compress, "zstd": zstd.compress}
BODY = json.dumps(score_request()).encode()


@pytest.mark.parametrize("coding", ENCODERS)
@given(parts=st.lists(st.binary(max_size=200), min_size=1, max_size=4), cut=st.integers(1, 300))
def test_a_body_is_what_was_compressed(coding: str, parts: list[bytes], cut: int) -> None:
    """However it is cut on its way, and in as many members or frames as it has."""
    sent = b"".join(map(ENCODERS[coding], parts))
    decoder = BodyDecoder(coding)
    pieces = [piece for at in range(0, len(sent), cut) for piece in decoder.pieces(sent[at : at + cut])]
    decoder.finish()
    assert b"".join(pieces) == b"".join(parts)


@pytest.mark.parametrize("coding", ENCODERS)
def test_what_is_cut_off_or_of_another_coding_is_malformed(app: Starlette, coding: str) -> None:
    """400 in one line: half a body, none, another coding, something behind it, a flipped bit."""
    whole = ENCODERS[coding](BODY)
    flipped = bytearray(whole)
    flipped[-3] ^= 1
    other = gzip.compress(BODY) if coding == "zstd" else zstd.compress(BODY)
    for sent in (whole[:-5], b"", BODY, other, whole + b"more", zlib.compress(BODY)):
        problem_of(ask(app, "/score", sent, headers={"content-encoding": coding}), 400, None)
    if coding != "zstd":  # whose checksum is optional
        problem_of(ask(app, "/score", bytes(flipped), headers={"content-encoding": coding}), 400, None)


@pytest.mark.parametrize("coding", [*ENCODERS, "GZIP ", "identity", None])
def test_the_answer_is_that_of_the_plain_body(app: Starlette, coding: str | None) -> None:
    """For JSON and tables, in any case of the name."""
    encode = ENCODERS.get((coding or "").strip().lower(), bytes)
    for path, body, kind in [("/score", BODY, "application/json"), ("/score", parquet(LOG), PARQUET)]:
        plain = ask(app, path, body, kind=kind)
        coded = ask(
            app, path, encode(body), kind=kind, headers={"content-encoding": coding} if coding else {}, pieces=3
        )
        assert (plain.status, coded.body) == (200, plain.body)


@pytest.mark.parametrize("coding", ["br", "deflate", "compress", "gzip, gzip", "gzip, zstd", "aws-chunked", "*"])
def test_another_coding_is_refused_with_those_that_are_taken(app: Starlette, coding: str) -> None:
    """415, in the message and in Accept-Encoding."""
    answer = ask(app, "/score", BODY, headers={"content-encoding": coding})
    problem_of(answer, 415, None)
    assert answer.headers["accept-encoding"] == "gzip, zstd"
    assert "gzip, zstd or none" in answer.json()["detail"]


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_bomb_is_stopped_at_the_limit(model_state: ServiceState, coding: str) -> None:
    """A gigabyte of spaces in a body of a megabyte or less is 413 after the limit, and no more is decoded."""
    blank = ENCODERS[coding](b" " * 2**20)
    bomb = blank * 1024
    app = make_app(CurrentState(model_state), RequestLimits(body_bytes=4 * 2**20), clock=lambda: NOW)
    tracemalloc.start()
    try:
        answer = ask(app, "/score", bomb[: 2 * 2**20], headers={"content-encoding": coding}, pieces=40)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    problem_of(answer, 413, None)
    assert peak < 4 * 4 * 2**20


def test_one_member_that_becomes_much_comes_in_pieces() -> None:
    """Of 64 MB in 64 kB no more than a piece is decoded at a time; a frame with a window above 8 MB is refused."""
    for coding, encode in ENCODERS.items():
        pieces = BodyDecoder(coding).pieces(encode(b" " * (64 * 2**20)))
        assert [len(next(pieces)) for _ in range(3)] == [PIECE] * 3
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.enable_long_distance_matching: 1}
    wide = zstd.ZstdCompressor(options=options)
    with pytest.raises(ProblemError, match="memory"):
        list(BodyDecoder("zstd").pieces(wide.compress(b"a" * 1000) + wide.flush()))


MANY = rows_request(rows=[rows_request()["rows"][0] | {"customer_id": f"c{number}"} for number in range(300)])


@pytest.mark.parametrize(
    ("accept", "coded"),
    [
        ("gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("br", False),
        ("identity", False),
        ("", False),
        (None, False),
    ],
)
def test_large_answers_are_compressed_for_who_takes_gzip(app: Starlette, accept: str | None, coded: bool) -> None:
    """Streamed and whole ones, and the description; small ones and problems never; the content is the same."""
    headers = {"accept-encoding": accept} if accept is not None else {}
    some = MANY | {"rows": MANY["rows"][:20]}
    for path, body in [
        ("/score_features", MANY),
        ("/score_features", some),
        ("/docs.json", None),
        ("/docs", None),
        ("/docs", None),
    ]:
        plain, answer = ask(app, path, body), ask(app, path, body, headers=headers)
        assert len(plain.body) > SMALLEST_COMPRESSED
        assert (answer.headers.get("content-encoding") == "gzip") == coded
        assert (gzip.decompress(answer.body) if coded else answer.body) == plain.body
        if coded:
            assert "accept-encoding" in answer.headers["vary"].lower()
            assert len(answer.body) < len(plain.body) / 3
            assert int(answer.headers.get("content-length", len(answer.body))) == len(answer.body)
    for path, body, status in [("/score", score_request(), 200), ("/score", {}, 422)]:
        answer = ask(app, path, body, headers=headers)
        assert (answer.status, answer.headers.get("content-encoding")) == (status, None)


def test_a_large_answer_is_compressed_in_pieces() -> None:
    """Between which others are answered; the client gets the whole."""
    body = bytes(range(256)) * 5000 + b"end"
    turns: list[int] = []

    async def endpoint(request: Request) -> Response:
        return Response(body)

    async def other() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        beside = asyncio.create_task(other())
        answer = await compressed(endpoint)(Request(scope))
        turns.clear()
        await answer(scope, receive, send)
        beside.cancel()

    assert gzip.decompress(ask(app, "/", headers={"accept-encoding": "gzip"}).body) == body
    assert len(turns) >= len(body) // COMPRESSED_PIECE
