"""Scores to the bytes of an answer: JSON, in pieces where it is long, and Arrow."""

import json
from collections.abc import Iterator

import msgspec
import pandas as pd
import pyarrow as pa
from msgspec import UNSET
from starlette.responses import Response, StreamingResponse

from features.loyalty.formula import Formula
from serving.api.content_negotiation import ARROW, JSON
from serving.api.parameters import Asking, about
from serving.batch_lookup import LastScores
from serving.response_types import About, Duplicate, LastScoresAnswer, Score
from serving.scoring import scores_of, stored_score

PIECE = 2_000
"""Customers a piece of a long answer: half a megabyte of JSON, and some ten milliseconds of work."""
HEAD = b'{"scores":'
"""How a ScoreAnswer begins: the scores, which may come in pieces, and then what is said of them all."""
encode = msgspec.json.Encoder().encode


def score_answer(scores: list[Score] | pd.DataFrame, asked: Asking, duplicates: list[Duplicate], kind: str) -> Response:
    """Return the answer of some scores, or of a frame of `score_many`; a long one is made as it is sent.

    `kind`: JSON or ARROW, which takes a frame.
    """
    said = about(asked, duplicates)
    if not isinstance(scores, pd.DataFrame):
        return Response(b"".join((HEAD, encode(scores), b",", encode(said)[1:])), media_type=JSON)
    pieces = _arrow(scores, said) if kind == ARROW else _json(scores, asked.now.formula, said)
    return StreamingResponse(pieces, media_type=kind)


def stored_answer(found: LastScores, ids: list[str]) -> Response:
    """Return the answer of batch scores, in the order asked for."""
    facts = found.facts
    by_id = {row["customer_id"]: row for row in found.rows}
    model = facts.get("model_version")
    said = LastScoresAnswer(
        scores=[stored_score(by_id[each]) for each in ids if each in by_id],
        unknown=found.unknown,
        formula_version=facts["formula_version"],
        model_version=model or UNSET,
        as_of=facts["as_of"],
        timezone=facts["timezone"],
        horizon_days=facts.get("horizon_days", UNSET),
        absent=UNSET if model else {"model_version": "the batch was scored without a model"},
    )
    return Response(encode(said), media_type=JSON)


def _json(found: pd.DataFrame, formula: Formula, about: About) -> Iterator[bytes]:
    yield HEAD + b"["
    for first in range(0, len(found), PIECE):
        scores = list(scores_of(found.iloc[first : first + PIECE], formula))
        yield (b"," if first else b"") + encode(scores)[1:-1]
    yield b"]," + encode(about)[1:]


class _Pieces:
    """A file to which Arrow writes, and from which is taken what it wrote."""

    closed = False

    def __init__(self) -> None:
        self.written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self.written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing: what is written is taken at once."""

    def taken(self) -> bytes:
        piece, self.written = b"".join(self.written), []
        return piece


def _arrow(found: pd.DataFrame, about: About) -> Iterator[bytes]:
    """Yield the table as Arrow: the columns of a file of batch scores; null where there is nothing to say."""
    names = {"low": "expected_purchases_low", "high": "expected_purchases_high"}
    frame = found.rename(columns=names).astype({"band": "str", "no_forecast": "str"}).reset_index()
    table = pa.Table.from_pandas(frame, preserve_index=False)
    said = {
        name: each if isinstance(each, str) else json.dumps(each) for name, each in msgspec.to_builtins(about).items()
    }
    table = table.replace_schema_metadata(said)
    pieces = _Pieces()
    with pa.ipc.new_stream(pa.PythonFile(pieces, "w"), table.schema) as writer:
        for batch in table.to_batches(10 * PIECE):
            writer.write_batch(batch)
            yield pieces.taken()
    yield pieces.taken()
