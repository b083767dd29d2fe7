"""Encodes scores as responses: JSON, in chunks when it is long, and Arrow."""

import io
import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
from msgspec import UNSET
from starlette.responses import Response, StreamingResponse

from features.loyalty.formula import Formula
from serving.api.content_negotiation import ARROW, JSON
from serving.api.parameters import ScoringContext
from serving.batch_lookup import BatchLookup
from serving.response_types import Duplicate, LastScoresAnswer, Score, ScoringFacts
from serving.scoring import BATCH_OUTPUTS, score_of_batch, scores_of_table
from training.models.bundle import OUTPUTS

CHUNK = 2_000
"""Customers in a chunk of a long response: half a megabyte of JSON, and about ten milliseconds of work."""
START = b'{"scores":'
"""The beginning of a ScoreAnswer: the scores, which may come in chunks, precede what applies to all of them."""
_encode = msgspec.json.Encoder().encode


def json_response(body: Any) -> Response:
    """Return a struct as a JSON response."""
    return Response(_encode(body), media_type=JSON)


def score_response(
    scores: list[Score] | pd.DataFrame, context: ScoringContext, duplicates: list[Duplicate], media_type: str
) -> Response:
    """Return the response of scores, or of a table of `score_many`, which is encoded while it is sent.

    `media_type` is JSON or ARROW, which needs a table.
    """
    facts = context.facts(duplicates)
    if not isinstance(scores, pd.DataFrame):
        return Response(b"".join((START, _encode(scores), b",", _encode(facts)[1:])), media_type=JSON)
    chunks = _arrow(scores, facts) if media_type == ARROW else _json(scores, context.state.formula, facts)
    return StreamingResponse(chunks, media_type=media_type)


def batch_response(lookup: BatchLookup, ids: list[str]) -> Response:
    """Return the response of batch scores, in the order of the request."""
    facts = lookup.facts
    by_id = {row["customer_id"]: row for row in lookup.rows}
    model = facts.get("model_version")
    return json_response(
        LastScoresAnswer(
            scores=[score_of_batch(by_id[customer_id]) for customer_id in ids if customer_id in by_id],
            unknown=lookup.unknown,
            formula_version=facts["formula_version"],
            model_version=model or UNSET,
            as_of=facts["as_of"],
            timezone=facts["timezone"],
            horizon_days=facts.get("horizon_days", UNSET),
            absent=UNSET if model else {"model_version": "the batch was scored without a model"},
        )
    )


def _json(table: pd.DataFrame, formula: Formula, facts: ScoringFacts) -> Iterator[bytes]:
    yield START + b"["
    for first in range(0, len(table), CHUNK):
        scores = list(scores_of_table(table.iloc[first : first + CHUNK], formula))
        yield (b"," if first else b"") + _encode(scores)[1:-1]
    yield b"]," + _encode(facts)[1:]


def _arrow(table: pd.DataFrame, facts: ScoringFacts) -> Iterator[bytes]:
    """Yield the table as an Arrow stream with the columns of a file of batch scores, null where a value is absent."""
    frame = table.rename(columns=dict(zip(OUTPUTS, BATCH_OUTPUTS, strict=True)))
    frame = frame.astype({"band": "str", "no_forecast": "str"}).reset_index()
    metadata = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in msgspec.to_builtins(facts).items()
    }
    data = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(metadata)
    sink = io.BytesIO()

    def written() -> bytes:
        chunk = sink.getvalue()
        sink.seek(0)
        sink.truncate()
        return chunk

    with pa.ipc.new_stream(sink, data.schema) as writer:
        for batch in data.to_batches(10 * CHUNK):
            writer.write_batch(batch)
            yield written()
    yield written()
