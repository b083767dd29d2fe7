"""Encodes scores as responses: JSON, in chunks when it is long, Arrow and Parquet."""

import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import UNSET
from starlette.responses import Response, StreamingResponse

from serving.api.content_negotiation import ARROW, JSON, PARQUET
from serving.api.feature_rows import SINGLE_ROWS, Features
from serving.api.parameters import ScoringContext
from serving.api.turns import checkpoint
from serving.batch_lookup import BatchLookup
from serving.response_types import LastScoresAnswer, ScoringFacts
from serving.scoring import BATCH_OUTPUTS, score_of_batch, score_row, score_table, scores_of_table
from training.models.bundle import OUTPUTS

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 2_000
"""Customers in a chunk of a long response: half a megabyte of JSON, and about ten milliseconds of work."""
BLOCK = 5_000
"""Customers that are scored at once: a twentieth of a second or so."""
PIECE = 2**20
"""Bytes in a piece of an Arrow stream or a Parquet file."""
START = b'{"scores":'
"""The beginning of a ScoreAnswer: the scores, which may come in chunks, precede what applies to all of them."""
_encode = msgspec.json.Encoder().encode


def json_bytes(body: Any) -> bytes:
    """Return a struct as the body of a JSON response."""
    return _encode(body)


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a struct as a JSON response."""
    return Response(json_bytes(body), status, headers, JSON)


def score_response(features: Features, context: ScoringContext, media_type: str) -> Response:
    """Return the scores of customers in a media type of TABLES; those of many are encoded while they are sent."""
    facts = context.facts(features.duplicates)
    if media_type == JSON and len(features.ids) <= SINGLE_ROWS:
        return Response(_few(features, context, facts), media_type=JSON)
    return StreamingResponse(TABLES[media_type](_score_blocks(features, context), facts), media_type=media_type)


def score_bodies(
    features: Features, context: ScoringContext, on_progress: Callable[[int], None]
) -> dict[str, list[bytes]]:
    """Return the bodies of `score_response` by media type, in pieces.

    Parameters
    ----------
    features, context
        As for `score_response`.
    on_progress : callable
        Receives the number of customers that are scored, after each block.
    """
    facts, table = context.facts(features.duplicates), _score_blocks(features, context, on_progress)
    bodies: dict[str, list[bytes]] = {}
    for media_type, encode in TABLES.items():
        few = media_type == JSON and len(features.ids) <= SINGLE_ROWS
        bodies[media_type] = [_few(features, context, facts)] if few else list(_with_turns(encode(table, facts)))
    return bodies


def _with_turns(pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        checkpoint()
        yield piece


def _few(features: Features, context: ScoringContext, facts: ScoringFacts) -> bytes:
    rows = zip(features.ids, features.rows(), strict=True)
    scores = [score_row(each, row, context.state, context.as_of.day, context.horizon_days) for each, row in rows]
    return b"".join((START, _encode(scores), b",", _encode(facts)[1:]))


def _score_blocks(
    features: Features, context: ScoringContext, on_progress: Callable[[int], None] | None = None
) -> "pd.DataFrame":
    """Return `score_table` of many customers, block by block, so that other requests have their turn in between."""
    import pandas as pd

    frame, blocks = features.frame(), []
    for first in range(0, len(frame), BLOCK):
        checkpoint()
        block = frame.iloc[first : first + BLOCK]
        blocks.append(score_table(block, context.state, context.as_of.day, context.horizon_days))
        if on_progress:
            on_progress(first + len(block))
    return blocks[0] if len(blocks) == 1 else pd.concat(blocks)


def batch_answer(lookup: BatchLookup, ids: list[str]) -> LastScoresAnswer:
    """Return the answer of batch scores, in the order of the request."""
    facts = lookup.facts
    by_id = {row["customer_id"]: row for row in lookup.rows}
    model = facts.get("model_version")
    return LastScoresAnswer(
        scores=[score_of_batch(by_id[customer_id]) for customer_id in ids if customer_id in by_id],
        unknown=lookup.unknown,
        formula_version=facts["formula_version"],
        model_version=model or UNSET,
        as_of=facts["as_of"],
        timezone=facts["timezone"],
        horizon_days=facts.get("horizon_days", UNSET),
        absent=UNSET if model else {"model_version": "the batch was scored without a model"},
    )


def _json(table: "pd.DataFrame", facts: ScoringFacts) -> Iterator[bytes]:
    yield START + b"["
    for first in range(0, len(table), CHUNK):
        scores = list(scores_of_table(table.iloc[first : first + CHUNK]))
        yield (b"," if first else b"") + _encode(scores)[1:-1]
    yield b"]," + _encode(facts)[1:]


def _arrow(table: "pd.DataFrame", facts: ScoringFacts) -> Iterator[bytes]:
    """Yield the table as an Arrow stream with the columns of a file of batch scores, null where a value is absent."""
    data, sink = _columns(table, facts), io.BytesIO()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data, 10 * CHUNK)
    yield from _pieces(sink)


def _parquet(table: "pd.DataFrame", facts: ScoringFacts) -> Iterator[bytes]:
    """Yield the table of `_arrow` as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(_columns(table, facts), sink, compression="zstd")
    yield from _pieces(sink)


def _columns(table: "pd.DataFrame", facts: ScoringFacts) -> pa.Table:
    frame = table.rename(columns=dict(zip(OUTPUTS, BATCH_OUTPUTS, strict=True)))
    frame = frame.astype({"band": "str", "no_forecast": "str"}).reset_index()
    metadata = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in msgspec.to_builtins(facts).items()
    }
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(metadata)


def _pieces(sink: io.BytesIO) -> Iterator[bytes]:
    sink.seek(0)
    yield from iter(lambda: sink.read(PIECE), b"")


TABLES = {JSON: _json, ARROW: _arrow, PARQUET: _parquet}
"""How a table of scores is written in each media type that is offered."""
