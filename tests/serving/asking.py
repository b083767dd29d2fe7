"""Requests to the app as a server would hand them over, and a customer to ask about."""

import asyncio
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
from starlette.types import ASGIApp, Message

from features.definitions import FEATURE_NAMES
from serving.api.openapi import examples
from serving.api.problem_details import KINDS

JSON = "application/json"
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; fails on NaN and Infinity, which are none."""
        return json.loads(self.body, parse_constant=_refuse)


def ask(
    app: ASGIApp,
    path: str,
    body: Any = None,
    *,
    kind: str | None = JSON,
    accept: str | None = None,
    query: str = "",
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
    pieces: int = 1,
) -> Answer:
    """Send one request, its body in so many pieces; a body that is no bytes is sent as JSON."""
    sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"content-type": kind, "accept": accept, **(headers or {})}
    scope = {
        "type": "http",
        "method": method or ("GET" if body is None else "POST"),
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items() if v is not None],
    }
    size = max(1, -(-len(sent) // pieces))
    waiting = [sent[at : at + size] for at in range(0, len(sent), size)] or [b""]
    got: list[Message] = []

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(3600)
        piece = waiting.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(waiting)}

    async def send(message: Message) -> None:
        got.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    named = {k.decode(): v.decode() for k, v in got[0]["headers"]}
    return Answer(got[0]["status"], named, b"".join(message.get("body", b"") for message in got[1:]))


def score_request(**changes: Any) -> dict[str, Any]:
    """A good request to /score; `event` changes its first event, `customer` its customer, the rest the request."""
    request: dict[str, Any] = json.loads(json.dumps(examples()["/score"]["one customer"]))
    customer = request["customers"][0]
    customer["events"][0] |= changes.pop("event", {})
    customer |= changes.pop("customer", {})
    return request | changes


def feature_row(**changes: Any) -> dict[str, Any]:
    """A row of the feature table as JSON has it."""
    row: dict[str, Any] = examples()["/score_features"]["rows"]["rows"][0]
    assert tuple(row) == ("customer_id", *FEATURE_NAMES)
    return row | changes


def rows_request(**changes: Any) -> dict[str, Any]:
    """A good request to /score_features by rows; `row` changes its row, the rest the request."""
    return {"rows": [feature_row(**changes.pop("row", {}))], "as_of": "2011-06-10"} | changes


def columns_request(**changes: Any) -> dict[str, Any]:
    """A good request to /score_features by columns; `columns` changes these, the rest the request."""
    columns = {name: [value] for name, value in feature_row().items()} | changes.pop("columns", {})
    return {"columns": columns, "as_of": "2011-06-10"} | changes


EVENT = "customers/0/events/0"
"""Path of the event that `score_request(event=...)` changes."""


def event(**changes: Any) -> dict[str, Any]:
    return score_request(event=changes)


def text(request: dict[str, Any], old: str, new: str) -> bytes:
    """The request as JSON with a piece of text replaced."""
    whole = json.dumps(request)
    assert old in whole
    return whole.replace(old, new, 1).encode()


def problem_of(answer: Answer, status: int, path: str | None) -> None:
    """The answer is a whole problem document of this status, which names the path."""
    assert answer.status == status, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    kind = document["type"].removeprefix("/problems/")
    assert (KINDS[kind].status, document["status"], document["title"]) == (status, status, KINDS[kind].title)
    assert document["detail"]
    assert "\n" not in document["detail"]
    if path is None:
        assert "errors" not in document
    else:
        assert path in [fault["path"] for fault in document["errors"]]
        assert all(fault["detail"] for fault in document["errors"])


def arrow(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")
