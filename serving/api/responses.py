"""Encodes scores as responses: JSON, in chunks when it is long, and Arrow."""

import io
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
from msgspec import UNSET
from starlette.responses import Response, StreamingResponse

from serving.api.content_negotiation import ARROW, JSON
from serving.api.feature_rows import SINGLE_ROWS, Features
from serving.api.parameters import ScoringContext
from serving.api.turns import checkpoint
from serving.batch_lookup import BatchLookup
from serving.response_types import LastScoresAnswer, ScoringFacts
from serving.scoring import BATCH_OUTPUTS, score_of_batch, score_row, score_table, scores_of_table
from serving.state import ServiceState
from training.models.bundle import OUTPUTS

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 2_000
"""Customers in a chunk of a long response: half a megabyte of JSON, and about ten milliseconds of work."""
BLOCK = 5_000
"""Customers that are scored at once: a twentieth of a second or so."""
PIECE = 2**20
"""Bytes in a piece of an Arrow stream."""
START = b'{"scores":'
"""The beginning of a ScoreAnswer: the scores, which may come in chunks, precede what applies to all of them."""
_encode = msgspec.json.Encoder().encode


def json_response(body: Any, status: int = 200) -> Response:
    """Return a struct as a JSON response."""
    return Response(_encode(body), status, media_type=JSON)


def score_response(features: Features, context: ScoringContext, media_type: str) -> Response:
    """Return the scores of customers as JSON or ARROW; those of many are encoded while they are sent."""
    facts = context.facts(features.duplicates)
    parameters = (context.state, context.as_of.day, context.horizon_days)
    if media_type == JSON and len(features.ids) <= SINGLE_ROWS:
        rows = zip(features.ids, features.rows(), strict=True)
        scores = [score_row(customer_id, row, *parameters) for customer_id, row in rows]
        return Response(b"".join((START, _encode(scores), b",", _encode(facts)[1:])), media_type=JSON)
    table = _score_blocks(features.frame(), *parameters)
    return StreamingResponse((_arrow if media_type == ARROW else _json)(table, facts), media_type=media_type)


def _score_blocks(features: "pd.DataFrame", state: ServiceState, day: int, horizon_days: int) -> "pd.DataFrame":
    """Return `score_table` of many customers, block by block, so that other requests have their turn in between."""
    import pandas as pd

    blocks = []
    for first in range(0, len(features), BLOCK):
        checkpoint()
        blocks.append(score_table(features.iloc[first : first + BLOCK], state, day, horizon_days))
    return blocks[0] if len(blocks) == 1 else pd.concat(blocks)


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


def _json(table: "pd.DataFrame", facts: ScoringFacts) -> Iterator[bytes]:
    yield START + b"["
    for first in range(0, len(table), CHUNK):
        scores = list(scores_of_table(table.iloc[first : first + CHUNK]))
        yield (b"," if first else b"") + _encode(scores)[1:-1]
    yield b"]," + _encode(facts)[1:]


def _arrow(table: "pd.DataFrame", facts: ScoringFacts) -> Iterator[bytes]:
    """Yield the table as an Arrow stream with the columns of a file of batch scores, null where a value is absent."""
    frame = table.rename(columns=dict(zip(OUTPUTS, BATCH_OUTPUTS, strict=True)))
    frame = frame.astype({"band": "str", "no_forecast": "str"}).reset_index()
    metadata = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in msgspec.to_builtins(facts).items()
    }
    data = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(metadata)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, data.schema) as writer:
        writer.write_table(data, 10 * CHUNK)
    sink.seek(0)
    yield from iter(lambda: sink.read(PIECE), b"")
