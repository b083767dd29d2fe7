"""Bodies are read up to a limit, and only JSON in UTF-8 with each key once is decoded."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from starlette.applications import Starlette

from serving.api.app import RequestLimits, make_app
from serving.state import CurrentState, ServiceState
from tests.serving.asking import ARROW, JSON, arrow, ask, columns_request, problem_of, rows_request, score_request, text
from tests.serving.conftest import NOW

UNREADABLE = {
    "nothing at all": b"",
    "no JSON": b"customers=12415",
    "half a request": json.dumps(score_request()).encode()[:-2],
    "something after it": json.dumps(score_request()).encode() + b" {}",
    "NaN": text(score_request(), "120.5", "NaN"),
    "Infinity": text(score_request(), "120.5", "Infinity"),
    "minus Infinity": text(score_request(), "120.5", "-Infinity"),
    "a number with a leading zero": text(score_request(), "120.5", "0120.5"),
    "a comma too many": text(score_request(), "120.5", "120.5,,"),
    "single quotes": json.dumps(score_request()).replace('"', "'").encode(),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(score_request()).encode(),
    "UTF-16": json.dumps(score_request()).encode("utf-16"),
    "a byte that is no UTF-8": json.dumps(score_request()).encode().replace(b"536370", b"caf\xe9"),
    "half a surrogate pair": text(score_request(), '"536370"', '"\\ud800"'),
    "a control character in a text": text(score_request(), "536370", "5\x0163"),
    "a key twice": text(score_request(), '"amount": 120.5', '"amount": 120.5, "amount": 1'),
    "a key twice, once with an escape": text(score_request(), '"amount": 120.5', '"amount": 120.5, "\\u0061mount": 1'),
    "customers twice": b'{"customers":[{"customer_id":"a","events":[]}],"customers":[{"customer_id":"b","events":[]}]}',
    "as_of twice, once with an escape": text(score_request(), '"as_of"', '"as_o\\u0066": "2011-01-01", "as_of"'),
    "a key twice, and as many quotation marks written as escapes": text(
        score_request(), '"reference": "536370"', '"reference": "\\u0022\\u0022", "amount": 1'
    ),
    "as_of twice": text(score_request(), '"as_of"', '"as_of": "2011-01-01", "as_of"'),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=list(UNREADABLE))
def test_what_is_no_json_is_malformed(app: Starlette, body: bytes) -> None:
    """400 for a body that is not one JSON text in UTF-8 with every key once."""
    answer = ask(app, "/score", body)
    assert answer.status == 400, answer.body
    assert answer.json()["type"] == "/problems/malformed"


def twice_each(value: Any) -> Iterator[str]:
    """The JSON text of a value with one of its keys coming twice, for each of its keys."""
    if isinstance(value, dict):
        for name in value:
            members = [f"{json.dumps(key)} : {json.dumps(each)}" for key, each in value.items()]
            yield "{" + ", ".join([*members, f"{json.dumps(name)}:{json.dumps(value[name])}"]) + "}"
            for inner in twice_each(value[name]):
                others = [f"{json.dumps(key)}: {json.dumps(each)}" for key, each in value.items() if key != name]
                yield "{" + ", ".join([*others, f"{json.dumps(name)}: {inner}"]) + "}"
    elif isinstance(value, list):
        for at, each in enumerate(value):
            for inner in twice_each(each):
                yield "[" + ", ".join([inner if i == at else json.dumps(other) for i, other in enumerate(value)]) + "]"


@pytest.mark.parametrize(("path", "request_"), [("/score", score_request()), ("/score_features", columns_request())])
def test_no_key_comes_twice_unseen(app: Starlette, path: str, request_: dict[str, Any]) -> None:
    """Wherever a key comes twice, even with the same value, the request is malformed and the key named."""
    texts = list(twice_each(request_))
    assert len(texts) > 30
    for each in texts:
        answer = ask(app, path, each.encode())
        assert (answer.status, answer.json()["type"]) == (400, "/problems/malformed"), each


SMALL = RequestLimits(body_bytes=40_000, customers=3, events=5, body_seconds=0.2)


@pytest.fixture(scope="module")
def small_app(model_state: ServiceState) -> Starlette:
    """An app that takes little."""
    return make_app(CurrentState(model_state), SMALL, clock=lambda: NOW)


def customers(count: int, events: int = 0) -> dict[str, Any]:
    each = [{"event_type": "usage", "event_time": "2011-01-01"}] * events
    return {"customers": [{"customer_id": str(number), "events": each} for number in range(count)]}


def test_too_much_is_too_large(small_app: Starlette) -> None:
    """413 for more customers, events or rows than may be, in every form; one less is scored."""
    assert ask(small_app, "/score", customers(3)).status == 200
    assert ask(small_app, "/score", customers(1, events=5)).status == 200
    many = columns_request()["columns"]
    many = {name: values * 4 for name, values in many.items()} | {"customer_id": ["a", "b", "c", "d"]}
    table = pa.table({name: pa.array(values) for name, values in many.items()})
    for path, body, kind in [
        ("/score", customers(4), JSON),
        ("/score", customers(1, events=6), JSON),
        ("/score", customers(2, events=3), JSON),
        ("/score_features", {"columns": many}, JSON),
        ("/score_features", arrow(table), ARROW),
        ("/score_customers", {"customer_ids": list("abcd")}, JSON),
    ]:
        problem_of(ask(small_app, path, body, kind=kind), 413, None)


def test_too_many_bytes_are_refused_while_they_come(small_app: Starlette) -> None:
    """413 by the length that is announced, or as soon as more has come."""
    announced = ask(small_app, "/score", b"{}", headers={"content-length": "40001"})
    problem_of(announced, 413, None)

    read = []

    async def endless() -> dict[str, Any]:
        read.append(10_000)
        return {"type": "http.request", "body": b" " * 10_000, "more_body": True}

    got: list[Any] = []

    async def send(message: Any) -> None:
        got.append(message)

    scope = {"type": "http", "method": "POST", "path": "/score", "query_string": b"", "headers": []}
    asyncio.run(small_app(scope | {"headers": [(b"content-type", JSON.encode())]}, endless, send))  # type: ignore[arg-type]
    assert got[0]["status"] == 413
    assert sum(read) == 50_000


def test_a_body_that_does_not_come_is_given_up(small_app: Starlette) -> None:
    """408 when the body is not there in time."""
    got: list[Any] = []

    async def nothing() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    async def send(message: Any) -> None:
        got.append(message)

    headers = [(b"content-type", JSON.encode())]
    scope = {"type": "http", "method": "POST", "path": "/score", "query_string": b"", "headers": headers}
    asyncio.run(small_app(scope, nothing, send))  # type: ignore[arg-type]
    assert got[0]["status"] == 408


def test_a_body_in_pieces_is_whole(app: Starlette) -> None:
    """However a body is cut on its way, the answer is the same."""
    whole = ask(app, "/score", score_request())
    assert whole.status == 200
    assert ask(app, "/score", score_request(), pieces=7).body == whole.body


def test_a_default_or_null_that_is_written_out_costs_no_second_parse(
    app: Starlette, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a body with a key twice, or with an escaped quotation mark, is parsed again to look at its keys."""
    parsed = []
    monkeypatch.setattr("serving.api.request_body._refuse_repeated_keys", parsed.append)
    nulls = {"channel": None, "reference": None, "recorded_at": None, "amount": None, "content": "ünïcode 客"}
    for request in (
        score_request(horizon_days=90, event=nulls),
        rows_request(horizon_days=90),
        columns_request(horizon_days=90),
    ):
        path = "/score" if "customers" in request else "/score_features"
        assert ask(app, path, request).status == 200
    assert ask(app, "/score", score_request(as_of=None)).status == 200
    assert parsed == []
    assert ask(app, "/score", text(score_request(), "536370", "\\u0022")).status == 200
    assert len(parsed) == 1
