"""Bad requests, one by one: each gets the status that HTTP has for it, and a problem document that says where."""

import asyncio
import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from starlette.applications import Starlette

from serving.api.app import RequestLimits, make_app
from serving.api.problem_details import KINDS, MAXIMUM_FAULTS
from serving.state import CurrentState, ServiceState
from tests.serving.asking import (
    ARROW,
    JSON,
    PARQUET,
    Answer,
    ask,
    columns_request,
    feature_row,
    rows_request,
    score_request,
)
from tests.serving.conftest import NOW

EVENT = "customers/0/events/0"


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


def event(**changes: Any) -> dict[str, Any]:
    return score_request(event=changes)


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
    "as_of twice": text(score_request(), '"as_of"', '"as_of": "2011-01-01", "as_of"'),
}

INVALID: dict[str, tuple[Any, str]] = {
    "an unknown field of the request": (score_request(horizon=30), ""),
    "an unknown field of a customer": (score_request(customer={"name": "Anna"}), "customers/0"),
    "an unknown field of an event": (event(colour="red"), EVENT),
    "a field of another case": (event(Amount=1), EVENT),
    "no customers": ({"as_of": "2011-06-10"}, ""),
    "an empty list of customers": (score_request(customers=[]), "customers"),
    "customers that are no list": (score_request(customers={}), "customers"),
    "a list as the request": ([score_request()], ""),
    "null as the request": (b"null", ""),
    "a customer without an id": (score_request(customers=[{"events": []}]), "customers/0"),
    "a customer without events": (score_request(customers=[{"customer_id": "a"}]), "customers/0"),
    "a number as an id": (score_request(customer={"customer_id": 12415}), "customers/0/customer_id"),
    "an empty id": (score_request(customer={"customer_id": ""}), "customers/0/customer_id"),
    "a blank id": (score_request(customer={"customer_id": " \t "}), "customers/0/customer_id"),
    "an id with a NUL": (score_request(customer={"customer_id": "a\0b"}), "customers/0/customer_id"),
    "one customer twice": (
        score_request(customers=[{"customer_id": "a", "events": []}, {"customer_id": " a", "events": []}]),
        "customers/1/customer_id",
    ),
    "an event without a time": (event(event_time=None), f"{EVENT}/event_time"),
    "an event without a type": (event(event_type=None), f"{EVENT}/event_type"),
    "an unknown type": (event(event_type="gift"), f"{EVENT}/event_type"),
    "a type in capitals": (event(event_type="PURCHASE"), f"{EVENT}/event_type"),
    "a text as an amount": (event(amount="120.5"), f"{EVENT}/amount"),
    "true as an amount": (event(amount=True), f"{EVENT}/amount"),
    "a negative amount": (event(amount=-0.01), f"{EVENT}/amount"),
    "an amount beyond all bounds": (event(amount=1.1e12), f"{EVENT}/amount"),
    "an amount that no float holds": (text(score_request(), "120.5", "1e999"), f"{EVENT}/amount"),
    "an amount of 400 digits": (text(score_request(), "120.5", "9" * 400), f"{EVENT}/amount"),
    "a rating above its scale": (event(event_type="feedback", satisfaction=10.5), f"{EVENT}/satisfaction"),
    "a negative rating": (event(event_type="feedback", loyalty=-1), f"{EVENT}/loyalty"),
    "an unknown channel of a visit": (event(event_type="visit", channel="post"), f"{EVENT}/channel"),
    "an unknown goal of a visit": (event(event_type="visit", goal="sales"), f"{EVENT}/goal"),
    "an unknown outcome of a visit": (event(event_type="visit", outcome="sent"), f"{EVENT}/outcome"),
    "an unknown channel of an incentive": (event(event_type="incentive", channel="phone"), f"{EVENT}/channel"),
    "an unknown outcome of an incentive": (event(event_type="incentive", outcome="ordered"), f"{EVENT}/outcome"),
    "an object as a reference": (event(reference={"id": 1}), f"{EVENT}/reference"),
    "a number as a time": (event(event_time=1307692800), f"{EVENT}/event_time"),
    "a word as a time": (event(event_time="today"), f"{EVENT}/event_time"),
    "a time of another order": (event(event_time="10/06/2011"), f"{EVENT}/event_time"),
    "a week as a time": (event(event_time="2011-W23-5"), f"{EVENT}/event_time"),
    "a day that does not exist": (event(event_time="2011-02-29"), f"{EVENT}/event_time"),
    "an hour that does not exist": (event(event_time="2011-01-01T24:00:00"), f"{EVENT}/event_time"),
    "a time that the clocks skipped": (event(event_time="2011-03-27 01:30:00"), f"{EVENT}/event_time"),
    "a time before 1900": (event(event_time="1899-12-31"), f"{EVENT}/event_time"),
    "a time after 2200": (event(event_time="2201-01-01"), f"{EVENT}/event_time"),
    "the year 1 with an offset": (event(event_time="0001-01-01T00:00:00+14:00"), f"{EVENT}/event_time"),
    "a digit of another script": (event(event_time="201١-06-10"), f"{EVENT}/event_time"),
    "an event two days ahead": (event(event_time="2011-12-12T12:00:01Z"), f"{EVENT}/event_time"),
    "a record two days ahead": (event(recorded_at="2011-12-12T12:00:01Z"), f"{EVENT}/recorded_at"),
    "an as_of that is no time": (score_request(as_of="now"), "as_of"),
    "an as_of ahead of the clock": (score_request(as_of="2012-06-10"), "as_of"),
    "an as_of that the clocks skipped": (score_request(as_of="2011-03-27T01:00"), "as_of"),
    "a horizon of none": (score_request(horizon_days=0), "horizon_days"),
    "a horizon of eleven years": (score_request(horizon_days=3651), "horizon_days"),
    "a horizon of half a day": (score_request(horizon_days=0.5), "horizon_days"),
    "a horizon in words": (score_request(horizon_days="90"), "horizon_days"),
    "a horizon of null": (score_request(horizon_days=None), "horizon_days"),
    "depth without end": (text(score_request(), "120.5", "[" * 100_000), f"{EVENT}/amount"),
}

INVALID_FEATURES: dict[str, tuple[Any, str]] = {
    "neither rows nor columns": ({"as_of": "2011-06-10"}, ""),
    "rows and columns": (rows_request() | columns_request(), ""),
    "no rows": (rows_request(rows=[]), "rows"),
    "a row without its last column": (
        rows_request(rows=[{k: v for k, v in feature_row().items() if k != "days_since_last_incentive"}]),
        "rows/0",
    ),
    "a column too many": (rows_request(row={"height": 180}), "rows/0"),
    "null where there is no null": (rows_request(row={"frequency": None}), "rows/0/frequency"),
    "a negative count": (rows_request(row={"purchase_count": -1}), "rows/0/purchase_count"),
    "half a purchase": (rows_request(row={"purchase_count": 2.5}), "rows/0/purchase_count"),
    "no day between two occasions": (rows_request(row={"gap_mean": 0}), "rows/0/gap_mean"),
    "a text as a number": (rows_request(row={"total_spend": "7"}), "rows/0/total_spend"),
    "more days than there are": (rows_request(row={"T": 1e6}), "rows/0/T"),
    "recency beyond T": (rows_request(row={"recency": 1000, "T": 900}), "rows/0/recency"),
    "recency without frequency": (rows_request(row={"frequency": 0}), "rows/0/frequency"),
    "more occasions than days": (rows_request(row={"frequency": 200, "purchase_days": 201}), "rows/0/frequency"),
    "as many repeats as purchases": (rows_request(row={"frequency": 2}), "rows/0/frequency"),
    "a buyer without T": (rows_request(row={"T": None}), "rows/0/T"),
    "a stranger with T": (rows_request(row={"purchase_days": 0, "frequency": 0, "recency": 0}), "rows/0/T"),
    "repeats without a gap": (rows_request(row={"gap_mean": None}), "rows/0/gap_mean"),
    "a basket without its largest": (rows_request(row={"basket_max": None}), "rows/0/basket_max"),
    "a row twice": (rows_request(rows=[feature_row(), feature_row()]), "rows/1/customer_id"),
    "a column that is no list": (columns_request(columns={"T": 5}), "columns/T"),
    "a column that is longer": (columns_request(columns={"T": [5, 5]}), "columns/T"),
    "a text in a column": (columns_request(columns={"T": ["5"]}), "columns/T/0"),
    "an impossible row in columns": (columns_request(columns={"recency": [1000], "T": [900]}), "columns/recency/0"),
    "null in a column without": (columns_request(columns={"frequency": [None]}), "columns/frequency/0"),
    "columns without customers": (columns_request(columns={"customer_id": []}), "columns/customer_id"),
    "an unknown column": (columns_request(columns={"height": [180]}), "columns"),
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


@pytest.mark.parametrize(("body", "path"), INVALID.values(), ids=list(INVALID))
def test_events_that_break_the_contract_are_named(app: Starlette, body: Any, path: str) -> None:
    """422 with the path of what is wrong, for everything that ingest would quarantine and more."""
    problem_of(ask(app, "/score", body), 422, path)


@pytest.mark.parametrize(("body", "path"), INVALID_FEATURES.values(), ids=list(INVALID_FEATURES))
def test_features_that_no_customer_has_are_named(app: Starlette, body: Any, path: str) -> None:
    """422 with the path of what is wrong, by rows and by columns."""
    problem_of(ask(app, "/score_features", body), 422, path)


INVALID_ROWS = {why: each for why, each in INVALID_FEATURES.items() if each[1].startswith("rows/")}


@pytest.mark.parametrize(("body", "path"), INVALID_ROWS.values(), ids=list(INVALID_ROWS))
def test_what_is_wrong_with_one_is_wrong_among_many(app: Starlette, body: Any, path: str) -> None:
    """The path is the same where rows are so many that they are read as a frame."""
    more = [feature_row(customer_id=f"c{number}") for number in range(250)]
    problem_of(ask(app, "/score_features", body | {"rows": body["rows"] + more}), 422, path)


@pytest.mark.parametrize(
    ("changes", "status", "kind"),
    [
        ({"kind": None}, 415, "unsupported-media-type"),
        ({"kind": "text/plain"}, 415, "unsupported-media-type"),
        ({"kind": "application/x-www-form-urlencoded"}, 415, "unsupported-media-type"),
        ({"kind": "json"}, 415, "unsupported-media-type"),
        ({"kind": "application/json; charset=latin-1"}, 415, "unsupported-media-type"),
        ({"headers": {"content-encoding": "gzip"}}, 415, "unsupported-media-type"),
        ({"headers": {"content-encoding": "br, gzip"}}, 415, "unsupported-media-type"),
        ({"accept": "text/html"}, 406, "not-acceptable"),
        ({"accept": "application/json;q=0"}, 406, "not-acceptable"),
        ({"accept": "application/json;q=high"}, 406, "not-acceptable"),
        ({"query": "as_of=2011-06-10"}, 400, "unknown-parameter"),
        ({"query": "debug"}, 400, "unknown-parameter"),
        ({"method": "PUT"}, 405, "method-not-allowed"),
        ({"method": "GET"}, 405, "method-not-allowed"),
        ({"method": "TRACE"}, 405, "method-not-allowed"),
    ],
)
@pytest.mark.parametrize("path", ["/score", "/score_features"])
def test_the_envelope_must_be_right_too(
    app: Starlette, path: str, changes: dict[str, Any], status: int, kind: str
) -> None:
    """Method, media types, encodings and the query have their own statuses."""
    answer = ask(app, path, score_request() if path == "/score" else rows_request(), **changes)
    assert (answer.status, answer.json()["type"]) == (status, f"/problems/{kind}")


@pytest.mark.parametrize("path", ["/scores", "/score/", "//score", "/Score", "/score_features/x", "", "/%2e%2e/etc"])
def test_other_paths_are_not_there(app: Starlette, path: str) -> None:
    """404, and the paths that there are."""
    answer = ask(app, path, score_request())
    assert answer.status == 404
    assert "/score_features" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/versions", "/readyz", "/docs.json", "/docs", "/"])
def test_reading_is_by_get(app: Starlette, path: str) -> None:
    """405 with Allow for other methods; a query or an impossible Accept is refused."""
    refused = ask(app, path, {}, method="POST")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")
    assert ask(app, path, query="x=1").status == 400
    assert ask(app, path, accept="image/png").status == 406
    assert ask(app, path, accept="*/*").status == ask(app, path, method="HEAD").status == 200


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
    """413 by the length that is announced, or as soon as more has come; the connection is not used again."""
    announced = ask(small_app, "/score", b"{}", headers={"content-length": "40001"})
    problem_of(announced, 413, None)
    assert announced.headers["connection"] == "close"

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


def arrow(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


FEATURE_TABLE = pa.table(
    {
        name: pa.array([value], pa.string() if name == "customer_id" else pa.float64())
        for name, value in feature_row().items()
    }
)
LOG = pa.table({"customer_id": ["a", "b"], "event_time": ["2011-01-01", "2011-02-01"], "event_type": ["usage"] * 2})


def with_column(table: pa.Table, name: str, values: Any) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, values)


BAD_TABLES = {
    "no Arrow": ("/score_features", b"customers", ARROW, 400, None),
    "half an Arrow stream": ("/score_features", arrow(FEATURE_TABLE)[:-100], ARROW, 400, None),
    "Parquet sent as Arrow": ("/score_features", parquet(FEATURE_TABLE), ARROW, 400, None),
    "no Parquet": ("/score_features", b"PAR1junkPAR1", PARQUET, 400, None),
    "compressed Arrow": ("/score_features", arrow(FEATURE_TABLE, compression="zstd"), ARROW, 415, None),
    "no rows": ("/score_features", arrow(FEATURE_TABLE.slice(0, 0)), ARROW, 422, ""),
    "a column missing": ("/score_features", parquet(FEATURE_TABLE.drop_columns(["T"])), PARQUET, 422, "T"),
    "a column too many": ("/score_features", arrow(FEATURE_TABLE.append_column("X", [[1.0]])), ARROW, 422, "X"),
    "a column twice": ("/score_features", arrow(FEATURE_TABLE.append_column("T", [[1.0]])), ARROW, 422, "T"),
    "texts as numbers": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [["5"]])), ARROW, 422, "T"),
    "Infinity": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[float("inf")]])), ARROW, 422, "T/0"),
    "NaN where there is no null": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "frequency", [[float("nan")]])),
        ARROW,
        422,
        "frequency/0",
    ),
    "an impossible row": ("/score_features", arrow(with_column(FEATURE_TABLE, "T", [[1.0]])), ARROW, 422, "recency/0"),
    "half a purchase": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "purchase_count", [[2.5]])),
        ARROW,
        422,
        "purchase_count/0",
    ),
    "a customer without an id": (
        "/score_features",
        arrow(with_column(FEATURE_TABLE, "customer_id", [[" "]])),
        ARROW,
        422,
        "customer_id/0",
    ),
    "a customer twice": ("/score_features", arrow(pa.concat_tables([FEATURE_TABLE] * 2)), ARROW, 422, "customer_id/1"),
    "events without a time": ("/score", arrow(LOG.drop_columns(["event_time"])), ARROW, 422, "event_time"),
    "an unknown type": (
        "/score",
        parquet(with_column(LOG, "event_type", [["usage", "gift"]])),
        PARQUET,
        422,
        "event_type/1",
    ),
    "no time": ("/score", arrow(with_column(LOG, "event_time", [["2011-01-01", "soon"]])), ARROW, 422, "event_time/1"),
    "an event ahead": (
        "/score",
        arrow(with_column(LOG, "event_time", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "event_time/1",
    ),
    "a record ahead": (
        "/score",
        arrow(LOG.append_column("recorded_at", [["2011-01-01", "2012-01-01"]])),
        ARROW,
        422,
        "recorded_at/1",
    ),
    "a negative amount": ("/score", arrow(LOG.append_column("amount", [[1.0, -1.0]])), ARROW, 422, "amount/1"),
    "a list as an amount": ("/score", arrow(LOG.append_column("amount", [[[1.0], [2.0]]])), ARROW, 422, "amount"),
    "no id": ("/score", arrow(with_column(LOG, "customer_id", [[None, "b"]])), ARROW, 422, "customer_id/0"),
}


@pytest.mark.parametrize(("path", "body", "kind", "status", "where"), BAD_TABLES.values(), ids=list(BAD_TABLES))
def test_tables_are_checked_as_json_is(
    app: Starlette, path: str, body: bytes, kind: str, status: int, where: str | None
) -> None:
    """Arrow and Parquet get the same statuses, and faults by column and row."""
    problem_of(ask(app, path, body, kind=kind), status, where)


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ("as_off=2011-06-10", 400, "as_off"),
        ("as_of=2011-06-10&as_of=2011-06-11", 400, "as_of"),
        ("as_of", 400, None),
        ("as_of=%ff", 400, None),
        ("as_of=soon", 422, "as_of"),
        ("as_of=2012-06-10", 422, "as_of"),
        ("horizon_days=0", 422, "horizon_days"),
        ("horizon_days=9.5", 422, "horizon_days"),
        ("horizon_days=", 422, "horizon_days"),
    ],
)
def test_the_query_of_a_table_is_checked(app: Starlette, query: str, status: int, where: str | None) -> None:
    """as_of and horizon_days stand in the query of a table, under the same rules."""
    problem_of(ask(app, "/score_features", arrow(FEATURE_TABLE), kind=ARROW, query=query), status, where)


def test_of_many_faults_some_are_named(app: Starlette) -> None:
    """A request of a thousand faults is answered in one page."""
    events = [{"event_type": "usage", "event_time": "2011-02-30"}] * 1000
    answer = ask(app, "/score", score_request(customer={"events": events}))
    problem_of(answer, 422, "customers/0/events/19/event_time")
    assert len(answer.json()["errors"]) == MAXIMUM_FAULTS
    assert "and 999 more" in answer.json()["detail"]


def test_batch_scores_that_are_not_there_are_a_conflict(app: Starlette) -> None:
    """409 until `regulars score` has written them; bad ids are told before."""
    problem_of(ask(app, "/score_customers", {"customer_ids": ["a"]}), 409, None)
    problem_of(ask(app, "/score_customers", {"customer_ids": ["a", "a "]}), 422, "customer_ids/1")
    problem_of(ask(app, "/score_customers", {"customer_ids": []}), 422, "customer_ids")
    problem_of(ask(app, "/score_customers", {"customer_ids": [1]}), 422, "customer_ids/0")
